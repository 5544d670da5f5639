"""The dashboard's data: rows of numbers that refer to lists of names."""

from collections.abc import Callable, Hashable, Iterable
from datetime import datetime
from typing import Any, TypeAlias

import pandas as pd

from mpls311.parameters import CITY_TIME
from mpls311.pipelines.report.answers import Answers, Ring

Row: TypeAlias = list[Any]

_TIMES = ("closed_count", "median_hours", "p90_hours")
_DECIMALS = {"_hours": 3, "_share": 5, "share_within": 5, "share_change": 5, "itude": 4}
"""By the ends of names. A ten thousandth of a degree is less than a border on the map is wide."""


def payload(answers: Answers) -> dict[str, Any]:
    """What the page's script gets.

    Volumes count every request; times to close leave out the types that are closed as they are
    opened. Rows begin with their year, and give names by their position in `subjects`, `types`,
    `channels` and `neighborhoods`. Hours are rounded to three decimals, shares to five.
    """
    if not answers.years:
        return {"years": []}
    types = answers.by("year_type", "subject_name", "type_name")
    channels = answers.by("year_channel", "channel")
    areas = answers.neighborhoods
    subject = _positions(answers.subjects)
    kind = _positions(zip(types["subject_name"], types["type_name"], strict=True))
    channel = _positions(channels["channel"])
    area = _positions(areas["neighborhood_id"])
    codes: dict[str, Callable[[Any], int]] = {
        "subject": lambda row: subject[row.subject_name],
        "type": lambda row: kind[row.subject_name, row.type_name],
        "channel": lambda row: channel[row.channel],
        "area": lambda row: area[row.neighborhood_id],
    }

    def rows(frame: pd.DataFrame, *columns: str) -> list[Row]:
        return [
            [
                codes[name](row) if name in codes else _plain(name, getattr(row, name))
                for name in columns
            ]
            for row in frame.itertuples(index=False)
        ]

    return {
        "reachesTo": _plain("", answers.reaches_to),
        "lookedAt": _plain("", answers.looked_at),
        "years": answers.years,
        "strays": answers.strays,
        "subjects": list(subject),
        "types": [[subject[major], minor] for major, minor in kind],
        "channels": list(channel),
        "neighborhoods": areas[["neighborhood_name", "community_name"]].to_numpy().tolist(),
        "borders": [[area[number], _outlines(rings)] for number, rings in answers.shapes.items()],
        "year": rows(answers.by("year"), "open_year", "request_count", "open_count", *_TIMES),
        "month": rows(
            answers.by("month_subject", "open_month", "subject_name"),
            *("open_year", "open_month", "subject", "request_count"),
        ),
        "subject": rows(
            answers.by("year_subject", "subject_name"),
            *("open_year", "subject", "request_count", *_TIMES),
        ),
        "type": rows(types, "open_year", "type", "request_count", *_TIMES),
        "typeChannel": rows(
            answers.by("year_type_channel", "subject_name", "type_name", "channel"),
            *("open_year", "type", "channel", "request_count", *_TIMES),
        ),
        "target": rows(
            answers.of_years(answers.targets),
            *("open_year", "type", "channel", "target_hours", "benchmark_share_within"),
            *("share_within", "measured_count", "share_change"),
        ),
        "city": rows(answers.by_area("year"), "open_year", "slower_share"),
        "area": rows(
            answers.by_area("year_neighborhood", "neighborhood_id"),
            *("open_year", "area", "request_count", "median_hours", "slower_share"),
        ),
        "areaSubject": rows(
            answers.by_area("year_neighborhood_subject", "neighborhood_id", "subject_name"),
            *("open_year", "area", "subject", "request_count"),
        ),
        "spot": rows(
            answers.of_years(answers.hot_spots),
            *("open_year", "longitude", "latitude", "request_count", "place_count"),
        ),
        "quality": rows(
            answers.quality,
            *("source_year", "case_count", "deleted_count", "rejected_count", "duplicate_count"),
            *("several_layers_count", "no_location_count", "no_neighborhood_count"),
            *("unknown_category_count", "status_mismatch_count", "closed_before_opened_count"),
            *("last_read_at", "last_full_read_at"),
        ),
    }


def _positions(names: Iterable[Hashable]) -> dict[Any, int]:
    """Distinct names in their order, and the position of each."""
    return {name: position for position, name in enumerate(dict.fromkeys(names))}


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
