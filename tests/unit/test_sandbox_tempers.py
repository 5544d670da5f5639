"""Two tempers of the stand-in city, and changes that are planted into it, request by request."""

import hashlib
from datetime import date
from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from mpls311.sandbox import City
from mpls311.sandbox.city.catalogue import catalogue
from mpls311.sandbox.city.clock import DAY, HOUR, NEVER, cutoff
from mpls311.sandbox.city.lives import lives_of
from mpls311.sandbox.city.places import Places
from mpls311.sandbox.city.planted import planted_changes
from mpls311.sandbox.city.rows import Rows
from mpls311.sandbox.city.tempers import TEMPERS, worked_off_unsteadily

SEED, YEAR = 311, 2024
PLACES = Places.of_city(SEED)
Floats = NDArray[np.float64]


def steady(year: int = YEAR) -> Rows:
    return lives_of(year, seed=SEED, rows_per_year=60_000, places=PLACES)


@lru_cache
def unsteady(year: int = YEAR) -> Rows:
    return worked_off_unsteadily(steady(year), year, seed=SEED, places=PLACES)


@lru_cache
def pairs(year: int = YEAR) -> tuple[Rows, Rows]:
    """The same requests in both cities, those that are closed some time after their opening."""
    rows, others = steady(year), unsteady(year)
    lasting = (rows.created < rows.closing) & (rows.closing < NEVER)
    return rows.take(lasting), others.take(lasting)


def stretch(year: int = YEAR) -> Floats:
    """How many times longer a request takes in the unsteady city."""
    rows, others = pairs(year)
    return (others.closing - others.created) / (rows.closing - rows.created)


def medians(of: NDArray[np.int64], values: Floats) -> Floats:
    return np.array([np.median(values[of == each]) for each in np.unique(of)])


def digest(city: City) -> str:
    """Of all values that are no measure: the last digits of a logarithm depend on the machine."""
    result = hashlib.sha256()
    for year in city.years:
        for column in city.layer(year).table:
            if column.name not in ("XCOORD", "YCOORD"):
                result.update(repr(column.name).encode())
                result.update(column.values.tobytes() + column.known_mask().tobytes())
    return result.hexdigest()


def test_the_city_of_the_demo_stays_as_it_is() -> None:
    """Whoever has read it in part goes on reading the same one, and figures can be compared."""
    city = City(rows_per_year=300, as_of=date(2026, 11, 20))

    assert digest(city) == "920f4e537fbb2b777ffc74789f1fe951eebc4bd49fa82837cbae9b278e64cce4"


def test_the_same_arguments_give_the_same_unsteady_city() -> None:
    def city(seed: int, changes: str) -> str:
        return digest(City(seed, 300, date(2017, 3, 1), "unsteady", changes))

    change = "Pothole x1.3 from 2016-03-01"
    same = {city(1, change), city(1, change)}
    assert len(same) == 1
    assert len(same | {city(2, change), city(1, "")}) == 3


def test_only_updates_and_closings_differ() -> None:
    rows, others = steady(), unsteady()

    differing = {
        name
        for (name, one), (_, other) in zip(rows.columns(), others.columns(), strict=True)
        if not np.array_equal(one, other)
    }
    assert differing == {"first_update", "second_update", "closing", "closed", "late_update"}
    kept = (rows.closing == NEVER) | (rows.closing == rows.created)
    assert kept.sum() > 500
    assert np.array_equal(rows.closing[kept], others.closing[kept])


@pytest.mark.parametrize("planted", ["", "Pothole x0.1 from 2024-05-01"])
def test_a_life_stays_in_order(planted: str) -> None:
    rows = unsteady()
    for change in planted_changes(planted):
        rows = change.planted(rows)

    for update in (rows.first_update, rows.second_update):
        assert ((update > rows.created) & (update <= rows.closing) | (update == NEVER)).all()
    assert (rows.late_update > rows.closing)[rows.closing < NEVER].all()
    assert (rows.closed >= rows.opened).all()
    assert (rows.closed <= rows.closing).all()


def test_each_quarter_has_a_week_in_which_work_waits() -> None:
    rows, _ = pairs()
    quick = rows.closing - rows.created < 3 * HOUR
    subject = np.array(catalogue().subjects)[rows.kind] == "Animal Related"
    week = (rows.opened[quick & subject] // DAY + 3) // 7

    slow = medians(week, stretch()[quick & subject]) > 1.6

    assert 3 <= slow.sum() <= 5


def test_a_subject_has_a_slow_season() -> None:
    rows, _ = pairs()
    subject = np.array(catalogue().subjects)[rows.kind] == "Vehicles and Commuting"
    quick = subject & (rows.closing - rows.created < 3 * HOUR)
    quarter = (rows.opened[quick] - rows.opened[0]) // (91 * DAY)

    by_quarter = medians(np.minimum(quarter, 3), stretch()[quick])

    assert 1.15 < by_quarter.max() / by_quarter.min() < 1.5


def test_districts_are_served_faster_and_slower() -> None:
    rows, _ = pairs()
    known = rows.place >= 0
    district = PLACES.nearest_centre()[rows.place[known]]

    by_district = medians(district, stretch()[known])

    assert len(by_district) == 13
    assert 1.2 < by_district.max() / by_district.min() < 2


def test_years_wobble_by_less_than_what_counts_as_a_change() -> None:
    kind = catalogue().names.index("Parking Violation Complaint")
    by_year = []
    for year in range(2015, 2021):
        rows, _ = pairs(year)
        quick = (rows.kind == kind) & (rows.closing - rows.created < 3 * HOUR)
        by_year.append(np.median(stretch(year)[quick]))

    assert 0.02 < np.std(np.log(by_year)) < 0.05


def test_much_of_the_paperwork_is_done_in_batches() -> None:
    def busiest_weekday(rows: Rows) -> float:
        """The share of closings at the hour of the batch, on the day of the week with most."""
        slow = rows.closed - rows.opened > 3 * DAY
        batched = slow & (rows.closed % DAY == 6 * HOUR)
        counts = np.bincount((rows.closed[batched] // DAY + 3) % 7, minlength=7)
        return float(counts.max() / slow.sum())

    rows, others = pairs()
    assert busiest_weekday(rows) < 0.02
    assert busiest_weekday(others) > 0.1


@pytest.mark.parametrize("temper", TEMPERS)
@pytest.mark.parametrize("factor", [1.3, 0.6])
def test_a_planted_change_is_in_the_times_of_its_type_and_nowhere_else(
    temper: str, factor: float
) -> None:
    lives = steady() if temper == "steady" else unsteady()
    (change,) = planted_changes(f"Pothole x{factor} from 2024-03-10")

    changed = change.planted(lives)

    pothole = lives.kind == catalogue().names.index("Pothole")
    affected = pothole & (lives.opened >= cutoff(date(2024, 3, 10))) & (lives.closing < NEVER)
    assert affected.sum() > 300
    hours = ((rows.closed - rows.opened)[affected] / HOUR for rows in (lives, changed))
    before, after = hours
    assert after == pytest.approx(factor * before, abs=1 / 60 + 1e-9)
    for (name, one), (_, other) in zip(lives.columns(), changed.columns(), strict=True):
        assert np.array_equal(one[~affected], other[~affected]), name
