"""How many bytes BigQuery bills for a daily run, on paper: from the statements that one sends.

    python -m trials.bytes [--of 7f2a080]

An increment runs on the emulator, and `trials.scanned` says which columns its statements process.
How large these are is measured in DuckDB, after a day's increment of eleven years of 80,000 rows
of the stand-in city; tables with a row per case are then scaled to so many requests, and all others
(places, dimensions, reports) left as they are.

INT64, FLOAT64, DATE, DATETIME and TIMESTAMP are 8 bytes, BOOL is 1, STRING is 2 and its UTF-8; a
null is none. At least 10 MB are billed for each table that a query refers to. What was asked before
in the run is answered from the cache; loading is free (cloud.google.com/bigquery/pricing).
"""

import argparse
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb
from sqlglot import exp

from acceptance.__main__ import DOLLARS_A_TIB
from bench.__main__ import table
from bench.job import LAST_DAY, Checkout, checkout_of, city
from tests.support.emulators import running_emulators
from trials.history import run
from trials.scanned import TEMPORARY, Table, Warehouse, name_of, parsed
from trials.statements import emulated, node_of, sent

REQUESTS = (1_000_000, 100_000_000)
YEARS = "2016-2026"
MEASURED, EMULATED = (80_000, 1), (10_000, 10)
"""Rows a year of a city, and days of an increment; in both cases both recent years have news."""
LEAST = 10 * 2**20
FIXED = {"BOOLEAN": 1, "BIGINT": 8, "INTEGER": 8, "DOUBLE": 8, "DATE": 8}
FIXED |= dict.fromkeys(("TIMESTAMP", "TIMESTAMP WITH TIME ZONE"), 8)
"""Bytes of a value, by types of DuckDB."""


class Bill(NamedTuple):
    """Bytes of statements: what they process, and what is billed at least."""

    processed: float = 0
    billed: float = 0

    def plus(self, scanned: Mapping[str, float]) -> "Bill":
        """With one more statement."""
        billed = sum(max(size, LEAST) for size in scanned.values())
        return Bill(self.processed + sum(scanned.values()), self.billed + billed)


def measured(side: Checkout) -> Path:
    """A warehouse of DuckDB after an increment."""
    rows, days = MEASURED
    then = LAST_DAY - timedelta(days=days)
    with city(rows, then) as old, city(rows, LAST_DAY) as new:
        run(side, old, then, YEARS)
        run(side, new, LAST_DAY, "recent")
    return side.folder / "data/demo/warehouse/mpls_311.duckdb"


def collected(side: Checkout) -> tuple[list[str], list[str]]:
    """What a first load and an increment send, and of it what the increment does, each once."""
    rows, days = EMULATED
    then = LAST_DAY - timedelta(days=days)
    with running_emulators() as variables, city(rows, then) as old, city(rows, LAST_DAY) as new:
        os.environ.update(variables)
        run(side, old, then, YEARS, env="gcp")
        first = sent(emulated())
        run(side, new, LAST_DAY, "recent", env="gcp")
        both = sent(emulated())
    return both, list(dict.fromkeys(both[len(first) :]))


def warehouse(path: Path, statements: Iterable[str], requests: int) -> Warehouse:
    """What is stored of so many requests, and the views and partitions that statements made."""
    views, partitions = {}, {}
    for tree in map(parsed, statements):
        match tree, tree.find(exp.Table), tree.find(exp.RangeBucket):
            case exp.Create(kind="VIEW"), exp.Table() as made, _:
                views[name_of(made)] = tree.expression
            case exp.Create(kind="TABLE"), exp.Table() as made, exp.RangeBucket() as bucket:
                partitions[name_of(made)] = bucket.this.name
    with duckdb.connect(path, read_only=True) as connection:
        return Warehouse(dict(stored(connection, partitions, requests)), views)


def stored(
    connection: duckdb.DuckDBPyConnection, partitions: Mapping[str, str], requests: int
) -> Iterator[tuple[str, Table]]:
    """The tables of a warehouse, and beside each one that holds as many rows as staging.

    Its views are among them: what is one there may be a table on BigQuery.
    """

    def rows(name: str) -> int:
        [count] = connection.execute(f"select count(*) from {name}").fetchone() or [0]
        return int(count)

    growth = requests / rows("mpls_311_production.fact_311data")
    staged = rows("mpls_311_staging.raw_mpls_311data") * growth
    kinds: dict[str, dict[str, str]] = defaultdict(dict)
    for name, column, kind in connection.execute(
        "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns() "
        "where schema_name like 'mpls_311%'"
    ).fetchall():
        kinds[name][column] = kind
    for name, columns in kinds.items():
        sizes = [
            f"count({column}) * {FIXED[kind]}"
            if kind in FIXED
            else f"coalesce(sum(2 + strlen({column})), 0)"
            for column, kind in columns.items()
        ]
        found = connection.execute(f"select {', '.join(sizes)} from {name}").fetchone() or ()
        size = Table({column: float(n) for column, n in zip(columns, found, strict=True)})
        count = max(rows(name), 1)
        yield name + TEMPORARY, size.times(staged / count)
        if name in partitions:
            shares = connection.execute(
                f"select {partitions[name]}, count(*) / {count} from {name} group by all"
            ).fetchall()
            size = replace(size, partitioned_by=partitions[name], shares=dict(shares))
        yield name, size.times(growth if "case_id" in columns else 1)


def bills(statements: Iterable[str], of: Warehouse) -> dict[str, Bill]:
    """One for each model, for all tests, and for what the project asks by itself."""
    found: dict[str, Bill] = defaultdict(Bill)
    for statement in statements:
        kind, name = node_of(statement)
        who = {"test": "all tests", "own": "staging and page"}.get(kind, name)
        found[who] = found[who].plus(of.scanned(statement))
    return found


def report(path: Path, statements: list[str], daily: list[str]) -> None:
    """Print what is processed and billed, the largest first."""
    found = [bills(daily, warehouse(path, statements, requests)) for requests in REQUESTS]
    rows: list[list[str]] = [["MB a day"]]
    for requests in REQUESTS:
        rows[0] += [f"{requests:,} requests", "billed"]
    for who in sorted(found[0], key=lambda who: found[-1][who], reverse=True):
        if any(found[0][who]):
            rows.append([who, *(f"{size / 1e6:,.0f}" for bill in found for size in bill[who])])
    sums = [sum(sizes) for bill in found for sizes in zip(*bill.values(), strict=True)]
    prices = [size / 2**40 * DOLLARS_A_TIB for size in sums]
    rows.append([f"all {len(daily)} statements", *(f"{size / 1e6:,.0f}" for size in sums)])
    rows.append(["dollars a day", *(f"{price:,.2f}" for price in prices)])
    rows.append(["dollars in 30 days", *(f"{price * 30:,.2f}" for price in prices)])
    table(*rows)


def main() -> None:
    """Run, count, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m trials.bytes", description=__doc__)
    parser.add_argument("--of", default="HEAD", help="a commit")
    with checkout_of(parser.parse_args().of) as side:
        report(measured(side), *collected(side))


if __name__ == "__main__":
    main()
