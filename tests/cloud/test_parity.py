"""The same stand-in city through every engine: the same tables, cell by cell, whatever was run."""

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fsspec.core import url_to_fs
from google.cloud import bigquery, storage

from mpls311.sandbox import City, serve
from tests.support.damage import flip
from tests.support.project import Project
from tests.support.tiny_layer import TinyLayers
from tests.support.warehouses import (
    Named,
    Table,
    bigquery_tables,
    comparable,
    differences,
    duckdb_tables,
    postgres_tables,
)

MERGE = "run/mpls_311/models/intermediate/int_requests_by_layer.sql"
SOURCE = "compiled/mpls_311/models/intermediate/int_requests_by_layer.sql"
FACT = "run/mpls_311/models/marts/fact_311data.sql"


YEARS = "years=2024+2025"
ROWS = 800

Tables = Callable[[Project], Iterable[Named]]
Run = Callable[[Project, str], str]
"""A step: runs a project in an environment, and gives what it said."""


def of_the_city(as_of: date, params: str = YEARS) -> Run:
    """A run on the city of a day."""

    def run(project: Project, env: str) -> str:
        with serve(City(rows_per_year=ROWS, as_of=as_of)) as server:
            return project.ran(f"{params},source.services_url={server.services_url}", env=env)

    return run


def of_emptied_layers(project: Project, env: str) -> str:
    """Both years are published empty; one is released, but not yet in the marts."""
    with TinyLayers(y2024=[], y2025=[]) as empty:
        told = project.run(f"{YEARS},source.services_url={empty.services_url}", env=env).output
    project.run("validation.accept=2024", env=env, pipeline="validate")
    project.run(env=env, pipeline="stage")
    return " ".join(told.split())


def of_a_damaged_lake(project: Project, env: str) -> str:
    """A bit is flipped in the service requests of the first load of 2024."""
    lakes = {
        "base": f"{project.folder}/data",
        "gcp": f"gs://{os.environ.get('MPLS311_BUCKET')}",
        "postgres": f"{project.folder}/data/postgres",
    }
    fs, root = url_to_fs(lakes[env], **({"token": "anon"} if env == "gcp" else {}))
    path = min(fs.ls(f"{root}/03_primary/service_requests/2024", detail=False))
    fs.pipe_file(path, flip(fs.cat_file(path), 1_000))
    return checked(project, env)


def checked(project: Project, env: str) -> str:
    found = project.kedro("check", "--env", env)
    return f"{found.exit_code} {found.output}"


def rebuilt(project: Project, env: str) -> str:
    unreachable = "source.services_url=http://127.0.0.1:1/rest/services"
    return project.ran(unreachable, env=env, pipeline="rebuild")


LATER = date(2025, 5, 30)
STEPS = {
    "first load": of_the_city(date(2025, 1, 10)),
    "increment": of_the_city(LATER),
    "damaged": of_a_damaged_lake,
    "full read": of_the_city(LATER, f"{YEARS},mode=full"),
    "healed": checked,
    "held": of_emptied_layers,
    "rebuild": rebuilt,
    "nothing new": of_the_city(LATER),
}


LOOKS = ("damaged", "healed")
"""Steps that change no table."""


@dataclass(frozen=True)
class Taken:
    """What a step left behind: what it said, all tables, what dbt made of its models."""

    output: str
    tables: Mapping[str, Table]
    sql: Mapping[str, str]


@dataclass(frozen=True)
class Course:
    """Every step on one engine."""

    project: Project
    taken: Mapping[str, Taken]


def course(folder: Path, env: str, tables: Tables) -> Course:
    project = Project(folder)
    taken = {
        name: take(step, project, env, tables if name not in LOOKS else lambda _: ())
        for name, step in STEPS.items()
    }
    return Course(project, taken)


def take(step: Run, project: Project, env: str, tables: Tables) -> Taken:
    output = step(project, env)
    target = project.folder / "data" / ("" if env == "base" else env) / "dbt/target"
    return Taken(
        output,
        comparable(tables(project)),
        {name: (target / name).read_text("utf-8") for name in (MERGE, SOURCE, FACT)},
    )


@pytest.fixture(scope="module")
def on_duckdb(tmp_path_factory: pytest.TempPathFactory) -> Course:
    def tables(project: Project) -> Iterable[Named]:
        return duckdb_tables(project.folder / "data/warehouse/mpls_311.duckdb")

    return course(tmp_path_factory.mktemp("duckdb") / "project", "base", tables)


@pytest.fixture(scope="module")
def on_bigquery(tmp_path_factory: pytest.TempPathFactory, warehouse: bigquery.Client) -> Course:
    folder = tmp_path_factory.mktemp("bigquery") / "project"
    return course(folder, "gcp", lambda _: bigquery_tables(warehouse))


@pytest.fixture(scope="module")
def on_postgres(tmp_path_factory: pytest.TempPathFactory, postgres: Mapping[str, str]) -> Course:
    folder = tmp_path_factory.mktemp("postgres") / "project"
    return course(folder, "postgres", lambda _: postgres_tables())


@pytest.fixture(params=["bigquery", "postgres"])
def other(request: pytest.FixtureRequest) -> Course:
    """The course of each engine that is held against DuckDB."""
    found: Course = request.getfixturevalue(f"on_{request.param}")
    return found


@pytest.mark.parametrize("step", [step for step in STEPS if step not in LOOKS])
def test_the_tables_are_those_of_duckdb(on_duckdb: Course, other: Course, step: str) -> None:
    assert differences(on_duckdb.taken[step].tables, other.taken[step].tables) == {}


def test_the_page_is_that_of_duckdb(on_duckdb: Course, on_postgres: Course) -> None:
    expected = page(on_duckdb.project.folder / "data")

    assert page(on_postgres.project.folder / "data/postgres") == expected
    assert expected["tables"]["area"]["request_count"]


def test_the_page_in_the_bucket_is_that_of_duckdb(
    on_duckdb: Course, on_bigquery: Course, bucket: storage.Bucket
) -> None:
    name = "08_reporting/dashboard.html"
    output = on_bigquery.taken["first load"].output

    assert f"Dashboard: gs://{bucket.name}/{name}\n" in output
    assert shown(bucket.blob(name).download_as_text()) == page(on_duckdb.project.folder / "data")


def test_each_step_changes_what_it_should(on_duckdb: Course) -> None:
    facts, targets, staged = (
        {step: taken.tables[name] for step, taken in on_duckdb.taken.items() if taken.tables}
        for name in (
            "mpls_311_production.fact_311data",
            "mpls_311_production.rpt_service_targets",
            "mpls_311_staging.raw_mpls_311data",
        )
    )

    assert len(facts["first load"].rows) > ROWS
    assert facts["first load"] != facts["increment"] != facts["full read"]
    # The layers are as they were: nothing of what was held or released reaches the marts.
    assert facts["full read"] == facts["held"] == facts["rebuild"] == facts["nothing new"]
    assert targets["increment"].rows
    year = staged["held"].columns.index("source_year")
    assert {row[year] for row in staged["held"].rows} == {2024}


@pytest.mark.parametrize("engine", ["on_duckdb", "on_bigquery", "on_postgres"])
def test_damage_is_found_and_a_full_read_heals_it(
    engine: str, request: pytest.FixtureRequest
) -> None:
    taken: Mapping[str, Taken] = request.getfixturevalue(engine).taken

    assert taken["damaged"].output.startswith("1 ")
    assert taken["damaged"].output.count("years=2024,mode=full") == 1
    assert taken["healed"].output.startswith("0 ")
    assert taken["healed"].output.count("Healed") == 1


def test_a_held_year_is_released_where_the_job_runs(on_bigquery: Course) -> None:
    told = on_bigquery.taken["held"].output
    command = (
        "`gcloud run jobs execute mpls311 --project demo-project --region us-central1 --wait "
        "--args='^;^run;--env;gcp;--params;years=2024,validation.accept=2024'`"
    )

    assert told.count("live cases would be marked deleted") >= 2
    # The log breaks its lines, within a long word too.
    assert command.replace(" ", "") in told.replace(" ", "")


def test_bigquery_reads_only_the_partitions_it_must(on_bigquery: Course) -> None:
    """It reads every partition that a literal does not rule out."""
    assert "BigQuery processed" in on_bigquery.taken["first load"].output
    sql = on_bigquery.taken["increment"].sql

    assert "DBT_INTERNAL_DEST.source_year in (2024, 2025)" in sql[MERGE]
    assert "stored.source_year in (2024, 2025)" in sql[SOURCE]
    made = on_bigquery.taken["first load"].sql[FACT]
    assert "partition by timestamp_trunc(open_datetime, year)" in made
    assert "cluster by category_id, case_id" in made


def page(lake: Path) -> dict[str, Any]:
    return shown((lake / "08_reporting/dashboard.html").read_text("utf-8"))


def shown(html: str) -> dict[str, Any]:
    """The data that a dashboard holds, without the times of the run."""
    match = re.search(r'id="data">(.*?)</script>', html)
    assert match
    data: dict[str, Any] = json.loads(match[1])
    data.pop("lookedAt")
    for name in ("last_read_at", "last_full_read_at"):
        data["tables"]["quality"].pop(name)
    return data
