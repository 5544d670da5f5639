"""A mistake ends in one or two sentences, before any work is done."""

from datetime import date

import pytest
import yaml
from filelock import FileLock

from mpls311.sandbox import City, serve
from tests.support.project import Project


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ("years=1999", "years=1999: the city has layers for 2015 to"),
        ("years=2023-2020", "years=2023-2020 runs backwards. Write 2020-2023."),
        ("years=abc", "years=abc is not understood."),
        ("yeers=2023", "There is no parameter yeers. Did you mean years?"),
        ("source.concurency=4", "Did you mean source.concurrency?"),
        ("mode=fast", "mode=fast: Input should be 'full' or 'incremental'."),
        ("sandbox.as_of=2999-01-01", "lies in the future"),
        ("sandbox.as_of=2010-01-01", "The stand-in city publishes from 2015-01-02 to"),
        ("sandbox.rows_per_year=0", "has 1 to 5,000,000 rows a year, not 0."),
        ("sandbox.seed=-1", "must not be negative, not -1."),
        ("sandbox.changes=Pothol x2 from 2025-01-01", "Did you mean Pothole?"),
        ("2023", "write name=value"),
        ("run_lock=s3://lake/run.lock", "nothing can be locked by s3://"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_refused(
    project: Project, params: str, said: str
) -> None:
    env = "demo" if params.startswith("sandbox.") else "base"
    assert said in project.run(params, env=env).sentence
    assert not (project.folder / "data").exists()


def test_a_second_params_is_refused(project: Project) -> None:
    outcome = project.command("--params", "years=2023", "--params", "mode=full")

    assert outcome.sentence == "Give --params once: --params years=2023,mode=full"


def test_dbt_by_hand_before_any_run_says_where_to_begin(project: Project) -> None:
    outcome = project.kedro("dbt", "--env", "demo", "source", "freshness")

    assert outcome.sentence == "There is no warehouse yet: run `kedro run --env demo` first."
    assert not (project.folder / "data").exists()


def test_a_wheel_is_refused_with_what_to_deploy_instead(project: Project) -> None:
    assert "`make image`" in project.kedro("package").sentence


@pytest.mark.parametrize("written", ["years=2023,mode=fast", {"years": 2023, "mode": "fast"}])
def test_a_configuration_file_is_read_like_the_command_line(
    project: Project, written: object
) -> None:
    file = project.folder / "run.yml"
    file.write_text(yaml.safe_dump({"run": {"params": written}}))

    outcome = project.command("--config", str(file))

    assert outcome.sentence == "mode=fast: Input should be 'full' or 'incremental'."


@pytest.mark.parametrize(
    "address",
    [
        "http://user:hunter2@127.0.0.1:1/arcgis/rest/services",
        "http://hunter2@127.0.0.1:1/arcgis/rest/services",
        "http://user:hunter2@/arcgis",
        "user:hunter2@127.0.0.1/arcgis",
        "http://127.0.0.1:1/arcgis/rest/services?token=hunter2",
    ],
)
def test_an_address_with_a_password_is_refused_and_never_shown(
    project: Project, address: str
) -> None:
    outcome = project.run(f"years=2023,source.services_url={address}")

    assert "leave out user name, password" in outcome.sentence
    assert "hunter2" not in outcome.output
    assert not (project.folder / "data").exists()


def test_an_unreachable_service_leads_to_the_demo(project: Project) -> None:
    outcome = project.run("years=2023,source.services_url=http://127.0.0.1:1/arcgis/rest/services")

    assert "cannot be reached" in outcome.sentence
    assert "--env demo" in outcome.sentence
    assert project.files() == {}


def test_a_year_that_the_service_does_not_have_is_an_error_only_where_it_was_named(
    project: Project,
) -> None:
    with serve(City(rows_per_year=300, as_of=date(2024, 3, 1))) as city:
        url = f"source.services_url={city.services_url}"
        assert "has no layer for 2025." in project.run(f"years=2024+2025,{url}").sentence
        assert project.files() == {}

        recent = f"years=recent,source.today=2025-01-01,{url}"
        assert "No layer for 2025" in project.ran(recent, pipeline="ingest")


def test_a_second_run_says_that_one_is_going_on(project: Project) -> None:
    lock = project.folder / "data/warehouse/mpls_311.duckdb.lock"
    lock.parent.mkdir(parents=True)
    with FileLock(lock):
        assert "Another run is going on" in project.run("years=2023").sentence
