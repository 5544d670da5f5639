"""The marts as other tools get them: the same cells, described by the contracts."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from tests.support.project import ROOT, Project

EXPORT = "data/demo/09_export"
TYPES = {
    "boolean": "boolean",
    "date": "date",
    "datetime": "timestamptz",
    "integer": "bigint",
    "number": "double",
    "string": "varchar",
}
DELETED = "(select min(case_id) from mpls_311_production.fact_311data)"


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """An export after a run; the marts have a case that the city has no more."""
    project = Project(tmp_path_factory.mktemp("export") / "project")
    project.ran("years=2024+2025,sandbox.rows_per_year=1500,sandbox.as_of=2025-07-01", env="demo")
    with duckdb.connect(project.folder / "data/demo/warehouse/mpls_311.duckdb") as connection:
        connection.execute(
            "update mpls_311_production.fact_311data set deleted_at = timestamp "
            f"'2025-06-01 12:00:00.25' where case_id = {DELETED}"
        )
    project.ran(env="demo", pipeline="export")
    return project


@pytest.fixture(scope="module")
def package(job: Project) -> dict[str, Any]:
    return json.loads((job.folder / EXPORT / "datapackage.json").read_text("utf-8"))


@pytest.fixture
def warehouse(job: Project) -> duckdb.DuckDBPyConnection:
    path = job.folder / "data/demo/warehouse/mpls_311.duckdb"
    connection = duckdb.connect(path, read_only=True)
    connection.execute("set timezone = 'UTC'")
    return connection


def tables(package: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in package["resources"] if each["format"] == "csv"}


def mart_of(name: str) -> str:
    models = {path.stem for path in (ROOT / "dbt/models/marts").glob("*.sql")}
    return f"rpt_{name}" if f"rpt_{name}" in models else name


def test_every_mart_is_there_twice(job: Project, package: dict[str, Any]) -> None:
    models = {path.stem for path in (ROOT / "dbt/models/marts").glob("*.sql")}

    assert {mart_of(name) for name in tables(package)} == models
    files = {path.name for path in (job.folder / EXPORT).iterdir()}
    assert files == {*(each["path"] for each in package["resources"]), "datapackage.json"}


def test_the_cells_are_those_of_the_marts(
    job: Project, package: dict[str, Any], warehouse: duckdb.DuckDBPyConnection
) -> None:
    for name, resource in tables(package).items():
        fields = {field["name"]: TYPES[field["type"]] for field in resource["schema"]["fields"]}
        columns = ", ".join(fields)
        live = f" where case_id <> {DELETED}" if name == "fact_311data" else ""
        mart = f"select {columns} from mpls_311_production.{mart_of(name)}{live}"
        path = job.folder / EXPORT / name
        for file in (
            f"read_csv('{path}.csv', header = true, columns = {fields})",
            f"read_parquet('{path}.parquet')",
        ):
            for left, right in ((f"from {file}", mart), (mart, f"from {file}")):
                differing = warehouse.execute(f"({left}) except all ({right})").fetchall()
                assert not differing, file
        counted = f"select count(*) from ({mart})"
        assert warehouse.execute(counted).fetchall() == [(resource["rows"],)]


def test_instants_say_so_and_local_times_do_not(
    job: Project, warehouse: duckdb.DuckDBPyConnection
) -> None:
    path = job.folder / EXPORT / "requests"
    columns = "open_datetime, open_local_datetime"

    parquet = warehouse.execute(f"describe select {columns} from '{path}.parquet'").fetchall()
    assert [kind for _, kind, *_ in parquet] == ["TIMESTAMP WITH TIME ZONE", "TIMESTAMP"]
    (text,) = warehouse.execute(
        f"select {columns} from read_csv('{path}.csv', all_varchar = true) limit 1"
    ).fetchall()
    assert text[0].endswith("Z")
    assert len(text[1]) == len("2025-01-01T00:00:00")


def test_the_package_tells_types_keys_and_that_it_is_made_up(package: dict[str, Any]) -> None:
    schemas = {name: resource["schema"] for name, resource in tables(package).items()}

    assert schemas["requests"]["primaryKey"] == ["case_id"]
    # A month is missing in the rows of a year.
    assert schemas["time_to_close"]["uniqueKeys"][0][:2] == ["grain", "open_year"]
    fields = [field for schema in schemas.values() for field in schema["fields"]]
    assert all(field["description"] and "doc(" not in field["description"] for field in fields)
    assert fields_of(schemas["requests"])["is_open"] == {
        "name": "is_open",
        "type": "boolean",
        "description": "True while the request has no closing time, whatever its status says.",
        "constraints": {"required": True},
    }
    assert package["title"] == "Minneapolis 311 (made-up data)"
    assert "stand-in city" in package["description"]
    assert [source["title"] for source in package["sources"]] == [
        "Requests of 2024",
        "Requests of 2025",
    ]


def fields_of(schema: dict[str, Any]) -> dict[str, Any]:
    return {field["name"]: field for field in schema["fields"]}


def test_an_export_is_plain_kedro(job: Project, package: dict[str, Any]) -> None:
    bootstrap_project(job.folder)
    with KedroSession.create(job.folder, env="demo") as session:
        catalog = session.load_context().catalog  # type: ignore[attr-defined]
        for name in ("export_requests", "export_requests_csv"):
            assert len(catalog.load(name)) == tables(package)["requests"]["rows"]


def test_without_marts_a_sentence_says_what_to_do(project: Project) -> None:
    told = project.run(env="demo", pipeline="export").sentence

    assert told.startswith("The warehouse has no dim_categories with the column category_id yet")
    assert "`kedro run --env demo` first" in told
    assert not Path(project.folder, EXPORT).exists()
