"""The dashboard's data: tables of numbers that refer to lists of names."""

from collections.abc import Hashable, Iterable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd

from mpls311.pipelines.report.answers import Answers, Ring
from mpls311.pipelines.report.tables import KEYS, TABLES, Table
from mpls311.years import CITY_TIME

_DECIMALS = {"_hours": 3, "_share": 5, "share_within": 5, "share_change": 5, "itude": 4}
"""By the ends of names. A ten thousandth of a degree is less than a border on the map is wide."""


def payload(answers: Answers) -> dict[str, Any]:
    """What the page's script gets; a table is an array a column.

    Volumes count every request; times to close leave out the types that are closed as they are
    opened. Hours are rounded to three decimals, shares to five.
    """
    if not answers.years:
        return {"years": []}
    types = answers.by("year_type", "subject_name", "type_name")
    channels = answers.by("year_channel", "channel")
    areas = answers.marts["dim_neighborhoods"]
    subject = _positions(answers.subjects)
    kind = _positions(zip(types["subject_name"], types["type_name"], strict=True))
    channel = _positions(channels["channel"])
    area = _positions(areas["neighborhood_id"])
    positions = {"subject": subject, "type": kind, "channel": channel, "area": area}

    def sent(table: Table) -> dict[str, list[Any]]:
        rows = table.frame(answers)
        return {name: _column(rows, name, positions.get(name)) for name in table.columns.split()}

    return {
        "reachesTo": _plain("", answers.reaches_to),
        "lookedAt": _plain("", answers.looked_at),
        "stopped": answers.stopped,
        "years": answers.years,
        "unfinished": _unfinished(answers),
        "strays": answers.strays,
        "subjects": list(subject),
        "types": [[subject[major], minor] for major, minor in kind],
        "channels": list(channel),
        "neighborhoods": areas[["neighborhood_name", "community_name"]].to_numpy().tolist(),
        "borders": [[area[number], _outlines(rings)] for number, rings in answers.shapes.items()],
        "tables": {name: sent(table) for name, table in TABLES.items()},
    }


def _unfinished(answers: Answers) -> dict[str, Any] | None:
    """The last day of the year that is not over, its days, and those of the year before."""
    if not (day := answers.unfinished):
        return None
    return {
        "day": day.isoformat(),
        "now": answers.days(day.year, of=day.year),
        "before": answers.days(day.year - 1, of=day.year),
    }


def _positions(names: Iterable[Hashable]) -> dict[Any, int]:
    """Distinct names in their order, and the position of each."""
    return {name: position for position, name in enumerate(dict.fromkeys(names))}


def _column(rows: pd.DataFrame, name: str, positions: Mapping[Any, int] | None) -> list[Any]:
    """The values of a column of the page; of a mart that does not exist yet there are none."""
    if rows.empty:
        return []
    if positions is None:
        return [_plain(name, value) for value in rows[name]]
    keys = [rows[key] for key in KEYS[name]]
    return [positions[key] for key in (zip(*keys, strict=True) if keys[1:] else keys[0])]


def _plain(name: str, value: Any) -> Any:
    """A value as JSON can hold it."""
    if pd.isna(value):
        return None
    if isinstance(value, datetime):
        instant = pd.Timestamp(value)
        instant = instant.tz_localize("UTC") if instant.tzinfo is None else instant
        return f"{instant.tz_convert(CITY_TIME):%Y-%m-%d %H:%M}"
    if isinstance(value, float):
        digits = next((d for end, d in _DECIMALS.items() if name.endswith(end)), None)
        return round(value, digits) if digits else value
    return int(value)


def _outlines(rings: list[Ring]) -> list[list[int]]:
    """Rings in whole ten thousandths of a degree, longitude and latitude by turns."""
    outlines = []
    for ring in rings:
        corners = dict.fromkeys((round(x * 10_000), round(y * 10_000)) for x, y in ring)
        outlines.append([number for corner in corners for number in corner])
    return outlines
