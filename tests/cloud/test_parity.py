"""The same stand-in city through DuckDB and through BigQuery: the same tables, row by row."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from google.cloud import bigquery, storage

from mpls311.sandbox import City, serve
from tests.support.damage import flip
from tests.support.emulators import PROJECT
from tests.support.project import Project
from tests.support.tiny_layer import TinyLayers

SCHEMAS = ("mpls_311_staging", "mpls_311_production", "mpls_311_production_internal")
OF_THE_RUN = {
    *("load_id", "loaded_at", "job_start", "job_end", "job_runtime", "pq_path"),
    *("read_at", "last_read_at", "last_full_read_at"),
}
"""Columns that say when a run was: the two runs are not at the same moment."""

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Table:
    columns: tuple[str, ...]
    rows: list[Row]


def plain(column: str, value: Any) -> Any:
    """A value as both engines can give it."""
    if column == "deleted_at":
        return value is not None
    if isinstance(value, datetime) and value.tzinfo:
        return value.astimezone(UTC).replace(tzinfo=None)
    return float(value) if isinstance(value, Decimal) else value


def comparable(columns: list[str], rows: list[Row]) -> Table:
    kept = sorted(name for name in columns if name not in OF_THE_RUN)
    places = [columns.index(name) for name in kept]
    values = [
        tuple(plain(name, row[place]) for name, place in zip(kept, places, strict=True))
        for row in rows
    ]
    return Table(tuple(kept), sorted(values, key=repr))


def duckdb_tables(project: Project) -> dict[str, Table]:
    path = project.folder / "data/warehouse/mpls_311.duckdb"
    tables = {}
    with duckdb.connect(path, read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        listing = "select table_schema, table_name from information_schema.tables"
        for schema, name in connection.execute(listing).fetchall():
            found = connection.execute(f'select * from "{schema}"."{name}"')
            columns = [column[0] for column in found.description or ()]
            tables[f"{schema}.{name}"] = comparable(columns, found.fetchall())
    return tables


def bigquery_tables(client: bigquery.Client) -> dict[str, Table]:
    tables = {}
    for schema in SCHEMAS:
        for listed in client.list_tables(f"{PROJECT}.{schema}"):
            found = client.query_and_wait(f"select * from `{PROJECT}.{schema}.{listed.table_id}`")
            columns = [field.name for field in found.schema]
            rows = [tuple(row.values()) for row in found]
            tables[f"{schema}.{listed.table_id}"] = comparable(columns, rows)
    return tables


def differences(left: Mapping[str, Table], right: Mapping[str, Table]) -> dict[str, Any]:
    """What differs, by table: columns, or rows with how often each side has them."""
    found: dict[str, Any] = {}
    for name in left.keys() | right.keys():
        one, other = left.get(name), right.get(name)
        if one is None or other is None:
            found[name] = "only on one side"
        elif one.columns != other.columns:
            found[name] = set(one.columns) ^ set(other.columns)
        elif one.rows != other.rows:
            found[name] = [
                pair for pair in zip(one.rows, other.rows, strict=False) if len(set(pair)) > 1
            ][:3]
    return found


@dataclass(frozen=True)
class Twins:
    """One project on DuckDB, one on the emulators."""

    local: Project
    cloud: Project
    client: bigquery.Client

    def run(self, params: str, *, as_of: date | None = None, pipeline: str = "") -> str:
        """Run both; gives the output of the one in the cloud."""
        if as_of is None:
            self.local.ran(params, pipeline=pipeline)
            return self.cloud.ran(params, env="gcp", pipeline=pipeline)
        with serve(City(rows_per_year=1_500, as_of=as_of)) as server:
            return self.run(f"{params},source.services_url={server.services_url}")

    def told(self, params: str, *, pipeline: str = "") -> str:
        """Run both, whatever that ends with; gives what the one in the cloud says."""
        self.local.run(params, pipeline=pipeline)
        return " ".join(self.cloud.run(params, env="gcp", pipeline=pipeline).output.split())

    def assert_same(self) -> dict[str, Table]:
        local, cloud = duckdb_tables(self.local), bigquery_tables(self.client)
        assert differences(local, cloud) == {}
        return cloud

    def flip_a_bit(self, bucket: storage.Bucket) -> None:
        """Damage the service requests of the first load of 2024 on both sides."""
        folder = "03_primary/service_requests/2024"
        path = min((self.local.folder / "data" / folder).iterdir())
        path.write_bytes(flip(path.read_bytes(), 1_000))
        blob = min(bucket.list_blobs(prefix=folder), key=lambda each: each.name)
        blob.upload_from_string(flip(blob.download_as_bytes(), 1_000))

    def assert_same_page(self, bucket: storage.Bucket) -> None:
        page = "08_reporting/dashboard.html"
        local = shown((self.local.folder / "data" / page).read_text())
        assert local == shown(bucket.blob(page).download_as_text())
        assert local["tables"]["area"]["rows"]


def shown(html: str) -> dict[str, Any]:
    """The data that a dashboard holds, without the times of the run."""
    match = re.search(r'id="data">(.*?)</script>', html)
    assert match
    data: dict[str, Any] = json.loads(match[1])
    data.pop("lookedAt")
    quality = data["tables"]["quality"]
    assert quality["columns"][-2:] == ["last_read_at", "last_full_read_at"]
    quality["rows"] = [row[:-2] for row in quality["rows"]]
    return data


def assert_nonsense_is_held(twins: Twins) -> None:
    """Both years are published empty; one is released, but not yet in the marts."""
    with TinyLayers(y2024=[], y2025=[]) as empty:
        told = twins.told(f"years=2024+2025,source.services_url={empty.services_url}")
    assert told.count("live cases would be marked deleted") >= 2
    assert (
        "`gcloud run jobs execute mpls311 --project demo-project --region us-central1 --wait "
        "--args='^;^run;--env;gcp;--params;years=2024,validation.accept=2024'`"
    ) in told
    twins.told("validation.accept=2024", pipeline="validate")
    twins.told("", pipeline="stage")
    staged = twins.assert_same()["mpls_311_staging.raw_mpls_311data"]
    years = {row[staged.columns.index("source_year")] for row in staged.rows}
    assert years == {2024}


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory, warehouse: bigquery.Client) -> Twins:
    folder = tmp_path_factory.mktemp("twins")
    return Twins(Project(folder / "local"), Project(folder / "cloud"), warehouse)


def sql_of(project: Project, model: str, *, kind: str = "run") -> str:
    """What dbt last sent for a model, or what it put into that."""
    return (project.folder / f"data/gcp/dbt/target/{kind}/mpls_311/models/{model}.sql").read_text()


def assert_partitioned(project: Project) -> None:
    fact = sql_of(project, "marts/fact_311data")

    assert "partition by timestamp_trunc(open_datetime, year)" in fact
    assert "cluster by category_id, case_id" in fact


def assert_only_the_partitions_it_must(project: Project) -> None:
    """BigQuery reads every partition that a literal does not rule out."""
    model = "intermediate/int_requests_by_layer"

    assert "DBT_INTERNAL_DEST.source_year in (2024, 2025)" in sql_of(project, model)
    assert "stored.source_year in (2024, 2025)" in sql_of(project, model, kind="compiled")


def test_the_marts_are_the_same_on_both_engines_whatever_was_run(
    twins: Twins, bucket: storage.Bucket
) -> None:
    output = twins.run("years=2024+2025", as_of=date(2025, 1, 10))
    first = twins.assert_same()
    assert_partitioned(twins.cloud)
    assert "BigQuery processed" in output
    assert output.rstrip().endswith(f"Dashboard: gs://{bucket.name}/08_reporting/dashboard.html")
    assert len(first["mpls_311_production.fact_311data"].rows) > 1_500

    twins.run("years=2024+2025", as_of=date(2025, 5, 30))
    increment = twins.assert_same()
    assert increment["mpls_311_production.rpt_service_targets"].rows
    assert_only_the_partitions_it_must(twins.cloud)
    assert (
        increment["mpls_311_production.fact_311data"] != first["mpls_311_production.fact_311data"]
    )

    twins.flip_a_bit(bucket)
    cure = "Type: kedro run --env gcp --params years=2024,mode=full"
    found = twins.cloud.kedro("check", "--env", "gcp")
    assert (found.exit_code, found.output.count(cure)) == (1, 1), found.output

    twins.run("years=2024+2025,mode=full", as_of=date(2025, 5, 30))
    found = twins.cloud.kedro("check", "--env", "gcp")
    assert (found.exit_code, found.output.count("Healed")) == (0, 1), found.output
    full = twins.assert_same()
    twins.assert_same_page(bucket)

    assert_nonsense_is_held(twins)
    unreachable = "source.services_url=http://127.0.0.1:1/rest/services"
    twins.run(unreachable, pipeline="rebuild")
    assert twins.assert_same().keys() == full.keys()

    # The layers are as they were: nothing of what was held or released reaches the marts.
    twins.run("years=2024+2025", as_of=date(2025, 5, 30))
    again = twins.assert_same()
    live = "mpls_311_production.rpt_categories_year"
    assert again[live] == full[live]
