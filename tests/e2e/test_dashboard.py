"""The dashboard: every figure is one of the marts, and a browser shows them."""

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from mpls311.pipelines.report.tables import TABLES
from tests.support.page_queries import figures_asked, figures_shown
from tests.support.project import Project
from tests.support.tiny_layer import TinyLayers, feature

MARTS = "mpls_311_production"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("dashboard") / "project")
    city = "sandbox.rows_per_year=2500,sandbox.as_of=2025-07-20"
    output = project.ran(f"years=2023-2025,{city}", env="demo")
    assert output.rstrip().endswith("Dashboard: data/demo/08_reporting/dashboard.html")
    return project


LATEST = date(2025, 7, 19)
"""The day of the latest opening."""


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


def test_the_page_needs_nothing_but_itself(project: Project) -> None:
    html = page_of(project).read_bytes()

    assert len(html) < 1_000_000
    assert html.isascii()
    assert set(re.findall(rb"https?://[^\"' ]+", html)) == {b"http://www.w3.org/2000/svg"}
    assert not re.findall(rb"<(?:script|link|img)[^>]+(?:src|href)=\"(?!data:,)", html)


@pytest.mark.parametrize("name", TABLES)
def test_every_figure_is_that_of_a_query(
    project: Project, shown: dict[str, Any], name: str
) -> None:
    figures = figures_shown(shown, name)
    expected = figures_asked(lambda sql: ask(project, sql), name, shown["years"])

    assert len(figures) == len(expected) > 0
    for one, other in zip(figures, expected, strict=True):
        assert one == pytest.approx(other, abs=0.001)


def test_every_request_is_in_a_year_or_told_to_be_left_out(
    project: Project, shown: dict[str, Any]
) -> None:
    [[everything]] = ask(project, f"select count(*) from {MARTS}.rpt_requests")
    year = shown["tables"]["year"]
    volumes = dict(zip(year["open_year"], year["request_count"], strict=True))
    of_all_years = volumes.pop(0)

    assert of_all_years == sum(volumes.values()) == everything - shown["strays"]


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
        assert figure["layout"]["title"]["text"].endswith(", 2025 (made-up data)")
    times = json.loads((folder / "times_to_close.json").read_text())["data"]
    assert [trace["name"] for trace in times] == [
        "median, Jan 1 to Jul 19, 2024",
        "median, Jan 1 to Jul 19, 2025",
        "90th percentile, Jan 1 to Jul 19, 2024",
        "90th percentile, Jan 1 to Jul 19, 2025",
        "few",
    ]
    months = json.loads((folder / "monthly_volume.json").read_text())["layout"]["xaxis"]
    assert months["categoryarray"][5:8] == ["Jun", "Jul 1 to 19", "Aug"]


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


@pytest.mark.parametrize("medium", ["screen", "print"])
def test_the_stand_in_city_says_that_it_is_made_up(page: Page, medium: Any) -> None:
    page.emulate_media(media=medium)

    assert page.title() == "Minneapolis 311 (made-up data)"
    assert page.locator("#made-up").inner_text().startswith("Made-up data.")
    assert page.locator("#made-up").is_visible()
    # Every printed page has the header of these pages.
    assert page.evaluate("getComputedStyle(document.documentElement).page") == "made-up"


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


def median(project: Project, grain: str, year: int, subject: str = "") -> str:
    """The median time to close that the mart has, as the page writes it."""
    [[hours]] = ask(
        project,
        f"select median_hours from {MARTS}.rpt_time_to_close where grain = '{grain}' "
        f"and open_year = {year} and '{subject}' in ('', subject_name) and not is_information_only",
    )
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"


def within(project: Project, days: int, where: str) -> str:
    """The share of requests closed within so many days, of those as old, as the page writes it."""
    [[share]] = ask(
        project,
        f"select count(case when time_to_close_seconds <= {days * 86400} then 1 end) / count(*) "
        f"from {MARTS}.rpt_requests where {where} and not is_information_only "
        f"and age_seconds >= {days * 86400} and (is_open or time_to_close_seconds is not null)",
    )
    return f"{100 * share:.1f} %"


def test_a_year_that_is_not_over_compares_with_the_same_days(page: Page, project: Project) -> None:
    same_days = f"open_year = 2024 and open_date <= '{LATEST.replace(year=2024)}'"
    [[requests]] = ask(project, f"select count(*) from {MARTS}.rpt_requests where {same_days}")
    of_2024 = "; Jan 1 to Jul 19, 2024: "

    def labels() -> list[str]:
        return page.locator("#tiles .tile span").all_inner_texts()

    total, _, week, half, most = labels()
    assert total == f"requests to Jul 19{of_2024}{requests:,}"
    assert week == (
        f"closed within 7 days, of those as old{of_2024}{within(project, 7, same_days)}"
    )
    assert page.locator("#within").inner_text() == within(project, 7, "open_year = 2025")
    assert half == f"median time to close{of_2024}{median(project, 'year_to_date', 2024)}"
    assert most.startswith(f"90th percentile{of_2024}")
    for table, columns in (("types", 1), ("times", 2)):
        headers = " ".join(page.locator(f"#{table}-table th").all_text_contents())
        assert headers.count("Jan 1 to Jul 19, 2024") == columns
    page.locator("#times-table").evaluate("table => table.closest('details').open = true")
    row = page.locator("#times-table tr", has_text="Property").locator("td").all_inner_texts()
    assert row[3] == median(project, "year_subject_to_date", 2024, "Property")

    page.locator("#year").select_option("2024")
    total, _, _, half, _ = labels()
    [[of_2023]] = ask(project, f"select count(*) from {MARTS}.rpt_requests where open_year = 2023")
    assert total == f"requests; 2023: {of_2023:,}"
    assert half == f"median time to close; 2023: {median(project, 'year', 2023)}"


def test_few_closed_requests_have_no_times_and_no_comparison(page: Page, project: Project) -> None:
    types = ask(
        project,
        f"""
        select now.type_name, now.closed_count, before.closed_count
        from {MARTS}.rpt_time_to_close as now
        inner join {MARTS}.rpt_time_to_close as before using (type_name, is_information_only)
        where now.grain = 'year_type' and now.open_year = 2025
          and before.grain = 'year_type_to_date' and before.open_year = 2024
          and not is_information_only and now.closed_count > 0 and before.closed_count > 0
        """,
    )
    kinds = {(now >= 30, before >= 30): (name, now) for name, now, before in types}
    assert len(kinds) == 4
    for (enough_now, enough_before), (name, closed) in kinds.items():
        cell = page.locator("#types-table td:nth-child(2)").get_by_text(name, exact=True)
        row = cell.locator("xpath=..").locator("td").all_inner_texts()
        median, slower, p90 = row[4:7]
        assert (median == p90 == f"few ({closed})") is not enough_now
        # So small a city changes by chance alone.
        assert slower == ("no clear change" if enough_now and enough_before else "few")

    areas = ask(
        project,
        "select neighborhood_name, closed_count "
        f"from {MARTS}.rpt_neighborhoods where grain = 'year_neighborhood' and open_year = 2025 "
        "and not is_information_only and closed_count between 1 and 29",
    )
    assert areas
    for name, closed in areas[:3]:
        cell = page.locator("#areas-table td:first-child").get_by_text(name, exact=True)
        row = cell.locator("xpath=..").locator("td").all_inner_texts()
        assert row[3:] == [f"few ({closed})"] * 2

    subjects = dict(
        ask(
            project,
            f"select subject_name, closed_count from {MARTS}.rpt_time_to_close where "
            "grain = 'year_subject' and open_year = 2025 and closed_count between 1 and 29 "
            "and not is_information_only",
        )
    )
    few = [f"few ({closed})" for closed in subjects.values()]
    drawn = page.locator("#times text", has_text="few").all_text_contents()
    assert sorted(drawn) == sorted(few) != []
    figures = project.folder / "data/demo/08_reporting"
    *measures, words = json.loads((figures / "times_to_close.json").read_text())["data"]
    assert dict(zip(words["y"], words["text"], strict=True)) == dict(
        zip(subjects, few, strict=True)
    )
    assert not {name for trace in measures for name in trace["y"]} & subjects.keys()


def test_a_month_that_is_not_over_is_marked(page: Page) -> None:
    months = page.locator("#months-table td:first-child")
    begun = page.locator("#months .begun")

    assert months.all_text_contents()[-2:] == ["Jun", "Jul 1 to 19"]
    assert str(begun.get_attribute("aria-label")).startswith("Jul 1 to 19, 2025: ")
    assert page.locator("#months text", has_text="to 19").count() == 1

    page.locator("#year").select_option("2024")
    assert len(months.all_text_contents()) == 12
    assert begun.count() == 0


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
        assert page.title() == "Minneapolis 311"
        assert page.locator("#made-up").is_hidden()
        assert page.evaluate("getComputedStyle(document.documentElement).page") == "auto"
        assert page.locator("#total").inner_text() == "1"
        assert page.locator("#open + span").inner_text() == "still open, 100.0 %"
        assert "there is no map" in page.locator("#map-note").inner_text()
        assert "No year before 2026" in page.locator("#targets-note").inner_text()
