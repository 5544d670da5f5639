"""The dbt project on DuckDB: what the marts hold after loads in every awkward order.

Staging is made by hand here, so that these tests say what dbt promises and nothing about the
pipelines.
"""

import csv
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from dbt.contracts.graph.manifest import Manifest

from mpls311.schemas import AreaVertex, ServiceRequest, TrackedLoad, arrow_schema
from tests.support.dbt_warehouse import (
    NO_LOCATION,
    PROJECT,
    Built,
    Row,
    Warehouse,
    dbt,
    load_id,
    request,
)

MARTS = (
    "dim_categories",
    "dim_dates",
    "dim_geography",
    "dim_neighborhoods",
    "dim_wards",
    "fact_311data",
    "rpt_areas",
    "rpt_backlog",
    "rpt_backlog_types",
    "rpt_categories_year",
    "rpt_changes",
    "rpt_data_quality",
    "rpt_hot_spots",
    "rpt_neighborhoods",
    "rpt_requests",
    "rpt_service",
    "rpt_service_targets",
    "rpt_time_to_close",
    "rpt_volumes",
    "rpt_weeks",
)
VIEWS = {"rpt_requests", "rpt_volumes"}
BOOKKEEPING = ("object_id", "load_id")


@pytest.fixture(scope="module")
def first_build(
    tmp_path_factory: pytest.TempPathFactory, manifest: Manifest
) -> tuple[Warehouse, Built]:
    """Build everything, tests included, over one example of each kind of known dirt."""
    warehouse = Warehouse(tmp_path_factory.mktemp("first") / "mpls_311.duckdb", manifest)
    warehouse.stage(
        request(1),
        # In two layers, updated in the later one; without a place there.
        request(
            2, 2023, open_datetime="2024-01-01 05:59:00+00", closed_datetime=None, case_status=1
        ),
        request(
            2,
            2024,
            open_datetime="2024-01-01 05:59:00+00",
            closed_datetime="2024-01-03 05:59:00+00",
            last_update_datetime="2024-01-03 06:00:00+00",
            **NO_LOCATION,
        ),
        # Twice within a layer.
        request(
            3, closed_datetime=None, last_update_datetime="2023-06-01 13:00:00+00", case_status=1
        ),
        request(3, object_id=302, content_hash=2),
        # A category that the seed does not have, and none at all.
        request(4, type_name="Robot Delivery Complaint - Open311"),
        request(5, subject_name=None, reason_name=None, type_name=None),
        # Status against date, closed before opened, outside the calendar, odd flag.
        request(6, case_status=1),
        request(7, closed_datetime="2023-05-01 12:00:00+00"),
        request(8, open_datetime="1999-06-01 12:00:00+00", is_accessibility_related="Maybe"),
        request(9, case_status=7, extras='{"Ward": 8}', repairs="blank_title"),
        request(10, deleted_at="2024-02-01 00:00:00+00"),
    )
    return warehouse, warehouse.build()


def test_first_build_of_dirty_data_succeeds(first_build: tuple[Warehouse, Built]) -> None:
    warehouse, built = first_build
    assert built.named("error", "fail", "skipped", "runtime error") == set()
    assert built.success
    assert warehouse.query(
        "select count(*), count(distinct case_id) from mpls_311_production.fact_311data"
    ) == [(10, 10)]


def test_every_unit_test_passes(first_build: tuple[Warehouse, Built], manifest: Manifest) -> None:
    unit_tests = {unit_test.name for unit_test in manifest.unit_tests.values()}
    assert len(unit_tests) >= 20
    assert unit_tests <= first_build[1].named("pass")


def test_known_dirt_warns_and_nothing_else_does(first_build: tuple[Warehouse, Built]) -> None:
    warned = {name for name in first_build[1].named("warn") if not name.startswith("source_")}
    assert warned == {
        "accepted_values_fact_311data_case_status__False__0__1",
        "cases_closed_before_they_were_opened",
        "cases_closed_without_a_date_or_open_with_one",
        "cases_in_several_layers",
        "cases_repeated_within_a_layer",
        "categories_the_seed_does_not_have",
        "relationships_fact_311data_open_date_id__date_id__ref_dim_dates_",
    }


def test_a_case_in_two_layers_is_one_row_of_the_latest_update(
    first_build: tuple[Warehouse, Built],
) -> None:
    warehouse, _ = first_build
    assert warehouse.case(
        2, "source_year", "layer_count", "open_date_id", "closed_date_id", "duration_days"
    ) == (2024, 2, 20231231, 20240102, 2.0)
    assert warehouse.case(2, "geography_id") == (-1,)


def test_duplicates_within_a_layer_are_left_out_and_counted(
    first_build: tuple[Warehouse, Built],
) -> None:
    warehouse, _ = first_build
    assert warehouse.case(3, "object_id", "case_status", "duplicate_count") == (302, 0, 1)
    assert warehouse.case(1, "duplicate_count", "layer_count") == (0, 1)


def test_unknown_categories_are_kept_under_a_standard_name(
    first_build: tuple[Warehouse, Built],
) -> None:
    warehouse, _ = first_build
    named = warehouse.query(
        "select case_id, type_name, channel, is_new from mpls_311_production.fact_311data"
        " join mpls_311_production.dim_categories using (category_id)"
        " where case_id in (1, 4, 5) order by case_id"
    )
    assert named == [
        (1, "Pothole", "Phone or other", False),
        (4, "Robot Delivery Complaint", "Open311", True),
        (5, "Unknown", "Phone or other", True),
    ]


def test_times_extras_and_place_come_through(first_build: tuple[Warehouse, Built]) -> None:
    warehouse, _ = first_build
    assert warehouse.case(9, "open_datetime", "extras", "repairs") == (
        datetime(2023, 6, 1, 12, tzinfo=UTC).replace(tzinfo=None),
        '{"Ward": 8}',
        "blank_title",
    )
    places = warehouse.query(
        "select longitude, latitude, coord_x, coord_y from mpls_311_production.dim_geography"
        " order by geography_id"
    )
    assert places == [
        (None, None, None, None),
        (-93.280471, 44.955533, -10383934.5879, 5614523.8163),
    ]


def test_report_leaves_deleted_cases_out(first_build: tuple[Warehouse, Built]) -> None:
    warehouse, _ = first_build
    assert warehouse.query(
        "select sum(request_count) from mpls_311_production.rpt_categories_year"
    ) == [(9,)]
    # Opened on New Year's Day by UTC, on New Year's Eve in Minneapolis.
    assert warehouse.query(
        "select open_year, request_count from mpls_311_production.rpt_categories_year"
        " where open_month = 12"
    ) == [(2023, 1)]


def test_descriptions_reach_the_warehouse(first_build: tuple[Warehouse, Built]) -> None:
    warehouse, _ = first_build
    silent = warehouse.query(
        "select table_name, column_name from duckdb_columns()"
        " where schema_name = 'mpls_311_production' and comment is null"
    )
    assert silent == []


def test_loads_of_one_year_follow_each_other(warehouse: Warehouse) -> None:
    """Newer, older, deleting and empty loads one after the other, in one warehouse."""
    warehouse.load(
        request(1, run=2, case_status=1, closed_datetime=None),
        request(2, run=2),
        request(3, run=2),
    )

    # A newer load replaces what it holds, even by an earlier stamp, and leaves the rest.
    warehouse.load(
        request(1, run=3, last_update_datetime="2023-06-01 13:00:00+00"), request(4, run=3)
    )
    assert warehouse.case(1, "case_status", "load_id") == (0, load_id(2023, 3))
    assert warehouse.case(2, "load_id") == (load_id(2023, 2),)
    assert warehouse.query("select count(*) from mpls_311_production.fact_311data") == [(4,)]

    # An older load that comes late changes nothing that a newer one has said.
    warehouse.load(
        request(1, run=1, case_status=1, last_update_datetime="2025-01-01 00:00:00+00"),
        request(2, run=1, case_status=1),
        request(5, run=1),
    )
    assert warehouse.case(1, "case_status", "load_id") == (0, load_id(2023, 3))
    assert warehouse.case(2, "case_status", "load_id") == (0, load_id(2023, 2))
    assert warehouse.case(5, "load_id") == (load_id(2023, 1),)

    # A case that the layer lost is marked, not removed.
    warehouse.load(request(2, run=4, deleted_at="2026-01-04 00:00:00+00"))
    assert warehouse.case(2, "deleted_at", "layer_count", "case_status") == (
        datetime(2026, 1, 4),
        0,
        0,
    )
    assert warehouse.query(
        "select sum(request_count) from mpls_311_production.rpt_categories_year"
    ) == [(4,)]

    # With nothing pending nothing changes, and a load merged twice counts once.
    marts = {name: warehouse.mart(name) for name in MARTS}
    warehouse.load()
    assert {name: warehouse.mart(name) for name in MARTS} == marts
    warehouse.load(request(2, run=4, deleted_at="2026-01-04 00:00:00+00"))
    assert {name: warehouse.mart(name) for name in MARTS} == marts


def test_the_order_of_years_does_not_matter(
    warehouse: Warehouse, other_warehouse: Warehouse
) -> None:
    def of_2023(run: int) -> list[Row]:
        return [
            request(1, 2023, run),
            request(2, 2023, run, last_update_datetime="2024-05-01 00:00:00+00"),
            request(3, 2023, run),
            request(4, 2023, run, type_name="Robot Delivery Complaint"),
        ]

    def of_2024(run: int) -> list[Row]:
        return [
            # The later update, the earlier one, and the same one as in the layer before.
            request(1, 2024, run, last_update_datetime="2024-02-01 00:00:00+00", **NO_LOCATION),
            request(2, 2024, run, last_update_datetime="2024-02-01 00:00:00+00", case_status=1),
            request(3, 2024, run, is_accessibility_related="Yes"),
            request(5, 2024, run),
        ]

    warehouse.load(*of_2023(run=1))
    warehouse.load(*of_2024(run=2))
    other_warehouse.load(*of_2024(run=1))
    other_warehouse.load(*of_2023(run=2))

    assert warehouse.mart("fact_311data", BOOKKEEPING) == other_warehouse.mart(
        "fact_311data", BOOKKEEPING
    )
    # What several layers disagree on counts for the layer that is chosen, so this is the same too.
    for name in set(MARTS) - {"dim_dates", "fact_311data"}:
        assert warehouse.mart(name) == other_warehouse.mart(name)
    chosen = "select case_id, source_year from mpls_311_production.fact_311data order by case_id"
    assert warehouse.query(chosen) == [(1, 2024), (2, 2023), (3, 2024), (4, 2023), (5, 2024)]


def test_first_build_without_any_row_succeeds(empty_build: tuple[Warehouse, Built]) -> None:
    warehouse, built = empty_build
    assert built.success
    assert built.named("warn") == set()
    assert warehouse.query("select * from mpls_311_production.fact_311data") == []


def test_a_full_refresh_does_not_lose_published_cases(warehouse: Warehouse) -> None:
    warehouse.load(request(1))
    warehouse.stage(request(2, run=2))
    assert warehouse.build("--full-refresh", "--exclude-resource-type", "test", "unit_test").success
    assert warehouse.query(
        "select case_id from mpls_311_production.fact_311data order by case_id"
    ) == [(1,), (2,)]


def test_every_model_source_and_seed_column_is_described(manifest: Manifest) -> None:
    described = [*manifest.nodes.values(), *manifest.sources.values()]
    documented = [node for node in described if node.resource_type in ("model", "seed", "source")]
    assert documented
    for node in documented:
        assert node.description, node.name
        assert node.columns, node.name
        assert all(column.description for column in node.columns.values()), node.name


def test_a_column_has_one_description_wherever_it_is(manifest: Manifest) -> None:
    descriptions = defaultdict(set)
    for node in (*manifest.nodes.values(), *manifest.sources.values()):
        if node.resource_type in ("model", "seed", "source"):
            for column in node.columns.values():
                descriptions[column.name].add(column.description.strip())
    assert {name: texts for name, texts in descriptions.items() if len(texts) > 1} == {}

    for model in (ServiceRequest, AreaVertex, TrackedLoad):
        for field in arrow_schema(model):
            assert descriptions[field.name] == {field.metadata[b"description"].decode()}


def test_every_model_has_a_key_and_only_staging_reads_sources(manifest: Manifest) -> None:
    keys = {
        node.attached_node
        for node in manifest.nodes.values()
        if node.resource_type == "test"
        and getattr(node, "test_metadata", None)
        and node.test_metadata.name in ("unique", "unique_combination")
    }
    models = [node for node in manifest.nodes.values() if node.resource_type == "model"]
    assert {node.name for node in models if node.unique_id not in keys} == set()

    readers = {
        node.name
        for node in models
        if any(name.startswith("source.") for name in node.depends_on.nodes)
    }
    assert readers == {"stg_mpls_311data", "stg_areas", "stg_track_load"}


def test_analysts_find_marts_and_neither_seeds_nor_the_way_to_them(
    first_build: tuple[Warehouse, Built],
) -> None:
    warehouse, _ = first_build
    found = warehouse.query(
        "select table_name, table_type from information_schema.tables"
        " where table_schema = 'mpls_311_production'"
    )
    assert {name for name, kind in found if kind == "VIEW"} == VIEWS
    assert {name for name, _ in found} == {*MARTS, "int_requests_by_layer"}


def test_what_an_earlier_version_left_among_the_marts_is_dropped(warehouse: Warehouse) -> None:
    warehouse.load(request(1))
    with duckdb.connect(warehouse.path) as connection:
        connection.execute("create schema mpls_311_production_kept")
        for schema in ("mpls_311_production", "mpls_311_production_kept"):
            connection.execute(f"create view {schema}.int_requests as select 1 as case_id")
            connection.execute(f"create table {schema}.mpls_311_categories as select 1 as title")
            connection.execute(f"create table {schema}.of_an_analyst as select 1 as mine")

    warehouse.load(request(2, run=2))

    left = "select table_name from information_schema.tables where table_schema = "
    production = {name for (name,) in warehouse.query(f"{left}'mpls_311_production'")}
    assert production == {*MARTS, "int_requests_by_layer", "of_an_analyst"}
    assert len(warehouse.query(f"{left}'mpls_311_production_kept'")) == 3
    assert len(warehouse.mart("fact_311data")) == 2


def test_the_same_project_parses_for_bigquery(tmp_path: Path) -> None:
    """Offline: partitions, clusters and types as BigQuery wants them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GOOGLE_CLOUD_PROJECT", "a-project")
        outcome = dbt(tmp_path, "parse", "--profile=bigquery", "--target=prod")
    assert isinstance(outcome.result, Manifest), outcome.exception
    models = {node.name: node for node in outcome.result.nodes.values()}
    fact = models["fact_311data"]
    assert (fact.database, fact.schema) == ("a-project", "mpls_311_production")
    assert fact.config.extra["partition_by"]["granularity"] == "year"
    assert fact.config.extra["cluster_by"] == ["category_id", "case_id"]
    assert fact.columns["duration_hours"].data_type == "float64"
    assert models["mpls_311_categories"].schema == "mpls_311_production_internal"
    layers = models["int_requests_by_layer"]
    assert layers.schema == "mpls_311_production"
    assert layers.config.extra["partition_by"]["field"] == "source_year"
    assert layers.config.get("full_refresh") is False


def test_seed_maps_every_channel_to_the_type_of_the_phone_channel() -> None:
    with (PROJECT / "seeds" / "mpls_311_categories.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 201
    phone = {row["type_name"] for row in rows if row["channel"] == "Phone or other"}
    assert {row["std_type_name"] for row in rows} == phone
    snow = {row["std_type_name"] for row in rows if row["type_name"].startswith("Sidewalk Snow ")}
    assert snow == {
        "Sidewalk Snow & Ice Complaint",
        "Sidewalk Snow & Sand Letter Question",
        "Sidewalk Snow Removal Resources",
    }
    resources = [row["type_name"] for row in rows if row["std_type_name"].endswith("Resources")]
    assert resources == ["Sidewalk Snow Removal Resources"]
