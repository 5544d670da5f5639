"""The tables of the dashboard: which rows and columns of which mart."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date

import pandas as pd

from mpls311.pipelines.report.answers import ALL_YEARS, HEADLINE, Answers

KEYS = {
    "open_year": ("open_year",),
    "open_month": ("open_month",),
    "as_of_date": ("as_of_date",),
    "age": ("age_from_days",),
    "subject": ("subject_name",),
    "type": ("subject_name", "type_name"),
    "channel": ("channel",),
    "area": ("neighborhood_id",),
    "ward": ("ward_id",),
}
"""What of a mart tells the rows of a table apart, by the column of the page."""


@dataclass(frozen=True)
class Table(ABC):
    """What the page gets of a mart.

    `as_of_date`, `age`, `subject`, `type`, `channel`, `area` and `ward` are positions in the lists
    of those names; `worse` is 1, -1 or 0, and `change` by how much, see `Answers.worse_times`.
    """

    mart: str
    columns: str

    @property
    def names(self) -> list[str]:
        """Its columns on the page."""
        return self.columns.split()

    @property
    def keys(self) -> list[str]:
        """The columns of the mart that tell its rows apart."""
        return [key for name in self.names for key in KEYS.get(name, ())]

    @abstractmethod
    def frame(self, answers: Answers) -> pd.DataFrame:
        """Its rows, of the years that the page has; not asked for while the mart has none."""


class AsItIs(Table):
    """The rows of a mart."""

    def frame(self, answers: Answers) -> pd.DataFrame:
        """See the base class."""
        rows = answers.of_years(self.mart)
        if "worse" in self.names:
            rows = rows.assign(worse=answers.worse_shares(rows, "benchmark_"))
        return rows.sort_values(self.keys, kind="stable") if self.keys else rows


@dataclass(frozen=True)
class OfGrain(Table):
    """The rows of a grain; a yearly one is followed by the rows of all years together."""

    grain: str

    def frame(self, answers: Answers) -> pd.DataFrame:
        """See the base class."""
        keys = self.keys[1:]
        rows = answers.of_grain(self.mart, self.grain, *keys)
        if self.grain.endswith("_to_date"):
            # Only the year that is not over compares with them.
            rows = rows[rows["open_year"] == (answers.unfinished or date.min).year - 1]
        if "channels_differ" in self.names:
            types = pd.MultiIndex.from_frame(rows[self.keys])
            differ = answers.mixed.reindex(types, fill_value=False)
            rows = rows.assign(channels_differ=differ.to_numpy())
        if "worse" not in self.names:
            return rows
        if self.mart == _TIMES:
            told = answers.worse_times
            told = told[told["grain"] == self.grain]
            return rows.merge(told[[*self.keys, "worse", "change"]], "left", self.keys)
        city = answers.of_grain(self.mart, "year").set_index("open_year").add_prefix("city_")
        against = rows.join(city, on="open_year")
        return rows.assign(worse=answers.worse_shares(against, "city_"))


@dataclass(frozen=True)
class Volumes(Table):
    """Numbers of requests of a grain, which add up: those of all years are their sums."""

    grain: str

    def frame(self, answers: Answers) -> pd.DataFrame:
        """See the base class."""
        rows = answers.of_years(self.mart)
        rows = _sums(rows[rows["grain"] == self.grain], self.keys)
        return pd.concat([_sums(rows.assign(open_year=ALL_YEARS), self.keys), rows])


class Sums(Table):
    """Numbers of requests of a mart whose counts add up."""

    def frame(self, answers: Answers) -> pd.DataFrame:
        """See the base class."""
        rows = answers.of_years(self.mart)
        return rows if rows.empty else _sums(rows, self.keys)


@dataclass(frozen=True)
class Backlog(Table):
    """Requests that were open at the end of every month, or on the newest day only."""

    newest: bool = True

    def frame(self, answers: Answers) -> pd.DataFrame:
        """See the base class."""
        rows = answers.marts[self.mart]
        if self.newest:
            rows = rows[rows["as_of_date"] == rows["as_of_date"].max()]
        return _sums(rows, self.keys)


class Service(Table):
    """The share within targets of years, in rows without a month, and of their months."""

    def frame(self, answers: Answers) -> pd.DataFrame:
        """See the base class."""
        rows = answers.of_years(self.mart)
        # As many as would be within, if each type and channel were what it was before.
        targets = answers.of_years("rpt_service_targets")
        as_before = targets["measured_count"] * targets["benchmark_share_within"]
        years = targets.assign(as_before=as_before).groupby("open_year")
        shares = years["as_before"].sum() / years["measured_count"].sum()
        return rows.assign(
            share_within=rows["within_count"] / rows["measured_count"],
            covered_share=rows["covered_count"] / rows["request_count"],
            benchmark_share=rows["open_year"].map(shares).where(rows["open_month"].isna()),
        ).sort_values(["open_year", "open_month"], na_position="first")


class Week(Table):
    """The types of the last seven whole days, and whether they are unusually many."""

    def frame(self, answers: Answers) -> pd.DataFrame:
        """See the base class."""
        return answers.unusual_types()


class Wait(Table):
    """How long the requests of the last 365 days took, by type, and by type and channel."""

    def frame(self, answers: Answers) -> pd.DataFrame:
        """See the base class."""
        types = answers.of_grain(self.mart, "type_last_365_days", *self.keys[:-1])
        channels = answers.of_grain(self.mart, "type_channel_last_365_days", *self.keys)
        rows = pd.concat([types.assign(channel=None), channels]).dropna(subset="is_few")
        return rows.sort_values(self.keys, na_position="first")


def _sums(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    counts = [name for name in rows.columns if name.endswith("_count")]
    return rows.groupby(keys)[counts].sum().reset_index()


_TIMES = "rpt_time_to_close"
_AREAS = "rpt_neighborhoods"
_BACKLOG = "rpt_backlog"
_MEASURES = "request_count closed_count is_few median_hours p90_hours"
_OF_AREA = "request_count open_count median_hours is_few"
_YEAR = f"open_year open_count {_MEASURES} {' '.join(HEADLINE)}"

TABLES = {
    "year": OfGrain(_TIMES, _YEAR, "year"),
    "yearToDate": OfGrain(_TIMES, _YEAR, "year_to_date"),
    "month": Volumes(_TIMES, "open_year open_month subject request_count", "month_subject"),
    "typeMonth": Volumes(_TIMES, "open_year open_month type request_count", "month_type_channel"),
    "channelYear": Volumes(_TIMES, "open_year channel request_count", "year_channel"),
    "subject": OfGrain(_TIMES, f"open_year subject {_MEASURES} worse change", "year_subject"),
    "subjectToDate": OfGrain(_TIMES, f"open_year subject {_MEASURES}", "year_subject_to_date"),
    "type": OfGrain(
        _TIMES, f"open_year type {_MEASURES} channels_differ worse change", "year_type"
    ),
    "typeToDate": OfGrain(_TIMES, f"open_year type {_MEASURES}", "year_type_to_date"),
    "typeChannel": OfGrain(
        _TIMES, f"open_year type channel {_MEASURES} worse change", "year_type_channel"
    ),
    "typeChannelToDate": OfGrain(
        _TIMES, f"open_year type channel {_MEASURES}", "year_type_channel_to_date"
    ),
    "target": AsItIs(
        "rpt_service_targets",
        "open_year type channel target_hours benchmark_share_within share_within measured_count "
        "share_change worse",
    ),
    "service": Service(
        "rpt_service",
        "open_year open_month share_within benchmark_share measured_count covered_share",
    ),
    "wait": Wait(_TIMES, "type channel p25_hours median_hours p75_hours closed_count is_few"),
    "week": Week("rpt_weeks", "type request_count expected_count low high is_unusual"),
    "city": OfGrain(_AREAS, "open_year slower_share", "year"),
    "area": OfGrain(
        _AREAS,
        "open_year area request_count closed_count is_few median_hours slower_share worse",
        "year_neighborhood",
    ),
    "areaSubject": Volumes(
        _AREAS, "open_year area subject request_count", "year_neighborhood_subject"
    ),
    "typeArea": OfGrain("rpt_areas", f"open_year area type {_OF_AREA}", "year_neighborhood_type"),
    "ward": OfGrain("rpt_areas", f"open_year ward {_OF_AREA}", "year_ward"),
    "typeWard": OfGrain("rpt_areas", f"open_year ward type {_OF_AREA}", "year_ward_type"),
    "areaMonth": Sums("rpt_volumes", "open_year open_month area request_count"),
    "wardMonth": Sums("rpt_volumes", "open_year open_month ward request_count"),
    "spot": AsItIs("rpt_hot_spots", "open_year longitude latitude request_count place_count"),
    "backlogMonth": Backlog(_BACKLOG, "as_of_date age type open_count", newest=False),
    "backlogType": AsItIs("rpt_backlog_types", "type open_count median_days oldest_days"),
    "backlogArea": Backlog(_BACKLOG, "area type age open_count"),
    "backlogWard": Backlog(_BACKLOG, "ward type age open_count"),
    "quality": AsItIs(
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
            *("rpt_changes", "dim_neighborhoods", "dim_wards", "raw_areas"),
        )
    )
)
"""Names in the catalog of what is read for the page: what tells clear changes, and the names and
borders of areas included."""
