"""What the report pipeline makes of manifests and marts."""

from datetime import UTC, date, datetime

import pandas as pd
import pytest
from pydantic import ValidationError

from mpls311.loads import LoadHistory
from mpls311.parameters import STAND_IN_CITY, ChangeSettings, SourceSettings
from mpls311.pipelines.report.answers import HEADLINE
from mpls311.pipelines.report.figures import draw_times_to_close
from mpls311.pipelines.report.nodes import collect_answers, write_dashboard
from mpls311.pipelines.report.payload import payload
from mpls311.pipelines.report.tables import MARTS, TABLES
from tests.support.made import BASE, ingested, published

CHANGE = ChangeSettings.model_validate(BASE["changes"])

TIMES = pd.DataFrame(
    {
        "grain": ["year", "year_subject", "year_type", "year_channel"],
        "open_year": 2026,
        "open_month": None,
        "subject_name": ["", "Property", "Property", ""],
        "type_name": ["", "", "Graffiti", ""],
        "channel": ["", "", "", "Open311"],
        "is_information_only": False,
        "request_count": 1,
        "closed_count": 0,
        "open_count": 1,
        "median_hours": float("nan"),
        "p90_hours": float("nan"),
        "last_open_date": pd.Timestamp("2026-12-31"),
        "is_few": True,
        **dict.fromkeys(HEADLINE, 0),
    }
)
QUALITY = pd.DataFrame([dict.fromkeys(TABLES["quality"].names, 1) | {"source_year": 2026}])


MARTS_OF_2026 = dict.fromkeys(MARTS, pd.DataFrame()) | {
    "rpt_time_to_close": TIMES,
    "rpt_data_quality": QUALITY,
    "rpt_neighborhoods": TIMES.head(0),
    "dim_neighborhoods": pd.DataFrame(
        {"neighborhood_id": [-1], "neighborhood_name": "Unknown", "community_name": "Unknown"}
    ),
    "raw_areas": pd.DataFrame(columns=["area_kind", "area_id", "ring", "vertex"]),
}


@pytest.mark.parametrize(("source", "made_up"), [(STAND_IN_CITY, True), ("city", False)])
def test_page_and_figures_follow_the_source(source: str, made_up: bool) -> None:
    marts = dict.fromkeys(MARTS, pd.DataFrame())
    history = LoadHistory([ingested(1, source=source)])

    page = write_dashboard(collect_answers(history, CHANGE, **marts))
    shown = collect_answers(history, CHANGE, **MARTS_OF_2026)
    title = draw_times_to_close(shown).layout.title.text

    assert ("<title>Minneapolis 311 (made-up data)</title>" in page) is made_up
    assert ('class="made-up"' in page) is made_up
    assert title.endswith(", 2026 (made-up data)" if made_up else ", 2026")


def test_the_stand_in_city_goes_by_no_other_name() -> None:
    nowhere = BASE["source"] | {"services_url": None}
    assert SourceSettings.model_validate(nowhere | {"id": STAND_IN_CITY}).id == STAND_IN_CITY

    with pytest.raises(ValidationError, match=r"made-up rows would go by the name of city\."):
        SourceSettings.model_validate(nowhere | {"id": "city"})


@pytest.mark.parametrize(
    ("latest", "now", "before"),
    [
        ("2024-02-29", "Jan 1 to Feb 29, 2024", "Jan 1 to Feb 28, 2023"),
        ("2025-02-28", "Jan 1 to Feb 28, 2025", "Jan 1 to Feb 28, 2024"),
        ("2026-01-01", "Jan 1 to Jan 1, 2026", "Jan 1 to Jan 1, 2025"),
        ("2026-12-31", "2026", "2025"),
    ],
)
def test_the_days_that_are_compared_are_named(latest: str, now: str, before: str) -> None:
    times = TIMES.assign(last_open_date=pd.Timestamp(latest))
    answers = collect_answers(LoadHistory(), CHANGE, **MARTS_OF_2026 | {"rpt_time_to_close": times})
    year = int(latest[:4])

    assert answers.days(year, of=year) == now
    assert answers.days(year - 1, of=year) == before
    assert answers.days(2020, of=2021) == "2020"


def test_marts_of_an_earlier_version_are_shown_without_a_comparison(
    caplog: pytest.LogCaptureFixture,
) -> None:
    new = ["is_few", "last_open_date", *HEADLINE]
    old = {
        name: MARTS_OF_2026[name].drop(columns=new)
        for name in ("rpt_time_to_close", "rpt_neighborhoods")
    }
    load = ingested(1, year=2026)
    history = LoadHistory([load, published(load, datetime(2026, 6, 2, 3, tzinfo=UTC))])

    answers = collect_answers(history, CHANGE, **MARTS_OF_2026 | old)

    assert "kedro run --pipeline rebuild" in "".join(caplog.messages)
    assert answers.unfinished == date(2026, 6, 1)
    assert len(answers.by("year")) == 1
    assert answers.year_before(2026, "year").empty
    assert answers.worse_times.empty
    page = payload(answers)
    assert page["tables"]["year"]["open_year"] == [2026]
    assert set(page["tables"]) == set(TABLES)
    for name in ("wait", "week", "service", "ward", "typeArea", "backlogMonth", "backlogType"):
        assert not any(page["tables"][name].values())
    assert (page["lastWeek"], page["ages"], page["wards"]) == ([], [], [])


def counts(prefix: str, within: int) -> dict[str, int]:
    """Fifty weeks of a hundred requests, all alike."""
    a_week = within // 50
    return {
        f"{prefix}measured_count": 5_000,
        f"{prefix}within_count": within,
        f"{prefix}week_count": 50,
        f"{prefix}measured_squares": 500_000,
        f"{prefix}within_squares": 50 * a_week**2,
        f"{prefix}measured_within_products": 50 * 100 * a_week,
    }


def test_what_is_clearly_worse_is_so_on_the_page() -> None:
    """Fewer closed within last year's median, or within the target, are slower ones: 1."""
    keys = {"open_year": 2026, "subject_name": "Property", "type_name": "Graffiti"}
    hours = {"before_p25_hours": 10.0, "before_median_hours": 20.0, "before_p75_hours": 40.0}
    rows = [
        {**keys, "channel": name, **counts("", within), **counts("before_", 2_500), **hours}
        | {"grain": "year_type_channel", "median_hours": median}
        for name, within, median in (
            ("Open311", 1_800, 30.0),
            ("Self Service", 2_500, 20.0),
            ("Phone or other", 3_200, 12.0),
        )
    ]
    changes = pd.DataFrame(rows)
    marts = MARTS_OF_2026 | {"rpt_changes": changes}
    without_2025 = collect_answers(LoadHistory(), CHANGE, **marts)
    of_both = {
        "rpt_time_to_close": pd.concat([TIMES, TIMES.assign(open_year=2025)]),
        "rpt_data_quality": pd.DataFrame({"source_year": [2025, 2026], "case_count": 1}),
    }
    answers = collect_answers(LoadHistory(), CHANGE, **marts | of_both)

    assert without_2025.worse_times.empty
    assert answers.worse_times["worse"].tolist() == [1, 0, -1]
    assert answers.worse_times["change"].dropna().tolist() == [
        pytest.approx(0.5),
        pytest.approx(-0.4),
    ]
    assert answers.worse_shares(changes, "before_").tolist() == [1, 0, -1]
    assert answers.worse_shares(changes.drop(columns="before_week_count"), "before_").isna().all()
