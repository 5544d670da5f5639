"""Runs that are hit by a signal at a named point.

    python -m trials.points FOLDER PARAMS [--point NAME] [--signal KILL]

runs the project of a folder, and sends the signal to itself at the point.
"""

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.support.project import ROOT, Project

HIT = "hit"
"""A file of the project's folder that says when it was, epoch seconds."""


@dataclass(frozen=True)
class Point:
    """Where a run is hit: at the nth call of a function whose arguments mention a text.

    `when` is before or after the call, or inside, at the end of the body of a context manager.
    """

    target: str
    when: str
    nth: int = 1
    mention: str = ""


POINTS = {
    "ingest, before the first page": Point("mpls311.arcgis.spool:Spool.add", "before"),
    "ingest, between pages": Point("mpls311.arcgis.spool:Spool.add", "after", nth=2),
    "ingest, file saved, no manifest": Point(
        "mpls311.datasets.lake_files:put_once", "after", mention="01_raw"
    ),
    "ingest, one year done": Point(
        "mpls311.datasets.manifests:put_once", "after", mention=".ingest.json"
    ),
    "ingest, all years done": Point(
        "mpls311.datasets.manifests:put_once", "after", nth=2, mention=".ingest.json"
    ),
    "validate, before": Point("mpls311.pipelines.validate.nodes:split_load", "before"),
    "validate, file saved, no manifest": Point(
        "mpls311.datasets.lake_files:put_once", "after", mention="03_primary"
    ),
    "validate, one year done": Point(
        "mpls311.datasets.manifests:put_once", "after", mention=".validate.json"
    ),
    "stage, before": Point("mpls311.pipelines.stage.nodes:staging_of", "before"),
    "stage, before the commit": Point("mpls311.datasets.duckdb_table:_transaction", "inside"),
    "stage, after": Point(
        "mpls311.datasets.duckdb_table:DuckDBTableDataset.save", "after", mention="raw_mpls_311data"
    ),
    "transform, before dbt": Point("mpls311.pipelines.transform.nodes:run_dbt", "before"),
    "transform, during dbt, early": Point("rich.progress:Progress.advance", "after", nth=8),
    "transform, during dbt, late": Point("rich.progress:Progress.advance", "after", nth=60),
    "transform, after dbt": Point("mpls311.pipelines.transform.nodes:run_dbt", "after"),
    "transform, tracked, no manifest": Point(
        "mpls311.datasets.manifests:put_once", "before", mention=".published.json"
    ),
    "transform, one year published": Point(
        "mpls311.datasets.manifests:put_once", "after", mention=".published.json"
    ),
}


HELD_POINTS = {
    f"validate, {when} one is {phase}": Point(
        "mpls311.datasets.manifests:put_once", moment, mention=f".{phase}.json"
    )
    for phase in ("held", "released", "published")
    for when, moment in (("before", "before"), ("once", "after"))
} | {
    "validate, once one is validated and held": Point(
        "mpls311.datasets.manifests:put_once", "after", mention=".validate.json"
    )
}
"""Around what becomes of a load that a guard stops."""


def start(
    project: Project, params: str, point: str = "", *, number: signal.Signals = signal.SIGKILL
) -> subprocess.Popen[str]:
    """Start a run, to be hit by a signal at a point if one is named."""
    command = [sys.executable, "-m", "trials.points", str(project.folder), params]
    command += ["--point", point, "--signal", number.name.removeprefix("SIG")] if point else []
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("params")
    parser.add_argument("--point", choices=[*POINTS, *HELD_POINTS])
    parser.add_argument("--signal", default="KILL")
    options = parser.parse_args()
    os.chdir(options.folder)
    if options.point:
        arm((POINTS | HELD_POINTS)[options.point], signal.Signals[f"SIG{options.signal}"])
    run_project(options.params)


def arm(point: Point, number: signal.Signals) -> None:
    """Put the signal in the way of the run."""
    module, _, path = point.target.partition(":")
    owner: Any = import_module(module)
    *parents, attribute = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    original: Callable[..., Any] = getattr(owner, attribute)
    calls = 0
    # dbt changes the folder.
    told = Path(HIT).absolute()

    def hit() -> None:
        told.write_text(str(time.time()))
        os.kill(os.getpid(), number)

    def deadly(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += point.mention in repr(args)
        is_now = calls == point.nth and point.mention in repr(args)
        if is_now and point.when == "before":
            hit()
        result = original(*args, **kwargs)
        if is_now and point.when == "after":
            hit()
        return result

    @contextmanager
    def deadly_inside(*args: Any, **kwargs: Any) -> Iterator[Any]:
        with original(*args, **kwargs) as value:
            yield value
            hit()

    setattr(owner, attribute, deadly_inside if point.when == "inside" else deadly)


def run_project(params: str) -> None:
    """`kedro run --params ...` in the current folder."""
    from kedro.framework.startup import bootstrap_project

    bootstrap_project(Path.cwd())
    from mpls311.cli import run

    run(["--params", params])


if __name__ == "__main__":
    main()
