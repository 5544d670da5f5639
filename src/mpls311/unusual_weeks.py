"""Which types are asked for unusually often in a week, for the season and as things go lately.

What is usual in a week is what the same weeks of earlier years had, times how much more there has
been lately than in those years. Counts vary by more than chance (weather, campaigns, batches), so
they are taken for negative binomial; how much more, is told by how far the same forecast was off in
the weeks before. Of all types that are looked at side by side only those count that keep the share
of false ones among them below a rate (Benjamini and Hochberg 1995). The idea is that of systems
that watch for outbreaks (Farrington et al. 1996, Noufaily et al. 2013).
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mpls311.changes import CONFIDENCE, adjusted

Floats = NDArray[np.float64]

EARLIER_YEARS = 5
"""At most so many are looked at."""

_SEASON = (-1, 0, 1)
"""Weeks around the same one of an earlier year that are of its season."""
_LATELY = range(1, 9)
"""Weeks before, whose volume says how much more there is than in earlier years."""
_PRIOR = 10.0
"""So many requests that say "as in earlier years" are added to those weeks."""
_FORECASTS = 12
"""As many weeks must have been forecast to know how far off a forecast is."""
_FEW = 5
"""Fewer requests in a week are nothing to tell."""


def unusual_counts(counts: pd.DataFrame, *, discovery_rate: float) -> pd.DataFrame:
    """Tell which types have unusually many requests in the last week.

    Args:
        counts: Requests by type (rows) and week, the columns being 0 for the last week, 1 for the
            one before and so on, without a gap; nan throughout a week that is not known.
        discovery_rate: The share of false ones among the unusual types, at most.

    Returns:
        With the index of `counts`: `request_count`, `expected_count`, `low` and `high`, the ends of
        what is usual, `p_value` of so many or more, and `is_unusual`. The others are nan, and it is
        not unusual, where earlier years or forecasts are lacking, or the type is new.
    """
    weeks = np.asarray(counts, np.float64)
    expected = _forecast(weeks, 0)
    forecasts = [_forecast(weeks, ago) for ago in range(1, weeks.shape[1])]
    off = [weeks[:, ago] - forecast for ago, forecast in enumerate(forecasts, 1)]
    known = [ago for ago, by in enumerate(off, 1) if not np.isnan(by).any()]
    of_old = weeks[:, 52:]
    is_new = ~(of_old > 0).any(axis=1)
    told = pd.DataFrame(
        {"request_count": weeks[:, 0], "expected_count": np.where(is_new, np.nan, expected)},
        index=counts.index,
    )
    if len(known) < _FORECASTS:
        told["expected_count"] = np.nan
        return told.assign(low=np.nan, high=np.nan, p_value=np.nan, is_unusual=False)
    excess = _excess(weeks[:, known], np.column_stack([forecasts[ago - 1] for ago in known]))
    usual = [
        _usual(count, mean, more)
        for count, mean, more in zip(
            told["request_count"], told["expected_count"], excess, strict=True
        )
    ]
    told[["low", "high", "p_value"]] = usual
    certain = adjusted(told["p_value"]) <= discovery_rate
    many = (told["request_count"] >= _FEW) & (told["request_count"] > told["expected_count"])
    return told.assign(is_unusual=certain & many)


def _forecast(weeks: Floats, ago: int) -> Floats:
    """What was to be expected by type so many weeks ago, by what was known then."""
    unknown = np.full(len(weeks), np.nan)
    lately = ago + np.array(_LATELY)
    if lately[-1] >= weeks.shape[1] or np.isnan(weeks[:, lately]).any():
        return unknown
    season, before, years = np.zeros(len(weeks)), np.zeros(len(weeks)), 0
    for year in range(1, EARLIER_YEARS + 1):
        same = ago + round(year * 365.25 / 7)
        around = [same + week for week in _SEASON]
        then = same + np.array(_LATELY)
        if then[-1] >= weeks.shape[1] or np.isnan(weeks[:, [*around, *then]]).any():
            continue
        season += weeks[:, around].mean(axis=1)
        before += weeks[:, then].sum(axis=1)
        years += 1
    if not years:
        return unknown
    trend = (weeks[:, lately].sum(axis=1) + _PRIOR) / (before / years + _PRIOR)
    # Half a request in all of those weeks, where there was none.
    forecast: Floats = (season + 0.5 / len(_SEASON)) / years * trend
    return forecast


def _excess(seen: Floats, forecast: Floats) -> Floats:
    """By how much the variance of each type exceeds chance: variance = mean + excess x mean^2.

    A type of few requests says little of it, and takes after the others.
    """
    beyond = ((seen - forecast) ** 2 - forecast).sum(axis=1)
    squares = (forecast**2).sum(axis=1)
    own = beyond / squares
    likely = squares > forecast.shape[1]
    together = float(np.median(np.maximum(own[likely], 0))) if likely.any() else 0.0
    mean_square = squares / forecast.shape[1]
    shrunk = (beyond + _FORECASTS * together * mean_square) / (squares + _FORECASTS * mean_square)
    excess: Floats = np.maximum(shrunk, 1e-6)
    return excess


def _usual(count: float, mean: float, excess: float) -> tuple[float, float, float]:
    """The ends of what is usual, and the probability of so many or more."""
    if np.isnan(mean):
        return np.nan, np.nan, np.nan
    size = 1 / excess
    spread = np.sqrt(mean + excess * mean**2)
    most = int(max(count, mean + 12 * spread)) + 10
    steps = np.arange(most)
    # The logarithm of each probability by that of the one before.
    ratios = np.log((steps + size) / (steps + 1)) + np.log(mean / (mean + size))
    logarithms = np.concatenate([[0.0], np.cumsum(ratios)]) - size * np.log1p(mean / size)
    probability = np.exp(logarithms)
    below = np.cumsum(probability)
    low, high = np.searchsorted(below, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high), float(probability[int(count) :].sum())
