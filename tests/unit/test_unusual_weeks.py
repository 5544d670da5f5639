"""Which weeks are told to be unusual: those beyond season, growth and what varies anyway."""

import math

import numpy as np
import pandas as pd
import pytest

from mpls311.unusual_weeks import unusual_counts

WEEKS = 5 * 52 + 20
AGO = np.arange(WEEKS)
WINTER = np.where(np.cos(2 * np.pi * (AGO - 4) / 52.18) > 0.6, 40.0, 1.0)
"""The mean of a type that is asked for in winter; the last week is one of its middle."""


def drawn(seed: int, means: np.ndarray, types: int = 100, excess: float = 0.0) -> pd.DataFrame:
    """Counts of types that are alike but for chance; with an excess they vary by more."""
    chance = np.random.default_rng(seed)
    means = np.broadcast_to(means, (types, WEEKS))
    if excess:
        means = means * chance.gamma(1 / excess, excess, means.shape)
    return pd.DataFrame(chance.poisson(means), index=[f"type {n}" for n in range(types)])


def told(counts: pd.DataFrame) -> pd.DataFrame:
    return unusual_counts(counts.astype(float), discovery_rate=0.05)


def unusual(counts: pd.DataFrame) -> list[str]:
    rows = told(counts)
    return list(rows.index[rows["is_unusual"]])


@pytest.mark.parametrize("excess", [0.0, 0.1])
def test_quiet_weeks_are_quiet(excess: float) -> None:
    """Of twenty weeks of a hundred types one in twenty may be told by chance."""
    weeks = [unusual(drawn(seed, np.array(20.0), excess=excess)) for seed in range(20)]

    assert sum(bool(found) for found in weeks) <= 2


def test_a_planted_anomaly_is_found_and_nothing_else() -> None:
    counts = drawn(1, np.array(20.0), excess=0.1)
    counts.loc["type 7", 0] = 80

    rows = told(counts)

    assert unusual(counts) == ["type 7"]
    assert rows.loc["type 7", "expected_count"] == pytest.approx(20, rel=0.3)
    assert (rows["low"] < rows["expected_count"]).all()
    assert (rows["expected_count"] < rows["high"]).all()


def test_what_varies_anyway_is_not_told() -> None:
    """Of types that are closed in batches or follow the weather, twice as many are nothing."""
    calm, wild = drawn(2, np.array(40.0)), drawn(2, np.array(40.0), excess=0.3)
    calm.loc["type 0", 0] = wild.loc["type 0", 0] = 80

    assert unusual(calm) == ["type 0"]
    assert unusual(wild) == []


def test_the_season_is_usual_and_its_numbers_out_of_season_are_not() -> None:
    in_winter = drawn(3, WINTER)
    in_summer = drawn(3, np.roll(WINTER, 26))
    in_summer.loc["type 0", 0] = in_winter.loc["type 0", 0]

    assert unusual(in_winter) == []
    assert unusual(in_summer) == ["type 0"]
    assert told(in_winter).loc["type 0", "expected_count"] == pytest.approx(40, rel=0.3)


def test_growth_is_no_anomaly() -> None:
    """Half as many again as in any earlier year, since months."""
    grown = np.where(AGO < 30, 45.0, 30.0)

    assert unusual(drawn(4, grown)) == []
    assert told(drawn(4, grown))["expected_count"].median() == pytest.approx(45, rel=0.1)


def test_few_requests_are_nothing_to_tell() -> None:
    counts = drawn(5, np.array(0.02))
    counts.loc["type 0", 0], counts.loc["type 1", 0] = 4, 6
    counts.loc[["type 0", "type 1"], 60] = 1

    assert unusual(counts) == ["type 1"]


def test_without_an_earlier_year_nothing_is_told() -> None:
    counts = drawn(6, np.array(20.0))
    counts.loc["type 0", 0] = 500
    lately, gap = counts.loc[:, :50], counts.astype(float)
    gap.loc[:, 40:] = math.nan
    new = counts.copy()
    new.loc["type 0", 30:] = 0

    for rows in (told(lately), told(gap), told(new).head(1)):
        assert rows["p_value"].isna().all()
        assert not rows["is_unusual"].any()
        assert rows["request_count"].iloc[0] == 500


def test_the_ends_of_what_is_usual_are_those_of_chance() -> None:
    """Of a Poisson distribution with mean 100: 81 to 120, and 120 or more in 2.8 of 100."""
    counts = pd.DataFrame(np.full((1, WEEKS), 100.0))
    counts.loc[0, 0] = 120

    [row] = told(counts).itertuples()

    assert row.expected_count == pytest.approx(100, abs=0.2)
    assert (row.low, row.high) == (81, 120)
    assert row.p_value == pytest.approx(0.0282, abs=0.001)
