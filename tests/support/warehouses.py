"""All tables of a warehouse, in whatever engine, as values that can be compared."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg
from google.cloud import bigquery

SCHEMAS = ("mpls_311_staging", "mpls_311_production", "mpls_311_production_internal")
OF_THE_RUN = {
    *("load_id", "loaded_at", "job_start", "job_end", "job_runtime", "pq_path"),
    *("read_at", "last_read_at", "last_full_read_at", "state"),
}
"""Columns that say when a run was: two runs are not at the same moment."""
_OF_AN_ENGINE = {
    f"mpls_311_production_internal.{name}" for name in ("model_fingerprints", "report_states")
}
"""Where reports are made whole, nothing is kept of them."""

Row = tuple[Any, ...]
Named = tuple[str, list[str], Iterable[Row]]


@dataclass(frozen=True)
class Table:
    columns: tuple[str, ...]
    rows: list[Row]

    @property
    def cells(self) -> int:
        return len(self.columns) * len(self.rows)


def comparable(named: Iterable[Named]) -> dict[str, Table]:
    """Tables by schema and name, columns by name, rows in one order."""
    return {
        name: _comparable(columns, rows)
        for name, columns, rows in named
        if name not in _OF_AN_ENGINE
    }


def _comparable(columns: list[str], rows: Iterable[Row]) -> Table:
    kept = sorted(name for name in columns if name not in OF_THE_RUN)
    places = [columns.index(name) for name in kept]
    values = [
        tuple(plain(name, row[place]) for name, place in zip(kept, places, strict=True))
        for row in rows
    ]
    return Table(tuple(kept), sorted(values, key=repr))


def plain(column: str, value: Any) -> Any:
    """A value as all engines can give it."""
    if column == "deleted_at":
        return value is not None
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC).replace(tzinfo=None)
    return float(value) if isinstance(value, Decimal) else value


def differences(left: Mapping[str, Table], right: Mapping[str, Table]) -> dict[str, Any]:
    """What differs, by table: columns, or rows with how often each side has them."""
    found: dict[str, Any] = {}
    for name in left.keys() | right.keys():
        one, other = left.get(name), right.get(name)
        if one is None or other is None:
            found[name] = "only on one side"
        elif one.columns != other.columns:
            found[name] = set(one.columns) ^ set(other.columns)
        elif one.rows != other.rows:
            pairs = zip(one.rows, other.rows, strict=False)
            found[name] = (
                len(one.rows),
                len(other.rows),
                [pair for pair in pairs if len(set(pair)) > 1][:3],
            )
    return found


_LISTING = """
select table_schema, table_name from information_schema.tables
where table_schema like 'mpls_311%' order by 1, 2
"""


def duckdb_tables(path: Path) -> Iterator[Named]:
    with duckdb.connect(path, read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        for schema, name in connection.execute(_LISTING).fetchall():
            found = connection.execute(f'select * from "{schema}"."{name}"')
            yield f"{schema}.{name}", [column[0] for column in found.description], found.fetchall()


def postgres_tables() -> Iterator[Named]:
    """Of the database that the environment names."""
    with psycopg.connect(options="-c TimeZone=UTC") as connection:
        for schema, name in connection.execute(_LISTING).fetchall():
            found = connection.execute(f'select * from "{schema}"."{name}"'.encode())
            yield f"{schema}.{name}", [column.name for column in found.description or ()], found


def bigquery_tables(client: bigquery.Client) -> Iterator[Named]:
    for schema in SCHEMAS:
        for listed in client.list_tables(f"{client.project}.{schema}"):
            found = client.query_and_wait(f"select * from `{listed.reference}`")
            columns = [field.name for field in found.schema]
            yield f"{schema}.{listed.table_id}", columns, (tuple(row.values()) for row in found)
