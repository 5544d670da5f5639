"""Kill a run at named points and at random moments; one plain run must then make good.

    python -m trials.crashes [--points NAME ...] [--random 20] [--seed 1]

Every trial starts from the same warehouse, published from an earlier edition of the stand-in
city. A run that reads a later edition is killed with SIGKILL, a plain run follows, and then the
fact table, the watermarks and the tracking rows must be those of a run that nobody disturbed.
The same for layers that are published empty, which a run holds and another one releases.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

from mpls311.sandbox import City, serve
from tests.support.project import ROOT, Project
from tests.support.tiny_layer import TinyLayers

BEFORE, AFTER = date(2016, 1, 20), date(2016, 1, 28)
YEARS = "2015+2016"
# Both layers change in January, and the older one serves 1,000 rows a page.


@dataclass(frozen=True)
class KillPoint:
    """Where a run dies: at the nth call of a function whose arguments mention a text.

    `when` is before or after the call, or inside, at the end of the body of a context manager.
    """

    target: str
    when: str
    nth: int = 1
    mention: str = ""


POINTS = {
    "ingest, before the first page": KillPoint("mpls311.arcgis.spool:Spool.add", "before"),
    "ingest, between pages": KillPoint("mpls311.arcgis.spool:Spool.add", "after", nth=2),
    "ingest, file saved, no manifest": KillPoint(
        "mpls311.datasets.lake_files:put_once", "after", mention="01_raw"
    ),
    "ingest, one year done": KillPoint(
        "mpls311.datasets.manifests:put_once", "after", mention=".ingest.json"
    ),
    "ingest, all years done": KillPoint(
        "mpls311.datasets.manifests:put_once", "after", nth=2, mention=".ingest.json"
    ),
    "validate, before": KillPoint("mpls311.pipelines.validate.nodes:split_load", "before"),
    "validate, file saved, no manifest": KillPoint(
        "mpls311.datasets.lake_files:put_once", "after", mention="03_primary"
    ),
    "validate, one year done": KillPoint(
        "mpls311.datasets.manifests:put_once", "after", mention=".validate.json"
    ),
    "stage, before": KillPoint("mpls311.pipelines.stage.nodes:staging_of", "before"),
    "stage, before the commit": KillPoint("mpls311.datasets.duckdb_table:_transaction", "inside"),
    "stage, after": KillPoint(
        "mpls311.datasets.duckdb_table:DuckDBTableDataset.save", "after", mention="raw_mpls_311data"
    ),
    "transform, before dbt": KillPoint("mpls311.pipelines.transform.nodes:run_dbt", "before"),
    "transform, during dbt, early": KillPoint("rich.progress:Progress.advance", "after", nth=8),
    "transform, during dbt, late": KillPoint("rich.progress:Progress.advance", "after", nth=60),
    "transform, after dbt": KillPoint("mpls311.pipelines.transform.nodes:run_dbt", "after"),
    "transform, tracked, no manifest": KillPoint(
        "mpls311.datasets.manifests:put_once", "before", mention=".published.json"
    ),
    "transform, one year published": KillPoint(
        "mpls311.datasets.manifests:put_once", "after", mention=".published.json"
    ),
}
HELD_POINTS = {
    "held, before": KillPoint(
        "mpls311.datasets.manifests:put_once", "before", mention=".held.json"
    ),
    "held, not validated": KillPoint(
        "mpls311.datasets.manifests:put_once", "after", mention=".held.json"
    ),
    "held, one year done": KillPoint(
        "mpls311.datasets.manifests:put_once", "after", mention=".validate.json"
    ),
    "released, before": KillPoint(
        "mpls311.datasets.manifests:put_once", "before", mention=".released.json"
    ),
    "released, one year": KillPoint(
        "mpls311.datasets.manifests:put_once", "after", mention=".released.json"
    ),
    "released, tracked, no manifest": KillPoint(
        "mpls311.datasets.manifests:put_once", "before", mention=".published.json"
    ),
}
"""At the end of these, a year is held by one run and released by the next."""


def child(name: str, params: str) -> None:
    """Run the project, and die at a point."""
    point = (POINTS | HELD_POINTS)[name]
    module, _, path = point.target.partition(":")
    owner: Any = import_module(module)
    *parents, attribute = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    original: Callable[..., Any] = getattr(owner, attribute)
    calls = 0

    def deadly(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += point.mention in repr(args)
        if calls == point.nth and point.when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*args, **kwargs)
        if calls == point.nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    @contextmanager
    def deadly_inside(*args: Any, **kwargs: Any) -> Iterator[Any]:
        with original(*args, **kwargs) as value:
            yield value
            os.kill(os.getpid(), signal.SIGKILL)

    setattr(owner, attribute, deadly_inside if point.when == "inside" else deadly)
    run_project(params)


def run_project(params: str) -> None:
    """`kedro run --params ...` in the current folder."""
    from kedro.framework.startup import bootstrap_project

    bootstrap_project(Path.cwd())
    from mpls311.cli import run

    run(["--params", params])


def start(project: Project, params: str, point: str = "") -> subprocess.Popen[str]:
    arguments = ["--params", params] + (["--point", point] if point else [])
    return subprocess.Popen(
        [sys.executable, "-m", "trials.crashes", "--child", str(project.folder), *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def state(project: Project) -> dict[str, Any]:
    """What must not depend on how it came about."""
    states = project.query("select load_id, status from mpls_311_staging.track_load")
    published = [load_id for load_id, status in states if status == "published"]
    manifests = [
        path.name.removesuffix(".published.json")
        for path in (project.folder / "data/manifests").glob("*/*.published.json")
    ]
    return {
        "live cases": project.fact(live=True),
        "deleted cases": project.fact().keys() - project.fact(live=True).keys(),
        "watermarks": project.watermarks(),
        "a state twice": len(states) != len(set(states)),
        "manifests and tracking apart": sorted(published) != sorted(manifests),
    }


def story(project: Project, since: float) -> str:
    """The states that loads went through since a moment, epoch seconds."""
    rows = project.query(
        "select year, status from mpls_311_staging.track_load "
        f"where job_start >= {since} order by year, job_end"
    )
    return " ".join(f"{year}:{status}" for year, status in rows)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    points = [*POINTS, *HELD_POINTS]
    parser.add_argument("--points", nargs="*", default=points, choices=points)
    parser.add_argument("--random", type=int, default=0, help="kills at random moments")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows-per-year", type=int, default=4000)
    parser.add_argument("--mode", choices=["incremental", "full"], default="incremental")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("--params", help=argparse.SUPPRESS)
    parser.add_argument("--point", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        os.chdir(options.child)
        child(options.point, options.params) if options.point else run_project(options.params)
        return 0
    with tempfile.TemporaryDirectory(prefix="crash-matrix-") as folder:
        return matrix(Path(folder), options)


def matrix(folder: Path, options: argparse.Namespace) -> int:
    origin = Project(folder / "origin")
    city = City(rows_per_year=options.rows_per_year, as_of=BEFORE)
    with serve(city) as server:
        run_to_end(origin, f"years={YEARS},source.services_url={server.services_url}")
    later = City(rows_per_year=options.rows_per_year, as_of=AFTER)
    moments = random.Random(options.seed)
    failures = 0
    with serve(later) as server:
        params = f"years={YEARS},mode={options.mode},source.services_url={server.services_url}"
        undisturbed = origin.copy(folder / "undisturbed")
        began = time.time()
        run_to_end(undisturbed, params)
        longest = time.time() - began
        expected = state(undisturbed)
        say(f"undisturbed: {len(expected['live cases'])} cases, {longest:.1f} s")
        trials: list[tuple[str, float | None]] = [
            (name, None) for name in options.points if name in POINTS
        ]
        trials += [("", moments.uniform(0.2, longest)) for _ in range(options.random)]
        for point, moment in trials:
            project = origin.copy(folder / "trial")
            began = time.time()
            run = start(project, params, point)
            output = kill_after(run, moment)
            run_to_end(project, params)
            found = state(project)
            wrong = [key for key in expected if found[key] != expected[key]]
            if point and run.returncode != -signal.SIGKILL:
                wrong.append("the point was never reached")
            failures += bool(wrong)
            name = point or f"after {moment:.2f} s"
            say(f"{'FAIL' if wrong else 'ok  '} {name:34} {story(project, began)} {wrong or ''}")
            if wrong:
                say(output)
            shutil.rmtree(project.folder)
    say(f"{len(trials) - failures} of {len(trials)} trials ended as if nothing had happened")
    return failures + held(folder, origin, [name for name in options.points if name in HELD_POINTS])


def held(folder: Path, origin: Project, points: Sequence[str]) -> int:
    """Kill the runs that hold and release years which are published empty."""
    failures, expected = 0, None
    with TinyLayers(y2015=[], y2016=[]) as empty:
        found = f"years={YEARS},source.services_url={empty.services_url}"
        steps = {found: 3, f"{found},validation.accept={YEARS}": 0}
        for point in ("", *points) if points else ():
            project = origin.copy(folder / "held")
            began, killed = time.time(), 0
            for params, code in steps.items():
                if point:
                    run = start(project, params, point)
                    run.communicate()
                    killed += run.returncode == -signal.SIGKILL
                run_to_end(project, params, code)
            expected = expected or state(project)
            wrong = [key for key, value in state(project).items() if value != expected[key]]
            wrong += ["the point was never reached"] if point and not killed else []
            failures += bool(wrong)
            say(f"{'FAIL' if wrong else 'ok  '} {point:34} {story(project, began)} {wrong or ''}")
            shutil.rmtree(project.folder)
    return failures


def kill_after(run: subprocess.Popen[str], seconds: float | None) -> str:
    """The output of a run that is killed after some seconds, or else dies by itself."""
    try:
        return run.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        run.kill()
        return run.communicate()[0]


def run_to_end(project: Project, params: str, code: int = 0) -> None:
    run = start(project, params)
    output = run.communicate()[0]
    if run.returncode != code:
        raise SystemExit(f"a plain run failed:\n{output}")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
