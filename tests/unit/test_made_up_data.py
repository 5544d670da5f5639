"""What comes from the stand-in city says so, by the name of its source and nothing else."""

from __future__ import annotations

import pandas as pd
import pytest
from pydantic import ValidationError

from mpls311.loads import LoadHistory
from mpls311.parameters import STAND_IN_CITY, SourceSettings
from mpls311.pipelines.report.figures import draw_times_to_close
from mpls311.pipelines.report.nodes import collect_answers, write_dashboard
from mpls311.pipelines.report.payload import MARTS
from tests.support.made import BASE, ingested

TIMES = pd.DataFrame(
    {
        "grain": ["year", "year_subject", "year_type", "year_channel"],
        "open_year": 2026,
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
    }
)
QUALITY = pd.DataFrame({"source_year": [2026], "case_count": [1]})


@pytest.mark.parametrize(("source", "made_up"), [(STAND_IN_CITY, True), ("city", False)])
def test_page_and_figures_follow_the_source(source: str, made_up: bool) -> None:
    marts = dict.fromkeys(MARTS, pd.DataFrame())
    history = LoadHistory([ingested(1, source=source)])

    page = write_dashboard(collect_answers(history, **marts))
    shown = collect_answers(
        history, **marts | {"rpt_time_to_close": TIMES, "rpt_data_quality": QUALITY}
    )
    title = draw_times_to_close(shown).layout.title.text

    assert ("<title>Minneapolis 311 (made-up data)</title>" in page) is made_up
    assert ('class="made-up"' in page) is made_up
    assert title.endswith(", 2026 (made-up data)" if made_up else ", 2026")


def test_the_stand_in_city_goes_by_no_other_name() -> None:
    nowhere = BASE["source"] | {"services_url": None}
    assert SourceSettings.model_validate(nowhere | {"id": STAND_IN_CITY}).id == STAND_IN_CITY

    with pytest.raises(ValidationError, match=r"made-up rows would go by the name of city\."):
        SourceSettings.model_validate(nowhere | {"id": "city"})
