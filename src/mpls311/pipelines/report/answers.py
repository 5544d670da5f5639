"""The marts as a reader of the dashboard meets them."""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import pandas as pd

from mpls311.changes import channels_differ, clear_changes
from mpls311.parameters import ChangeSettings
from mpls311.unusual_weeks import unusual_counts

HEADLINE_DAYS = (1, 7, 30)
"""Within how many days requests are closed, is what the page says first."""
HEADLINE = tuple(
    f"{kind}_{days}_days_count" for days in HEADLINE_DAYS for kind in ("aged", "within")
)

ALL_YEARS = 0
"""The year of opening of what is about all years together."""

_MEASURES = ("_hours", "_share")
"""The ends of names of measures of time."""
_TOLD = (*_MEASURES, "_count", "_squares", "_products")
"""Those, and the ends of names of counts."""

Ring = list[tuple[float, float]]


@dataclass(frozen=True)
class Answers:
    """Rows of the marts and how far they reach.

    A mart that does not exist yet is a frame without columns; `years` is empty then, and the
    other properties must not be asked for.
    """

    marts: Mapping[str, pd.DataFrame]
    """What the catalog gives of each, by its name there."""
    reaches_to: datetime | None
    """The greatest watermark of all years."""
    looked_at: datetime | None
    """When the service was last looked at."""
    change: ChangeSettings
    """What a change must be to be shown as one."""
    stopped: tuple[str, ...] = ()
    """A sentence for each year of which newer data is not in the marts."""
    made_up: bool = False
    """Whether they are those of the stand-in city."""

    @cached_property
    def years(self) -> list[int]:
        """Years with a layer and requests, ascending.

        A layer has late cases of the year before; without a layer of its own that is no year.
        """
        times, quality = self.marts["rpt_time_to_close"], self.marts["rpt_data_quality"]
        if times.empty or quality.empty:
            return []
        layers = quality.loc[quality["case_count"] > 0, "source_year"]
        return sorted(map(int, set(times["open_year"]) & set(layers)))

    @cached_property
    def unfinished(self) -> date | None:
        """The day of the latest opening, if its year is not over then."""
        latest = pd.Timestamp(self.marts["rpt_time_to_close"]["last_open_date"].max()).date()
        return None if (latest.month, latest.day) == (12, 31) else latest

    @cached_property
    def strays(self) -> int:
        """Requests of other years."""
        times = self.marts["rpt_time_to_close"]
        rows = times[times["grain"] == "year"]
        return int(rows.loc[~rows["open_year"].isin(self.years), "request_count"].sum())

    @cached_property
    def subjects(self) -> list[str]:
        """Major categories, those with most requests in all years first."""
        rows = self.marts["rpt_time_to_close"]
        rows = rows[rows["grain"] == "year_subject"]
        volumes = rows.groupby("subject_name")["request_count"].sum()
        return sorted(volumes.index, key=lambda name: (-volumes[name], name))

    def of_years(self, mart: str) -> pd.DataFrame:
        """The rows of a mart about those years and all together; all of one without such a year.

        They are without a measure of time where few are closed (`is_few`).
        """
        if mart not in self._of_years:
            rows = self.marts[mart]
            if "is_few" in rows:
                measures = [name for name in rows if name.endswith(_MEASURES)]
                known = rows[measures].mask(rows["is_few"].astype(bool))
                rows = rows.assign(**known)
            if "open_year" in rows:
                years = rows["open_year"].fillna(ALL_YEARS).astype(int)
                rows = rows.assign(open_year=years)[years.isin([ALL_YEARS, *self.years])]
            self._of_years[mart] = rows
        return self._of_years[mart]

    @cached_property
    def _of_years(self) -> dict[str, pd.DataFrame]:
        """What `of_years` found: it is asked for every grain of a mart."""
        return {}

    def by(self, grain: str, *keys: str) -> pd.DataFrame:
        """Volumes and times to close in a grain of rpt_time_to_close, see `volumes_and_times`."""
        return self.of_grain("rpt_time_to_close", grain, *keys)

    def of_grain(self, mart: str, grain: str, *keys: str) -> pd.DataFrame:
        """The same in a grain of another mart."""
        return volumes_and_times(self.of_years(mart), grain, *keys)

    @cached_property
    def worse_times(self) -> pd.DataFrame:
        """Rows of rpt_changes with `worse`: 1 slower than the year before, -1 faster, 0 neither.

        It is nan where there is nothing to tell it by. `change` is by how much times are longer,
        nan where that is not clear; of types whose channels stand apart, in the same mix as before.
        """
        rows = self.of_years("rpt_changes")
        if not rows.empty:
            # Late cases of a year without a layer of its own are not that year.
            rows = rows[(rows["open_year"] - 1).isin(self.years)]
        if rows.empty:
            keys = ["grain", "open_year", "subject_name", "type_name", "channel"]
            return pd.DataFrame(columns=[*keys, "worse", "change"])
        told = clear_changes(
            rows,
            of="times",
            before="before_",
            least=self.change.times,
            discovery_rate=self.change.false_discovery_rate,
            family=["grain", "open_year"],
            part_of=self._part_of(rows),
        )
        return rows.assign(worse=_direction(told), change=told["change"].where(told["is_clear"]))

    @cached_property
    def mixed(self) -> "pd.Series[Any]":
        """Whether the channels of a type stand apart, by year, major category and type."""
        return channels_differ(self.by("year_type_channel", "subject_name", "type_name", "channel"))

    def _part_of(self, rows: pd.DataFrame) -> "pd.Series[Any]":
        """The row of the type that a row is a channel of, where channels stand apart.

        That is so in a year if it is in it or in the year before.
        """
        mixed = set(self.mixed[self.mixed].index)

        def key(row: Any) -> tuple[int, str, str]:
            return row.open_year, row.subject_name, row.type_name

        whole = {
            key(row): row.Index
            for row in rows[rows["grain"] == "year_type"].itertuples()
            if {key(row), (row.open_year - 1, *key(row)[1:])} & mixed
        }
        parts = rows[rows["grain"] == "year_type_channel"]
        found = [whole.get(key(row)) for row in parts.itertuples()]
        return pd.Series(found, parts.index, dtype=float).reindex(rows.index)

    def worse_shares(self, rows: pd.DataFrame, before: str) -> "pd.Series[float]":
        """The same of shares within a time, against those whose columns begin with `before`."""
        if rows.empty or f"{before}week_count" not in rows:
            return pd.Series(float("nan"), rows.index)
        told = clear_changes(
            rows,
            of="shares",
            before=before,
            least=self.change.shares,
            discovery_rate=self.change.false_discovery_rate,
        )
        return -_direction(told)

    @cached_property
    def last_week(self) -> tuple[date, date] | None:
        """The first and the last of the last seven whole days."""
        rows = self.marts["rpt_weeks"]
        if rows.empty:
            return None
        last = pd.Timestamp(rows["last_date"].max()).date()
        return last - timedelta(days=6), last

    def unusual_types(self) -> pd.DataFrame:
        """What mpls311.unusual_weeks tells of each type in the last week."""
        rows = self.marts["rpt_weeks"].astype({"request_count": float})
        weeks = range(rows["weeks_ago"].max() + 1)
        counts = rows.pivot_table(
            index=["subject_name", "type_name"],
            columns="weeks_ago",
            values="request_count",
            aggfunc="sum",
        )
        counts = counts.reindex(columns=weeks).fillna(0)
        for ago in weeks:
            back = timedelta(weeks=ago)
            if not {(day - back).year for day in self.last_week or ()} <= set(self.years):
                counts[ago] = float("nan")
        rate = self.change.false_discovery_rate
        return unusual_counts(counts, discovery_rate=rate).reset_index()

    def year_before(self, year: int, grain: str, *keys: str) -> pd.DataFrame:
        """What a year compares with in a yearly grain: the same days, if it is not over."""
        is_over = not self.unfinished or self.unfinished.year != year
        rows = self.by(grain if is_over else f"{grain}_to_date", *keys)
        return rows[rows["open_year"] == year - 1]

    def days(self, year: int, *, of: int) -> str:
        """The days of a year that compare with those there are of another, in words."""
        day = self.unfinished
        if not day or day.year != of:
            return str(year)
        # In a year without a leap day, 29 February is the 28th.
        last = min(day.day, calendar.monthrange(year, day.month)[1])
        return f"Jan 1 to {calendar.month_abbr[day.month]} {last}, {year}"

    def shapes(self, kind: str) -> dict[int, list[Ring]]:
        """The rings of each area of a kind, longitude before latitude."""
        shapes: dict[int, list[Ring]] = {}
        areas = self.marts["raw_areas"]
        rows = areas[areas["area_kind"] == kind]
        for (number, _), ring in rows.sort_values("vertex").groupby(["area_id", "ring"]):
            corners = list(zip(ring["longitude"], ring["latitude"], strict=True))
            shapes.setdefault(int(number), []).append(corners)
        return shapes


def _direction(told: pd.DataFrame) -> "pd.Series[float]":
    direction = told["change"].apply(lambda change: (change > 0) - (change < 0))
    return direction.where(told["is_clear"], 0.0).where(told["p_value"].notna())


def volumes_and_times(rows: pd.DataFrame, grain: str, *keys: str) -> pd.DataFrame:
    """The rows of a grain, those about information-only types put together with the others.

    Args:
        rows: A mart in which is_information_only tells them apart.
        grain: Its grain; with a yearly one comes that of all years together.
        keys: Columns of the grain; the year comes first.

    Returns:
        `keys`, request_count and open_count over all types, and every other count and measure of
        time without those that are closed as they are opened.
    """
    rows = rows[rows["grain"].isin([grain, grain.replace("year", "all", 1)])]
    index = ["open_year", *keys]
    volumes = rows.groupby(index)[["request_count", "open_count"]].sum()
    told = [name for name in rows if name == "is_few" or name.endswith(_TOLD)]
    told = [name for name in told if name not in volumes]
    timed = rows.loc[~rows["is_information_only"].astype(bool), [*index, *told]]
    return volumes.join(timed.set_index(index)).reset_index()
