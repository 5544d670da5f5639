"""Look at the marts once, and write the dashboard."""

import json
import logging
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from importlib.resources import files

import pandas as pd

from mpls311.loads import LoadHistory, verdict
from mpls311.parameters import STAND_IN_CITY, ChangeSettings
from mpls311.pipelines.report.answers import HEADLINE, Answers
from mpls311.pipelines.report.payload import payload
from mpls311.years import CITY_TIME

log = logging.getLogger(__name__)

SCRIPTS = (
    *("numbers", "elements", "rows", "charts", "parts", "columns", "map"),
    *("view_overview", "view_types", "view_times", "view_wait", "view_backlog", "view_places"),
    *("view_subject", "view_type", "view_data", "views", "address", "search"),
    "main",
)
"""The page's scripts in `page/`, in the order in which they become one."""


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
    """The dashboard as one HTML page that needs nothing but itself.

    Its policy lets the browser run and apply what is written here, and fetch nothing.
    """
    # A name with "</script>" in it must not end the script it is in.
    data = json.dumps(payload(answers), separators=(",", ":")).replace("<", "\\u003c")
    style = _read("dashboard.css")
    script = "\n".join(_read(f"{name}.js") for name in SCRIPTS)
    html = _read("dashboard.html")
    for place, text in (
        ("/* source */", "made-up" if answers.made_up else "real"),
        ("/* policy */", _policy(script=script, style=style)),
        ("/* title */", f"Minneapolis 311{' (made-up data)' if answers.made_up else ''}"),
        ("/* style */", style),
        ("/* script */", script),
        ("/* data */", data),
    ):
        html = html.replace(place, text)
    return html


def _read(name: str) -> str:
    return files("mpls311.pipelines.report").joinpath("page", name).read_text(encoding="utf-8")


def _policy(*, script: str, style: str) -> str:
    """The page's Content-Security-Policy: one script and one style by their hashes."""

    def allowed(text: str) -> str:
        return b64encode(sha256(text.encode()).digest()).decode()

    return (
        f"default-src 'none'; script-src 'sha256-{allowed(script)}'; "
        f"style-src 'sha256-{allowed(style)}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
