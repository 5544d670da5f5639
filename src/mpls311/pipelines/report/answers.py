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
        """Years with requests, ascending."""
        return [] if self.times.empty else sorted(map(int, self.times["open_year"].unique()))

    @cached_property
    def subjects(self) -> list[str]:
        """Major categories, those with most requests in all years first."""
        rows = self.times[self.times["grain"] == "year_subject"]
        volumes = rows.groupby("subject_name")["request_count"].sum()
        return sorted(volumes.index, key=lambda name: (-volumes[name], name))

    def by(self, grain: str, *keys: str) -> pd.DataFrame:
        """Volumes and times to close in a grain of rpt_time_to_close, see `volumes_and_times`."""
        return volumes_and_times(self.times, grain, *keys)

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
