"""The dashboard: every figure is one of the marts, and a browser shows them."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.project import Project
from tests.support.tiny_layer import TinyLayers, feature

YEARS = (2023, 2024, 2025)
MARTS = "mpls_311_production"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("dashboard") / "project")
    city = "sandbox.rows_per_year=2500,sandbox.as_of=2025-08-01"
    output = project.ran(f"years=2023-2025,{city}", env="demo")
    assert output.rstrip().endswith(f"Dashboard: {page_of(project)}")
    return project


def page_of(project: Project) -> Path:
    return project.folder / "data/demo/08_reporting/dashboard.html"


@pytest.fixture(scope="module")
def shown(project: Project) -> dict[str, Any]:
    """The data that the page holds."""
    match = re.search(r'id="data">(.*?)</script>', page_of(project).read_text())
    assert match
    data: dict[str, Any] = json.loads(match[1])
    return data


def ask(project: Project, sql: str) -> list[list[Any]]:
    return [list(row) for row in project.query(sql, "data/demo/warehouse")]


def same(shown: list[list[Any]], asked: list[list[Any]]) -> None:
    # A layer has late cases of the year before, which has no layer of its own here.
    asked = [row for row in asked if row[0] in YEARS]

    def order(row: list[Any]) -> str:
        return repr([value for value in row if not isinstance(value, float)])

    assert len(shown) == len(asked) > 0
    for one, other in zip(sorted(shown, key=order), sorted(asked, key=order), strict=True):
        assert one == pytest.approx(other, abs=0.001)


def test_the_page_needs_nothing_but_itself(project: Project) -> None:
    html = page_of(project).read_bytes()

    assert len(html) < 1_000_000
    assert html.isascii()
    assert set(re.findall(rb"https?://[^\"' ]+", html)) == {b"http://www.w3.org/2000/svg"}
    assert not re.findall(rb"<(?:script|link|img)[^>]+(?:src|href)=\"(?!data:,)", html)


def test_every_time_and_volume_is_one_of_the_mart(project: Project, shown: dict[str, Any]) -> None:
    subject = {name: position for position, name in enumerate(shown["subjects"])}
    kind = {tuple(pair): position for position, pair in enumerate(shown["types"])}
    channel = {name: position for position, name in enumerate(shown["channels"])}

    def asked(grain: str, *keys: str, open_count: bool = False) -> list[list[Any]]:
        columns = ["open_year", *keys]
        measures = "sum(request_count)::bigint"
        measures += ", sum(open_count)::bigint" if open_count else ""
        for name in ("closed_count", "median_hours", "p90_hours"):
            measures += f", any_value({name}) filter (not is_information_only)"
        by = ", ".join(columns)
        where = f"where grain = '{grain}' group by {by}"
        return ask(project, f"select {by}, {measures} from {MARTS}.rpt_time_to_close {where}")

    same(shown["year"], asked("year", open_count=True))
    everything = ask(project, f"select count(*) from {MARTS}.rpt_requests")
    assert [[sum(row[1] for row in shown["year"]) + shown["strays"]]] == everything
    same(
        shown["subject"],
        [[y, subject[name], *rest] for y, name, *rest in asked("year_subject", "subject_name")],
    )
    same(
        shown["type"],
        [
            [y, kind[subject[major], minor], *rest]
            for y, major, minor, *rest in asked("year_type", "subject_name", "type_name")
        ],
    )
    same(
        shown["typeChannel"],
        [
            [y, kind[subject[major], minor], channel[by], *rest]
            for y, major, minor, by, *rest in asked(
                "year_type_channel", "subject_name", "type_name", "channel"
            )
        ],
    )
    same(
        shown["month"],
        [
            [y, month, subject[name], number]
            for y, month, name, number, *_ in asked("month_subject", "open_month", "subject_name")
        ],
    )


def test_every_other_figure_is_one_of_its_mart(project: Project, shown: dict[str, Any]) -> None:
    subject = {name: position for position, name in enumerate(shown["subjects"])}
    kind = {tuple(pair): position for position, pair in enumerate(shown["types"])}
    channel = {name: position for position, name in enumerate(shown["channels"])}
    area = {name: position for position, (name, _) in enumerate(shown["neighborhoods"])}

    targets = ask(
        project,
        "select open_year, subject_name, type_name, channel, target_hours, "
        "benchmark_share_within, share_within, measured_count, share_change "
        f"from {MARTS}.rpt_service_targets",
    )
    same(
        shown["target"],
        [[y, kind[subject[s], t], channel[c], *rest] for y, s, t, c, *rest in targets],
    )
    areas = ask(
        project,
        "select open_year, neighborhood_name, sum(request_count)::bigint, "
        "any_value(median_hours) filter (not is_information_only), "
        "any_value(slower_share) filter (not is_information_only) "
        f"from {MARTS}.rpt_neighborhoods where grain = 'year_neighborhood' group by 1, 2",
    )
    same(shown["area"], [[y, area[name], *rest] for y, name, *rest in areas])
    by_subject = ask(
        project,
        "select open_year, neighborhood_name, subject_name, sum(request_count)::bigint "
        f"from {MARTS}.rpt_neighborhoods where grain = 'year_neighborhood_subject' "
        "group by 1, 2, 3",
    )
    same(shown["areaSubject"], [[y, area[n], subject[s], count] for y, n, s, count in by_subject])
    same(
        shown["city"],
        ask(
            project,
            f"select open_year, slower_share from {MARTS}.rpt_neighborhoods "
            "where grain = 'year' and not is_information_only",
        ),
    )
    same(
        shown["spot"],
        ask(
            project,
            "select open_year, longitude, latitude, request_count, place_count "
            f"from {MARTS}.rpt_hot_spots where rank_in_year <= 60 and not is_one_place",
        ),
    )
    same(
        [row[:11] for row in shown["quality"]],
        ask(
            project,
            "select source_year, case_count, deleted_count, rejected_count, duplicate_count, "
            "several_layers_count, no_location_count, no_neighborhood_count, "
            "unknown_category_count, status_mismatch_count, closed_before_opened_count "
            f"from {MARTS}.rpt_data_quality",
        ),
    )


def test_figures_are_written_for_kedro_viz(project: Project) -> None:
    folder = project.folder / "data/demo/08_reporting"
    for name in (
        "category_split",
        "monthly_volume",
        "times_to_close",
        "service_targets",
        "neighborhood_map",
    ):
        figure = json.loads((folder / f"{name}.json").read_text())
        assert figure["data"], name
        assert "2025" in figure["layout"]["title"]["text"]


def test_without_marts_the_page_says_so(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")

    output = project.ran(env="demo", pipeline="report")

    assert "no marts to report on yet" in " ".join(output.split())
    assert '{"years":[]}' in page_of(project).read_text()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("no chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, file: Path) -> Iterator[Page]:
    """The page, opened; it must have asked for nothing else and complained about nothing."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    complaints: list[str] = []
    requests: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(file.as_uri())
    yield page
    assert complaints == []
    assert [url for url in requests if not url.startswith("data:")] == [file.as_uri()]
    context.close()


@pytest.fixture
def page(project: Project, browser: Browser) -> Iterator[Page]:
    with opened(browser, page_of(project)) as page:
        yield page


CHARTS = (
    "tiles", "ring", "legend", "months", "months-table", "types-table", "times", "times-table",
    "targets-table", "map", "areas-table", "quality-table",
)  # fmt: skip


def test_a_year_drives_every_chart_and_its_totals_are_those_of_the_warehouse(
    page: Page, project: Project
) -> None:
    def charts() -> dict[str, str]:
        return {name: page.locator(f"#{name}").inner_html() for name in CHARTS}

    totals = dict(
        ask(project, f"select open_year, count(*) from {MARTS}.rpt_requests group by open_year")
    )
    before = charts()
    assert page.locator("#year").input_value() == "2025"
    assert page.locator("#total").inner_text() == f"{totals[2025]:,}"

    page.locator("#year").select_option("2024")

    after = charts()
    assert {name for name in CHARTS if before[name] == after[name]} == set()
    assert page.locator("#total").inner_text() == f"{totals[2024]:,}"
    for numbers in (
        page.locator("#legend b").all_inner_texts(),
        page.locator("#months-table td:nth-child(2)").all_text_contents(),
        page.locator("#types-table td:nth-child(3)").all_inner_texts(),
    ):
        assert sum(int(number.replace(",", "")) for number in numbers) == totals[2024]


def test_the_table_is_searched_sorted_and_split_by_channel(page: Page) -> None:
    names = page.locator("#types-table tbody tr:not(.sub) td:nth-child(2)")
    everything = names.all_inner_texts()

    page.locator("#search").fill("graffiti COMPLAINT")
    assert names.all_inner_texts() == ["Graffiti complaint / reporting"]
    assert page.locator("#found").inner_text() == f"1 of {len(everything)} types"
    page.locator("#channels").check()
    assert page.locator("#types-table tr.sub td:nth-child(2)").all_inner_texts() == [
        "Open311",
        "Phone or other",
    ]

    page.locator("#channels").uncheck()
    page.locator("#search").fill("")
    page.get_by_role("button", name="Median").click()
    by_median = names.all_inner_texts()
    assert sorted(by_median) == sorted(everything)
    assert by_median != everything


def test_the_map_follows_category_and_measure(page: Page) -> None:
    shapes = page.locator("#map path.mark")
    assert shapes.count() == 87

    def colours() -> list[str | None]:
        return [shape.get_attribute("style") for shape in shapes.all()]

    of_all = colours()
    page.locator("#map-category").select_option(label="Property")
    of_property = colours()
    page.locator("#measure").select_option("slower")
    assert of_all != of_property != colours() != of_all
    assert page.locator("#spot-marks circle").count() > 0
    page.locator("#spots").uncheck()
    assert page.locator("#spot-marks circle").count() == 0


def test_it_works_by_keyboard(page: Page) -> None:
    # Where there is no later year, the button to it cannot be reached.
    page.locator("#theme").focus()
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.id") == "year"
    page.keyboard.press("ArrowDown")
    assert page.locator("#year").input_value() == "2024"
    assert page.evaluate("location.hash") == "#2024"
    page.locator("#earlier").focus()
    page.keyboard.press("Enter")
    assert page.locator("#year").input_value() == "2023"
    assert page.locator("#earlier").is_disabled()
    page.locator("#months g[tabindex]").first.focus()
    assert page.locator("#tip").inner_text().startswith("Jan 2023: ")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_in_both_schemes(project: Project, browser: Browser, scheme: Any) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    page.goto(page_of(project).as_uri())

    assert page.evaluate("document.documentElement.scrollWidth") == 390
    background = "getComputedStyle(document.body).backgroundColor"
    first = page.evaluate(background)
    page.locator("#theme").click()
    assert page.evaluate(background) != first
    context.close()


def test_one_open_request_without_a_neighborhood_is_enough(
    tmp_path: Path, browser: Browser
) -> None:
    project = Project(tmp_path / "project")
    request = feature(1_000_001, "2026-03-01T12:00:00")
    request["attributes"] |= {"CASESTATUS": 1, "CLOSEDDATETIME": None}
    with TinyLayers(y2026=[request]) as layers:
        project.ran(f"years=2026,source.services_url={layers.services_url}")

    with opened(browser, project.folder / "data/08_reporting/dashboard.html") as page:
        assert page.locator("#total").inner_text() == "1"
        assert page.locator("#open + span").inner_text() == "still open, 100.0 %"
        assert "there is no map" in page.locator("#map-note").inner_text()
        assert "years=2023-2026" in page.locator("#targets-note").inner_text()
