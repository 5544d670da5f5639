"""Which changes are clear: large enough to matter, and too certain to be chance.

The marts hold counts (see dbt/macros/comparisons.sql), which are the same on every engine; what
follows from them is made here, for whoever shows or exports a change.

A change is one of two shares: the requests closed within a time (last year's median, a target, the
city's median), of those at least as old. Requests of one week have a staff, a weather and often a
batch of closings in common, so the variance of a share is that of a ratio of sums over weeks; it
is never taken to be less than that of independent requests. The differences are tested by
Student's t, and of all changes that are shown side by side only those count that keep the share of
false ones among them below a rate (Benjamini and Hochberg 1995).

Where the parts of a whole differ much in their times, as channels of a type may, the whole changes
when more of it comes by the slower one, though nobody waits longer than before. Such a whole is
told by its parts, each against its own past, weighted as they were then (direct standardisation).
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

_DIFFERENT = 3
"""Channels stand apart where one takes more than so many times as long as another."""


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
    part_of: "pd.Series[Any] | None" = None,
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
        part_of: For rows that are parts of others, the index of the whole that is to be told by
            them; nan for all others.

    Returns:
        With the index of the rows: `change`, the ends of its interval `low` and `high`, `p_value`
        (of no change at all), and `is_clear`. They are nan, and it is not clear, where there is
        nothing to tell it by.
    """
    now, then = Shares.of(rows), Shares.of(rows, before)
    difference = now.share - then.share
    together = _ratio(now.within + then.within, now.measured + then.measured)
    variances = now.variance(together), then.variance(together)
    # Of Welch and Satterthwaite.
    spread = _ratio(variances[0] ** 2, now.weeks - 1) + _ratio(variances[1] ** 2, then.weeks - 1)
    compared = pd.DataFrame(
        {"difference": difference, "variance": variances[0] + variances[1], "spread": spread},
        index=rows.index,
    )
    if of == "times":
        compared = compared.assign(**_in_time(rows, before, difference))
    if part_of is not None:
        compared = _standardised(compared, pd.Series(then.measured, rows.index), part_of)
    told = _told(compared)
    large = ((told["low"] > least) & (told["change"] > 0)) | (
        (told["high"] < -least) & (told["change"] < 0)
    )
    families = told["p_value"].groupby([rows[name] for name in family])
    certain = pd.concat([adjusted(p_values) for _, p_values in families])
    return told.assign(is_clear=large & (certain.reindex(told.index) <= discovery_rate))


def channels_differ(times: pd.DataFrame) -> "pd.Series[Any]":
    """Whether the channels of a type take so different times that their mix counts.

    Args:
        times: A row per open_year, subject_name, type_name and channel, with median_hours; nan
            where few are closed.

    Returns:
        By open_year, subject_name and type_name.
    """
    hours = times["median_hours"].astype(float).clip(lower=_MINUTE)
    medians = hours.groupby([times[name] for name in ("open_year", "subject_name", "type_name")])
    differ: pd.Series[Any] = medians.max() > _DIFFERENT * medians.min()
    return differ


def _standardised(
    compared: pd.DataFrame, mix: "pd.Series[float]", part_of: "pd.Series[Any]"
) -> pd.DataFrame:
    """Put in the place of wholes what their parts say, weighted by the mix of parts before."""
    parts = compared[part_of.notna()].dropna()
    whole = part_of[parts.index]
    weights = mix[parts.index] / mix[parts.index].groupby(whole).transform("sum")
    powers = {"variance": 2, "spread": 4}
    standardised = pd.DataFrame(
        {
            name: (parts[name] * weights ** powers.get(name, 1)).groupby(whole).sum()
            for name in compared
        }
    )
    wholes = part_of.dropna().unique()
    compared = compared.copy()
    compared.loc[wholes] = standardised.reindex(wholes)
    return compared


def _told(compared: pd.DataFrame) -> pd.DataFrame:
    """The change, its interval, and the probability of such a one where nothing has changed."""
    difference = compared["difference"].to_numpy()
    error = np.sqrt(compared["variance"].to_numpy())
    freedom = np.maximum(np.floor(_ratio(error**4, compared["spread"].to_numpy())), 1)
    pairs = zip(_ratio(np.abs(difference), error), freedom, strict=True)
    p_value = np.array([_p_value(t, degrees) for t, degrees in pairs])
    reach = error * np.array([_quantile(degrees) for degrees in freedom])
    if "longer" in compared:
        # It is the share that is tested.
        longer = compared["longer"].to_numpy()
        longer = np.where(longer * difference > 0, 0, longer)
        width = reach * compared["per_share"].to_numpy()
        change, low, high = np.expm1(longer), np.expm1(longer - width), np.expm1(longer + width)
    else:
        change, low, high = difference, difference - reach, difference + reach
    columns = {"change": change, "low": low, "high": high, "p_value": p_value}
    return pd.DataFrame(columns, index=compared.index)


def _in_time(rows: pd.DataFrame, before: str, difference: Floats) -> dict[str, Floats]:
    """How much longer times are, by the median, and how long a share is (Woodruff 1952).

    Both are logarithms of a ratio of times.
    """

    def hours(name: str) -> Floats:
        return np.maximum(np.asarray(rows[name], np.float64), _MINUTE)

    lower, median, upper = (hours(f"{before}{name}_hours") for name in ("p25", "median", "p75"))
    # Half of the requests lie between the quartiles; a quarter where the upper one is not reached.
    per_share = np.where(np.isnan(upper), np.log(median / lower) * 4, np.log(upper / lower) * 2)
    longer = np.log(hours("median_hours") / median)
    # A median that is not reached yet is known by the share alone.
    longer = np.where(np.isnan(longer), -difference * per_share, longer)
    return {"longer": longer, "per_share": per_share}


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
    # By Newton's method, from the side on which it cannot overshoot: p-values fall ever slower.
    t, step = 1.0, 1.0
    while step > 1e-9:
        step = (_p_value(t, degrees) - (1 - CONFIDENCE)) / (2 * _density(t, degrees))
        t += step
    return t


def _density(t: float, degrees: float) -> float:
    """That of Student's t."""
    logarithm = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2)
    spread: float = (1 + t**2 / degrees) ** (-(degrees + 1) / 2)
    return math.exp(logarithm) / math.sqrt(degrees * math.pi) * spread
