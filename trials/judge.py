"""The macros of dbt on three engines that share no code: DuckDB, PostgreSQL, and Google's ZetaSQL.

    python -m trials.judge

The emulator of BigQuery is DuckDB underneath, so that both could agree by being the same program.
ZetaSQL is what BigQuery's own SQL is read and evaluated by; here it is WebAssembly, which takes a
minute to start. Every scalar macro is computed for a few thousand values, the odd ones included,
and percentiles with their survival curves for groups of requests. Ends with status 1 if any value
differs.
"""

import io
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import psycopg
from zetasql.api import CatalogBuilder, PreparedQuery, TableBuilder, create_table_content
from zetasql.types import (
    AnalyzerOptions,
    LanguageOptions,
    TypeKind,
    ZetaSQLBuiltinFunctionOptions,
)

from tests.support.dbt_warehouse import dbt
from tests.support.postgres_server import running_postgres

SCALARS = {
    "minutes": "{{ in_hundredths('seconds', 60) }}",
    "hours": "{{ in_hundredths('seconds', 3600) }}",
    "days": "{{ in_hundredths('seconds', 86400) }}",
    "hours not rounded": "{{ as_hours('seconds') }}",
    "local date": "{{ local_date('opened') }}",
    "date id": "{{ date_id(local_date('opened')) }}",
    "ISO week": "{{ iso_week(local_date('opened')) }}",
    "weekday": "{{ iso_day_of_week(local_date('opened')) }}",
    "quarter": "{{ date_part('quarter', local_date('opened')) }}",
    "seconds between": "{{ seconds_between('opened', 'closed') }}",
    "instant": "{{ seconds_between(epoch_timestamp('0.0'), epoch_timestamp('seconds_float')) }}",
    "micro-degrees": "{{ micro_degrees('longitude') }}",
    "place": "{{ geography_id('longitude', 'latitude') }}",
    "key": "{{ surrogate_key(['type_name', 'title']) }}",
    "channel": "{{ channel_of('type_name') }}",
    "without channel": "{{ without_channel('type_name') }}",
}
GROUPS = (
    "select * from {{ times('requests', {'kind': dbt.type_bigint()}, {'kind': ['kind']}, "
    "percentiles()) }} as timed"
)
COLUMNS = {
    "number": int,
    "seconds": int,
    "seconds_float": float,
    "opened_us": int,
    "closed_us": int,
    "longitude": float,
    "latitude": float,
    "type_name": str,
    "title": str,
    "kind": int,
    "time_to_close_seconds": int,
    "waiting_seconds": int,
}
ZETASQL = {int: TypeKind.TYPE_INT64, float: TypeKind.TYPE_DOUBLE, str: TypeKind.TYPE_STRING}
ELSEWHERE = {int: "bigint", float: "double precision", str: "text"}
INSTANTS = {
    "bigquery": "timestamp_micros({0})",
    "duckdb": "make_timestamp({0})",
    "postgres": "timestamp '1970-01-01' + {0} * interval '1 microsecond'",
}
TEXTS = {"bigquery": "string", "duckdb": "varchar", "postgres": "text"}
MARK = "\n--next--\n"

Row = list[Any]
Opinions = dict[str, list[list[Any]]]


def values(count: int = 3_000) -> list[Row]:
    """Rows of odd and of ordinary values, the same at each call."""
    chance = random.Random(311)
    texts = [
        *("Pothole", "Pothole - Open311", "pothole - OPEN 311", "Pothole - SS City", "A - SS"),
        *(
            "Graffiti -self service",
            "open311",
            " - ss",
            "",
            " ",
            "é ü 🏙",
            "a|b",
            "a:b",
            "1:a|-",
            None,
        ),
        *("Snow - Open311 - SS", "Stress", "Pothole  -  Open311", "Pothole - Open311 "),
    ]
    edges = [
        datetime(2023, 3, 12, 8, tzinfo=UTC),
        datetime(2023, 11, 5, 7, tzinfo=UTC),
        datetime(2024, 1, 1, 6, tzinfo=UTC),
        datetime(2024, 12, 30, 6, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2024, 2, 29, 5, 59, 59, 999_999, tzinfo=UTC),
    ]
    odd_seconds = [0, 1, 17, 18, 19, 29, 30, 53, 54, 431, 432, 44_370, 131_760, 86_399, 2**31]
    rows: list[Row] = []
    for number in range(count):
        near = chance.choice(edges) + timedelta(
            seconds=chance.choice([-3600, -1, 0, 1, 3599, 3600, chance.randrange(-(10**8), 10**8)])
        )
        opened = round(near.timestamp()) * 10**6 + chance.choice([0, 0, 0, 1, 499_999, 999_999])
        lasting = chance.choice([*odd_seconds, chance.randrange(10**7)])
        half = (chance.randrange(-180_000_000, 180_000_000) + 0.5) / 1e6
        waits = chance.random() < 0.3
        rows.append(
            [
                number,
                lasting,
                chance.choice([float(lasting), lasting + 0.25]),
                opened,
                opened + lasting * 10**6 + chance.choice([0, 0, 1, 500_000]),
                chance.choice([half, -93.28047149607914, chance.uniform(-180, 180), None, 0.0]),
                chance.choice([44.95553322115808, chance.uniform(-90, 90), -0.0000005]),
                chance.choice(texts),
                chance.choice(texts),
                number % 40,
                None if waits else lasting,
                chance.randrange(10**7) if waits else None,
            ]
        )
    return [*rows, [count, *[None] * (len(COLUMNS) - 1)]]


def statements(engine: str) -> list[str]:
    """The scalars of all rows, and the groups, as dbt writes them for an engine."""
    instant = INSTANTS[engine]
    requests = (
        f"(select *, {instant.format('opened_us')} as opened, "
        f"{instant.format('closed_us')} as closed, "
        "waiting_seconds is not null as is_open from given)"
    )
    # dbt also prints what it compiled.
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()):
        inline = MARK.join([*SCALARS.values(), GROUPS])
        outcome = dbt(
            Path(folder),
            *("compile", "--no-introspect", "--no-populate-cache", f"--profile={engine}"),
            f"--inline={inline}",
        )
    if not outcome.success:
        raise SystemExit(f"{engine}: {outcome.exception}")
    *scalars, groups = outcome.result.results[0].node.compiled_code.split(MARK.strip())
    text = TEXTS[engine]
    cells = ", ".join(
        f"cast({scalar.strip()} as {text}) as c{place}" for place, scalar in enumerate(scalars)
    )
    names = ["kind", "closed_count", "p25_seconds", "median_seconds", "p75_seconds", "p90_seconds"]
    shown = ", ".join(f"cast({name} as {text}) as {name}" for name in names)
    return [
        f"select {cells} from {requests} as requests order by number",
        f"with requests as {requests} select {shown} from ({groups}) as grouped_rows",
    ]


def plain(cell: Any) -> Any:
    """Numbers as numbers, however an engine writes them."""
    if cell in ("true", "false"):
        return cell == "true"
    try:
        return float(cell) if cell is not None else None
    except ValueError:
        return cell


def on_duckdb(given: list[Row]) -> Opinions:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        columns = ", ".join(f"{name} {ELSEWHERE[kind]}" for name, kind in COLUMNS.items())
        connection.execute(f"create table given ({columns.replace(' precision', '')})")
        marks = ", ".join("?" * len(COLUMNS))
        connection.executemany(f"insert into given values ({marks})", given)
        return answers([connection.execute(sql).fetchall() for sql in statements("duckdb")])


def on_postgres(given: list[Row]) -> Opinions:
    with running_postgres() as variables, environment(variables), psycopg.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        columns = ", ".join(f"{name} {ELSEWHERE[kind]}" for name, kind in COLUMNS.items())
        connection.execute(f"create table given ({columns})".encode())
        marks = ", ".join(["%s"] * len(COLUMNS))
        with connection.cursor() as cursor:
            cursor.executemany(f"insert into given values ({marks})".encode(), given)
        asked = [connection.execute(sql.encode()) for sql in statements("postgres")]
        return answers([found.fetchall() for found in asked])


def on_zetasql(given: list[Row]) -> Opinions:
    with environment({"GOOGLE_CLOUD_PROJECT": "none", "BIGQUERY_EMULATOR_HOST": "http://none"}):
        asked = statements("bigquery")
    language = LanguageOptions.maximum_features()
    table = TableBuilder("given")
    for name, kind in COLUMNS.items():
        table.add_column(name, ZETASQL[kind])
    functions = ZetaSQLBuiltinFunctionOptions(language_options=language)
    catalog = CatalogBuilder("catalog").add_table(table.build())
    built = catalog.with_builtin_functions(functions).build()
    found = []
    for sql in asked:
        # What BigQuery calls int64 by another name, ZetaSQL does not.
        query = PreparedQuery.builder().set_sql(sql.replace("bigint", "int64"))
        query.set_analyzer_options(AnalyzerOptions(language_options=language)).set_catalog(built)
        with query.set_table_content({"given": create_table_content(given)}).prepare() as prepared:
            rows = prepared.execute().content.table_data.row
            found.append([[cell.string_value for cell in row.cell] for row in rows])
    return answers(found)


@contextmanager
def environment(variables: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def answers(found: Sequence[Sequence[Sequence[Any]]]) -> Opinions:
    scalars, groups = found
    by_name = {name: [[plain(row[place])] for row in scalars] for place, name in enumerate(SCALARS)}
    grouped = sorted(([*map(plain, row)] for row in groups), key=repr)
    return {**by_name, "percentiles and curves": grouped}


def main() -> None:
    given, opinions, differing = values(), {}, 0
    for name, ask in (("duckdb", on_duckdb), ("postgres", on_postgres), ("zetasql", on_zetasql)):
        began = time.monotonic()
        opinions[name] = ask(given)
        say(f"{name}: {time.monotonic() - began:.1f} s")
    for what, expected in opinions["duckdb"].items():
        for other in ("postgres", "zetasql"):
            odd = [
                (place, one, two)
                for place, (one, two) in enumerate(
                    zip(expected, opinions[other][what], strict=True)
                )
                if one != two
            ]
            differing += len(odd)
            say(f"{what}, duckdb and {other}: {len(expected)} compared, {len(odd)} differ")
            for place, one, two in odd[:3]:
                say(f"    {given[place] if what in SCALARS else place}: {one} and {two}")
    raise SystemExit(bool(differing))


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
