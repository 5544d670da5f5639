"""Layers that a test writes by hand: the real row, odd stamps, odd editions, drift."""

import json
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import pyarrow.parquet as pq
import pytest

from mpls311.sandbox.protocol import EsriType, RowLayer, serve
from tests.support.project import Project
from tests.support.real_data import real_file
from tests.support.tiny_layer import FIELDS, TinyLayers, feature


def params(layers: TinyLayers, years: str = "2026") -> str:
    return f"years={years},source.services_url={layers.services_url}"


def real_row() -> dict[str, Any]:
    rows = json.loads(real_file("real_rows.json").read_text())["public_311_rows"]
    row: dict[str, Any] = rows[0]["arcgis_like"]
    return row


def test_the_real_row_comes_out_with_every_value_right(project: Project) -> None:
    row = real_row()
    row["attributes"] |= {"OBJECTID": 7, "LastUpdateDate": 1787551200000, "Ward": "10"}
    layers = TinyLayers(y2026=[row])
    layers.fields["Ward"] = "esriFieldTypeString"
    with layers:
        assert "columns this project does not know: Ward" in " ".join(
            project.ran(params(layers)).split()
        )

    columns = (
        "f.case_id, f.object_id, f.open_datetime, f.closed_datetime, f.last_update_datetime, "
        "f.case_status, f.is_accessibility_related, f.duration_minutes, f.extras, f.repairs, "
        "f.source_year, f.open_date_id, f.closed_date_id, f.deleted_at, c.subject_name, "
        "c.reason_name, c.type_name, c.title, g.longitude, g.latitude"
    )
    [fact] = project.query(
        f"select {columns} from mpls_311_production.fact_311data f "
        "join mpls_311_production.dim_categories c using (category_id) "
        "join mpls_311_production.dim_geography g using (geography_id)"
    )
    assert fact[:14] == (
        201000824527,
        7,
        datetime(2026, 8, 22, 19, 51),
        datetime(2026, 8, 24, 6, 0),
        datetime(2026, 8, 24, 6, 0),
        0,
        "No",
        2049.0,
        '{"Ward": "10"}',
        None,
        2026,
        20260822,
        20260824,
        None,
    )
    assert fact[14:18] == ("Streets", "Street Maintenance", "Pothole", "Pothole")
    assert fact[18:] == pytest.approx((-93.280471, 44.955533), abs=1e-6)
    [staged] = project.query(
        "select coord_x, coord_y, geometry_x, geometry_y from mpls_311_staging.raw_mpls_311data"
    )
    assert staged == (-10383934.5879, 5614523.8163, -93.28047149607914, 44.95553322115808)


def test_a_stamp_in_the_future_does_not_blind_the_year(project: Project) -> None:
    rows = [
        feature(1_000_001, "2026-03-01T12:00", "2099-01-01T00:00"),
        feature(1_000_002, "2026-03-02T12:00"),
    ]
    layers = TinyLayers(y2026=rows)
    with layers:
        project.ran(params(layers), pipeline="ingest")
        project.ran(pipeline="validate")
        layers.edited[2026] = 2
        rows.append(feature(1_000_003, "2026-03-05T12:00"))
        project.ran(params(layers))
        assert project.watermarks() == [(2026, datetime(2026, 3, 5, 12, tzinfo=UTC))]

        layers.edited[2026] = 3
        rows.append(feature(1_000_004, "2026-03-05T18:00"))
        project.ran(params(layers))

    assert project.fact().keys() == {1_000_001, 1_000_002, 1_000_003, 1_000_004}
    [(stamp, repairs)] = project.query(
        "select last_update_datetime, repairs from mpls_311_production.fact_311data "
        "where case_id = 1000001"
    )
    assert (stamp, repairs) == (
        None,
        "closed_datetime_absurd,last_update_datetime_absurd",
    )


def test_an_edit_date_that_goes_backwards_or_is_missing_is_read_again(project: Project) -> None:
    rows = [feature(1_000_001, "2026-03-01T12:00")]
    layers = TinyLayers(y2026=rows)
    layers.edited[2026] = 1000
    with layers:
        project.ran(params(layers), pipeline="ingest")
        rows.append(feature(1_000_002, "2026-03-02T12:00"))
        layers.edited[2026] = 10
        project.ran(params(layers), pipeline="ingest")
        assert len(layers.pages) == 2

        layers.edited[2026] = None
        rows.append(feature(1_000_003, "2026-03-03T12:00"))
        project.ran(params(layers))
        rows.append(feature(1_000_004, "2026-03-03T13:00"))
        project.ran(params(layers))

    assert project.fact().keys() == {1_000_001, 1_000_002, 1_000_003, 1_000_004}
    assert "TIMESTAMP '2026-03-01 12:00:00'" in layers.pages[-2]


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_an_hour_off_loses_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    class OffClock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) + timedelta(hours=hours)

    def minutes_ago(minutes: int) -> str:
        return f"{datetime.now(UTC) - timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%S}"

    rows = [feature(1_000_001, "2026-03-01T12:00"), feature(1_000_002, minutes_ago(30))]
    layers = TinyLayers(y2026=rows)
    with layers:
        with monkeypatch.context() as patch:
            patch.setattr("mpls311.pipelines.ingest.reading.datetime", OffClock)
            project.ran(params(layers))
        layers.edited[2026] = 2
        rows.append(feature(1_000_003, minutes_ago(20)))
        project.ran(params(layers))

    assert project.fact().keys() == {1_000_001, 1_000_002, 1_000_003}
    # The right clock's load is the newer one, whatever the wrong clock said.
    assert [mode for _, mode, status in project.tracked() if status == "published"] == [
        "full",
        "incremental",
    ]
    [(watermark,)] = {row[1:] for row in project.watermarks()}
    assert watermark > datetime.now(UTC) - timedelta(minutes=25)


def test_a_clock_that_is_weeks_behind_reads_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    class LateClock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) - timedelta(days=40)

    rows = [feature(1_000_001, "2026-03-01T12:00")]
    layers = TinyLayers(y2026=rows)
    layers.edited[2026] = int(datetime.now(UTC).timestamp() * 1000)
    with layers:
        with monkeypatch.context() as patch:
            patch.setattr("mpls311.pipelines.ingest.looking.datetime", LateClock)
            outcome = project.run(params(layers), pipeline="ingest")
        assert (outcome.exit_code, outcome.output.count("Set the clock (`date` says")) == (1, 1)
        assert not layers.pages
        project.ran(params(layers), pipeline="ingest")


def test_a_column_that_is_gone_or_has_another_type_is_told(project: Project) -> None:
    layers = TinyLayers(y2026=[feature(1_000_001, "2026-03-01T12:00")])
    with layers:
        layers.fields["CASESTATUS"] = "esriFieldTypeString"
        told = project.run(params(layers), pipeline="ingest")
        assert "now serves CASESTATUS as string" in told.output
        del layers.fields["CASESTATUS"]
        told = project.run(params(layers), pipeline="ingest")
        assert "no longer has the column CASESTATUS" in told.output
    assert told.exit_code == 1
    assert {name.rpartition(".")[0].rpartition(".")[2] for name in project.files()} == {"not_read"}


def test_an_odd_value_costs_itself_or_its_row_and_many_of_them_are_told(project: Project) -> None:
    rows = [feature(1_000_000 + n, "2026-03-01T12:00") for n in range(1, 301)]
    rows[0]["attributes"]["OPENEDDATETIME"] = "yesterday"
    rows[1]["attributes"]["CLOSEDDATETIME"] = 1e17
    for code, row in enumerate(rows):
        row["attributes"]["TYPENAME"] = code % 2
    layers = TinyLayers(y2026=rows)
    layers.fields["TYPENAME"] = "esriFieldTypeSmallInteger"
    layers.domains["TYPENAME"] = {0: "Graffiti", 1: "Pothole"}
    with layers:
        project.ran(params(layers))
        assert 1_000_001 not in project.fact()
        assert project.query(
            "select type_name, closed_datetime, repairs, extras "
            "from mpls_311_production.fact_311data join mpls_311_production.dim_categories "
            "using (category_id) where case_id = 1000002"
        ) == [
            (
                "Pothole",
                None,
                "closed_datetime_unreadable",
                '{"CLOSEDDATETIME": "1e+17", "TYPENAME": 1}',
            )
        ]

        for row in rows[:150]:
            row["attributes"]["CLOSEDDATETIME"] = "N/A"
        told = " ".join(project.run(f"{params(layers)},mode=full").output.split())
    assert "149 of 300 rows had a value that does not fit (closed_datetime_unreadable)" in told


def test_a_table_somewhere_else_is_read_without_places(project: Project) -> None:
    """Layer 2 of a MapServer, whose object id is FID, and OBJECTID a column like any other."""
    rows = [feature(1_000_000 + n, "2026-03-01T12:00") for n in range(1, 4)]
    for row in rows:
        del row["geometry"]
        row["attributes"] |= {"FID": row["attributes"]["OBJECTID"] + 6, "OBJECTID": 0}
    fields = {"FID": EsriType.OID, **FIELDS, "OBJECTID": EsriType.INTEGER}
    table = RowLayer("Requests", rows, fields, geometryType=None, objectIdField="fid")
    with serve({"City/Old/MapServer/2": table}) as server:
        found = f"services_url={server.services_url},source.service_name=City/Old/MapServer/2"
        project.ran(f"years=2026,source.{found}", pipeline="ingest")
    project.ran(pipeline="validate")

    accepted = pq.read_table(project.folder / "data/03_primary/service_requests")
    assert sorted(accepted["object_id"].to_pylist()) == [7, 8, 9]
    assert accepted["geometry_x"].null_count == 3


def test_a_known_case_that_is_now_served_only_as_a_bad_row_is_marked_gone(
    project: Project,
) -> None:
    rows = [feature(1_000_001, "2026-03-01T12:00"), feature(1_000_002, "2026-03-02T12:00")]
    layers = TinyLayers(y2026=rows)
    with layers:
        project.ran(params(layers))
        layers.edited[2026] = 2
        rows[0]["attributes"]["OPENEDDATETIME"] = None
        project.ran(f"{params(layers)},mode=full")

    assert project.fact(live=True).keys() == {1_000_002}
    assert project.fact().keys() == {1_000_001, 1_000_002}


@pytest.mark.parametrize(
    ("areas", "said"),
    [
        (
            "areas.ward=WARDS",
            [
                "No neighborhoods, they stay unknown: ",
                "No wards, they stay unknown: ",
                "no such layer is published there",
            ],
        ),
        (
            "areas.neighborhood=Public_311_2026",
            ["The neighborhood layer has no BDNUM, BDNAME, geometry_rings: name the right layer"],
        ),
        ("areas.neighborhood=null", []),
        ("neighborhoods_service=null", []),
    ],
)
def test_a_city_without_areas_does_without(project: Project, areas: str, said: list[str]) -> None:
    with TinyLayers(y2026=[feature(1_000_001, "2026-03-01T12:00:00")]) as layers:
        output = " ".join(project.ran(f"{params(layers)},source.{areas}").split())

    assert all(words in output for words in said)
    assert ("No neighborhoods" in output) is bool(said)
    assert project.query(
        "select neighborhood_id, neighborhood_name, community_name, ward_id, ward_name"
        " from mpls_311_production.rpt_requests"
    ) == [(-1, "Unknown", "Unknown", -1, "Unknown")]
