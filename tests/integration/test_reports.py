"""What the reports say of real places and real times, and of a city as large as the real one."""

import csv
import json
import math
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from mpls311.schemas import ServiceRequest, TrackedLoad, arrow_schema
from mpls311.schemas.areas import borders_of
from tests.support.dbt_warehouse import Row, Warehouse, dbt, request
from tests.support.real_data import real_file

OPENED = datetime(2024, 6, 1, 12, tzinfo=UTC)
LOADED = datetime(2026, 1, 1, tzinfo=UTC)


def closed_after(case_id: int, hours: float, **changes: Any) -> Row:
    """A request as staging holds it, with times that Arrow takes."""
    row = request(case_id, 2024, **changes)
    closed = OPENED + timedelta(seconds=round(hours * 3600))
    times = {"open_datetime": OPENED, "closed_datetime": closed, "last_update_datetime": closed}
    return row | times | {"loaded_at": LOADED}


def stage(warehouse: Warehouse, rows: list[Row]) -> None:
    table = pa.Table.from_pylist(rows, schema=arrow_schema(ServiceRequest))
    warehouse.table("raw_mpls_311data").save(table)


def build(warehouse: Warehouse) -> None:
    built = warehouse.build(
        "--exclude-resource-type", "unit_test", "--exclude", "test_type:generic"
    )
    assert built.success, built.statuses


def test_real_places_lie_in_the_neighborhoods_of_the_city(warehouse: Warehouse) -> None:
    city = json.loads(real_file("mpls_neighborhoods.geojson").read_text())["features"]
    layer = pa.table(
        {
            "BDNUM": [feature["properties"]["BDNUM"] for feature in city],
            "BDNAME": [feature["properties"]["BDNAME"] for feature in city],
            "geometry_rings": pa.array(
                [
                    [ring for polygon in feature["geometry"]["coordinates"] for ring in polygon]
                    for feature in city
                ],
                pa.list_(pa.list_(pa.list_(pa.float64()))),
            ),
        }
    )
    warehouse.table("raw_areas").save(borders_of({"neighborhood": layer}))
    with real_file("points_2017.csv").open(newline="") as file:
        points = [(float(row["lon"]), float(row["lat"])) for row in csv.DictReader(file)]
    stage(
        warehouse,
        [closed_after(i, 1, geometry_x=x, geometry_y=y) for i, (x, y) in enumerate(points, 1)],
    )
    build(warehouse)

    by_community = dict(
        warehouse.query(
            "select community_name, sum(request_count)::bigint"
            " from mpls_311_production.rpt_neighborhoods where grain = 'year_community' group by 1"
        )
    )
    assert sum(by_community.values()) == len(points) == 5_186
    assert 1 - by_community.pop("Unknown") / len(points) >= 0.995
    # By the full-size polygons; those here are simplified, so places on a border may change sides.
    assert by_community == pytest.approx(
        {
            "Camden": 695,
            "Powderhorn": 687,
            "Near North": 682,
            "Southwest": 603,
            "Nokomis": 595,
            "Northeast": 507,
            "Longfellow": 452,
            "Calhoun Isle": 331,
            "Phillips": 212,
            "Central": 211,
            "University": 190,
        },
        abs=10,
    )


def test_real_times_by_channel_and_without_information_only_types(warehouse: Warehouse) -> None:
    """Rows made from the published medians: a tenth of each type, evenly around its median."""
    with real_file("type_stats_2023H2_2026H1.csv").open(newline="") as file:
        types = list(csv.DictReader(file))
    rows: list[Row] = []
    hours_of_subject: dict[str, list[float]] = defaultdict(list)
    informed = 0
    for kind in types:
        number, median = math.ceil(int(kind["n_closed"]) / 10), float(kind["median_hours"])
        informed += number * (median == 0)
        for position in range(number):
            hours = round(3600 * median * 2 * (position + 0.5) / number) / 3600
            if median > 0:
                hours_of_subject[kind["subject_name"]].append(hours)
            names = {name: kind[name] for name in ("subject_name", "reason_name", "type_name")}
            rows.append(closed_after(len(rows) + 1, hours, **names))
    stage(warehouse, rows)
    build(warehouse)

    def figures(grain: str, columns: str, where: str = "not is_information_only") -> Any:
        return warehouse.query(
            f"select {columns} from mpls_311_production.rpt_time_to_close"
            f" where grain = '{grain}' and {where}"
        )

    def nearest_rank(hours: list[float], percent: int) -> float:
        return sorted(hours)[math.ceil(len(hours) * percent / 100) - 1]

    everything = [hour for hours in hours_of_subject.values() for hour in hours]
    assert informed > 200
    assert figures("year", "request_count", "is_information_only") == [(informed,)]
    assert figures("year", "request_count, median_hours, p90_hours") == [
        (len(everything), nearest_rank(everything, 50), nearest_rank(everything, 90))
    ]
    assert dict(figures("year_subject", "subject_name, median_hours")) == {
        name: nearest_rank(hours, 50) for name, hours in hours_of_subject.items()
    }
    graffiti = dict(
        figures(
            "year_type_channel",
            "channel, median_hours",
            "type_name = 'Graffiti complaint / reporting'",
        )
    )
    assert graffiti == pytest.approx({"Phone or other": 16.9, "Open311": 437.2}, rel=0.01)
    assert figures("year_type", "median_hours", "type_name = 'Graffiti complaint / reporting'") != [
        (graffiti["Open311"],)
    ]


@pytest.mark.parametrize(("age", "status"), [(1, "pass"), (5, "warn"), (9, "error")])
def test_freshness_is_that_of_what_is_published(
    warehouse: Warehouse, age: int, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tracked(state: str, days: int) -> Row:
        mark = datetime.now(UTC) - timedelta(days=days)
        return {
            **dict.fromkeys(("job_start", "job_end", "job_runtime"), 1.0),
            **dict.fromkeys(("load_id", "source_id", "mode"), state),
            "year": 2024,
            "status": state,
            "watermark": mark,
        }

    rows = [tracked("published", 400), tracked("published", age), tracked("staged", 0)]
    warehouse.table("track_load").save(pa.Table.from_pylist(rows, schema=arrow_schema(TrackedLoad)))
    monkeypatch.setenv("MPLS311_DUCKDB", str(warehouse.path))
    outcome = dbt(
        warehouse.path.parent, "source", "freshness", f"--output={warehouse.path.parent}/s.json"
    )

    assert [str(result.status) for result in outcome.result.results] == [status]
