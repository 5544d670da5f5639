"""What an incremental read is told is proven, or the year is read in full."""

from collections.abc import Callable, Iterator

import pytest

from mpls311.loads import Ingested, parse_manifest
from mpls311.sandbox.protocol import Answer, Handler, Request, error, in_place_of
from tests.support.project import Project
from tests.support.tiny_layer import TinyLayers, feature, millis


class Windows:
    """A fault that answers requests for a window as it is told; well, by default."""

    def __init__(self) -> None:
        self.answer: Callable[[Request], Request | Answer] = lambda request: request

    async def __call__(self, request: Request, handler: Handler) -> Answer:
        told = (
            self.answer(request) if "TIMESTAMP" in request.parameters.get("where", "") else request
        )
        return told if isinstance(told, Answer) else await handler(told)


@pytest.fixture
def windows() -> Windows:
    return Windows()


@pytest.fixture
def layers(windows: Windows) -> Iterator[TinyLayers]:
    rows = {
        year: [feature(year * 1000 + day, f"{year}-05-0{day}T12:00") for day in range(1, 6)]
        for year in (2024, 2025)
    }
    with TinyLayers(windows, y2024=rows[2024], y2025=rows[2025]) as running:
        yield running


def run(project: Project, layers: TinyLayers, years: str = "2025", more: str = "") -> str:
    return " ".join(
        project.ran(f"years={years},source.services_url={layers.services_url}{more}").split()
    )


def publish(layers: TinyLayers) -> None:
    for year in layers.layers:
        layers.edited[year] = (layers.edited.get(year) or 1) + 1


def published_modes(project: Project) -> list[str]:
    return [mode for _, mode, status in project.tracked() if status == "published"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(
            lambda request: request.but(where="OBJECTID < 0"),
            "the service left out 3 known cases of the window",
            id="matches nothing",
        ),
        pytest.param(
            lambda _: error(400, "Invalid date literal"), "its window is refused", id="refuses"
        ),
    ],
)
def test_a_window_that_is_not_understood_loses_no_update(
    project: Project,
    layers: TinyLayers,
    windows: Windows,
    answer: Callable[[Request], Request | Answer],
    said: str,
) -> None:
    run(project, layers)
    row = layers.layers[2025][0]["attributes"]
    row |= {"CASESTATUS": 1, "CLOSEDDATETIME": None, "LastUpdateDate": millis("2025-05-05T18:00")}
    publish(layers)
    windows.answer = answer

    assert said in run(project, layers)
    assert published_modes(project) == ["full", "full"]
    assert project.query(
        "select case_status from mpls_311_production.fact_311data where case_id = 2025001"
    ) == [(1,)]


def test_one_case_gone_and_one_come_late_do_not_cancel_out(
    project: Project, layers: TinyLayers
) -> None:
    run(project, layers)
    gone = layers.layers[2025].pop(0)
    layers.layers[2025].append(feature(2_025_099, "2025-01-02T12:00"))
    publish(layers)

    assert "1 cases that no recent stamp tells of" in run(project, layers)
    assert gone["attributes"]["CASEID"] not in project.fact(live=True)
    assert 2_025_099 in project.fact(live=True)


def test_a_window_and_the_cases_are_of_one_edition(project: Project) -> None:
    rows = [feature(2_025_000 + day, f"2025-05-0{day}T12:00") for day in range(1, 6)]
    editions: list[TinyLayers] = []

    async def between(request: Request, handler: Handler) -> Answer:
        is_of_cases = request.kind == "page" and "TIMESTAMP" not in request.parameters["where"]
        if editions and is_of_cases:
            published = editions.pop()
            published.layers[2025].pop(0)
            publish(published)
        return await handler(request)

    with TinyLayers(between, y2025=rows) as layers:
        run(project, layers)
        publish(layers)
        editions.append(layers)
        params = f"years=2025,source.services_url={layers.services_url}"
        output = project.ran(params, pipeline="ingest")

    assert "its window is read again" in " ".join(output.split())
    newest = max((project.folder / "data/manifests/2025").glob("*.ingest.json"))
    load = parse_manifest(newest.read_bytes())
    assert isinstance(load, Ingested)
    assert (load.mode, load.gone) == ("incremental", (2_025_001,))
    assert load.edit_date_after == layers.edited[2025]


def test_the_same_edit_date_with_another_count_is_no_standstill(
    project: Project, layers: TinyLayers
) -> None:
    run(project, layers)
    layers.layers[2025].append(feature(2_025_006, "2025-05-06T12:00"))

    run(project, layers)

    assert published_modes(project) == ["full", "incremental"]
    assert 2_025_006 in project.fact(live=True)


def test_where_the_count_is_refused_the_edit_date_decides(project: Project) -> None:
    refusal = in_place_of("count", error(400, "Cannot count"))
    with TinyLayers(refusal, y2025=[feature(2_025_001, "2025-05-01T12:00")]) as layers:
        run(project, layers)
        assert "unchanged" in run(project, layers)

        layers.layers[2025].append(feature(2_025_002, "2025-05-02T12:00"))
        publish(layers)
        run(project, layers)

    assert published_modes(project) == ["full", "incremental"]
    assert project.fact().keys() == {2_025_001, 2_025_002}


def test_years_that_stand_still_are_read_again_one_a_run(
    project: Project, layers: TinyLayers
) -> None:
    overdue = ",source.full_every_days=0.000001"
    run(project, layers, "2024+2025")
    stored = project.files().keys()

    for _ in (2024, 2025):
        layers.pages.clear()
        output = run(project, layers, "2024+2025", overdue)
        assert len(layers.pages) == 1
        assert "all its rows are those known" in output
        assert "its full read waits its turn" in output
    assert [name for name in project.files().keys() - stored if "requests" in name] == []
    looks = "select year, mode, status from mpls_311_staging.track_load where status = 'unchanged'"
    assert {(2024, "full"), (2025, "full")} <= {row[:2] for row in project.query(looks)}

    # A change that no edit date and no count tells of.
    for year in layers.layers:
        layers.layers[year][0]["attributes"]["TITLE"] = "Pot hole"
    run(project, layers, "2024+2025", overdue)
    run(project, layers, "2024+2025", overdue)
    changed = (
        "select count(*) from mpls_311_production.fact_311data "
        "join mpls_311_production.dim_categories using (category_id) where title = 'Pot hole'"
    )
    assert project.query(changed) == [(2,)]
