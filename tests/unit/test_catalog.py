"""One catalog for all environments: each says where things are and which engine they are in."""

import re
from pathlib import Path
from typing import Any

import pytest
from kedro.config import OmegaConfigLoader

from mpls311.settings import CONFIG_LOADER_ARGS

CONF = Path(__file__).parents[2] / "conf"
ENVIRONMENTS = sorted({folder.name for folder in CONF.iterdir() if folder.is_dir()} - {"local"})
Entries = dict[str, dict[str, Any]]


def configuration(env: str) -> OmegaConfigLoader:
    return OmegaConfigLoader(conf_source=str(CONF), env=env, **CONFIG_LOADER_ARGS)  # type: ignore[arg-type]


def resolved(env: str) -> tuple[Entries, dict[str, Any]]:
    """Return the catalog of an environment and its globals."""
    loader = configuration(env)
    return loader["catalog"], loader["globals"]


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "my-project")
    monkeypatch.setenv("MPLS311_BUCKET", "my-bucket")


def test_an_environment_is_its_globals_and_parameters() -> None:
    overlays = {
        path.name for env in ENVIRONMENTS if env != "base" for path in (CONF / env).iterdir()
    }

    assert overlays == {"globals.yml", "parameters.yml"}


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_an_environment_knows_its_name(env: str) -> None:
    _, places = resolved(env)

    assert places["environment"] == env


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_files_are_in_the_lake_of_the_environment(env: str) -> None:
    catalog, places = resolved(env)
    files = {
        entry.get("path") or entry["filepath"]
        for entry in catalog.values()
        if entry.keys() & {"path", "filepath"}
    }

    assert all(path.startswith(f"{places['lake']}/") for path in files)
    assert all(
        entry["fs_args"] == places["lake_options"]
        for entry in catalog.values()
        if entry.keys() & {"path", "filepath"}
    )
    # BigQuery would take such a part for a column.
    assert not [path for path in files if "=" in path]


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_tables_are_in_the_warehouse_of_the_environment(env: str) -> None:
    catalog, places = resolved(env)
    tables = [entry for entry in catalog.values() if "table" in entry]

    assert {entry["type"] for entry in tables} == {places["table_dataset"]}
    assert all(entry["connection"] == places[places["engine"]] for entry in tables)


def test_no_environment_shares_its_lake_or_warehouse_with_another() -> None:
    places = [resolved(env)[1] for env in ENVIRONMENTS]

    for names in ("lake", "spool", "dbt_artifacts"):
        assert len({place[names] for place in places}) == len(ENVIRONMENTS)
    assert len({str(place[place["engine"]]) for place in places}) == len(ENVIRONMENTS)


def test_the_cloud_is_what_the_machine_says() -> None:
    _, places = resolved("gcp")

    assert places["lake"] == "gs://my-bucket"
    assert places["bigquery"] == {"project": "my-project", "location": "US"}


def test_dbt_reads_what_a_run_gives_it() -> None:
    profiles = (CONF.parent / "dbt/profiles.yml").read_text("utf-8")
    transform = [configuration(env)["parameters"]["transform"] for env in ENVIRONMENTS]
    given = {name for settings in transform for name in settings["environment"]}

    assert given | {"BIGQUERY_EMULATOR_HOST"} == set(re.findall(r"env_var\('(\w+)'", profiles))
    assert all(re.search(rf"^{settings['profile']}:$", profiles, re.M) for settings in transform)
