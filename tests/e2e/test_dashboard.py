"""The data of the dashboard: every figure is one of the marts."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mpls311.pipelines.report.tables import TABLES
from tests.support.dashboard import MARTS, ask, page_of
from tests.support.page_queries import figures_asked, figures_shown
from tests.support.project import Project


@pytest.fixture(scope="module")
def shown(city: Project) -> dict[str, Any]:
    """The data that the page holds."""
    match = re.search(r'id="data">(.*?)</script>', page_of(city).read_text())
    assert match
    data: dict[str, Any] = json.loads(match[1])
    return data


def test_the_page_needs_nothing_but_itself(city: Project) -> None:
    html = page_of(city).read_bytes()

    assert len(html) < 1_000_000
    assert html.isascii()
    assert set(re.findall(rb"https?://[^\"' ]+", html)) == {b"http://www.w3.org/2000/svg"}
    assert not re.findall(rb"<(?:script|link|img)[^>]+(?:src|href)=\"(?!data:,)", html)


@pytest.mark.parametrize("name", TABLES)
def test_every_figure_is_that_of_a_query(city: Project, shown: dict[str, Any], name: str) -> None:
    figures = figures_shown(shown, name)
    expected = figures_asked(lambda sql: ask(city, sql), name, shown["years"])

    assert len(figures) == len(expected) > 0
    for one, other in zip(figures, expected, strict=True):
        assert one == pytest.approx(other, abs=0.001)


def test_every_request_is_in_a_year_or_told_to_be_left_out(
    city: Project, shown: dict[str, Any]
) -> None:
    [[everything]] = ask(city, f"select count(*) from {MARTS}.rpt_requests")
    year = shown["tables"]["year"]
    volumes = dict(zip(year["open_year"], year["request_count"], strict=True))
    of_all_years = volumes.pop(0)

    assert of_all_years == sum(volumes.values()) == everything - shown["strays"]


def test_figures_are_written_for_kedro_viz(city: Project) -> None:
    folder = city.folder / "data/demo/08_reporting"
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
