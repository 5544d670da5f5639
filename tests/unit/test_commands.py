"""Commands that messages advise can be typed as they stand."""

import shlex

import pytest

from mpls311.cli import parse_params, run
from mpls311.commands import Commands

PARAMS = "years=2023,validation.accept=2023"


@pytest.mark.parametrize("environment", ["base", "demo"])
def test_it_names_the_environment_of_the_run(environment: str) -> None:
    told = Commands(environment=environment, cloud_job=None).run(PARAMS)

    program, command, *words = shlex.split(told.strip("`"))
    typed = run.make_context("run", words).params
    assert (program, command) == ("kedro", "run")
    assert typed["env"] == (None if environment == "base" else environment)
    assert parse_params(typed["params"]) == parse_params(PARAMS)


def test_the_cloud_job_is_told_the_same() -> None:
    job = "mpls311 --project p --region us-central1"
    local, _, cloud = Commands(environment="gcp", cloud_job=job).run(PARAMS).partition(", or ")

    command = shlex.split(cloud.partition("`")[2].strip("`"))
    assert command[:5] == ["gcloud", "run", "jobs", "execute", "mpls311"]
    separator, *words = command[-1].removeprefix("--args=^;^").split(";")
    assert [separator, *words] == shlex.split(local.strip("`"))[1:]
