"""What a table of the warehouse must stand, on a real DuckDB and a real PostgreSQL."""

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from kedro.io import DatasetError

from mpls311.datasets.duckdb_table import DuckDBTableDataset
from mpls311.datasets.opening import begin_loading, end_loading
from mpls311.datasets.postgres_table import PostgresTableDataset
from mpls311.datasets.table import TableDataset
from mpls311.schemas import TrackedLoad, arrow_schema
from tests.support.made import NOW, tracked

COLUMNS = arrow_schema(TrackedLoad).names


@dataclass(frozen=True)
class Engine:
    """A warehouse, its table of tracked loads, and what any other program does to it."""

    dataset: Callable[..., TableDataset]
    execute: Callable[[str], Any]

    def table(self, **options: Any) -> TableDataset:
        model = "mpls311.schemas.TrackedLoad"
        return self.dataset(**{"table": "staging.track_load", "model": model, **options})

    def column(self, name: str) -> list[Any]:
        return list(self.table().load().sort_values("load_id")[name])


@pytest.fixture
def on_duckdb(tmp_path: Path) -> Engine:
    path = tmp_path / "warehouse" / "w.duckdb"
    settings = {"database": str(path), "threads": "1"}

    def execute(sql: str) -> Any:
        with duckdb.connect(path) as connection:
            return connection.execute(sql)

    return Engine(lambda **options: DuckDBTableDataset(connection=settings, **options), execute)


@pytest.fixture
def on_postgres(postgres: Mapping[str, str]) -> Iterator[Engine]:
    where = {
        "host": postgres["PGHOST"],
        "port": postgres["PGPORT"],
        "user": postgres["PGUSER"],
        "dbname": postgres["PGDATABASE"],
    }

    def execute(sql: str) -> Any:
        with psycopg.connect() as connection:
            return connection.execute(sql.encode())

    yield Engine(lambda **options: PostgresTableDataset(connection=where, **options), execute)
    execute("drop schema if exists staging cascade")


@pytest.fixture(params=["duckdb", "postgres"])
def engine(request: pytest.FixtureRequest) -> Engine:
    found: Engine = request.getfixturevalue(f"on_{request.param}")
    return found


def test_a_table_that_is_not_there_loads_empty(engine: Engine) -> None:
    assert list(engine.table().load().columns) == COLUMNS
    assert not engine.table().exists()


def test_replace_replaces_and_append_with_a_key_adds_what_is_new(engine: Engine) -> None:
    engine.table().save(tracked("a"))
    engine.table().save(tracked("b"))
    appending = engine.table(mode="append", key=["load_id", "status"])
    for rows in (tracked("b"), tracked("b", "published"), tracked("b", "published")):
        appending.save(rows)

    loaded = engine.table().load()
    assert sorted(zip(loaded["load_id"], loaded["status"], strict=True)) == [
        ("b", "published"),
        ("b", "staged"),
    ]
    assert loaded["watermark"][0] == NOW


def test_what_is_saved_is_what_is_loaded(engine: Engine) -> None:
    texts = ["", " ", "a,\"b\"\n'c'", "\\N", "\\.", "NULL", "é — 🏙", None]
    numbers = [0.1, -93.28047149607914, 5e-324, 1.7e308, 1e22, 0.0, float("inf"), -1.0]
    rows = pa.Table.from_pylist(
        [
            tracked(f"{place}").to_pylist()[0] | {"pq_path": text, "job_runtime": number}
            for place, (text, number) in enumerate(zip(texts, numbers, strict=True))
        ],
        schema=arrow_schema(TrackedLoad),
    )

    engine.table().save(rows)
    assert engine.table()._loaded().sort_by("load_id").to_pylist() == rows.to_pylist()


def test_parquet_files_replace_the_rows_in_one_step(engine: Engine, tmp_path: Path) -> None:
    good, lacking = tmp_path / "good.parquet", tmp_path / "lacking.parquet"
    pq.write_table(tracked("new"), good)
    pq.write_table(tracked("odd").drop_columns(["status"]), lacking)
    engine.table().save(tracked("old"))

    with pytest.raises(DatasetError):
        engine.table().save([str(good), str(lacking)])
    assert engine.column("load_id") == ["old"]
    engine.table().save([])
    assert engine.column("load_id") == ["old"]
    engine.table().save([str(good), str(good)])
    assert engine.column("load_id") == ["new", "new"]


def test_files_of_an_older_version_lack_columns(engine: Engine, tmp_path: Path) -> None:
    older, newer = tmp_path / "older.parquet", tmp_path / "newer.parquet"
    pq.write_table(tracked("older").drop_columns(["watermark"]), older)
    pq.write_table(tracked("newer"), newer)

    engine.table().save([str(older)])
    assert list(engine.table().load()["watermark"].isna()) == [True]
    engine.table().save([str(older), str(newer)])
    loaded = engine.table().load().set_index("load_id")["watermark"]
    assert (loaded.isna()["older"], loaded["newer"]) == (True, NOW)


def test_a_query_reads_less_than_the_table(engine: Engine) -> None:
    counting = engine.table(query="select count(*) as n, max(job_start) as latest from {table}")
    assert counting.load().empty
    engine.table().save(tracked("a"))
    assert counting.load().iloc[0].to_dict() == {"n": 1, "latest": 1.0}


def test_kedro_viz_shows_the_first_rows(engine: Engine) -> None:
    assert engine.table().preview() == {}
    engine.table().save(pa.concat_tables([tracked("a"), tracked("b")]))

    shown = engine.table(query="select load_id, watermark from {table}").preview(nrows=1)
    assert shown["data"] == [["a", "2026-06-01T12:00:00Z"]]


def test_a_table_of_an_older_version_loads_with_all_columns(engine: Engine) -> None:
    engine.table().save(tracked("a"))
    engine.execute("alter table staging.track_load drop column watermark")
    engine.execute("alter table staging.track_load add column former varchar")

    loaded = engine.table().load()
    assert list(loaded.columns) == COLUMNS
    assert list(loaded["load_id"]) == ["a"]
    assert loaded["watermark"].isna().all()

    engine.table(mode="append", key=["load_id", "status"]).save(tracked("b"))
    assert engine.column("watermark")[1] == NOW

    engine.execute("delete from staging.track_load")
    engine.execute("alter table staging.track_load alter column former set not null")
    engine.table().save(tracked("c"))
    assert engine.column("load_id") == ["c"]


def test_a_table_with_a_key_takes_no_files(engine: Engine, tmp_path: Path) -> None:
    appending = engine.table(mode="append", key=["load_id", "status"])

    with pytest.raises(DatasetError, match="takes rows, not files"):
        appending.save([str(tmp_path / "rows.parquet")])
    with pytest.raises(DatasetError, match="goes with mode append"):
        engine.table(key=["load_id"])


@pytest.mark.parametrize("name", ["track_load", "a.b; drop table x", 'a."b"', "a.b.c"])
def test_names_that_are_no_identifiers_are_refused(engine: Engine, name: str) -> None:
    with pytest.raises(DatasetError):
        engine.table(table=name)


class TestDuckDB:
    def test_nothing_is_made_before_there_is_something_to_save(
        self, on_duckdb: Engine, tmp_path: Path
    ) -> None:
        on_duckdb.table().load()
        assert not (tmp_path / "warehouse").exists()

    def test_the_connection_has_the_settings_of_the_catalog(self, on_duckdb: Engine) -> None:
        on_duckdb.table().save(tracked("a"))
        settings = "current_setting('threads') as threads, current_setting('timezone') as zone"
        asking = on_duckdb.table(query=f"select {settings} from {{table}}")

        assert asking.load().iloc[0].to_dict() == {"threads": 1, "zone": "UTC"}

    def test_a_file_that_another_program_holds_is_one_sentence(
        self, on_duckdb: Engine, tmp_path: Path
    ) -> None:
        on_duckdb.table().save(tracked("a"))
        hold = (
            "import duckdb, sys; connection = duckdb.connect(sys.argv[1]); "
            "print('held', flush=True); input()"
        )
        path = tmp_path / "warehouse" / "w.duckdb"
        with subprocess.Popen(
            [sys.executable, "-c", hold, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as other:
            assert other.stdout
            assert other.stdout.readline() == "held\n"
            with pytest.raises(DatasetError, match="is open in another program"):
                on_duckdb.table().load()
            other.communicate("\n")

    def test_nothing_stays_open(self, on_duckdb: Engine) -> None:
        on_duckdb.table().save(tracked("a"))
        on_duckdb.execute("delete from staging.track_load")
        assert on_duckdb.column("load_id") == []

    def test_it_stays_open_while_the_inputs_of_a_node_are_loaded(self, on_duckdb: Engine) -> None:
        on_duckdb.table().save(tracked("a"))
        begin_loading()
        try:
            assert on_duckdb.column("load_id") == ["a"]
            with pytest.raises(duckdb.ConnectionException, match="different configuration"):
                on_duckdb.execute("delete from staging.track_load")
        finally:
            end_loading()
        on_duckdb.execute("delete from staging.track_load")


class TestPostgres:
    def test_views_on_a_table_outlive_its_rows(self, on_postgres: Engine) -> None:
        on_postgres.table().save(tracked("a"))
        on_postgres.execute("create view staging.seen as select load_id from staging.track_load")
        on_postgres.table().save(tracked("b"))

        seen = on_postgres.table(table="staging.seen", query="select * from {table}")
        assert list(seen.load()["load_id"]) == ["b"]

    def test_text_is_sorted_byte_by_byte(self, on_postgres: Engine) -> None:
        on_postgres.table().save(pa.concat_tables(map(tracked, ["b", "A", "a", "B", "-a"])))
        ordered = on_postgres.table(query="select load_id from {table} order by load_id")
        assert list(ordered.load()["load_id"]) == ["-a", "A", "B", "a", "b"]

    def test_more_rows_than_are_read_at_a_time_come_all(self, on_postgres: Engine) -> None:
        on_postgres.table().save(tracked("a"))
        query = "select n, case when n > 40000 then 'late' end as word from {table}, "
        rows = on_postgres.table(query=query + "generate_series(1, 50000) as n").load()

        assert list(rows["n"]) == [*range(1, 50_001)]
        assert rows["word"].count() == 10_000

    def test_a_nul_is_left_out(self, on_postgres: Engine) -> None:
        on_postgres.table().save(tracked("a\0b"))
        assert on_postgres.column("load_id") == ["ab"]

    def test_a_user_may_have_no_right_to_make_a_schema_that_is_there(
        self, on_postgres: Engine
    ) -> None:
        on_postgres.execute("create role guest login")
        try:
            guest = on_postgres.table()
            guest._where["user"] = "guest"
            with pytest.raises(DatasetError, match=r"permission denied .* Let the owner"):
                guest.save(tracked("a"))
            on_postgres.execute("create schema staging authorization guest")
            guest.save(tracked("a"))
            assert list(guest.load()["load_id"]) == ["a"]
        finally:
            on_postgres.execute("drop owned by guest")
            on_postgres.execute("drop role guest")
