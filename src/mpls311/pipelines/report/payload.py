"""The dashboard's data: tables of numbers that refer to lists of names."""

import math
from collections.abc import Hashable, Iterable, Mapping
from datetime import datetime
from typing import Any

import pandas as pd
from pandas.api.types import is_bool_dtype, is_float_dtype, is_integer_dtype, is_object_dtype

from mpls311.pipelines.report.answers import Answers, Ring
from mpls311.pipelines.report.tables import KEYS, TABLES, Table
from mpls311.years import CITY_TIME

_DECIMALS = {
    "_hours": 3,
    "_share": 5,
    "share_within": 5,
    "share_change": 5,
    "itude": 4,
    "expected_count": 1,
    "change": 4,
}
"""By the ends of names. A ten thousandth of a degree is less than a border on the map is wide."""


def payload(answers: Answers) -> dict[str, Any]:
    """What the page's script gets; a table is an array a column.

    Volumes count every request; times to close leave out the types that are closed as they are
    opened. Hours are rounded to three decimals, shares to five.
    """
    if not answers.years:
        return {"years": []}
    times, backlog = answers.marts["rpt_time_to_close"], answers.marts["rpt_backlog"]
    # The backlog has those of years, too, whose own layer was not loaded.
    types = times[times["grain"] == "year_type"]
    areas = answers.marts["dim_neighborhoods"]
    wards = answers.marts["dim_wards"].reindex(columns=["ward_id", "ward_name"])
    subject = _positions(answers.subjects)
    kind = _positions(sorted(zip(types["subject_name"], types["type_name"], strict=True)))
    channels = times.loc[times["grain"] == "year_channel", "channel"]
    # A mart that does not exist yet has no columns.
    classes = backlog.reindex(columns=["age_from_days", "age_class"]).drop_duplicates()
    ages = dict(sorted(classes.itertuples(index=False, name=None)))
    positions = {
        "subject": subject,
        "type": kind,
        "channel": _positions(sorted(channels)),
        "as_of_date": _positions([] if backlog.empty else sorted(backlog["as_of_date"].unique())),
        "age": _positions(ages),
        "area": _positions(areas["neighborhood_id"]),
        "ward": _positions(wards["ward_id"]),
    }

    def sent(table: Table) -> dict[str, list[Any]]:
        rows = answers.marts[table.mart]
        if len(rows):
            rows = table.frame(answers)
        return {name: _column(rows, name, positions.get(name)) for name in table.names}

    def borders(kind: str, number: Mapping[Any, int]) -> list[Any]:
        return [[number[area], _outlines(rings)] for area, rings in answers.shapes(kind).items()]

    return {
        "reachesTo": _plain_instant(answers.reaches_to),
        "lookedAt": _plain_instant(answers.looked_at),
        "stopped": answers.stopped,
        "years": answers.years,
        "unfinished": _unfinished(answers),
        "strays": answers.strays,
        "lastWeek": [day.isoformat() for day in answers.last_week or ()],
        "subjects": list(subject),
        "types": [[subject[major], minor] for major, minor in kind],
        "channels": list(positions["channel"]),
        "asOfDates": [f"{day:%Y-%m-%d}" for day in positions["as_of_date"]],
        "ages": list(ages.values()),
        "neighborhoods": areas[["neighborhood_name", "community_name"]].to_numpy().tolist(),
        "communities": sorted(set(areas["community_name"])),
        "wards": wards.to_numpy().tolist(),
        "borders": borders("neighborhood", positions["area"]),
        "wardBorders": borders("ward", positions["ward"]),
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
        return _plain_values(name, rows[name])
    keys = [rows[key] for key in KEYS[name]]
    if keys[1:]:
        return [positions[named] for named in zip(*map(_objects, keys), strict=True)]
    codes, names = keys[0].factorize()
    # What is about all channels has none, which is the code -1.
    found = [*(positions[named] for named in names), None]
    return [found[code] for code in codes.tolist()]


def _plain_values(name: str, values: "pd.Series[Any]") -> list[Any]:
    """The values of a column as JSON can hold them."""
    if is_object_dtype(values.dtype):
        values = values.convert_dtypes()
    if is_float_dtype(values.dtype):
        digits = next((d for end, d in _DECIMALS.items() if name.endswith(end)), None)
        floats = values.to_numpy(float, na_value=math.nan).tolist()
        return [_plain_number(value, digits) for value in floats]
    if is_integer_dtype(values.dtype) or is_bool_dtype(values.dtype):
        return [None if value is None else int(value) for value in _objects(values)]
    return [_plain_instant(value) for value in values]


def _objects(values: "pd.Series[Any]") -> list[Any]:
    """Values of Python, None for what is missing; Arrow takes its time to give them one by one."""
    objects: list[Any] = values.to_numpy(object, na_value=None).tolist()
    return objects


def _plain_number(value: float, digits: int | None) -> float | None:
    if math.isnan(value):
        return None
    rounded = value if digits is None else round(value, digits)
    return int(rounded) if rounded.is_integer() else rounded


def _plain_instant(value: datetime | None) -> str | None:
    """By the clock of the city."""
    if pd.isna(value):
        return None
    instant = pd.Timestamp(value)
    instant = instant.tz_localize("UTC") if instant.tzinfo is None else instant
    return f"{instant.tz_convert(CITY_TIME):%Y-%m-%d %H:%M}"


def _outlines(rings: list[Ring]) -> list[list[int]]:
    """Rings in whole ten thousandths of a degree, longitude and latitude by turns."""
    outlines = []
    for ring in rings:
        corners = dict.fromkeys((round(x * 10_000), round(y * 10_000)) for x, y in ring)
        outlines.append([number for corner in corners for number in corner])
    return outlines
