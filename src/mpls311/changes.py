"""Which changes are clear: large enough to matter, and too certain to be chance.

The marts hold counts (see dbt/macros/comparisons.sql), which are the same on every engine; what
follows from them is made here, for whoever shows or exports a change.

A change is one of two shares: the requests closed within a time (last year's median, a target, the
city's median), of those at least as old. Requests of one week have a staff, a weather and often a
batch of closings in common, so the variance of a share is that of a ratio of sums over weeks; it
is never taken to be less than that of independent requests. The differences are tested by
Student's t, and of all changes that are shown side by side only those count that keep the share of
false ones among them below a rate (Benjamini and Hochberg 1995).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CONFIDENCE = 0.95
"""Of the intervals."""

_MINUTE = 1 / 60
"""Hours; shorter times are taken for this one where they are compared."""


@dataclass(frozen=True)
class Shares:
    """Shares of requests, an entry for each row of a mart, and how certain they are."""

    measured: Floats
    within: Floats
    weeks: Floats
    residual: Floats
    """Sum over weeks of (within - share x measured) squared."""

    @classmethod
    def of(cls, rows: pd.DataFrame, prefix: str = "") -> "Shares":
        """The shares whose counts are in columns that begin with a prefix."""

        def column(name: str) -> Floats:
            return np.asarray(rows[f"{prefix}{name}"], np.float64)

        measured, within = column("measured_count"), column("within_count")
        share = _ratio(within, measured)
        products = column("measured_within_products")
        squares = column("within_squares") + share**2 * column("measured_squares")
        residual = np.maximum(squares - 2 * share * products, 0)
        return cls(measured, within, column("week_count"), residual)

    @property
    def share(self) -> Floats:
        """Within in measured; nan without a measured request."""
        return _ratio(self.within, self.measured)

    def variance(self, at_share: Floats) -> Floats:
        """The variance of the shares; nan where all requests are of one week."""
        by_weeks = _ratio(self.weeks, self.weeks - 1) * _ratio(self.residual, self.measured**2)
        return np.maximum(by_weeks, _ratio(at_share * (1 - at_share), self.measured))


def clear_changes(
    rows: pd.DataFrame,
    *,
    of: Literal["times", "shares"],
    before: str,
    least: float,
    discovery_rate: float,
    family: Sequence[str] = ("open_year",),
) -> pd.DataFrame:
    """Tell for each row of a mart how much it has changed, and whether that is clear.

    Args:
        rows: Counts of a share, and those of what it is compared with. For times also the median,
            and the quartiles of what it is compared with, whose distance says how long a time a
            difference of shares is.
        of: What is told: how much longer times are, or by how much a share is higher.
        before: How the columns of what is compared with begin.
        least: The smallest change worth telling: 0.1 is 10 % of a time, 0.03 are 3 points of a
            share.
        discovery_rate: The share of false changes among the clear ones, at most.
        family: Columns that say which rows are shown side by side.

    Returns:
        With the index of the rows: `change`, the ends of its interval `low` and `high`, `p_value`
        (of no change at all), and `is_clear`. They are nan, and it is not clear, where there is
        nothing to tell it by.
    """
    now, then = Shares.of(rows), Shares.of(rows, before)
    difference = now.share - then.share
    together = _ratio(now.within + then.within, now.measured + then.measured)
    variances = now.variance(together), then.variance(together)
    error = np.sqrt(variances[0] + variances[1])
    # Of Welch and Satterthwaite.
    spread = _ratio(variances[0] ** 2, now.weeks - 1) + _ratio(variances[1] ** 2, then.weeks - 1)
    freedom = np.maximum(np.floor(_ratio(error**4, spread)), 1)
    pairs = zip(_ratio(np.abs(difference), error), freedom, strict=True)
    p_value = np.array([_p_value(t, degrees) for t, degrees in pairs])
    reach = error * np.array([_quantile(degrees) for degrees in freedom])
    if of == "shares":
        change, low, high = difference, difference - reach, difference + reach
    else:
        change, low, high = _in_time(rows, before, difference, reach)
    large = ((low > least) & (change > 0)) | ((high < -least) & (change < 0))
    told = pd.DataFrame(
        {"change": change, "low": low, "high": high, "p_value": p_value}, index=rows.index
    )
    certain = told["p_value"].groupby([rows[name] for name in family]).transform(adjusted)
    return told.assign(is_clear=large & (certain <= discovery_rate))


def _in_time(
    rows: pd.DataFrame, before: str, difference: Floats, reach: Floats
) -> tuple[Floats, Floats, Floats]:
    """How much longer times are, by the median, and the interval (Woodruff 1952)."""

    def hours(name: str) -> Floats:
        return np.maximum(np.asarray(rows[name], np.float64), _MINUTE)

    lower, median, upper = (hours(f"{before}{name}_hours") for name in ("p25", "median", "p75"))
    # Half of the requests lie between the quartiles; a quarter where the upper one is not reached.
    per_share = np.where(np.isnan(upper), np.log(median / lower) * 4, np.log(upper / lower) * 2)
    longer = np.log(hours("median_hours") / median)
    # A median that is not reached yet is known by the share alone.
    longer = np.where(np.isnan(longer), -difference * per_share, longer)
    width = reach * per_share
    # It is the share that is tested.
    longer = np.where(longer * difference > 0, 0, longer)
    low, high = np.expm1(longer - width), np.expm1(longer + width)
    return np.expm1(longer), low, high


def _ratio(one: Floats, other: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        result: Floats = np.where(other > 0, one / other, np.nan)
    return result


def adjusted(p_values: "pd.Series[Any]") -> "pd.Series[Any]":
    """The least rate of false discoveries at which each would be one; nan takes no part."""
    known = p_values.dropna().sort_values(ascending=False)
    ranks = np.arange(len(known), 0, -1)
    return (known * len(known) / ranks).cummin().reindex(p_values.index)


def _p_value(t: float, degrees: float) -> float:
    """Two-sided, of Student's t with whole degrees of freedom (Abramowitz and Stegun 26.7.3)."""
    if math.isnan(t) or math.isnan(degrees):
        return math.nan
    count = int(degrees)
    angle = math.atan(t / math.sqrt(count))
    cosine, sine = math.cos(angle), math.sin(angle)
    term, total = (cosine, cosine) if count % 2 else (1.0, 1.0)
    for step in range(3 if count % 2 else 2, count - 1, 2):
        term *= cosine**2 * (step - 1) / step
        total += term
    if count % 2 == 0:
        return max(0.0, 1 - sine * total)
    return max(0.0, 1 - 2 / math.pi * (angle + sine * total * (count > 1)))


@lru_cache(maxsize=1024)
def _quantile(degrees: float) -> float:
    """The t beyond which lie the requests outside the interval, on both sides together."""
    if math.isnan(degrees):
        return math.nan
    low, high = 0.0, 1000.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _p_value(middle, degrees) > 1 - CONFIDENCE else (low, middle)
    return high
