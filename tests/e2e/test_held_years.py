"""Nonsense that is plausible row by row is held until a person releases it, or it is gone."""

import copy
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from mpls311.datasets import ManifestsDataset
from mpls311.loads import Load, LoadHistory
from tests.support.project import Project
from tests.support.tiny_layer import TinyLayers, feature, millis

YEARS = range(2019, 2026)
ROWS = 250


def year_of_rows(year: int) -> list[Any]:
    return [
        feature(year * 1000 + n, f"{year}-{1 + n // 25:02}-{1 + n % 25:02}T12:00")
        for n in range(ROWS)
    ]


@pytest.fixture
def layers() -> Iterator[TinyLayers]:
    with TinyLayers(**{f"y{year}": year_of_rows(year) for year in YEARS}) as running:
        yield running


def run(project: Project, layers: TinyLayers, years: str, more: str = "", code: int = 3) -> str:
    """Publish these layers anew and run; give the output without its line breaks."""
    first, _, last = years.partition("-")
    for year in range(int(first), int(last or first) + 1):
        layers.edited[year] = (layers.edited.get(year) or 1) + 1
    params = f"years={years},source.services_url={layers.services_url}{more}"
    outcome = project.run(params)
    assert outcome.exit_code == code, outcome.output
    return " ".join(outcome.output.split())


def history(project: Project) -> LoadHistory:
    return ManifestsDataset(path=str(project.folder / "data/manifests")).load()


def newest(project: Project, year: int) -> Load:
    return history(project).of_year(year)[-1]


def live(project: Project) -> Counter[int]:
    """Live cases by year."""
    return Counter(case // 1000 for case in project.fact(live=True))


def elsewhere(row: dict[str, Any]) -> dict[str, Any]:
    """The row in another city."""
    row = copy.deepcopy(row)
    row["geometry"] = {"x": -87.63, "y": 41.88}
    row["attributes"] |= {"XCOORD": -9_754_927.0, "YCOORD": 5_142_738.0}
    return row


def test_nonsense_is_held_told_released_or_replaced(project: Project, layers: TinyLayers) -> None:
    run(project, layers, "2019-2025", code=0)
    before, rows = project.fact(live=True), copy.deepcopy(layers.layers)

    layers.layers[2019].clear()
    del layers.layers[2020][: ROWS // 2]
    layers.layers[2021][:] = [
        elsewhere(feature(4_000_000 + n, "2021-05-01T12:00")) for n in range(ROWS)
    ]
    told = run(project, layers, "2019-2021", ",mode=full")
    assert "2019 is held back: 250 of 250 live cases would be marked deleted." in told
    assert "2020 is held back: 125 of 250 live cases would be marked deleted." in told
    assert "2021 is held back: 250 of 250 live cases would be marked deleted; " in told
    assert "250 of 250 cases would have no place (now 0 of 250)" in told
    assert told.endswith("release the load: `kedro run --params years=2021,validation.accept=2021`")

    layers.layers[2022].clear()
    del layers.layers[2023][: ROWS // 2]
    layers.layers[2024][:140] = [elsewhere(row) for row in layers.layers[2024][:140]]
    for row in layers.layers[2024][:140]:
        row["attributes"]["LastUpdateDate"] = millis("2024-12-01T12:00")
    layers.layers[2025].append(feature(2_025_900, "2025-10-30T12:00"))
    told = run(project, layers, "2022-2025")
    assert "2022 is held back: 250 of 250 live cases would be marked deleted." in told
    assert "2023 is held back: 125 of 250 live cases would be marked deleted." in told
    assert "2024 is held back: 140 of 250 cases would have no place (now 0 of 250); " in told
    modes = {newest(project, year).ingested.mode for year in range(2022, 2025)}
    assert modes == {"incremental"}

    assert {year: newest(project, year).state for year in YEARS} == {
        **dict.fromkeys(range(2019, 2025), "held"),
        2025: "published",
    }
    assert project.fact(live=True).items() - before.items() == {
        (2_025_900, project.fact()[2_025_900])
    }
    (project.folder / "data/warehouse/mpls_311.duckdb").unlink()
    project.ran(pipeline="rebuild")
    assert live(project) == {**dict.fromkeys(YEARS, ROWS), 2025: ROWS + 1}
    assert newest(project, 2019).state == "held"

    # The layers of 2019 and 2023 are right, the others were mended; one is another edition by now.
    for year in (2020, 2021, 2022, 2024):
        layers.layers[year][:] = rows[year]
        layers.edited[year] = 99
    params = f"years=2019-2025,source.services_url={layers.services_url}"
    layers.pages.clear()
    project.ran(f"{params},validation.accept=2019+2020+2023")
    assert {newest(project, year).state for year in YEARS} == {"published"}
    assert live(project) == {
        **dict.fromkeys((2020, 2021, 2022, 2024), ROWS),
        2023: ROWS // 2,
        2025: ROWS + 1,
    }
    releases = {year: newest(project, year).released for year in YEARS}
    assert {year: one.by for year, one in releases.items() if one} == dict.fromkeys(
        (2019, 2023), "accept"
    )


def test_a_first_load_is_held_until_the_limits_are_wider(project: Project) -> None:
    rows = year_of_rows(2024)
    for row in rows[:150]:
        row["attributes"]["OPENEDDATETIME"] = None
    with TinyLayers(y2024=rows) as layers:
        told = run(project, layers, "2024")
        assert "150 of 250 rows were rejected (150 open_datetime_missing)" in told
        assert "Nothing to stage" in told

        project.run("validation.max_rejected_share=0.7", pipeline="validate")
    released = newest(project, 2024).released
    assert released
    assert released.by == "limits"


def test_a_load_that_cannot_be_read_as_requests_is_held_and_others_go_on(project: Project) -> None:
    with TinyLayers(y2023=year_of_rows(2023), y2024=year_of_rows(2024)) as layers:
        project.run(f"years=2023+2024,source.services_url={layers.services_url}", pipeline="ingest")
    file = project.folder / "data/01_raw/requests" / newest(project, 2023).ingested.file.name
    whole = file.read_bytes()
    file.write_bytes(b"damaged")
    told = " ".join(project.run(pipeline="validate").output.split())

    assert "2023 is held back" in told
    assert "what its manifest says" in told
    assert "validation.accept" not in told
    assert [load.source_year for load in history(project).publishable] == [2024]
    assert newest(project, 2024).validated

    file.write_bytes(whole)
    project.run(pipeline="validate")
    assert [load.source_year for load in history(project).publishable] == [2023, 2024]
