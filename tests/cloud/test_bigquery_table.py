"""The warehouse dataset on the BigQuery emulator, through good jobs and bad ones."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import stamina
from google.cloud import bigquery, storage
from kedro.io import DatasetError

from mpls311.cloud.google import bigquery_client
from mpls311.datasets import LakeFilesDataset
from mpls311.datasets.bigquery_table import BigQueryTableDataset
from mpls311.lake import lake_file
from mpls311.schemas import ServiceRequest, TrackedLoad, arrow_schema, bigquery_table
from tests.support.cutting_proxy import CuttingProxy, cutting_proxy
from tests.support.emulators import BUCKET, PROJECT

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def tracked(*load_ids: str, status: str = "staged") -> pa.Table:
    row = {
        "job_start": 1.0,
        "job_end": 2.0,
        "job_runtime": 1.0,
        "year": 2025,
        "source_id": "city",
        "mode": "full",
        "status": status,
        "watermark": NOW,
    }
    rows = [{**row, "load_id": load_id} for load_id in load_ids]
    return pa.Table.from_pylist(rows, schema=arrow_schema(TrackedLoad))


@pytest.fixture
def name(emulators: Mapping[str, str]) -> str:
    return f"scratch.t{uuid4().hex}"


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=3):
        yield


def table(name: str, **options: Any) -> BigQueryTableDataset:
    return BigQueryTableDataset(
        connection={"project": PROJECT, "location": "US"},
        table=name,
        **{"model": "mpls311.schemas.TrackedLoad", **options},
    )


def stored(bucket: storage.Bucket, rows: pa.Table, tmp_path: Path) -> str:
    """The gs:// URI of a Parquet file with these rows."""
    local = tmp_path / f"{uuid4().hex}.parquet"
    pq.write_table(rows, local)
    bucket.blob(local.name).upload_from_filename(local)
    return f"gs://{BUCKET}/{local.name}"


def loads_in(dataset: BigQueryTableDataset) -> list[str]:
    return sorted(dataset.load()["load_id"])


def test_a_table_that_is_not_there_loads_empty(name: str) -> None:
    assert list(table(name).load().columns) == arrow_schema(TrackedLoad).names


def test_replace_replaces_and_append_with_a_key_adds_what_is_new(name: str) -> None:
    table(name).save(tracked("a"))
    table(name).save(tracked("b"))
    appending = table(name, mode="append", key=["load_id", "status"])
    for rows in (tracked("b"), tracked("b", status="published"), tracked("b", status="published")):
        appending.save(rows)

    assert len(table(name).preview(nrows=1)["data"]) == 1
    loaded = table(name).load()
    assert sorted(loaded["status"]) == ["published", "staged"]
    assert set(loaded["load_id"]) == {"b"}
    assert loaded["watermark"][0] == NOW

    table(name).save(tracked())
    assert loads_in(table(name)) == []


def test_the_table_is_made_as_terraform_would_make_it(
    name: str, warehouse: bigquery.Client
) -> None:
    table(name, model="mpls311.schemas.ServiceRequest").save([])

    made = warehouse.get_table(f"{PROJECT}.{name}").to_api_repr()
    assert bigquery_table(ServiceRequest).items() <= made.items()


def test_files_of_the_lake_replace_the_rows_by_one_job(
    name: str, bucket: storage.Bucket, warehouse: bigquery.Client, tmp_path: Path
) -> None:
    table(name).save(tracked("old"))
    before = {job.job_id for job in warehouse.list_jobs()}
    table(name).save([stored(bucket, tracked(load), tmp_path) for load in ("a", "b")])

    jobs = [job for job in warehouse.list_jobs() if job.job_id not in before]
    assert len([job for job in jobs if job.job_type == "load"]) == 1
    assert loads_in(table(name)) == ["a", "b"]
    table(name).save([])
    assert loads_in(table(name)) == ["a", "b"]


def test_after_a_load_job_that_fails_half_way_nothing_is_lost_or_doubled(
    name: str, bucket: storage.Bucket, tmp_path: Path
) -> None:
    good = [stored(bucket, tracked(load), tmp_path) for load in ("a", "b")]
    odd = stored(bucket, tracked("odd").drop_columns(["status"]), tmp_path)

    for files, said in (
        ([*good, odd], "columns"),
        ([*good, f"gs://{BUCKET}/no-such-file.parquet"], "no-such-file.parquet"),
    ):
        with pytest.raises(DatasetError) as failure:
            table(name).save(files)
        assert f"BigQuery could not load {PROJECT}.{name}: " in str(failure.value)
        assert said in str(failure.value)
        # What the emulator leaves behind is not what BigQuery would; what counts comes next.
        table(name).save(good)
        assert loads_in(table(name)) == ["a", "b"]


@pytest.fixture
def proxy(emulators: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[CuttingProxy]:
    with cutting_proxy(emulators["BIGQUERY_EMULATOR_HOST"]) as proxy:
        monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", proxy.url)
        bigquery_client.cache_clear()
        yield proxy
    bigquery_client.cache_clear()


def is_job(method: str, path: str) -> bool:
    return method == "POST" and re.search(r"/projects/[^/]+/jobs\b", path) is not None


def test_a_job_whose_answer_is_lost_is_not_done_twice(
    name: str, proxy: CuttingProxy, bucket: storage.Bucket, tmp_path: Path
) -> None:
    appending = table(name, mode="append")
    appending.save([])
    uri = stored(bucket, tracked("a"), tmp_path)
    proxy.cut(is_job)
    # The emulator would do it again; BigQuery refuses an id that it knows.
    known = {"reason": "duplicate", "message": "Already Exists: Job"}
    proxy.answer(is_job, {"error": {"code": 409, "message": "known", "errors": [known]}}, 409)
    appending.save([uri])

    submitted = [path for method, path in proxy.seen if is_job(method, path)]
    assert len(submitted) == 2
    assert loads_in(table(name)) == ["a"]


def test_a_job_that_fails_for_a_passing_reason_is_done_again_under_another_id(
    name: str, proxy: CuttingProxy, bucket: storage.Bucket, tmp_path: Path
) -> None:
    table(name).save([])
    error = {"reason": "backendError", "message": "Error encountered during execution."}
    failed = {
        "jobReference": {"projectId": PROJECT, "jobId": "first", "location": "US"},
        "configuration": {"jobType": "LOAD", "load": {}},
        "status": {"state": "DONE", "errorResult": error, "errors": [error]},
    }
    proxy.answer(is_job, failed)
    table(name).save([stored(bucket, tracked("a"), tmp_path)])

    assert loads_in(table(name)) == ["a"]
    ids = [job.job_id for job in bigquery_client(PROJECT, "US").list_jobs(max_results=50)]
    assert any(
        job_id.startswith(f"mpls311-{name.split('.')[1]}") and job_id.endswith("-a2")
        for job_id in ids
    )


def test_an_upload_whose_answer_is_lost_neither_fails_nor_overwrites(
    emulators: Mapping[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "rows.parquet"
    pq.write_table(tracked("a"), file)
    with cutting_proxy(emulators["STORAGE_EMULATOR_HOST"]) as proxy:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy.url)
        lake = LakeFilesDataset(
            path=f"gs://{BUCKET}/uploads",
            fs_args={"token": "anon", "skip_instance_cache": True},
        )
        proxy.cut(lambda method, path: method == "POST" and "/upload/" in path)
        lake.save({"a.parquet": file})

        uploads = [path for method, path in proxy.seen if "/upload/" in path]
        assert len(uploads) >= 2
        assert lake.load().read(lake_file(file, "a.parquet", 1)) == tracked("a")


def test_a_dataset_that_is_missing_or_elsewhere_is_named(
    name: str, warehouse: bigquery.Client
) -> None:
    elsewhere = bigquery.Dataset(f"{PROJECT}.elsewhere_{uuid4().hex}")
    elsewhere.location = "EU"
    warehouse.create_dataset(elsewhere)

    with pytest.raises(DatasetError, match="is in EU, and this run works in US") as mistake:
        table(f"{elsewhere.dataset_id}.t").load()
    assert "MPLS311_LOCATION=EU" in str(mistake.value)
    with pytest.raises(DatasetError, match=r"no_such_dataset does not exist .* `terraform apply`"):
        table("no_such_dataset.t").load()
