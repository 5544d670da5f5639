"""The tables of the dashboard: which rows and columns of which mart."""

from dataclasses import dataclass
from datetime import date

import pandas as pd

from mpls311.pipelines.report.answers import ALL_YEARS, HEADLINE, Answers

KEYS = {
    "open_month": ("open_month",),
    "subject": ("subject_name",),
    "type": ("subject_name", "type_name"),
    "channel": ("channel",),
    "area": ("neighborhood_id",),
}
"""What of a mart tells the rows of a grain apart, by the column of the page."""

_ADDED_UP = {"open_year", "request_count", *KEYS}
"""Columns of tables whose rows of all years are sums."""


@dataclass(frozen=True)
class Table:
    """What the page gets of a mart: columns, of one grain where the mart has several.

    The rows of a yearly grain are followed by those of all years together.

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
        keys = [key for name in self.columns.split() for key in KEYS.get(name, ())]
        rows = answers.of_grain(self.mart, self.grain, *keys)
        if self.grain.endswith("_to_date"):
            # Only the year that is not over compares with them.
            rows = rows[rows["open_year"] == (answers.unfinished or date.min).year - 1]
        elif set(self.columns.split()) <= _ADDED_UP:
            sums = rows.groupby(keys)["request_count"].sum().reset_index()
            rows = pd.concat([rows, sums.assign(open_year=ALL_YEARS)])
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
