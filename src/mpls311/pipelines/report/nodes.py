"""Look at the marts once, and write the dashboard."""

import json
import logging
from datetime import UTC, datetime
from importlib.resources import files

import pandas as pd

from mpls311.loads import LoadHistory, verdict
from mpls311.parameters import STAND_IN_CITY, ChangeSettings
from mpls311.pipelines.report.answers import HEADLINE, Answers
from mpls311.pipelines.report.payload import payload
from mpls311.years import CITY_TIME

log = logging.getLogger(__name__)


def collect_answers(history: LoadHistory, change: ChangeSettings, **marts: pd.DataFrame) -> Answers:
    """Put what the dashboard and the figures show into one value.

    Args:
        history: The manifests, which say how far the marts reach.
        change: What a change must be to be shown as one.
        marts: Rows of each of `tables.MARTS`.
    """
    marks = [mark for year in history.years if (mark := history.watermark(year))]
    reaches_to = max(marks, default=None)
    times = marts["rpt_time_to_close"]
    if times.empty:
        log.warning("There are no marts to report on yet: run `kedro run` first.")
    elif "all" not in set(times["grain"]):
        log.warning(
            "The marts are of an earlier version: what is new shows after the next load, or after "
            "`kedro run --pipeline rebuild`."
        )
        # The year that is not over then compares with nothing, rather than with more days.
        day = (reaches_to or datetime.now(UTC)).astimezone(CITY_TIME).date()
        added = dict.fromkeys(HEADLINE, 0) | {"is_few": False, "last_open_date": day}
        for name in ("rpt_time_to_close", "rpt_neighborhoods"):
            lacking = {column: added[column] for column in added if column not in marts[name]}
            marts[name] = marts[name].assign(**lacking)
    return Answers(
        marts=marts,
        reaches_to=reaches_to,
        change=change,
        looked_at=max((manifest.ended_at for manifest in history.manifests), default=None),
        stopped=verdict(history, history).sentences,
        made_up=STAND_IN_CITY in history.source_ids,
    )


def write_dashboard(answers: Answers) -> str:
    """The dashboard as one HTML page that needs nothing but itself."""
    page = files("mpls311.pipelines.report").joinpath("page")
    # A name with "</script>" in it must not end the script it is in.
    data = json.dumps(payload(answers), separators=(",", ":")).replace("<", "\\u003c")
    html = page.joinpath("dashboard.html").read_text(encoding="utf-8")
    for place, text in (
        ("/* source */", "made-up" if answers.made_up else "real"),
        ("/* title */", f"Minneapolis 311{' (made-up data)' if answers.made_up else ''}"),
        ("/* style */", page.joinpath("dashboard.css").read_text(encoding="utf-8")),
        ("/* script */", page.joinpath("dashboard.js").read_text(encoding="utf-8")),
        ("/* data */", data),
    ):
        html = html.replace(place, text)
    return html
