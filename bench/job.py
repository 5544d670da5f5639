"""Measure whole runs against an earlier commit: `make bench-job BASE=...`.

Both commits read the same stand-in city, served by this one, and use the packages installed here.
Each run begins with the lake and the warehouse that a first load by its own commit left; the runs
of both are interleaved, and what is printed are medians and the ratio of each pair's.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.__main__ import table

HERE = Path(__file__).parents[1]
LAST_DAY = date(2026, 11, 20)
NO_DATA = 1
"""Rows a year of a city that says what a run costs without any."""


@dataclass(frozen=True)
class Checkout:
    """A commit's files, and the data of its demo environment."""

    folder: Path

    @property
    def _data(self) -> Path:
        return self.folder / "data" / "demo"

    @property
    def _kept(self) -> Path:
        return self.folder / "data" / "kept"

    def keep(self) -> None:
        """Remember the data as it is."""
        shutil.rmtree(self._kept, ignore_errors=True)
        shutil.copytree(self._data, self._kept)

    def restore(self) -> None:
        """Put the data back to what was kept."""
        self.clear()
        shutil.copytree(self._kept, self._data)

    def clear(self) -> None:
        """Leave no data."""
        shutil.rmtree(self._data, ignore_errors=True)

    def run(self, url: str, today: date, years: str) -> "Cost":
        """What `kedro run` takes as a process."""
        parameters = f"years={years},source.services_url={url},source.today={today}"
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "kedro", "run", "--env", "demo", "--params", parameters],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder / "src")},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(process.pid, 0)
        assert not status, f"kedro run ended with {os.waitstatus_to_exitcode(status)}"
        return Cost(time.monotonic() - began, used.ru_utime + used.ru_stime)


class Cost(NamedTuple):
    """Seconds of a run: by the clock, and of all cores, which others on the machine change less."""

    clock: float
    cores: float


@contextmanager
def city(rows_per_year: int, as_of: date) -> Iterator[str]:
    """The address of a city of that day, served by a process of its own."""
    options = ["--rows-per-year", str(rows_per_year), "--as-of", str(as_of)]
    process = subprocess.Popen(
        [sys.executable, "-m", "mpls311.sandbox", *options], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout, "it is piped"
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


@contextmanager
def checkout_of(revision: str) -> Iterator[Checkout]:
    """The files of a commit, in a folder of their own."""
    with tempfile.TemporaryDirectory(prefix="bench-job-") as folder:
        place = str(Path(folder, "files"))
        made = ["git", "worktree", "add", "--quiet", "--detach", place, revision]
        subprocess.run(made, cwd=HERE, check=True)
        try:
            yield Checkout(Path(place))
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", place], cwd=HERE, check=True)


Pairs = list[tuple[Cost, Cost]]


def measure(
    sides: tuple[Checkout, Checkout], rows_per_year: int, years: str, days: int, runs: int
) -> dict[str, Pairs]:
    """Costs of first loads, of runs that find nothing new, and of increments of some days."""
    found: dict[str, Pairs] = {"first load": [], "nothing new": [], "increment": []}
    then = LAST_DAY - timedelta(days=days)

    def pair(job: str, url: str, today: date, asked: str) -> None:
        before, now = (side.run(url, today, asked) for side in sides)
        found[job].append((before, now))
        sys.stderr.write(f"{rows_per_year:,} a year  {job}  {before.clock:.1f} {now.clock:.1f} s\n")

    with city(rows_per_year, then) as old, city(rows_per_year, LAST_DAY) as new:
        for number in range(runs):
            for side in sides:
                side.clear()
            pair("first load", old, then, years)
            if number == 0:
                for side in sides:
                    side.keep()
            pair("nothing new", old, then, "recent")
            for side in sides:
                side.restore()
            pair("increment", new, LAST_DAY, "recent")
    return found


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.job", description=__doc__)
    parser.add_argument("--base", required=True, help="the commit to compare with")
    parser.add_argument("--rows-per-year", type=int, nargs="+", default=[NO_DATA, 80_000])
    parser.add_argument("--years", default="2016-2026")
    parser.add_argument("--days", type=int, default=3, help="between first load and increment")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    rows: list[tuple[object, ...]] = [
        ("rows a year", "years", "job", "seconds of", "before", "now", "now / before")
    ]
    with checkout_of(options.base) as old, checkout_of("HEAD") as new:
        sides = old, new
        for number in options.rows_per_year:
            found = measure(sides, number, options.years, options.days, options.runs)
            for job, pairs in found.items():
                for position, kind in enumerate(Cost._fields):
                    costs = [(before[position], now[position]) for before, now in pairs]
                    before, now = (median(seconds) for seconds in zip(*costs, strict=True))
                    ratio = median(after / first for first, after in costs)
                    told = (f"{before:.1f}", f"{now:.1f}", f"{ratio:.2f}")
                    rows.append((f"{number:,}", options.years, job, kind, *told))
    table(*rows)


if __name__ == "__main__":
    main()
