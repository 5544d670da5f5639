"""The main job over two years of the stand-in city, and its reruns."""

import json
import os
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from mpls311.sandbox import City, FeatureServer, serve
from tests.support.project import Project

YEARS = "years=2024+2025"


@pytest.fixture(scope="module")
def city() -> Iterator[FeatureServer]:
    with serve(City(rows_per_year=2_000, as_of=date(2025, 7, 1))) as server:
        yield server


@pytest.fixture(scope="module")
def params(city: FeatureServer) -> str:
    return f"{YEARS},source.services_url={city.services_url}"


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory, params: str) -> Project:
    project = Project(tmp_path_factory.mktemp("job") / "project")
    project.ran(params)
    return project


def served_cases(city: FeatureServer, year: int) -> set[int]:
    """Case ids as the service gives them, asked for without the project's own client."""

    def ask(**parameters: Any) -> Any:
        query = urllib.parse.urlencode({"f": "json", "outFields": "CASEID", **parameters})
        url = f"{city.services_url}/Public_311_{year}/FeatureServer/0/query?{query}"
        with urllib.request.urlopen(url) as reply:
            return json.load(reply)

    ids = sorted(ask(where="1=1", returnIdsOnly="true")["objectIds"])
    pages = (ids[start : start + 500] for start in range(0, len(ids), 500))
    return {
        feature["attributes"]["CASEID"]
        for page in pages
        for feature in ask(where=f"OBJECTID >= {page[0]} AND OBJECTID <= {page[-1]}")["features"]
    } - {None}


def test_the_fact_and_the_quarantine_hold_exactly_the_cases_that_the_service_has(
    job: Project, city: FeatureServer
) -> None:
    served = served_cases(city, 2024) | served_cases(city, 2025)
    quarantined = {
        case
        for path in (job.folder / "data/02_intermediate/quarantine").rglob("*.parquet")
        for case in pq.read_table(path)["case_id"].drop_null().to_pylist()
    }
    modelled = job.fact().keys()

    assert modelled | quarantined == served
    assert modelled & quarantined == set()
    assert quarantined


def test_every_load_is_tracked_and_the_models_are_there(job: Project) -> None:
    listing = "select table_schema || '.' || table_name from information_schema.tables"
    tables = {name for (name,) in job.query(listing)}

    assert tables >= {
        "mpls_311_staging.raw_mpls_311data",
        "mpls_311_staging.track_load",
        "mpls_311_production.fact_311data",
        "mpls_311_production.dim_categories",
        "mpls_311_production.dim_dates",
        "mpls_311_production.dim_geography",
        "mpls_311_production.dim_neighborhoods",
        "mpls_311_production.dim_wards",
        "mpls_311_production.rpt_categories_year",
        "mpls_311_production.rpt_data_quality",
        "mpls_311_production.rpt_hot_spots",
        "mpls_311_production.rpt_neighborhoods",
        "mpls_311_production.rpt_requests",
        "mpls_311_production.rpt_service_targets",
        "mpls_311_production.rpt_time_to_close",
    }
    assert sorted(job.tracked()) == [
        (year, "full", status) for year in (2024, 2025) for status in ("published", "staged")
    ]


def test_fetched_is_accepted_plus_rejected(job: Project) -> None:
    for year in ("2024", "2025"):
        folder = job.folder / "data/manifests" / year
        read, split = (
            json.loads(next(folder.glob(f"*.{phase}.json")).read_text())
            for phase in ("ingest", "validate")
        )
        assert read["rows"] == read["service_count"] == split["accepted"] + split["rejected"]


@pytest.mark.parametrize("folder", [".", "dbt"])
@pytest.mark.parametrize("variable", ["", "data/warehouse/mpls_311.duckdb"])
def test_dbt_by_hand_finds_the_warehouse(
    job: Project, monkeypatch: pytest.MonkeyPatch, folder: str, variable: str
) -> None:
    """From the top with two options, from its own folder with none; relative to that folder."""
    monkeypatch.chdir(job.folder / folder)
    if variable:
        monkeypatch.setenv("MPLS311_DUCKDB", os.path.relpath(job.folder / variable))
    options = [] if folder == "dbt" else ["--project-dir", "dbt", "--profiles-dir", "dbt"]
    # dbt never closes its log file.
    options += ["--log-level-file", "none"]
    counted = "select count(*) as n from {{ source('staging', 'track_load') }}"
    try:
        outcome = dbtRunner().invoke(["--quiet", "show", "--inline", counted, *options])
    finally:
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]

    assert outcome.success, outcome.exception
    [[row]] = [result.agate_table.rows for result in outcome.result.results]  # type: ignore[union-attr]
    assert row["n"] == len(job.tracked())


def test_places_lie_in_the_neighborhoods_of_the_city(job: Project) -> None:
    located, placed, neighborhoods, communities = job.query(
        "select count(*), count(*) filter (g.neighborhood_id > 0), "
        "count(distinct g.neighborhood_id), count(distinct n.community_name) "
        "from mpls_311_production.fact_311data f "
        "join mpls_311_production.dim_geography g using (geography_id) "
        "join mpls_311_production.dim_neighborhoods n using (neighborhood_id) "
        "where g.has_location"
    )[0]

    assert located > 2_000
    assert placed > 0.999 * located
    assert 80 <= neighborhoods <= 88
    assert 11 <= communities <= 12


def test_what_each_ward_is_waiting_for(job: Project) -> None:
    waiting = job.query(
        "select ward_name, count(*) filter (is_open), count(*) from "
        "mpls_311_production.rpt_requests where ward_id > 0 group by ward_id, ward_name "
        "order by ward_id"
    )

    assert [name for name, _, _ in waiting] == [f"Ward {number}" for number in range(1, 14)]
    assert all(requests > 20 for _, _, requests in waiting)
    assert sum(open_requests > 0 for _, open_requests, _ in waiting) > 6
    ((located, in_wards),) = job.query(
        "select count(*), count(*) filter (ward_id > 0) from mpls_311_production.rpt_requests "
        "where geography_id <> -1"
    )
    assert in_wards > 0.999 * located


def test_an_unchanged_city_costs_two_requests_a_year(
    job: Project, city: FeatureServer, params: str
) -> None:
    city.requests.clear()
    before = job.fact()
    output = job.ran(params)

    assert city.requests == {"metadata": 2, "count": 2}
    assert output.count("unchanged") == 4  # a line of the log and one of the table for each year
    assert job.fact() == before
    assert [row[2] for row in job.tracked()[-2:]] == ["unchanged", "unchanged"]


def test_a_full_read_again_gives_the_same_fact(job: Project, params: str, tmp_path: Path) -> None:
    again = job.copy(tmp_path / "again")
    again.ran(f"{params},mode=full")

    assert again.fact() == job.fact()
    editions = [name for name in again.files() if "neighborhoods" in name or "wards" in name]
    assert [name.partition("-")[0] for name in editions] == [
        f"01_raw/{areas}/00000{number}" for areas in ("neighborhoods", "wards") for number in (1, 2)
    ]
    assert [mode for _, mode, status in again.tracked() if status == "published"] == ["full"] * 4


def test_the_phases_one_at_a_time_give_the_same_fact(
    job: Project, project: Project, params: str
) -> None:
    phases = ("ingest", "validate", "stage", "transform")
    for phase in phases:
        project.ran(params, pipeline=phase)

    assert project.fact() == job.fact()

    files, tracked = project.files(), project.tracked()
    for phase in phases[1:]:
        assert "no load is" in project.ran(params, pipeline=phase)
    assert (project.files(), project.tracked()) == (files, tracked)


def test_a_phase_before_any_load_says_where_to_begin(project: Project) -> None:
    for phase in ("validate", "stage", "transform"):
        sentence = project.run(pipeline=phase).sentence
        assert sentence == "No load exists yet: run `kedro run --pipeline ingest` first."
    assert project.files() == {}


def test_a_phase_that_was_left_out_is_named(project: Project, params: str) -> None:
    project.ran(params, pipeline="ingest")

    assert "kedro run --pipeline validate" in project.run(pipeline="stage").sentence
    project.ran(pipeline="validate")
    assert "kedro run --pipeline stage" in project.run(pipeline="transform").sentence


def test_the_demo_serves_its_own_city_into_its_own_lake(project: Project) -> None:
    size = "sandbox.rows_per_year=300,sandbox.as_of=2025-03-01"
    project.ran(f"years=2025,{size}", env="demo", pipeline="ingest")

    assert {name.split("/")[0] for name in project.files()} == {"demo"}


def test_rows_of_another_source_never_meet(job: Project, tmp_path: Path) -> None:
    mixed = job.copy(tmp_path / "mixed")
    (mixed.folder / "conf/demo/globals.yml").write_text("environment: demo\n")
    files = mixed.files()

    sentence = mixed.run("years=2025", env="demo").sentence
    assert "minneapolis-311" in sentence
    assert "stand-in-city" in sentence
    assert mixed.files() == files


def test_a_warehouse_that_is_lost_is_rebuilt_without_the_source(
    job: Project, params: str, tmp_path: Path
) -> None:
    lost = job.copy(tmp_path / "lost")
    (lost.folder / "data/warehouse/mpls_311.duckdb").unlink()

    assert "kedro run --pipeline rebuild" in lost.run(params).sentence
    lost.ran("source.services_url=http://127.0.0.1:1/rest/services", pipeline="rebuild")

    assert lost.fact() == job.fact()
    for report in ("data_quality", "neighborhoods", "service_targets", "time_to_close"):
        rows = f"select * from mpls_311_production.rpt_{report} order by all"
        assert lost.query(rows) == job.query(rows)
    assert lost.watermarks() == job.watermarks()
    assert lost.tracked() == job.tracked()
    assert "unchanged" in lost.ran(params)
