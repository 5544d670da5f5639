"""Mistakes in the cloud end in one or two sentences, before any row is read."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from google.api_core.exceptions import BadRequest, Forbidden, NotFound, Unauthorized
from google.auth.exceptions import RefreshError
from google.cloud import storage

from mpls311.cloud.google import bigquery_client, explanation, reasons_of
from tests.support.emulators import BUCKET, PROJECT
from tests.support.project import Project

CLOUD = (
    "GOOGLE_CLOUD_PROJECT",
    "MPLS311_BUCKET",
    "STORAGE_EMULATOR_HOST",
    "BIGQUERY_EMULATOR_HOST",
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")


@pytest.fixture
def no_cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No emulator, no login, and no metadata server to ask for one."""
    for name in (*CLOUD, "GOOGLE_APPLICATION_CREDENTIALS", "MPLS311_LAKE_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    bigquery_client.cache_clear()
    yield
    bigquery_client.cache_clear()


@pytest.mark.usefixtures("no_cloud")
class TestWithoutACloud:
    def test_what_is_not_set_is_named(self, project: Project) -> None:
        sentence = project.run("years=2024", env="gcp").sentence

        assert "project is not set: export GOOGLE_CLOUD_PROJECT=..., or write `project:" in sentence
        assert "bucket is not set: export MPLS311_BUCKET=..." in sentence
        assert "location" not in sentence

    def test_conf_local_sets_it_and_the_environment_comes_first(
        self, project: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        local = project.folder / "conf/local/globals.yml"
        local.parent.mkdir(exist_ok=True)
        local.write_text("project: mine\n")
        monkeypatch.setenv("MPLS311_BUCKET", "theirs")

        sentence = project.run("years=2024", env="gcp").sentence
        assert sentence.startswith("gs://theirs: there are no Google credentials")

    def test_no_login_is_said_before_anything_is_read(
        self, project: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", PROJECT)
        monkeypatch.setenv("MPLS311_BUCKET", BUCKET)
        sentence = project.run("years=2024", env="gcp").sentence
        assert "there are no Google credentials" in sentence
        assert "`gcloud auth application-default login`" in sentence

        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "no-such-key.json")
        assert "no-such-key.json" in project.run("years=2024", env="gcp").sentence


class TestOnTheEmulators:
    def test_a_bucket_that_does_not_exist(
        self, emulators: Mapping[str, str], project: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MPLS311_BUCKET", "no-such-bucket")
        sentence = project.run("years=2024", env="gcp").sentence

        assert sentence.startswith("Bucket gs://no-such-bucket does not exist")
        assert "`terraform apply`" in sentence

    def test_datasets_in_another_location(
        self, emulators: Mapping[str, str], project: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MPLS311_LOCATION", "EU")
        sentence = project.run("years=2024", env="gcp").sentence

        assert "is in US, and this run works in EU. Export MPLS311_LOCATION=US" in sentence

    def test_a_second_run(
        self, bucket: storage.Bucket, emulators: Mapping[str, str], project: Project
    ) -> None:
        lease = bucket.blob("locks/run.lease")
        until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        other = {"run": "x", "host": "elsewhere", "started": "today", "expires": until}
        lease.upload_from_string(json.dumps(other), if_generation_match=0)

        sentence = project.run("years=2024", env="gcp").sentence
        lease.delete()
        assert sentence.startswith("Another run is going on (on elsewhere since today; its lease")


DENIED = {
    "reason": "accessDenied",
    "message": "Access Denied: Table p:d.t: Permission bigquery.tables.get denied.",
}


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            Forbidden("POST https://x: denied", errors=[DENIED]),
            "p.d.t: permission denied (Access Denied: Table p:d.t: Permission bigquery.tables.get "
            "denied). Grant the account of this run the roles that terraform/README.md lists.",
        ),
        (
            NotFound("gone", errors=[{"message": "Not found: Dataset p:d"}]),
            "p.d.t does not exist (Not found: Dataset p:d). Check the name, or make it: `terraform "
            "apply` in terraform/.",
        ),
        (
            RefreshError("Reauthentication is needed. Please run `gcloud`", {}),
            "p.d.t: Google does not accept these credentials (Reauthentication is needed). Log in "
            "again with `gcloud auth application-default login`, or renew the key file.",
        ),
        (
            Unauthorized("Invalid Credentials"),
            "p.d.t: Google does not accept these credentials (Invalid Credentials). Log in again "
            "with `gcloud auth application-default login`, or renew the key file.",
        ),
    ],
)
def test_errors_of_the_real_client_say_what_to_do(error: Exception, said: str) -> None:
    assert explanation("p.d.t", error) == said


def test_the_reasons_of_a_job_name_the_file_and_the_column() -> None:
    summary = {"reason": "invalid", "message": "Error while reading data"}
    details = [
        {
            "reason": "invalid",
            "message": "Error while reading data",
            "location": "gs://b/1.parquet",
        },
        {"reason": "invalid", "message": "Field case_id has changed type."},
        *({"message": f"row {number}"} for number in range(3)),
    ]

    assert reasons_of(BadRequest("x", errors=[summary]), details) == (
        "Error while reading data (gs://b/1.parquet); Field case_id has changed type; row 0; "
        "and 2 more"
    )
