"""How the stand-in city works off its requests: steadily, or as a real one may.

A steady city draws each time to close by itself, from the same distribution in every week, season,
year and place. In an unsteady one

- a subject has a season in which its work takes longer, and each quarter a week of few staff in
  which less than half of it is done, so that what is open then waits;
- a district (the addresses nearest to one centre of activity) is always served faster or slower
  than the city;
- each year the times of a reason wobble by a few percent;
- some reasons do their paperwork in batches, once a week or every other week, so that many
  requests are closed at one moment, long after the work.

It has the same requests under the same numbers; only when they are updated and closed differs.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mpls311.sandbox.city.catalogue import Floats, catalogue
from mpls311.sandbox.city.clock import DAY, HOUR, MINUTE, NEVER, SECOND, Instants
from mpls311.sandbox.city.closings import closed_otherwise, that_last, whole_seconds
from mpls311.sandbox.city.lives import BATCH_HOUR
from mpls311.sandbox.city.places import Places
from mpls311.sandbox.city.rows import Rows

STEADY, UNSTEADY = "steady", "unsteady"
TEMPERS = (STEADY, UNSTEADY)

Numbers = NDArray[np.int64]

# Amplitude, or standard deviation, of the logarithm of a factor of the time to close.
_SEASONS = 0.15
_DISTRICTS = 0.12
_YEARS = 0.02

_FEW_STAFF = 0.4
"""The share of a week's work that few staff do."""
_QUARTER = 13
"""In one of so many weeks there are few."""
_NIGHTLY = 0.08
_BATCHED = 0.6
_EVERY_DAYS = (0, 7, 14)
_SHARES_OF_REASONS = (0.5, 0.35, 0.15)
_MONDAY = 16_433
"""2014-12-29, in days since 1970."""
_QUARTERS = 400

# The numbers of random streams; those below are the steady city's.
_LIVES, _SEASON_STREAM, _DISTRICT_STREAM, _STAFF_STREAM, _PAPERWORK_STREAM = range(6, 11)


def worked_off_unsteadily(lives: Rows, year: int, *, seed: int, places: Places) -> Rows:
    """The requests opened in a year as an unsteady city works them off."""
    rng = np.random.default_rng([seed, year, _LIVES])
    types = catalogue()
    positions = that_last(lives)
    rows = lives.take(positions)
    subjects, of_type = np.unique(types.subjects, return_inverse=True)
    subject = of_type[rows.kind]
    reasons, of_type = np.unique(types.reasons, return_inverse=True)
    reason = of_type[rows.kind]
    factor = (
        _of_season(seed, rows.opened, subject, len(subjects))
        * _of_districts(seed, places)[np.maximum(rows.place, -1)]
        * np.exp(_YEARS * rng.standard_normal(len(reasons)))[reason]
    )
    work = (rows.closing - rows.created) * factor
    done = _when_done(seed, rows.created, work, subject, len(subjects))
    days, weekday = _paperwork(rng, seed, done - rows.created, reason, len(reasons))
    batch = _next_batch(done, days, weekday)
    stamp = np.where(days > 0, batch + rng.integers(0, 600, len(rows)) * SECOND, done)
    date = np.where(days > 0, batch, done // MINUTE * MINUTE)
    return closed_otherwise(lives, positions, stamp, date)


def _of_season(seed: int, opened: Instants, subject: Numbers, number: int) -> Floats:
    slowest = np.random.default_rng([seed, _SEASON_STREAM]).random(number)[subject]
    return np.exp(_SEASONS * np.cos(2 * np.pi * (opened / (365.25 * DAY) - slowest)))


def _of_districts(seed: int, places: Places) -> Floats:
    """The factor of each address, and at the end that of requests without one."""
    centre = places.nearest_centre()
    rng = np.random.default_rng([seed, _DISTRICT_STREAM])
    return np.append(np.exp(_DISTRICTS * rng.standard_normal(centre.max() + 1))[centre], 1.0)


def _when_done(
    seed: int, created: Instants, work: Floats, subject: Numbers, number: int
) -> Instants:
    """When work is done that takes a full staff so many milliseconds."""
    weeks, progress = _progress(seed, number)
    taken = np.empty(len(created))
    for each, done in enumerate(progress):
        of = subject == each
        until = np.interp(created[of], weeks, done) + work[of]
        taken[of] = np.interp(until, done, weeks) - created[of]
    return created + whole_seconds(taken)


@lru_cache(maxsize=4)
def _progress(seed: int, number: int) -> tuple[Floats, list[Floats]]:
    """Beginnings of weeks, and how much of its work each subject could have done until then."""
    rng = np.random.default_rng([seed, _STAFF_STREAM])
    few = rng.integers(0, _QUARTER, (number, _QUARTERS, 1)) == np.arange(_QUARTER)
    staff = np.where(few, _FEW_STAFF, 1.0).reshape(number, -1)
    weeks = (_MONDAY + 7 * np.arange(staff.shape[1])) * float(DAY) + BATCH_HOUR * HOUR
    # The last week does not end, so that everything is done some time.
    lengths = np.append(np.diff(weeks), float(NEVER))
    ends = np.append(weeks, weeks[-1] + NEVER)
    return ends, [np.append(0.0, np.cumsum(lengths * share)) for share in staff]


def _paperwork(
    rng: np.random.Generator, seed: int, taken: Instants, reason: Numbers, number: int
) -> tuple[Numbers, Numbers]:
    """Every how many days the batch that each request waits for is written (0: none), and when."""
    habits = np.random.default_rng([seed, _PAPERWORK_STREAM])
    days = habits.choice(_EVERY_DAYS, number, p=_SHARES_OF_REASONS)[reason]
    weekday = habits.integers(0, 5, number)[reason]
    waits = rng.random(len(taken))
    nightly = np.where((waits < _NIGHTLY) & (taken > 2 * HOUR), 1, 0)
    return np.where((waits < _BATCHED) & (taken > DAY) & (days > 0), days, nightly), weekday


def _next_batch(done: Instants, days: Numbers, weekday: Numbers) -> Instants:
    first = (_MONDAY + weekday) * DAY + BATCH_HOUR * HOUR
    period = np.maximum(days, 1) * DAY
    batch: Instants = first - (first - done) // period * period
    return batch
