"""Twelve years of the stand-in city through each engine: seconds per phase, memory, the same cells.

    python -m trials.engines                 duckdb, postgres, aws
    python -m trials.engines postgres --rows 80000 --years 2015-2026

Servers of their own: PostgreSQL (which must be installed), S3 of moto. The city is in this process,
each run in one of its own. BigQuery is not here: its emulator is no measure of it, and
`tests/cloud/test_parity.py` compares its cells.
"""

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from pathlib import Path
from typing import Any

from kedro.framework.hooks import hook_impl

from mpls311.sandbox import City, serve
from tests.support.postgres_server import running_postgres
from tests.support.project import Project
from tests.support.s3_server import running_s3
from tests.support.warehouses import (
    OF_THE_RUN,
    Named,
    duckdb_tables,
    plain,
    postgres_tables,
)

Server = Callable[[], AbstractContextManager[Mapping[str, str]]]
ENGINES: dict[str, tuple[str, Server]] = {
    "duckdb": ("base", lambda: nullcontext({})),
    "postgres": ("postgres", running_postgres),
    "aws": ("aws", running_s3),
}
WAREHOUSES = {
    "duckdb": "data/warehouse/mpls_311.duckdb",
    "aws": "data/aws/warehouse/mpls_311.duckdb",
}
STEPS = {"first load": date(2026, 5, 1), "increment": date(2026, 5, 3)}


class PhaseClock:
    """Seconds of each phase, which is the pipeline that a node's function is from.

    A node that yields does its work while Kedro saves, so it lasts until the next one begins.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._phase, self._began = "", 0.0

    @hook_impl
    def before_node_run(self, node: Any) -> None:
        """Begin a phase."""
        self.after_pipeline_run()
        self._phase, self._began = node.func.__module__.split(".")[2], time.monotonic()

    @hook_impl
    def after_pipeline_run(self) -> None:
        """End it."""
        if self._phase:
            self.seconds[self._phase] += time.monotonic() - self._began


def run_here(env: str, folder: str, params: str) -> None:
    """One run in this process; prints its seconds and its memory."""
    from mpls311 import settings

    clock = PhaseClock()
    settings.HOOKS = (*settings.HOOKS, clock)  # type: ignore[assignment]
    project = object.__new__(Project)
    project.folder = Path(folder)
    began = time.monotonic()
    output = project.ran(params, env=env)
    sys.stderr.write(output)
    found = {phase: round(seconds, 1) for phase, seconds in clock.seconds.items()}
    found["all"] = round(time.monotonic() - began, 1)
    found["peak MB"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)
    sys.stdout.write(json.dumps(found))


def run_apart(env: str, folder: Path, params: str) -> dict[str, float]:
    command = [sys.executable, "-m", "trials.engines", "--here", env, str(folder), params]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def digests(named: Iterable[Named]) -> Iterator[tuple[str, tuple[int, int, int]]]:
    """Columns and rows of each table, and a number that any other cell would change."""
    for name, columns, rows in named:
        kept = [(place, column) for place, column in enumerate(columns) if column not in OF_THE_RUN]
        kept.sort(key=lambda pair: pair[1])
        count = total = 0
        for row in rows:
            text = repr([plain(column, row[place]) for place, column in kept])
            digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
            total = (total + int.from_bytes(digest)) % 2**64
            count += 1
        yield name, (len(kept), count, total)


def tables_of(engine: str, folder: Path) -> dict[str, tuple[int, int, int]]:
    path = WAREHOUSES.get(engine)
    return dict(digests(duckdb_tables(folder / path) if path else postgres_tables()))


def try_engine(
    engine: str, years: str, rows: int, folder: Path
) -> dict[str, dict[str, tuple[int, int, int]]]:
    env, server = ENGINES[engine]
    found = {}
    with server() as variables:
        os.environ.update(variables)
        project = Project(folder / engine)
        for step, as_of in STEPS.items():
            with serve(City(rows_per_year=rows, as_of=as_of)) as city:
                params = f"years={years},source.services_url={city.services_url}"
                measured = run_apart(env, project.folder, params)
            say(f"{engine:9} {step:11} {measured}")
            found[step] = tables_of(engine, project.folder)
    return found


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("engines", nargs="*", default=list(ENGINES))
    parser.add_argument("--years", default="2015-2026")
    parser.add_argument("--rows", type=int, default=80_000)
    parser.add_argument("--here", nargs=3, metavar=("ENV", "FOLDER", "PARAMS"))
    given = parser.parse_args()
    if given.here:
        run_here(*given.here)
        return
    with tempfile.TemporaryDirectory() as folder:
        tried = {
            engine: try_engine(engine, given.years, given.rows, Path(folder))
            for engine in given.engines
        }
    (first, expected), *others = tried.items()
    different = 0
    for engine, steps in others:
        for step, tables in steps.items():
            names = expected[step].keys() | tables.keys()
            odd = [name for name in sorted(names) if expected[step].get(name) != tables.get(name)]
            different += len(odd)
            cells = sum(columns * rows for columns, rows, _ in tables.values())
            say(
                f"{engine} against {first}, {step}: {len(names)} tables, "
                f"{sum(rows for _, rows, _ in tables.values()):,} rows, {cells:,} cells; "
                f"different: {', '.join(odd) or 'none'}"
            )
    raise SystemExit(bool(different))


if __name__ == "__main__":
    main()
