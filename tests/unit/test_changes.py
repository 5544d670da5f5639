"""Which changes are told: those that are large, and too certain to be chance."""

import numpy as np
import pandas as pd
import pytest

from mpls311.changes import Shares, channels_differ, clear_changes

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


HOURS = {"before_p25_hours": 10.0, "before_median_hours": 20.0, "before_p75_hours": 40.0}
QUICK = {"before_p25_hours": 1.0, "before_median_hours": 2.0, "before_p75_hours": 4.0}


def of_a_type(phone_now: float, app_now: float, *, share_by_app: float) -> pd.DataFrame:
    """A type and its two channels; last year half of it came by app, which takes ten times as long.

    Within the type's median of last year were all by phone, and none by app.
    """
    now = round(100 * share_by_app)
    whole_now = counts([100] * WEEKS, [round((100 - now) * phone_now * 2)] * WEEKS)
    rows = [
        row(whole_now, steady(0.5), median_hours=20.0 if share_by_app > 0.5 else 8.0)
        | {"before_p25_hours": 2.0, "before_median_hours": 8.0, "before_p75_hours": 20.0},
        row(steady(phone_now, a_week=100 - now), steady(0.5, a_week=50), median_hours=2.0) | QUICK,
        row(steady(app_now, a_week=now), steady(0.5, a_week=50), median_hours=20.0) | HOURS,
    ]
    return pd.DataFrame(rows).assign(grain=["type", "channel", "channel"])


def of_wholes(rows: pd.DataFrame, part_of: list[float] | None) -> tuple[bool, float]:
    found = clear_changes(
        rows,
        of="times",
        before="before_",
        least=0.1,
        discovery_rate=0.05,
        family=["grain", "open_year"],
        part_of=None if part_of is None else pd.Series(part_of, rows.index),
    )
    return bool(found["is_clear"][0]), float(found["change"][0])


def test_another_mix_of_channels_is_no_slower_service() -> None:
    """More comes by app, and nobody waits longer than before by the same channel."""
    rows = of_a_type(0.5, 0.5, share_by_app=0.8)

    assert of_wholes(rows, None) == (True, pytest.approx(1.5))
    assert of_wholes(rows, [np.nan, 0, 0]) == (False, 0.0)


def test_slower_channels_are_a_slower_type_whatever_the_mix() -> None:
    """Both take half as long again, in the mix of last year: no more, though more comes by app."""
    rows = of_a_type(0.35, 0.35, share_by_app=0.8)
    rows["median_hours"] *= [1, 1.5, 1.5]

    assert of_wholes(rows, [np.nan, 0, 0]) == (True, pytest.approx(0.5))


def test_parts_count_as_they_were_mixed_before() -> None:
    """One of two channels has doubled: by the square root of two, with equal parts before."""
    rows = of_a_type(0.5, 0.25, share_by_app=0.2)
    rows["median_hours"] *= [1, 1, 2]

    is_clear, change = of_wholes(rows, [np.nan, 0, 0])

    assert is_clear
    assert change == pytest.approx(np.sqrt(2) - 1)


def test_a_type_of_which_no_channel_can_be_told_cannot_be_told() -> None:
    rows = of_a_type(0.5, 0.5, share_by_app=0.8)
    rows.loc[[1, 2], "week_count"] = 1

    is_clear, change = of_wholes(rows, [np.nan, 0, 0])

    assert not is_clear
    assert np.isnan(change)


def test_channels_stand_apart_where_one_takes_three_times_as_long() -> None:
    keys = {"open_year": 2026, "subject_name": "Property"}
    times = pd.DataFrame(
        [
            keys | {"type_name": name, "median_hours": hours}
            for name, hours in (
                ("apart", 16.7), ("apart", 421.0), ("alike", 1.0), ("alike", 3.0),
                ("few", 1.0), ("few", np.nan), ("at once", 0.0), ("at once", 0.04),
            )
        ]
    )  # fmt: skip

    differ = channels_differ(times)

    assert list(differ[differ].index.get_level_values("type_name")) == ["apart"]
