"""What is irregular in a year: dirty rows, empty points, duplicates, moves to the next layer.

A request has at most one irregularity, is never deleted then and never changes without a stamp.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mpls311.sandbox.city.catalogue import catalogue
from mpls311.sandbox.city.clock import DAY, HOUR, MINUTE, NEVER, SECOND, local_midnights
from mpls311.sandbox.city.dirt import Dirt
from mpls311.sandbox.city.rows import NO_CASE_ID, Location, Origin, Rows, concatenate

Positions = NDArray[np.int64]

_DIRTY_SHARE = 0.0005
_COPIED_SHARE = 0.012
_SAME_STAMP_SHARE = 0.1
_MOVED_SHARE = 0.0005
_REPEATED_SHARE = 0.0002
_EMPTY_POINT_SHARE = 0.00002


@dataclass(frozen=True)
class YearOfRows:
    """Rows of the requests opened in a year: in its own layer, and in that of the next year."""

    own: Rows
    next_layer: Rows


def with_oddities(lives: Rows, year: int, seed: int) -> YearOfRows:
    """Put the irregularities of `year` into its lives."""
    rng = np.random.default_rng([seed, year, 3])
    picks = _picks(rng, lives, year)
    rows = _ordinary(lives, np.concatenate(list(picks.values())))
    rows = rows.with_changed(picks["empty"], place=Location.NAN)
    rows = _with_dirt(rows, picks["dirty"])
    rows, copies = _with_copies(rng, rows, picks["copied"], year)
    rows, moved = _with_moves(rng, rows, picks["moved"], year)
    repeated = _repeated(rows, picks["repeated"])
    return YearOfRows(concatenate(rows, repeated), concatenate(copies, moved))


def _picks(rng: np.random.Generator, lives: Rows, year: int) -> dict[str, Positions]:
    size = len(lives)
    new_year = int(local_midnights(year + 1)[0])
    takes_time = (catalogue().hours[lives.kind] > 0) & (lives.closing < NEVER)
    # (name, how many, who may be chosen), the scarcest candidates first
    wishes = (
        ("moved", max(2, round(size * _MOVED_SHARE)), lives.opened > new_year - 14 * DAY),
        ("copied", round(size * _COPIED_SHARE), takes_time & (lives.opened > new_year - 38 * DAY)),
        ("repeated", max(4, round(size * _REPEATED_SHARE)), takes_time & (lives.place >= 0)),
        ("empty", max(1, round(size * _EMPTY_POINT_SHARE)), lives.place == Location.ZERO),
        ("dirty", max(len(Dirt) - 1, round(size * _DIRTY_SHARE)), lives.place >= 0),
    )
    free = lives.stamped & (lives.created < new_year)
    picks: dict[str, Positions] = {}
    for name, wanted, suits in wishes:
        candidates = np.flatnonzero(suits & free)
        picks[name] = rng.choice(candidates, min(wanted, len(candidates)), replace=False)
        free[picks[name]] = False
    return picks


def _ordinary(lives: Rows, positions: Positions) -> Rows:
    never = {"correction": NEVER, "visible_until": NEVER, "late_update": NEVER}
    return lives.with_changed(positions, **never)


def _with_dirt(rows: Rows, positions: Positions) -> Rows:
    dirt = np.arange(len(positions)) % (len(Dirt) - 1) + 1
    outside = positions[dirt == Dirt.OUTSIDE_CITY]
    rows = rows.with_changed(positions, dirt=dirt, first_update=NEVER, second_update=NEVER)
    rows = rows.with_changed(positions, closing=rows.created[positions])
    rows = rows.with_changed(positions, closed=rows.opened[positions] + 30 * MINUTE)
    rows = rows.with_changed(outside, place=Location.OUTSIDE)
    return rows.with_changed(positions[dirt == Dirt.CASE_ID_NULL], case_id=NO_CASE_ID)


def _with_copies(
    rng: np.random.Generator, rows: Rows, positions: Positions, year: int
) -> tuple[Rows, Rows]:
    """Freeze cases at their first update in the new year, which only the next layer shows.

    For some of them that update closes the case. For a few the old row gets the new stamp, but not
    the new content.
    """
    size = len(positions)
    days = np.minimum(rng.exponential(10, size), 80)
    updated = local_midnights(year + 1)[0] + HOUR + (days * 86_400).astype(np.int64) * SECOND
    same_stamp = np.arange(size) < max(1, round(size * _SAME_STAMP_SHARE))
    closes = same_stamp | (rng.random(size) < 0.25)
    closing = np.where(closes, updated, rows.closing[positions])
    closed = np.where(closes, updated // MINUTE * MINUTE, rows.closed[positions])
    rows = rows.with_changed(positions, closing=closing, closed=closed)
    for name in ("first_update", "second_update"):
        before = getattr(rows, name)[positions]
        rows = rows.with_changed(positions, **{name: np.where(before < closing, before, NEVER)})
    copies = rows.take(positions).but(
        visible_from=updated,
        carried=updated,
        origin=np.full(size, Origin.COPY, dtype=np.int8),
    )
    rows = rows.with_changed(positions, frozen_at=updated)
    return rows.with_changed(positions[same_stamp], carried=updated[same_stamp]), copies


def _with_moves(
    rng: np.random.Generator, rows: Rows, positions: Positions, year: int
) -> tuple[Rows, Rows]:
    size = len(positions)
    moved = local_midnights(year + 1)[0] + rng.integers(HOUR, 24 * DAY, size) // SECOND * SECOND
    movers = rows.take(positions).but(
        visible_from=moved, carried=moved, origin=np.full(size, Origin.MOVED, dtype=np.int8)
    )
    return rows.with_changed(positions, visible_until=moved, moves_out=True), movers


def _repeated(rows: Rows, positions: Positions) -> Rows:
    """Second rows of a case: half never hear of an update, half always name another place."""
    second = rows.take(positions)
    stale = np.arange(len(second)) % 2 == 0
    return second.but(
        frozen_at=np.where(stale, second.created + SECOND, NEVER),
        place=np.where(stale, second.place, second.corrected_place),
    )
