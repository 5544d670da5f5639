"""A history many times as long, made by SQL: what it takes to make its marts, and then a day's.

    python -m trials.history [--times 1 5] [--memory-limit 2GB]

A first load of eleven years; then every case once more, as often as is said; a run that reads a
year and makes all models anew, as after an upgrade; and one that finds three days of news.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb

from bench.__main__ import table
from bench.job import LAST_DAY, Checkout, checkout_of, city

DAYS = 3
MEGABYTE = 1024
"""In what the kernel tells of memory."""


class Cost(NamedTuple):
    """What a command took."""

    seconds: float
    peak_mb: int


def lengthen(warehouse: Path, times: int) -> int:
    """Give every case as many twins as make the history so many times as long; its rows then."""
    cases = "mpls_311_production.int_requests_by_layer"
    with duckdb.connect(warehouse) as connection:
        connection.execute(
            f"insert into {cases} select cases.* replace (case_id + twin * 1000000000 as case_id)"
            f" from {cases} as cases cross join range(1, ?) as twins(twin)",
            [times],
        )
        # As after an upgrade.
        connection.execute("delete from mpls_311_production_internal.model_fingerprints")
        [rows] = connection.execute(f"select count(*) from {cases}").fetchone() or [0]
    return int(rows)


def run(
    side: Checkout, url: str, day: date, asked: str, limit: str = "", env: str = "demo"
) -> Cost:
    """What a run takes against a city.

    Raises:
        SystemExit: It failed; what it said last is the message.
    """
    parameters = f"years={asked},source.services_url={url},source.today={day}"
    command = ["-m", "kedro", "run", "--env", env, "--params", parameters]
    environment = {**os.environ, "PYTHONPATH": str(side.folder / "src")}
    if limit:
        environment["MPLS311_DUCKDB_MEMORY_LIMIT"] = limit
    began = time.monotonic()
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=side.folder, env=environment, stdout=said, stderr=said
        )
        _, status, used = os.wait4(process.pid, 0)
        if status:
            said.seek(0)
            raise SystemExit("".join(said.readlines()[-20:]))
    return Cost(time.monotonic() - began, used.ru_maxrss // MEGABYTE)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m trials.history", description=__doc__)
    parser.add_argument("--times", type=int, nargs="+", default=[1, 5])
    parser.add_argument("--memory-limit", default="", help="of DuckDB; else that of the machine")
    options = parser.parse_args()
    then = LAST_DAY - timedelta(days=DAYS)
    rows: list[tuple[object, ...]] = [
        ("cases", "limit", "all made anew", "peak MB", "increment", "peak MB")
    ]
    with checkout_of("HEAD") as side, city(80_000, then) as old, city(80_000, LAST_DAY) as new:
        run(side, old, then, "2016-2026")
        side.keep()
        warehouse = side.folder / "data/demo/warehouse/mpls_311.duckdb"
        for times in options.times:
            side.restore()
            cases = lengthen(warehouse, times)
            made = run(side, old, then, "2026,mode=full", options.memory_limit)
            day = run(side, new, LAST_DAY, "recent", options.memory_limit)
            rows.append(
                (
                    *(f"{cases:,}", options.memory_limit or "that of the machine"),
                    *(f"{made.seconds:.1f} s", made.peak_mb),
                    *(f"{day.seconds:.1f} s", day.peak_mb),
                )
            )
            table(*rows)


if __name__ == "__main__":
    main()
