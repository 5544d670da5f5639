"""Commands that messages advise can be typed as they stand."""

import shlex

import pytest

from mpls311.cli import run
from mpls311.commands import Commands
from mpls311.typed_params import parse_params

PARAMS = "years=2023,validation.accept=2023"


@pytest.mark.parametrize("environment", ["base", "demo"])
def test_it_names_the_environment_of_the_run(environment: str) -> None:
    told = Commands(environment=environment, cloud_job=None).release(2023)

    program, command, *words = shlex.split(told.strip("`"))
    typed = run.make_context("run", words).params
    assert (program, command) == ("kedro", "run")
    assert typed["env"] == (None if environment == "base" else environment)
    assert parse_params(typed["params"]) == parse_params(PARAMS)


def test_the_cloud_job_is_told_the_same() -> None:
    job = "mpls311 --project p --region us-central1"
    local, _, cloud = Commands(environment="gcp", cloud_job=job).release(2023).partition(", or ")

    command = shlex.split(cloud.partition("`")[2].strip("`"))
    assert command[:5] == ["gcloud", "run", "jobs", "execute", "mpls311"]
    separator, *words = command[-1].removeprefix("--args=^;^").split(";")
    assert [separator, *words] == shlex.split(local.strip("`"))[1:]


def test_every_command_in_a_sentence_names_the_environment_once() -> None:
    text = "Read it again: kedro run --params years=2023, then kedro check. Or kedro run --env demo"

    assert Commands(environment="base").typed(text) == text
    assert Commands(environment="gcp").typed(text) == (
        "Read it again: kedro run --env gcp --params years=2023, then kedro check --env gcp. "
        "Or kedro run --env demo"
    )
