"""Kill, interrupt and start runs at once; one plain run must then make good.

    python -m trials.crashes [--kill POINT ...] [--terminate POINT ...] [--random 20] [--held]

Every trial starts from the same warehouse, published from an earlier edition of the stand-in
city. A run that reads a later edition is hit by a signal, a plain run follows, and then the
fact table, the watermarks and the tracking rows must be those of a run that nobody disturbed.
"""

import argparse
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from mpls311.sandbox import City, serve
from tests.support.project import Project
from trials.points import HELD_POINTS, HIT, POINTS, start

BEFORE, AFTER = date(2016, 1, 20), date(2016, 1, 28)
YEARS = "2015+2016"
# Both layers change in January, and the older one serves 1,000 rows a page.

SIGNALS = {"kill": signal.SIGKILL, "terminate": signal.SIGTERM, "interrupt": signal.SIGINT}
EVERYWHERE = "everywhere"

NOISE = ("Traceback", "dbt failed", "dbt built 0", "Exception ignored", "never retrieved")
"""What a run that is interrupted must not say."""


def state(project: Project) -> dict[str, Any]:
    """What must not depend on how it came about."""
    states = project.query("select load_id, status from mpls_311_staging.track_load")
    published = [load_id for load_id, status in states if status == "published"]
    return {
        "live cases": project.fact(live=True),
        "deleted cases": project.fact().keys() - project.fact(live=True).keys(),
        "watermarks": project.watermarks(),
        "a state twice": len(states) != len(set(states)),
        "manifests and tracking apart": sorted(published) != manifests(project, "published"),
        "failed loads": manifests(project, "failed"),
    }


def manifests(project: Project, phase: str) -> list[str]:
    """The loads that have a manifest of a phase."""
    found = (project.folder / "data/manifests").glob(f"*/*.{phase}.json")
    return sorted(path.name.removesuffix(f".{phase}.json") for path in found)


def story(project: Project, since: float) -> str:
    """The states that loads went through since a moment, epoch seconds."""
    rows = project.query(
        "select year, status from mpls_311_staging.track_load "
        f"where job_start >= {since} order by year, job_end"
    )
    return " ".join(f"{year}:{status}" for year, status in rows)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for option in SIGNALS:
        parser.add_argument(f"--{option}", nargs="*", default=[], choices=[*POINTS, EVERYWHERE])
    parser.add_argument("--random", type=int, default=0, help="kills at random moments")
    parser.add_argument("--starts", type=int, default=0, help="rounds of ten starts at once")
    parser.add_argument("--held", action="store_true", help="kills around loads that are held")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rows-per-year", type=int, default=4000)
    parser.add_argument("--mode", choices=["incremental", "full"], default="incremental")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="crash-matrix-") as folder:
        return matrix(Path(folder), options)


def matrix(folder: Path, options: argparse.Namespace) -> int:
    origin = Project(folder / "origin")
    city = City(rows_per_year=options.rows_per_year, as_of=BEFORE)
    with serve(city) as server:
        run_to_end(origin, f"years={YEARS},source.services_url={server.services_url}")
    later = City(rows_per_year=options.rows_per_year, as_of=AFTER)
    with serve(later) as server:
        params = f"years={YEARS},mode={options.mode},source.services_url={server.services_url}"
        undisturbed = origin.copy(folder / "undisturbed")
        began = time.time()
        run_to_end(undisturbed, params)
        trial = Trial(origin, folder / "trial", params, state(undisturbed))
        longest = time.time() - began
        say(f"undisturbed: {len(trial.expected['live cases'])} cases, {longest:.1f} s")
        for option, number in SIGNALS.items():
            points = getattr(options, option)
            for point in POINTS if EVERYWHERE in points else points:
                trial.hit(point, number)
        moments = random.Random(options.seed)
        for _ in range(options.random):
            trial.kill_after(moments.uniform(0.2, longest))
        for _ in range(options.starts):
            trial.start_at_once(10)
    if options.held:
        # Every case of it is another one.
        with serve(City(seed=1, rows_per_year=options.rows_per_year, as_of=AFTER)) as server:
            hold_and_release(trial, f"years={YEARS},source.services_url={server.services_url}")
    say(f"{trial.done - trial.failures} of {trial.done} trials ended as if nothing had happened")
    return trial.failures


def hold_and_release(trial: "Trial", holding: str) -> None:
    """Kill runs around loads that are held, released and published then."""
    releasing = f"{holding},validation.accept={YEARS}"
    undisturbed = trial.origin.copy(trial.folder)
    run_to_end(undisturbed, holding, code=3)
    held = manifests(undisturbed, "held")
    run_to_end(undisturbed, releasing)
    trial.expected = state(undisturbed)
    shutil.rmtree(trial.folder)
    say(f"undisturbed: {len(held)} held, {len(trial.expected['live cases'])} cases once released")
    for point in HELD_POINTS:
        project, began = trial.origin.copy(trial.folder), time.time()
        runs = [(holding, 3), (releasing, 0)]
        if not point.endswith("held"):
            run_to_end(project, *runs.pop(0))
        run = start(project, runs[0][0], point)
        output = run.communicate()[0]
        wrong = [] if run.returncode == -signal.SIGKILL else ["the point was never reached"]
        trial.made_good(project, f"SIGKILL {point}", began, wrong, output, runs)


class Trial:
    """Ways to disturb a run, each on a project of its own, and what must come of it."""

    def __init__(
        self, origin: Project, folder: Path, params: str, expected: dict[str, Any]
    ) -> None:
        self.expected = expected
        self.done = self.failures = 0
        self.origin = origin
        self.folder = folder
        self._params = params

    def hit(self, point: str, number: signal.Signals) -> None:
        """Hit a run at a point."""
        project, began = self.origin.copy(self.folder), time.time()
        run = start(project, self._params, point, number=number)
        output = run.communicate()[0]
        told = project.folder / HIT
        took = time.time() - float(told.read_text()) if told.exists() else 0.0
        code = -number if number == signal.SIGKILL else 128 + number
        wrong = [] if run.returncode == code else [f"exit code {run.returncode}"]
        wrong += [] if told.exists() else ["the point was never reached"]
        if number != signal.SIGKILL:
            wrong += [noise for noise in NOISE if noise in output]
        self.made_good(project, f"{number.name} {point}, {took:.1f} s", began, wrong, output)

    def kill_after(self, seconds: float) -> None:
        """Kill a run after some seconds, unless it has ended by then."""
        project, began = self.origin.copy(self.folder), time.time()
        run = start(project, self._params)
        try:
            output = run.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired:
            run.kill()
            output = run.communicate()[0]
        self.made_good(project, f"SIGKILL after {seconds:.2f} s", began, [], output)

    def start_at_once(self, count: int) -> None:
        """Start runs at once: those that do not get the lock say so."""
        project, began = self.origin.copy(self.folder), time.time()
        runs = [start(project, self._params) for _ in range(count)]
        outputs = [run.communicate()[0] for run in runs]
        refused = [
            output
            for run, output in zip(runs, outputs, strict=True)
            if run.returncode == 1 and "Another run is going on" in output
        ]
        well = [run for run in runs if run.returncode == 0]
        wrong = [] if well and len(well) + len(refused) == count else ["an odd end"]
        name = f"{count} starts, {len(refused)} refused"
        self.made_good(project, name, began, wrong, "\n".join(outputs))

    def made_good(
        self,
        project: Project,
        name: str,
        began: float,
        wrong: list[str],
        output: str,
        runs: Sequence[tuple[str, int]] = (),
    ) -> None:
        """Run it again, or what is left to run, and hold what is there against what should be."""
        for params, code in runs or [(self._params, 0)]:
            run_to_end(project, params, code)
        found = state(project)
        wrong += [key for key in self.expected if found[key] != self.expected[key]]
        say(f"{'FAIL' if wrong else 'ok  '} {name:48} {story(project, began)} {wrong or ''}")
        if wrong:
            say(output)
        self.done += 1
        self.failures += bool(wrong)
        shutil.rmtree(project.folder)


def run_to_end(project: Project, params: str, code: int = 0) -> None:
    run = start(project, params)
    output = run.communicate()[0]
    if run.returncode != code:
        raise SystemExit(f"a plain run ended with {run.returncode}:\n{output}")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
