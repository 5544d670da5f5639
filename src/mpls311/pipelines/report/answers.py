"""The marts as a reader of the dashboard meets them."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

import pandas as pd

Ring = list[tuple[float, float]]


@dataclass(frozen=True)
class Answers:
    """Rows of the marts, one frame each, and how far they reach.

    A mart that does not exist yet is a frame without columns; `years` is empty then, and the
    other properties must not be asked for.
    """

    times: pd.DataFrame
    """rpt_time_to_close, without the grain month_type_channel."""
    targets: pd.DataFrame
    """rpt_service_targets."""
    areas: pd.DataFrame
    """rpt_neighborhoods in the grains year, year_neighborhood, year_neighborhood_subject."""
    hot_spots: pd.DataFrame
    """The first of rpt_hot_spots in each year."""
    quality: pd.DataFrame
    """rpt_data_quality."""
    neighborhoods: pd.DataFrame
    """dim_neighborhoods."""
    borders: pd.DataFrame
    """raw_neighborhoods."""
    reaches_to: datetime | None
    """The greatest watermark of all years."""
    looked_at: datetime | None
    """When the service was last looked at."""

    @cached_property
    def years(self) -> list[int]:
        """Years with a layer and requests, ascending.

        A layer has late cases of the year before; without a layer of its own that is no year.
        """
        if self.times.empty or self.quality.empty:
            return []
        layers = self.quality.loc[self.quality["case_count"] > 0, "source_year"]
        return sorted(map(int, set(self.times["open_year"]) & set(layers)))

    @cached_property
    def strays(self) -> int:
        """Requests of other years."""
        rows = self.times[self.times["grain"] == "year"]
        return int(rows.loc[~rows["open_year"].isin(self.years), "request_count"].sum())

    @cached_property
    def subjects(self) -> list[str]:
        """Major categories, those with most requests in all years first."""
        rows = self.by("year_subject", "subject_name")
        volumes = rows.groupby("subject_name")["request_count"].sum()
        return sorted(volumes.index, key=lambda name: (-volumes[name], name))

    def of_years(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows of a mart that are about those years."""
        return rows[rows["open_year"].isin(self.years)]

    def by(self, grain: str, *keys: str) -> pd.DataFrame:
        """Volumes and times to close in a grain of rpt_time_to_close, see `volumes_and_times`."""
        return volumes_and_times(self.of_years(self.times), grain, *keys)

    def by_area(self, grain: str, *keys: str) -> pd.DataFrame:
        """The same in a grain of rpt_neighborhoods."""
        return volumes_and_times(self.of_years(self.areas), grain, *keys)

    @cached_property
    def shapes(self) -> dict[int, list[Ring]]:
        """The rings of each neighbourhood, longitude before latitude."""
        shapes: dict[int, list[Ring]] = {}
        rows = self.borders.sort_values(["neighborhood_id", "ring", "vertex"])
        for (number, _), ring in rows.groupby(["neighborhood_id", "ring"]):
            corners = list(zip(ring["longitude"], ring["latitude"], strict=True))
            shapes.setdefault(int(number), []).append(corners)
        return shapes


def volumes_and_times(rows: pd.DataFrame, grain: str, *keys: str) -> pd.DataFrame:
    """The rows of a grain, those about information-only types put together with the others.

    Args:
        rows: A mart in which is_information_only tells them apart.
        grain: Its grain.
        keys: Columns of the grain; the year comes first.

    Returns:
        `keys`, request_count and open_count over all types, and every measure of time without
        those that are closed as they are opened.
    """
    rows = rows[rows["grain"] == grain]
    index = ["open_year", *keys]
    volumes = rows.groupby(index)[["request_count", "open_count"]].sum()
    timed = rows[~rows["is_information_only"].astype(bool)].set_index(index)
    measures = [name for name in timed.columns if name.endswith(("_hours", "_share"))]
    return volumes.join(timed[["closed_count", *measures]]).reset_index()
