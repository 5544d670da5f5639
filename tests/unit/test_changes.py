"""Which changes are told: those that are large, and too certain to be chance."""

import numpy as np
import pandas as pd
import pytest

from mpls311.changes import Shares, clear_changes

WEEKS = 52


def counts(measured: list[int], within: list[int]) -> dict[str, float]:
    """What a mart holds of weeks with so many requests."""
    every, those = np.array(measured), np.array(within)
    return {
        "measured_count": every.sum(),
        "within_count": those.sum(),
        "week_count": len(every),
        "measured_squares": (every**2).sum(),
        "within_squares": (those**2).sum(),
        "measured_within_products": (every * those).sum(),
    }


def row(now: dict[str, float], before: dict[str, float], **more: float) -> dict[str, float]:
    return {"open_year": 2026, **now, **{f"before_{k}": v for k, v in before.items()}, **more}


def steady(share: float, *, a_week: int = 100, weeks: int = WEEKS) -> dict[str, float]:
    return counts([a_week] * weeks, [round(share * a_week)] * weeks)


def told(*rows: dict[str, float], of: str = "shares", least: float = 0.03) -> pd.DataFrame:
    return clear_changes(
        pd.DataFrame(rows), of=of, before="before_", least=least, discovery_rate=0.05
    )


def test_a_large_and_certain_change_is_clear_in_its_direction() -> None:
    rows = told(row(steady(0.6), steady(0.75)), row(steady(0.9), steady(0.75)))

    assert rows["is_clear"].all()
    assert rows["change"].tolist() == pytest.approx([-0.15, 0.15])
    assert (rows["low"] < rows["change"]).all()
    assert (rows["change"] < rows["high"]).all()
    assert rows["high"][0] < -0.03
    assert rows["low"][1] > 0.03
    assert (rows["p_value"] < 1e-6).all()


def test_what_is_too_small_or_too_few_is_not() -> None:
    rows = told(
        # Certain, but of two points; large, but of few requests; the interval reaches three points.
        row(steady(0.52, a_week=10_000), steady(0.50, a_week=10_000)),
        row(counts([1] * 30, [1, 0, 1, 1, 0] * 6), counts([1] * 30, [1, 0, 0, 1, 0] * 6)),
        row(steady(0.54), steady(0.50)),
    )

    assert not rows["is_clear"].any()
    assert rows["p_value"][0] < 1e-6
    assert rows["change"][1] == pytest.approx(0.2)
    assert rows["low"][2] < 0.03 < rows["change"][2]


def test_batches_are_not_taken_for_many_requests() -> None:
    """All or nothing by week is as certain as so many weeks, not as so many requests."""
    batches = counts([100] * WEEKS, [100, 0] * 20 + [0] * 12)
    others = counts([100] * WEEKS, [100, 0] * 26)

    in_batches, alone = told(row(batches, others), row(steady(20 / 52), steady(0.5))).itertuples()

    assert in_batches.change == pytest.approx(alone.change, abs=0.005)
    assert (in_batches.is_clear, alone.is_clear) == (False, True)


def test_the_variance_is_that_of_a_ratio_over_weeks() -> None:
    """Worked by hand: shares of 3/10 in weeks of 2 and 8 requests, with 2 and 1 within."""
    shares = Shares.of(pd.DataFrame([counts([2, 8], [2, 1])]))

    assert shares.share == pytest.approx(0.3)
    # (2 - 0.6)^2 + (1 - 2.4)^2 = 3.92, times 2 / 1, over 10^2.
    assert shares.variance(np.array([0.0])) == pytest.approx(0.0784)
    # Never less than that of independent requests.
    assert Shares.of(pd.DataFrame([steady(0.5)])).variance(np.array([0.5])) == pytest.approx(
        0.25 / 5200
    )


def test_one_of_many_comparisons_is_chance() -> None:
    """What would be certain alone is not among fifty that say nothing."""
    change = row(steady(0.6, a_week=10, weeks=43), steady(0.5, a_week=10, weeks=43))
    nothing = row(steady(0.5), steady(0.5))

    assert told(change)["is_clear"].item()
    assert not told(change, *[nothing] * 50)["is_clear"].any()


def test_each_family_is_corrected_on_its_own() -> None:
    change = row(steady(0.6, a_week=10, weeks=43), steady(0.5, a_week=10, weeks=43))
    nothing = row(steady(0.5), steady(0.5)) | {"open_year": 2025}

    assert told(change, *[nothing] * 50)["is_clear"].tolist() == [True] + [False] * 50


def test_times_are_told_by_the_median_and_tested_by_the_share() -> None:
    hours = {"before_p25_hours": 10.0, "before_median_hours": 20.0, "before_p75_hours": 40.0}
    slower, slightly, not_reached, faster = told(
        row(steady(0.38), steady(0.5), median_hours=28.0, **hours),
        row(steady(0.47), steady(0.5), median_hours=21.6, **hours),
        row(steady(0.30), steady(0.5), median_hours=float("nan"), **hours),
        row(steady(0.65), steady(0.5), median_hours=13.0, **hours),
        of="times",
        least=0.1,
    ).itertuples()

    assert (slower.is_clear, slower.change) == (True, pytest.approx(0.4))
    assert 0.1 < slower.low < 0.4 < slower.high
    assert not slightly.is_clear
    assert not_reached.is_clear
    assert not_reached.change > 0.5
    assert (faster.is_clear, faster.change) == (True, pytest.approx(-0.35))


def test_what_cannot_be_told_is_not() -> None:
    one_week = row(steady(0.9, weeks=1), steady(0.1, weeks=1))
    nobody = row(steady(0.5, weeks=0), steady(0.5))
    everybody = row(steady(1.0), steady(1.0))

    rows = told(one_week, nobody, everybody)

    assert not rows["is_clear"].any()
    assert rows["p_value"].isna().all()


@pytest.mark.parametrize(
    ("weeks", "t"), [(2, 12.706), (3, 4.303), (4, 3.182), (11, 2.228), (31, 2.042)]
)
def test_few_weeks_are_less_certain(weeks: int, t: float) -> None:
    """The quantiles of Student's t as printed tables have them; one side is known exactly."""
    varied = counts([100] * weeks, [40 + 10 * (week % 2) for week in range(weeks)])
    exactly = counts([10**9] * 10**3, [4 * 10**8] * 10**3)
    (change,) = told(row(varied, exactly)).itertuples()
    error = np.sqrt(Shares.of(pd.DataFrame([varied])).variance(np.array([0.4])).item())

    assert (change.high - change.change) / error == pytest.approx(t, rel=1e-3)
