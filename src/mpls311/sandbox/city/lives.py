"""The requests opened in one year and what happens to them, drawn at random once and for all.

Nothing here depends on the day the city is looked at: a life is drawn whole, its future included.
"""

import numpy as np
from numpy.typing import NDArray

from mpls311.sandbox.city.bounds import FIRST_YEAR
from mpls311.sandbox.city.catalogue import HOURS, Catalogue, catalogue, day_weights
from mpls311.sandbox.city.clock import DAY, HOUR, MINUTE, NEVER, SECOND, Instants, local_midnights
from mpls311.sandbox.city.dirt import Dirt
from mpls311.sandbox.city.places import Places
from mpls311.sandbox.city.rows import Location, Origin, Rows

_FIRST_CASE_ID = 201_000_000_000
_VOLUMES = (0.88, 0.90, 0.92, 0.95, 0.95, 0.92, 0.95, 0.98, 1.10, 1.22, 1.23)
"""Requests of 2015, 2016, ... relative to the average year."""
_LATER_VOLUME = 1.2
BATCH_HOUR = 6
"""UTC hour of the nightly closing batch."""


def volume(year: int, rows_per_year: int) -> int:
    """How many requests are opened in `year` until its end."""
    position = year - FIRST_YEAR
    factor = _VOLUMES[position] if position < len(_VOLUMES) else _LATER_VOLUME
    return round(rows_per_year * factor)


def lives_of(year: int, *, seed: int, rows_per_year: int, places: Places) -> Rows:
    """All requests opened in `year` in order of opening, without any irregularity yet."""
    rng = np.random.default_rng([seed, year, 2])
    size = volume(year, rows_per_year)
    types = catalogue()
    kind, opened = _openings(rng, year, size, types)
    created = opened + rng.integers(0, 180, size) * SECOND
    informational = types.hours[kind] == 0
    duration = _durations(rng, types, kind)
    closing, closed = _closings(rng, opened, created, duration, informational)
    updates = _updates(rng, created, duration)
    place, corrected_place = _places(rng, places, size)
    correction = _corrections(rng, created)
    stamped = rng.random(size) >= 0.001
    late_update = _late_updates(rng, closing)
    return Rows(
        case_id=_case_ids(rng, year, size, rows_per_year),
        kind=kind,
        opened=opened,
        created=created,
        first_update=np.where(stamped, updates[0], NEVER),
        second_update=np.where(stamped, updates[1], NEVER),
        closing=closing,
        closed=closed,
        late_update=np.where(stamped, late_update, NEVER),
        carried=np.full(size, NEVER),
        correction=correction,
        place=place,
        corrected_place=corrected_place,
        accessibility=rng.random(size) < 0.015,
        stamped=stamped,
        dirt=np.full(size, Dirt.NONE, dtype=np.int8),
        origin=np.full(size, Origin.HOME, dtype=np.int8),
        visible_from=created,
        visible_until=_deletions(rng, year, created),
        frozen_at=np.full(size, NEVER),
        moves_out=np.zeros(size, dtype=bool),
    )


def _case_ids(
    rng: np.random.Generator, year: int, size: int, rows_per_year: int
) -> NDArray[np.int64]:
    block = 2 * rows_per_year
    first = _FIRST_CASE_ID + (year - FIRST_YEAR) * block
    return first + 1 + np.sort(rng.choice(block - 1, size, replace=False))


def _openings(
    rng: np.random.Generator, year: int, size: int, types: Catalogue
) -> tuple[NDArray[np.int16], Instants]:
    kind = rng.choice(len(types.names), size, p=types.probabilities(year)).astype(np.int16)
    seasons = np.array(types.seasons)
    day = np.zeros(size, dtype=np.int64)
    for season in sorted(set(types.seasons)):
        chosen = np.flatnonzero((seasons == season)[kind])
        weights = day_weights(year, season)
        day[chosen] = rng.choice(len(weights), len(chosen), p=weights)
    minute = rng.choice(24, size, p=HOURS / HOURS.sum()) * 60 + rng.integers(0, 60, size)
    second = np.where(rng.random(size) < 0.3, rng.integers(0, 60, size), 0)
    opened = local_midnights(year)[day] + minute * MINUTE + second * SECOND
    order = np.argsort(opened, kind="stable")
    return kind[order], opened[order]


def _durations(rng: np.random.Generator, types: Catalogue, kind: NDArray[np.int16]) -> Instants:
    hours = types.hours[kind] * np.exp(types.sigmas[kind] * rng.standard_normal(len(kind)))
    seconds = np.maximum(hours * 3600, 90)
    return seconds.astype(np.int64) * SECOND


def _closings(
    rng: np.random.Generator,
    opened: Instants,
    created: Instants,
    duration: Instants,
    informational: NDArray[np.bool_],
) -> tuple[Instants, Instants]:
    """Draw the stamp of the closing and its date: by the minute, or that of a nightly batch."""
    size = len(opened)
    stamp = created + duration
    date = stamp // MINUTE * MINUTE
    batch = (rng.random(size) < 0.08) & (duration > 2 * HOUR)
    batch_date = (stamp - BATCH_HOUR * HOUR) // DAY * DAY + DAY + BATCH_HOUR * HOUR
    date = np.where(batch, batch_date, date)
    stamp = np.where(batch, batch_date + rng.integers(0, 600, size) * SECOND, stamp)
    stays_open = rng.random(size) < 0.0025
    stamp = np.where(stays_open, NEVER, stamp)
    return np.where(informational, created, stamp), np.where(informational, opened, date)


def _updates(
    rng: np.random.Generator, created: Instants, duration: Instants
) -> tuple[Instants, Instants]:
    size = len(created)
    long = duration > 2 * HOUR
    happens = rng.random((2, size)) < [[0.55], [0.25]]
    progress = rng.random((2, size)) * 0.3 + [[0.2], [0.6]]
    instants = created + (progress * (duration // SECOND)).astype(np.int64) * SECOND
    first, second = np.where(happens & long, instants, NEVER)
    return first, second


def _late_updates(rng: np.random.Generator, closing: Instants) -> Instants:
    """Draw touches after closing: 5 % in weeks, 1 % (never fewer than 250 a year) much later."""
    size = len(closing)
    soon = rng.random(size) < 0.05
    much_later = rng.random(size) < min(0.1, max(250 / size, 0.01))
    days = np.where(
        much_later, 200 + 600 * (1 - np.sqrt(rng.random(size))), rng.exponential(12, size)
    )
    happens = (soon | much_later) & (closing < NEVER)
    late = np.where(happens, closing, 0) + HOUR + _milliseconds(days)
    return np.where(happens, late, NEVER)


def _corrections(rng: np.random.Generator, created: Instants) -> Instants:
    """Draw changes without a stamp: about 1 % of the requests, never fewer than 150 a year."""
    size = len(created)
    happens = rng.random(size) < min(0.1, max(150 / size, 0.01))
    return np.where(happens, created + HOUR + _milliseconds(rng.exponential(25, size)), NEVER)


def _deletions(rng: np.random.Generator, year: int, created: Instants) -> Instants:
    """Draw deletions: about 2 %, never fewer than 200 a year; none after the next year."""
    size = len(created)
    happens = rng.random(size) < min(0.1, max(200 / size, 0.018))
    instants = created + DAY // 2 + _milliseconds(rng.exponential(150, size))
    return np.where(happens & (instants < local_midnights(year + 2)[0]), instants, NEVER)


def _places(
    rng: np.random.Generator, places: Places, size: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Draw where each request is, and where a correction would put it (always somewhere else)."""
    place = places.draw(rng, size)
    corrected = places.draw(rng, size)
    corrected = np.where(corrected == place, (place + 1) % len(places.longitude), corrected)
    unknown = rng.random(size) < 0.2
    spelling = rng.random(size)
    place[unknown] = Location.ZERO
    place[unknown & (spelling < 0.04)] = Location.ABSENT
    place[unknown & (spelling > 0.96)] = Location.NULL
    return place, corrected.astype(np.int32)


def _milliseconds(days: NDArray[np.float64]) -> Instants:
    return (days * 86_400).astype(np.int64) * SECOND
