"""The dashboard's data: tables of numbers that refer to lists of names."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pandas as pd

from mpls311.pipelines.report.answers import HEADLINE, Answers, Ring
from mpls311.years import CITY_TIME

_DECIMALS = {"_hours": 3, "_share": 5, "share_within": 5, "share_change": 5, "itude": 4}
"""By the ends of names. A ten thousandth of a degree is less than a border on the map is wide."""

_KEYS = {
    "open_month": ("open_month",),
    "subject": ("subject_name",),
    "type": ("subject_name", "type_name"),
    "channel": ("channel",),
    "area": ("neighborhood_id",),
}
"""What of a mart tells the rows of a grain apart, by the column of the page."""


@dataclass(frozen=True)
class Table:
    """What the page gets of a mart: columns, of one grain where the mart has several.

    `subject`, `type`, `channel` and `area` are positions in the lists of those names; `worse` is
    1, -1 or 0, see `Answers.worse_times`.
    """

    mart: str
    columns: str
    grain: str | None = None

    def frame(self, answers: Answers) -> pd.DataFrame:
        """Its rows, of the years that the page has."""
        if self.grain is None:
            rows = answers.of_years(self.mart)
            if "worse" in self.columns.split():
                rows = rows.assign(worse=answers.worse_shares(rows, "benchmark_"))
            return rows
        keys = [key for name in self.columns.split() for key in _KEYS.get(name, ())]
        rows = answers.of_grain(self.mart, self.grain, *keys)
        if self.grain.endswith("_to_date"):
            # Only the year that is not over compares with them.
            rows = rows[rows["open_year"] == (answers.unfinished or date.min).year - 1]
        if "worse" in self.columns.split():
            rows = self._told(answers, rows, keys)
        return rows

    def _told(self, answers: Answers, rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
        """The rows and whether times are worse than the year before, or than in the city."""
        if self.mart == _TIMES:
            told = answers.worse_times
            told = told[told["grain"] == self.grain]
            return rows.merge(told[["open_year", *keys, "worse"]], "left", ["open_year", *keys])
        city = answers.of_grain(self.mart, "year").set_index("open_year").add_prefix("city_")
        against = rows.join(city, on="open_year")
        return rows.assign(worse=answers.worse_shares(against, "city_"))


_TIMES = "rpt_time_to_close"
_AREAS = "rpt_neighborhoods"
_MEASURES = "request_count closed_count is_few median_hours p90_hours"

TABLES = {
    "year": Table(_TIMES, f"open_year open_count {_MEASURES} {' '.join(HEADLINE)}", "year"),
    "yearToDate": Table(
        _TIMES, f"open_year open_count {_MEASURES} {' '.join(HEADLINE)}", "year_to_date"
    ),
    "month": Table(_TIMES, "open_year open_month subject request_count", "month_subject"),
    "subject": Table(_TIMES, f"open_year subject {_MEASURES} worse", "year_subject"),
    "subjectToDate": Table(_TIMES, f"open_year subject {_MEASURES}", "year_subject_to_date"),
    "type": Table(_TIMES, f"open_year type {_MEASURES} worse", "year_type"),
    "typeToDate": Table(_TIMES, f"open_year type {_MEASURES}", "year_type_to_date"),
    "typeChannel": Table(_TIMES, f"open_year type channel {_MEASURES} worse", "year_type_channel"),
    "typeChannelToDate": Table(
        _TIMES, f"open_year type channel {_MEASURES}", "year_type_channel_to_date"
    ),
    "target": Table(
        "rpt_service_targets",
        "open_year type channel target_hours benchmark_share_within share_within measured_count "
        "share_change worse",
    ),
    "city": Table(_AREAS, "open_year slower_share", "year"),
    "area": Table(
        _AREAS,
        "open_year area request_count closed_count is_few median_hours slower_share worse",
        "year_neighborhood",
    ),
    "areaSubject": Table(
        _AREAS, "open_year area subject request_count", "year_neighborhood_subject"
    ),
    "spot": Table("rpt_hot_spots", "open_year longitude latitude request_count place_count"),
    "quality": Table(
        "rpt_data_quality",
        "source_year case_count deleted_count rejected_count duplicate_count several_layers_count "
        "no_location_count no_neighborhood_count unknown_category_count status_mismatch_count "
        "closed_before_opened_count last_read_at last_full_read_at",
    ),
}
"""Every table of the page by its name in the page's script."""

MARTS = tuple(
    dict.fromkeys(
        (
            *(table.mart for table in TABLES.values()),
            *("rpt_changes", "dim_neighborhoods", "raw_areas"),
        )
    )
)
"""Names in the catalog of what is read for the page: what tells clear changes, and the names and
borders of areas included."""


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
    keys = [rows[key] for key in _KEYS[name]]
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
