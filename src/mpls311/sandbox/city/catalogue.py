"""What people ask for: request types, their shares, seasons and times to close.

`types.csv` is a rounded calibration table, one line a TYPENAME (an intake channel is part of the
name, as in "Pothole - Open311"): share per 100,000 requests, median hours to close, the sigma of a
log-normal around it (0 hours: information only, closed at creation), a season, and the first and
last year in which the type is used. Shares and hours are rounded from the city's figures of
2023-2026, seasons from its monthly totals of 2015-2023.
"""

import csv
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from mpls311.sandbox.city.clock import local_midnights

Floats = NDArray[np.float64]

# Relative volume of a month, January to December.
SEASONS: dict[str, tuple[float, ...]] = {
    "flat": (10, 10, 11, 10, 10, 10, 10, 10, 10, 10, 9, 9),
    "mild": (8, 8, 10, 10, 12, 12, 12, 11, 11, 10, 8, 7),
    "summer": (5, 5, 7, 9, 12, 14, 14, 13, 11, 9, 6, 4),
    "property": (7, 7, 10, 10, 14, 16, 16, 16, 13, 8, 6, 5),
    "vehicles": (14, 14, 16, 13, 24, 22, 19, 18, 17, 14, 12, 12),
    "safety": (8, 7, 11, 11, 16, 15, 15, 13, 11, 9, 8, 9),
    "streets": (7, 7, 11, 10, 12, 10, 9, 9, 8, 6, 5, 5),
    "pothole": (7, 11, 27, 18, 12, 8, 6, 4, 3, 2, 1, 2),
    "snow": (36, 25, 12, 2, 0.1, 0.05, 0.05, 0.05, 0.1, 0.5, 3, 22),
    "fireworks": (0.5, 0.2, 0.2, 1, 4, 30, 56, 4, 2, 0.5, 0.5, 1),
}
# Relative volume of a weekday, Monday to Sunday.
_WEEKDAYS = np.array([1.28, 1.2, 1.15, 1.12, 1.08, 0.6, 0.55])
# Relative volume of a local hour of day.
HOURS = np.array(
    [3, 2, 1.5, 1, 1.5, 3, 9, 28, 62, 78, 80, 76, 70, 72, 74, 70, 60, 44, 34, 28, 24, 19, 12, 6],
    dtype=np.float64,
)


@dataclass(frozen=True)
class Catalogue:
    """The request types of the city, as parallel columns (one entry a type)."""

    subjects: tuple[str, ...]
    reasons: tuple[str, ...]
    names: tuple[str, ...]
    shares: Floats
    hours: Floats
    sigmas: Floats
    seasons: tuple[str, ...]
    first_years: NDArray[np.int64]
    last_years: NDArray[np.int64]

    def probabilities(self, year: int) -> Floats:
        """Share of each type among the requests of `year`; sums to 1."""
        shares = np.where((self.first_years <= year) & (year <= self.last_years), self.shares, 0.0)
        return np.asarray(shares / shares.sum())


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """Return the table of request types that comes with the package."""
    with resources.files(__package__).joinpath("types.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))

    def numbers(column: str, default: float = 0.0) -> Floats:
        return np.array([float(row[column] or default) for row in rows])

    def words(column: str) -> tuple[str, ...]:
        return tuple(row[column] for row in rows)

    return Catalogue(
        subjects=words("subject"),
        reasons=words("reason"),
        names=words("type"),
        shares=numbers("share"),
        hours=numbers("hours"),
        sigmas=numbers("sigma"),
        seasons=words("season"),
        first_years=numbers("first_year", 0).astype(np.int64),
        last_years=numbers("last_year", 9999).astype(np.int64),
    )


def day_weights(year: int, season: str) -> Floats:
    """Probability of each local day of `year` for a request of that season."""
    first = np.datetime64(f"{year}-01-01", "D")
    days = first + np.arange(len(local_midnights(year)))
    months = days.astype("datetime64[M]").astype(np.int64) % 12
    weekdays = (days.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
    weights = np.array(SEASONS[season], dtype=np.float64)[months] * _WEEKDAYS[weekdays]
    return np.asarray(weights / weights.sum())
