"""What a layer shows on a day, and what changed between two days.

Both are pure functions of the rows' lives: `shown` looks at a cutoff, `changes` compares the
event times of two cutoffs, without building either state.
"""

from dataclasses import dataclass, fields
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from mpls311.sandbox.city.clock import (
    MINUTE,
    NEVER,
    Instants,
    cutoff,
    publication_of,
    publication_time,
)
from mpls311.sandbox.city.rows import Origin, Rows

CaseIds = NDArray[np.int64]
Mask = NDArray[np.bool_]

_STAMPED_EVENTS = ("first_update", "second_update", "closing", "late_update")
_OBJECT_ID_STEPS = (1, 1, 1, 1, 1, 1, 1, 2, 2, 9)


@dataclass(frozen=True)
class LayerChanges:
    """Case ids by what happened to their rows between two publications of a layer.

    A row is in one list at most (a case with two rows in the layer may be listed twice); a row
    that came and went in between is in none. A null CASEID is listed as 0.
    """

    new: CaseIds
    """Requests opened since."""
    copied_in: CaseIds
    """Requests of the year before that are in both layers now."""
    moved_in: CaseIds
    """Requests that left the layer of the year before."""
    updated: CaseIds
    """Rows with a new LastUpdateDate."""
    unstamped: CaseIds
    """Rows that changed but kept their LastUpdateDate."""
    deleted: CaseIds
    """Rows that are gone from the city altogether."""
    moved_out: CaseIds
    """Rows that left for the layer of the next year."""
    republished: tuple[date, ...]
    """Days on which every OBJECTID changed."""

    def counts(self) -> dict[str, int]:
        """Length of every list."""
        return {field.name: len(getattr(self, field.name)) for field in fields(self)}

    def __bool__(self) -> bool:
        return any(self.counts().values())


@dataclass(frozen=True)
class Shown:
    """The state of the rows that a publication shows; null instants are `NEVER`."""

    rows: Rows
    """Their lives."""
    position: NDArray[np.int64]
    """Their positions among all rows of the layer."""
    closed: Instants
    is_closed: Mask
    last_update: Instants
    place: NDArray[np.int32]


def shown(layer: Rows, day: date) -> Shown:
    """Return the rows of a layer as the publication of `day` shows them."""
    at = cutoff(day)
    position = np.flatnonzero(_visible(layer, at))
    rows = layer.take(position)
    now = np.minimum(rows.frozen_at, at)
    last_update = rows.created
    for name in _STAMPED_EVENTS:
        last_update = _later(last_update, getattr(rows, name), now)
    last_update = _later(last_update, rows.carried, np.int64(at))
    is_closed = rows.closing < now
    corrected = rows.correction < now
    by_date = _corrects_date(rows)
    earlier = rows.closed - (rows.closed - rows.opened) // (2 * MINUTE) * MINUTE
    closed = np.where(corrected & by_date, earlier, rows.closed)
    return Shown(
        rows=rows,
        position=position,
        closed=np.where(is_closed, closed, NEVER),
        is_closed=is_closed,
        last_update=np.where(rows.stamped, last_update, NEVER),
        place=np.where(corrected & ~by_date, rows.corrected_place, rows.place),
    )


def changes(
    layer: Rows, republications: tuple[date, ...], since: date, until: date
) -> LayerChanges:
    """Say what happened to the rows of a layer after one day's publication, up to another's."""
    start, end = cutoff(since), cutoff(until)
    before, after = _visible(layer, start), _visible(layer, end)
    stays, comes, goes = before & after, after & ~before, before & ~after
    ends = np.minimum(layer.frozen_at, end)
    updated = (start <= layer.carried) & (layer.carried < end)
    for name in _STAMPED_EVENTS:
        event = getattr(layer, name)
        updated |= (start <= event) & (event < ends)
    corrected = (start <= layer.correction) & (layer.correction < ends)
    deleted = goes & ~layer.moves_out

    def ids(mask: Mask) -> CaseIds:
        return layer.case_id[mask]

    return LayerChanges(
        new=ids(comes & (layer.origin == Origin.HOME)),
        copied_in=ids(comes & (layer.origin == Origin.COPY)),
        moved_in=ids(comes & (layer.origin == Origin.MOVED)),
        updated=ids(stays & updated & layer.stamped),
        unstamped=ids(stays & ((updated & ~layer.stamped) | (corrected & ~updated))),
        deleted=ids(deleted),
        moved_out=ids(goes & ~deleted),
        republished=tuple(day for day in republications if since < day <= until),
    )


def republications_of(year: int, seed: int) -> tuple[date, ...]:
    """Days on which the layer of `year` is reloaded: every ten days or so, then once a month."""
    rng = np.random.default_rng([seed, year, 4])
    days: list[date] = []
    day = date(year, 1, 2)
    while True:
        gap = rng.integers(7, 14) if day.year == year else rng.integers(25, 36)
        day += timedelta(days=int(gap))
        if day.year > year + 1:
            return tuple(days)
        days.append(day)


def last_edit(layer: Rows, republications: tuple[date, ...], day: date) -> int | None:
    """Time of the last publication, up to that of `day`, which changed the layer."""
    at = cutoff(day)
    rows = layer.take(layer.visible_from < at)
    ends = np.minimum(np.minimum(rows.frozen_at, rows.visible_until), at)
    events = [rows.visible_from, np.where(rows.visible_until < at, rows.visible_until, 0)]
    events.append(np.where(rows.carried < np.minimum(rows.visible_until, at), rows.carried, 0))
    for name in (*_STAMPED_EVENTS, "correction"):
        event = getattr(rows, name)
        events.append(np.where(event < ends, event, 0))
    edits = [publication_of(int(event.max())) for event in events if len(rows)]
    edits += [publication_time(reload) for reload in republications if reload <= day]
    return max(edits, default=None)


def object_ids(
    layer: Rows, republications: tuple[date, ...], year: int, seed: int, day: date
) -> NDArray[np.int64]:
    """OBJECTID of every row of a layer (shown or not) in its edition of `day`.

    Rows that come later have higher ids. Each republication is a new edition with ids of its own,
    none of which was used before, and the rows it starts with in a new order.
    """
    reloads = [reload for reload in republications if reload <= day]
    rng = np.random.default_rng([seed, year, 5])
    first = int(rng.integers(1, 50_000))
    ids = np.cumsum(rng.choice(_OBJECT_ID_STEPS, len(layer)))
    order = np.argsort(layer.visible_from, kind="stable")
    if reloads:
        rng = np.random.default_rng([seed, year, 5, len(reloads)])
        loaded = int(np.searchsorted(layer.visible_from[order], cutoff(reloads[-1])))
        order[:loaded] = rng.permutation(order[:loaded])
    result = np.empty(len(layer), dtype=np.int64)
    result[order] = first + len(reloads) * (int(ids[-1]) + 17) + ids
    return result


def _visible(layer: Rows, at: int) -> Mask:
    return (layer.visible_from < at) & (at <= layer.visible_until)


def _later(stamp: Instants, event: Instants, now: Instants | np.int64) -> Instants:
    return np.where(event < now, np.maximum(stamp, event), stamp)


def _corrects_date(rows: Rows) -> Mask:
    lasts: Mask = rows.closed - rows.opened >= 2 * MINUTE
    odd: Mask = rows.case_id % 2 == 1
    return lasts & odd & (rows.closing <= rows.correction)
