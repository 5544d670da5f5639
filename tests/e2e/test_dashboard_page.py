"""The dashboard in a browser: what it shows, and that everybody can use it."""

import csv
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support.browsing import AXE, CHROMIUM, cells, go, opened
from tests.support.dashboard import MARTS, ask, page_of
from tests.support.project import Project
from tests.support.tiny_layer import TinyLayers, feature

LATEST = date(2025, 7, 19)
"""The day of the latest opening."""

VIEWS = ("", "types", "times", "wait", "backlog", "places", "data")
PHONE = {"viewport": {"width": 390, "height": 800}, "has_touch": True}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("no chromium here: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(city: Project, browser: Browser) -> Iterator[Page]:
    with opened(browser, page_of(city)) as page:
        yield page


def whole(texts: list[str]) -> list[int]:
    return [int(text.replace(",", "")) for text in texts]


@pytest.mark.parametrize("medium", ["screen", "print"])
def test_the_stand_in_city_says_that_it_is_made_up(page: Page, medium: Any) -> None:
    page.emulate_media(media=medium)

    assert page.title() == "Overview, 2025 \u00b7 Minneapolis 311 (made-up data)"
    assert page.locator("#made-up").inner_text().startswith("Made-up data.")
    assert page.locator("#made-up").is_visible()
    # Every printed page has the header of these pages.
    assert page.evaluate("getComputedStyle(document.documentElement).page") == "made-up"


def test_the_policy_of_the_page_lets_nothing_else_run(city: Project, browser: Browser) -> None:
    context = browser.new_context()
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    page.goto(page_of(city).as_uri())
    page.evaluate(
        """() => {
        const script = document.createElement("script");
        script.textContent = "window.strange = true";
        document.body.append(script);
        document.body.setAttribute("style", "opacity: 0.1");
        return fetch("https://example.org/").catch(() => null);
        }"""
    )

    assert page.evaluate("window.strange") is None
    assert page.evaluate("getComputedStyle(document.body).opacity") == "1"
    for directive in ("script-src", "style-src", "default-src 'none'"):
        assert [text for text in refused if directive in text], directive
    context.close()


def test_a_year_drives_every_part_and_its_totals_are_those_of_the_warehouse(
    page: Page, city: Project
) -> None:
    totals = dict(
        ask(city, f"select open_year, count(*) from {MARTS}.rpt_requests group by open_year")
    )

    def parts() -> dict[str, str]:
        return {
            str(part.get_attribute("id")): part.inner_html()
            for part in page.locator("#parts > *").all()
        }

    assert page.locator("#total").inner_text() == f"{totals[2025]:,}"
    for view in ("", "types", "times", "places"):
        go(page, f"#2025/{view}".rstrip("/"))
        before = parts()
        page.locator("#year").select_option("2024")
        expect(page.locator("#title")).to_contain_text(", 2024")
        same = {name for name, content in parts().items() if before.get(name) == content}
        assert same <= {"channels"}, view

    go(page, "#2024")
    assert page.locator("#total").inner_text() == f"{totals[2024]:,}"
    assert (
        sum(whole(page.locator("#split .legend b:first-of-type").all_text_contents()))
        == (totals[2024])
    )
    page.locator("#months summary").click()
    assert sum(whole(cells(page, "months", "All"))) == totals[2024]
    go(page, "#2024/types")
    assert sum(whole(cells(page, "types", "Requests"))) == totals[2024]


def median(city: Project, grain: str, year: int, subject: str = "") -> str:
    """The median time to close that the mart has, as the page writes it."""
    [[hours]] = ask(
        city,
        f"select median_hours from {MARTS}.rpt_time_to_close where grain = '{grain}' "
        f"and open_year = {year} and '{subject}' in ('', subject_name) and not is_information_only",
    )
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"


def within(city: Project, days: int, where: str) -> str:
    """The share of requests closed within so many days, of those as old, as the page writes it."""
    [[share]] = ask(
        city,
        f"select count(case when time_to_close_seconds <= {days * 86400} then 1 end) / count(*) "
        f"from {MARTS}.rpt_requests where {where} and not is_information_only "
        f"and age_seconds >= {days * 86400} and (is_open or time_to_close_seconds is not null)",
    )
    return f"{100 * share:.1f} %"


def test_a_year_that_is_not_over_compares_with_the_same_days(page: Page, city: Project) -> None:
    same_days = f"open_year = 2024 and open_date <= '{LATEST.replace(year=2024)}'"
    [[requests]] = ask(city, f"select count(*) from {MARTS}.rpt_requests where {same_days}")
    of_2024 = "; Jan 1 to Jul 19, 2024: "

    def label(tile: str) -> str:
        return page.locator(f"#{tile} + span").inner_text()

    assert label("total") == f"requests to Jul 19{of_2024}{requests:,}"
    assert label("within") == (
        f"closed within 7 days, of those as old{of_2024}{within(city, 7, same_days)}"
    )
    assert page.locator("#within").inner_text() == within(city, 7, "open_year = 2025")
    assert label("median") == f"median time to close{of_2024}{median(city, 'year_to_date', 2024)}"
    assert label("p90").startswith(f"90th percentile{of_2024}")

    go(page, "#2025/types")
    assert "Against Jan 1 to Jul 19, 2024" in page.locator("#types-table thead").inner_text()
    go(page, "#2025/times")
    page.locator("#times summary").click()
    row = page.locator("#times-table tr", has_text="Property").locator("td").all_inner_texts()
    assert row[2] == median(city, "year_subject_to_date", 2024, "Property")

    go(page, "#2024")
    [[of_2023]] = ask(city, f"select count(*) from {MARTS}.rpt_requests where open_year = 2023")
    assert label("total") == f"requests; 2023: {of_2023:,}"
    assert label("median") == f"median time to close; 2023: {median(city, 'year', 2023)}"


def test_few_closed_requests_have_no_times_and_no_comparison(page: Page, city: Project) -> None:
    types = ask(
        city,
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
    go(page, "#2025/types")
    for (enough_now, enough_before), (name, closed) in kinds.items():
        cell = page.locator("#types-table tbody th").get_by_text(name, exact=True)
        row = cell.locator("xpath=ancestor::tr").locator("td").all_inner_texts()
        half, change, p90 = row[2:5]
        assert (half == p90 == f"few ({closed})") is not enough_now
        # So small a city changes by chance alone.
        assert change == ("no clear change" if enough_now and enough_before else "few")

    areas = ask(
        city,
        "select neighborhood_name, closed_count "
        f"from {MARTS}.rpt_neighborhoods where grain = 'year_neighborhood' and open_year = 2025 "
        "and not is_information_only and closed_count between 1 and 29",
    )
    assert areas
    go(page, "#2025/places")
    for name, closed in areas[:3]:
        cell = page.locator("#map-table tbody th").get_by_text(name, exact=True)
        row = cell.locator("xpath=ancestor::tr").locator("td").all_inner_texts()
        assert row[3:] == [f"few ({closed})", f"few ({closed})", "few"]

    few = ask(
        city,
        f"select 'few (' || closed_count || ')' from {MARTS}.rpt_time_to_close where "
        "grain = 'year_subject' and open_year = 2025 and closed_count between 1 and 29 "
        "and not is_information_only",
    )
    go(page, "#2025/times")
    drawn = page.locator("#times text", has_text="few").all_text_contents()
    assert sorted(drawn) == sorted(text for (text,) in few) != []


def test_a_month_that_is_not_over_is_marked(page: Page) -> None:
    begun = page.locator("#months .begun")
    page.locator("#months summary").click()

    assert cells(page, "months", "Month")[-2:] == ["Jun", "Jul 1 to 19"]
    assert str(begun.get_attribute("aria-label")).startswith("Jul 1 to 19, 2025: ")
    assert page.locator("#months text", has_text="to 19").count() == 1

    # The table stays open.
    go(page, "#2024")
    assert len(cells(page, "months", "Month")) == 12
    assert begun.count() == 0


def test_the_types_are_searched_sorted_and_split_by_channel(page: Page) -> None:
    go(page, "#2025/types")
    everything = cells(page, "types", "Type")

    page.locator("#only").fill("graffiti COMPLAINT")
    assert cells(page, "types", "Type")[0] == "Graffiti complaint / reporting"
    assert page.locator("#types-found").inner_text() == f"1 of {len(everything)} types"
    page.get_by_label("Channels apart").check()
    assert cells(page, "types", "Type", "tr.sub") == ["by Open311", "by Phone or other"]

    page.get_by_label("Channels apart").uncheck()
    page.locator("#only").fill("")
    page.locator("#types").get_by_role("button", name="Median").click()
    by_median = cells(page, "types", "Type")
    assert sorted(by_median) == sorted(everything)
    assert by_median != everything


def test_where_channels_differ_they_stand_apart(page: Page, city: Project) -> None:
    medians = ask(
        city,
        "select type_name, max(median_hours) > 3 * min(median_hours) "
        f"from {MARTS}.rpt_time_to_close where grain = 'year_type_channel' and open_year = 2024 "
        "and not is_few and not is_information_only group by type_name having count(*) > 1",
    )
    go(page, "#2024/types")
    shown = dict(zip(cells(page, "types", "Type"), cells(page, "types", "Median"), strict=True))
    assert {differ for _, differ in medians} == {True, False}
    for name, differ in medians:
        assert (shown[name] == "by channel") is differ, name
    assert "by Open311" in cells(page, "types", "Type", "tr.sub")


def test_the_map_says_what_its_colors_mean(page: Page) -> None:
    go(page, "#2025/places")
    shapes = page.locator("#map path.mark")
    assert shapes.count() == 87

    def colours() -> list[str | None]:
        return [shape.get_attribute("fill") for shape in shapes.all()]

    of_all = colours()
    note = page.locator("#map .note").inner_text()
    assert note.startswith("The colors show counts of requests.")
    assert "who reports" in note
    assert page.locator("#map .legend li").count() == 7
    page.get_by_label("Category").select_option(label="Property")
    of_property = colours()
    page.get_by_label("Color by").select_option("slower")
    assert of_all != of_property != colours() != of_all
    assert "clearly more wait longer" in page.locator("#map .legend").inner_text()
    assert page.locator("#map .spot").count() > 0
    page.get_by_role("checkbox", name="Hot spots").uncheck()
    assert page.locator("#map .spot").count() == 0


def test_an_address_is_a_view_and_the_back_button_works(page: Page) -> None:
    title = page.locator("#title")
    page.locator("#find").fill("pothole")
    page.locator("#results").get_by_role("link", name="Pothole", exact=True).click()
    expect(title).to_have_text("Type Pothole, Jan 1 to Jul 19, 2025")
    assert page.evaluate("location.hash") == "#2025/type/pothole"
    assert page.evaluate("document.activeElement.id") == "title"
    page.locator("#earlier").click()
    expect(title).to_have_text("Type Pothole, 2024")
    page.get_by_role("link", name="Places").click()
    expect(title).to_have_text("Places, 2024")

    page.go_back()
    expect(title).to_have_text("Type Pothole, 2024")
    page.go_back()
    expect(title).to_have_text("Type Pothole, Jan 1 to Jul 19, 2025")
    go(page, "#2023")
    assert page.locator("#year").input_value() == "2023"
    assert page.locator("#lost").is_hidden()
    for strange in ("#2023/type/no-such-type", "#2023/constructor", "#%"):
        go(page, strange)
        assert page.locator("#lost").is_visible()
        assert page.locator("#year").input_value() == "2025"


def saved(page: Page, part: str) -> list[dict[str, str]]:
    with page.expect_download() as download:
        page.locator(f"#{part} .csv").click()
    assert download.value.suggested_filename.startswith("mpls311-made-up-")
    with Path(download.value.path()).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_csv_is_what_is_shown_and_what_the_mart_has(page: Page, city: Project) -> None:
    go(page, "#2024/types")
    page.locator("#types").get_by_role("button", name="90th percentile").click()
    rows = saved(page, "types")
    asked = ask(
        city,
        "select type_name, subject_name, sum(request_count)::bigint, "
        "any_value(median_hours) filter (not is_information_only and not is_few), "
        "any_value(p90_hours) filter (not is_information_only and not is_few) "
        f"from {MARTS}.rpt_time_to_close where grain = 'year_type' and open_year = 2024 "
        "group by all",
    )
    types = [row for row in rows if not row["channel"]]
    of_mart = {(name, subject): rest for name, subject, *rest in asked}
    assert len(types) == len(of_mart)
    for row in types:
        count, *times = of_mart[row["type_name"], row["subject_name"]]
        assert int(row["request_count"]) == count
        for text, hours in zip((row["median_hours"], row["p90_hours"]), times, strict=True):
            assert (float(text) if text else None) == pytest.approx(hours, abs=0.001)
    shown = [name for name in cells(page, "types", "Type") if not name.startswith("by ")]
    assert [row["type_name"] for row in types] == shown


def test_all_years_are_one_choice_more(page: Page, city: Project) -> None:
    volumes = dict(
        ask(
            city,
            f"select open_year, count(*) from {MARTS}.rpt_requests "
            "where open_year between 2023 and 2025 group by open_year order by open_year",
        )
    )
    page.locator("#year").select_option(label="all years")
    expect(page.locator("#title")).to_have_text("Overview, all years")
    assert page.evaluate("location.hash") == "#all"
    assert page.locator("#total").inner_text() == f"{sum(volumes.values()):,}"
    page.locator("#months summary").click()
    assert whole(cells(page, "months", "All")) == list(volumes.values())
    assert [str(mark.get_attribute("aria-label")) for mark in page.locator("#trend circle").all()][
        -1
    ].startswith("Jul 1 to 19, 2025: ")

    go(page, "#all/types")
    assert sum(whole(cells(page, "growth", "2023"))) == volumes[2023]
    assert sum(whole(cells(page, "growth", "2024"))) == volumes[2024]
    more = [int(row["more_count"]) for row in saved(page, "growth")]
    assert more == sorted(more, reverse=True)
    assert sum(more) == volumes[2024] - volumes[2023]


def test_a_type_has_its_months_channels_and_backlog(page: Page, city: Project) -> None:
    months = ask(
        city,
        f"select open_year, open_month, count(*) from {MARTS}.rpt_requests "
        "where type_name = 'Pothole' and open_year between 2023 and 2025 group by all",
    )
    channels = ask(
        city,
        f"select channel, count(*) from {MARTS}.rpt_requests "
        "where type_name = 'Pothole' and open_year = 2025 group by all order by all",
    )
    [[still_open]] = ask(
        city,
        f"select count(*) from {MARTS}.rpt_requests where type_name = 'Pothole' and is_open",
    )
    go(page, "#2025/types")
    page.locator("#types-table").get_by_role("link", name="Pothole", exact=True).click()
    expect(page.locator("#title")).to_contain_text("Pothole")

    shown = {
        (int(row["open_year"]), month): int(row[f"month_{month}"] or 0)
        for row in saved(page, "grid")
        for month in range(1, 13)
    }
    assert {key: count for key, count in shown.items() if count} == {
        (year, month): count for year, month, count in months
    }
    by_channel = saved(page, "by-channel")
    assert [[row["channel"], int(row["request_count"])] for row in by_channel] == channels
    assert page.locator("#backlog-age strong").inner_text() == str(still_open)


def test_a_ward_says_what_it_waits_for(page: Page, city: Project) -> None:
    waiting = ask(
        city,
        f"select type_name, count(*) from {MARTS}.rpt_requests "
        "where ward_name = 'Ward 6' and is_open group by all",
    )
    page.locator("#find").fill("ward 6")
    page.locator("#results").get_by_role("link", name="Ward 6", exact=True).click()
    expect(page.locator("#title")).to_contain_text("Ward 6")

    rows = saved(page, "backlog")
    assert {(row["type_name"], int(row["open_count"])) for row in rows} == {
        (name, count) for name, count in waiting
    }


# docs/questions.md
@pytest.mark.parametrize(
    ("typed", "clicks", "answer", "says"),
    [
        ("", ["Types", "Opened in: all years"], "#growth-table tbody tr:first-child", r"\+\d"),
        (
            "pothole",
            ["Pothole"],
            "#backlog-age",
            r"open on Jul 19, 2025, half of them for more than",
        ),
        (
            "sidewalk snow",
            ["Sidewalk Snow & Ice Complaint"],
            "#change",
            r"change|few|slower|faster",
        ),
        ("", ["Places", "Color by: slower than the city"], "#map-table", r"no clear difference"),
        ("", ["Open311"], "#types-table tbody tr:first-child", r"Parking Violation|Graffiti"),
        ("ward 6", ["Ward 6"], "#backlog-table tbody tr:first-child", r"\d"),
        ("street light", ["Street Light Outage"], "#wait-table", r"Three quarters within"),
    ],
)
def test_seven_questions_take_few_clicks(
    page: Page, typed: str, clicks: list[str], answer: str, says: str
) -> None:
    page.locator("#find").fill(typed)
    for click in clicks:
        label, _, option = click.partition(": ")
        if option:
            page.get_by_label(label).select_option(label=option)
        else:
            page.get_by_role("link", name=label, exact=True).first.click()

    expect(page.locator(answer)).to_have_text(re.compile(says))


def test_it_works_by_keyboard(page: Page) -> None:
    # Where there is no later year, the button to it cannot be reached.
    page.locator("#print").focus()
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.id") == "year"
    page.keyboard.press("ArrowDown")
    expect(page.locator("#title")).to_have_text("Overview, 2024")
    assert page.evaluate("document.activeElement.id") == "year"

    go(page, "#2024/types")
    median = page.locator("#types").get_by_role("button", name="Median")
    median.focus()
    page.keyboard.press("Enter")
    expect(median).to_be_focused()
    assert page.locator("#types th[aria-sort]").get_attribute("aria-sort") == "descending"
    # The results of a search are links.
    page.locator("#find").focus()
    page.keyboard.type("graffiti")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#title")).to_contain_text("Graffiti")


def test_every_tab_stop_has_a_name_and_every_mark_too(page: Page) -> None:
    stops = (
        "[...document.querySelectorAll('a[href], button, input, select, summary, [tabindex]')]"
        ".filter((node) => node.tabIndex >= 0)"
    )
    for view in VIEWS:
        go(page, f"#2025/{view}".rstrip("/"))
        assert page.evaluate(f"{stops}.filter((node) => node.closest('svg')).length") == 0
        nameless = (
            f"{stops}.filter((node) => !(node.ariaLabel || node.textContent"
            " || node.labels?.length)).map((node) => node.outerHTML)"
        )
        assert page.evaluate(nameless) == []
    go(page, "#2025")
    marks = page.locator("#months [data-tip]")
    assert marks.count() == 7
    assert str(marks.first.get_attribute("aria-label")).startswith("Jan, 2025: ")


def test_escape_closes_the_tooltip(page: Page) -> None:
    page.locator("#months [data-tip]").first.hover()
    assert page.locator("#tip").inner_text().startswith("Jan, 2025: ")
    page.keyboard.press("Escape")
    assert page.locator("#tip").is_hidden()


def test_a_neighborhood_answers_to_a_tap(city: Project, browser: Browser) -> None:
    with opened(browser, page_of(city), "#2025/places", **PHONE) as page:
        shape = page.locator("#map path.mark").first
        shape.tap()

        name = str(shape.get_attribute("aria-label")).split(",")[0]
        assert page.locator("#tip").inner_text().startswith(name)
        assert page.locator("#chosen").inner_text().startswith(f"{name}: ")
        assert page.locator("#map-table tr.on th").inner_text() == name
        page.locator("#chosen a").tap()
        expect(page.locator("#title")).to_contain_text(f"Neighborhood {name}")


def test_on_paper_tables_are_whole(city: Project, browser: Browser) -> None:
    # As wide as a letter between its margins.
    with opened(browser, page_of(city), viewport={"width": 720, "height": 900}) as page:
        for view in VIEWS:
            go(page, f"#2025/{view}".rstrip("/"))
            page.evaluate("dispatchEvent(new Event('beforeprint'))")
            page.emulate_media(media="print")
            cut = """[...document.querySelectorAll('.scroll')].filter((box) =>
                box.scrollWidth > innerWidth || box.scrollHeight > box.clientHeight)
                .map((box) => box.ariaLabel)"""
            assert page.evaluate(cut) == [], view
            assert page.evaluate("document.documentElement.scrollWidth") <= 720, view
            assert page.locator("details:not([open])").count() == 0
            assert (
                page.locator("header .controls, nav, .csv").evaluate_all(
                    "nodes => nodes.filter((node) => node.checkVisibility()).length"
                )
                == 0
            )
            page.emulate_media(media="screen")
            page.evaluate("dispatchEvent(new Event('afterprint'))")
            assert page.locator("details[open]").count() == 0
        go(page, "#2025")
        page.emulate_media(media="print")
        # Drawn swatches are printed, backgrounds are not.
        categories = page.locator("#split .legend li").count()
        assert page.locator("#split .legend svg.swatch rect").count() == categories > 8


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_in_both_schemes(city: Project, browser: Browser, scheme: Any) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    with opened(browser, page_of(city), color_scheme=scheme, **PHONE) as page:
        for view in VIEWS:
            go(page, f"#2025/{view}".rstrip("/"))
            assert page.evaluate("document.documentElement.scrollWidth") == 390
        first = page.evaluate(background)
        page.locator("#theme").click()
        assert page.evaluate(background) != first


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_marks_stand_out_from_their_background(
    city: Project, browser: Browser, scheme: Any
) -> None:
    marks = (*(f"s{position}" for position in range(8)), "edge", "accent", "worse", "better")
    contrast = """mark => {
        const probe = document.createElement("p");
        document.body.append(probe);
        const luminance = (name) => {
            probe.style.color = `var(--${name})`;
            const channels = getComputedStyle(probe).color.match(/\\d+/g).slice(0, 3);
            const [r, g, b] = channels.map((n) => n / 255)
                .map((n) => (n <= 0.03928 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
        };
        const both = [luminance(mark), luminance("card")];
        return Math.max(...both) / Math.min(...both);
    }"""
    with opened(browser, page_of(city), color_scheme=scheme) as page:
        assert {mark: page.evaluate(contrast, mark) >= 3 for mark in marks} == dict.fromkeys(
            marks, True
        )


@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing(city: Project, browser: Browser, width: int) -> None:
    if not AXE.exists():
        pytest.skip("no axe-core here: make axe")
    scheme: Any = "light" if width == 390 else "dark"
    size: Any = {"width": width, "height": 900}
    with opened(browser, page_of(city), script=AXE, viewport=size, color_scheme=scheme) as page:
        for view in (*VIEWS, "type/pothole"):
            go(page, f"#2025/{view}".rstrip("/"))
            found = page.evaluate("axe.run().then(({ violations }) => violations)")
            assert [(rule["id"], rule["nodes"][0]["html"]) for rule in found] == [], view


def test_one_open_request_without_a_neighborhood_is_enough(
    tmp_path: Path, browser: Browser
) -> None:
    project = Project(tmp_path / "project")
    request = feature(1_000_001, "2026-03-01T12:00:00")
    request["attributes"] |= {"CASESTATUS": 1, "CLOSEDDATETIME": None}
    with TinyLayers(y2026=[request]) as layers:
        project.ran(f"years=2026,source.services_url={layers.services_url}")

    with opened(browser, page_of(project, "data")) as page:
        assert page.title() == "Overview, 2026 \u00b7 Minneapolis 311"
        assert page.locator("#made-up").is_hidden()
        assert page.evaluate("getComputedStyle(document.documentElement).page") == "auto"
        assert page.locator("#total").inner_text() == "1"
        assert page.locator("#open + span").inner_text() == "still open, 100.0 %"
        go(page, "#2026/places")
        assert "there is no map" in page.locator("#map .note").inner_text()
        go(page, "#2026/times")
        assert "No year before 2026" in page.locator("#targets .note").inner_text()
        for view in VIEWS:
            go(page, f"#2026/{view}".rstrip("/"))
