"""Rows that leave a layer, come back, or move to the next one, as incremental runs see them."""

from collections.abc import Iterator

import pytest

from tests.support.project import Project
from tests.support.tiny_layer import TinyLayers, feature

CASES = range(1_000_001, 1_000_006)


@pytest.fixture
def layers() -> Iterator[TinyLayers]:
    rows = [feature(case, f"2025-12-0{case % 10}T12:00") for case in CASES]
    with TinyLayers(y2025=rows, y2026=[feature(1_000_009, "2026-01-02T12:00")]) as running:
        yield running


def run(project: Project, layers: TinyLayers, years: str = "2025") -> list[str]:
    """Publish the layers anew and run; return the conditions of the pages asked for."""
    layers.pages.clear()
    for year in layers.layers:
        layers.edited[year] = (layers.edited.get(year) or 1) + 1
    project.ran(f"years={years},source.services_url={layers.services_url}")
    return layers.pages


def deleted(project: Project) -> set[int]:
    return project.fact().keys() - project.fact(live=True).keys()


def test_a_row_that_leaves_is_marked_and_unmarked_when_it_comes_back(
    project: Project, layers: TinyLayers
) -> None:
    rows = layers.layers[2025]
    run(project, layers)
    rows.append(feature(1_000_006, "2025-12-06T12:00"))
    window, case_ids = run(project, layers)
    assert "LastUpdateDate >=" in window
    assert "LastUpdateDate" not in case_ids
    assert deleted(project) == set()

    gone = rows.pop(0)
    rows.append(feature(1_000_007, "2025-12-07T12:00"))
    assert len(run(project, layers)) == 2
    assert deleted(project) == {1_000_001}
    assert project.fact(live=True).keys() == {*range(1_000_002, 1_000_008)}
    [(count, mode)] = project.query(
        "select deleted_cnt, mode from mpls_311_staging.track_load where deleted_cnt > 0 "
        "and status = 'published'"
    )
    assert (count, mode) == (1, "incremental")

    (project.folder / "data/warehouse/mpls_311.duckdb").unlink()
    project.ran(pipeline="rebuild")
    assert deleted(project) == {1_000_001}
    assert len(run(project, layers)) == 2, "a case that is known to be gone is no reason to read on"
    assert deleted(project) == {1_000_001}

    rows.append(gone)
    run(project, layers)
    assert deleted(project) == set()
    assert project.tracked()[-1] == (2025, "full", "published")


def test_a_case_that_moves_to_the_next_layer_is_not_deleted(
    project: Project, layers: TinyLayers
) -> None:
    run(project, layers, "2025+2026")
    moved = layers.layers[2025].pop()
    layers.layers[2026].append(
        feature(moved["attributes"]["CASEID"], "2025-12-05T12:00", "2026-01-03T12:00")
    )
    del layers.layers[2025][0]
    run(project, layers, "2025+2026")

    assert deleted(project) == {1_000_001}
    [(year,)] = project.query(
        "select source_year from mpls_311_production.fact_311data where case_id = 1000005"
    )
    assert year == 2026


def test_rows_that_cannot_be_accounted_for_hide_no_deletion(project: Project) -> None:
    """One row leaves and one comes that may or may not have been counted before."""
    come = {
        2023: {"CASEID": None},
        2024: {"OPENEDDATETIME": None},
        2025: {"CASEID": 2_025_002, "OBJECTID": 99},
    }
    years = {
        f"y{year}": [feature(year * 1000 + n, f"{year}-05-0{n}T12:00") for n in (1, 2)]
        for year in come
    }
    with TinyLayers(**years) as layers:
        run(project, layers, "2023-2025")
        for year, odd in come.items():
            layers.layers[year][0] = feature(year * 1000 + 3, f"{year}-05-02T13:00")
            layers.layers[year][0]["attributes"] |= odd
        run(project, layers, "2023-2025")

    assert deleted(project) == {2_023_001, 2_024_001, 2_025_001}
    assert {mode for _, mode, _ in project.tracked()[-3:]} == {"incremental"}
