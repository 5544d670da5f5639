"""A lake in S3: the whole job, a crash, a rebuild, and mistakes in sentences."""

import shutil
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fsspec import filesystem

from mpls311.datasets.duckdb_table import DuckDBTableDataset
from mpls311.sandbox import City, serve
from tests.support.project import Project
from tests.support.warehouses import Table, comparable, differences, duckdb_tables

WAREHOUSE = "data/aws/warehouse/mpls_311.duckdb"


@pytest.fixture
def project(tmp_path: Path, s3: Mapping[str, str]) -> Project:
    return Project(tmp_path / "project", models_only=True)


@pytest.fixture
def city() -> Iterator[str]:
    with serve(City(rows_per_year=400, as_of=date(2025, 2, 1))) as server:
        yield f"years=2024,source.services_url={server.services_url}"


def tables(project: Project) -> dict[str, Table]:
    return comparable(duckdb_tables(project.folder / WAREHOUSE))


class Killed(BaseException):
    """The end of a process, which nothing in it can catch."""


def test_a_crash_loses_nothing_and_the_bucket_is_enough_for_a_new_warehouse(
    project: Project, city: str, s3: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(DuckDBTableDataset, "_write", die)
        with pytest.raises(Killed):
            project.run(city, env="aws")

    output = project.ran(city, env="aws")
    assert "takes up" in output
    assert f"Dashboard: s3://{s3['MPLS311_BUCKET']}/08_reporting/dashboard.html\n" in output
    first = tables(project)
    assert len(first["mpls_311_production.fact_311data"].rows) > 300

    shutil.rmtree(project.folder / "data/aws/warehouse")
    unreachable = "source.services_url=http://127.0.0.1:1/rest/services"
    project.ran(unreachable, env="aws", pipeline="rebuild")
    assert differences(first, tables(project)) == {}
    # The bucket alone is the lake.
    assert {path.name for path in (project.folder / "data/aws").iterdir()} <= {
        "warehouse",
        "spool",
        "dbt",
    }


class TestMistakes:
    def test_what_is_not_set(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("MPLS311_BUCKET")
        sentence = project.run(env="aws").sentence
        assert sentence.startswith("bucket is not set: export MPLS311_BUCKET=...")

    def test_a_bucket_that_does_not_exist(
        self, project: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MPLS311_BUCKET", "no-such-bucket")
        sentence = project.run("years=2024", env="aws").sentence
        assert sentence == (
            "s3://no-such-bucket/manifests: there is no such bucket. Check the name, or make the "
            "bucket."
        )

    def test_no_login(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        monkeypatch.setenv("HOME", str(project.folder))
        filesystem("s3").clear_instance_cache()
        sentence = project.run("years=2024", env="aws").sentence
        filesystem("s3").clear_instance_cache()
        assert "cannot be reached: Unable to locate credentials. Check login and" in sentence

    def test_nothing_can_be_locked_in_a_bucket(self, project: Project) -> None:
        sentence = project.run("run_lock=s3://bucket/run.lock", env="aws").sentence
        assert sentence.startswith("run_lock=s3://bucket/run.lock: nothing can be locked by s3://.")
