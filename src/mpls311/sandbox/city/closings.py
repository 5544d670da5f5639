"""The same lives, closed at other times."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mpls311.sandbox.city.clock import NEVER, SECOND, Instants
from mpls311.sandbox.city.rows import Rows


def that_last(lives: Rows) -> NDArray[np.int64]:
    """Positions of requests that are closed some time, but not as they are opened."""
    return np.flatnonzero((lives.created < lives.closing) & (lives.closing < NEVER))


def closed_otherwise(
    lives: Rows, positions: NDArray[np.int64], closing: Instants, closed: Instants
) -> Rows:
    """Close some requests that last at other times, and move their updates along.

    Args:
        lives: All requests of a year.
        positions: Which of them, among those `that_last`.
        closing: The stamps of their closings, after those of their openings.
        closed: The closing dates that are published; those before the opening are raised to it.
    """
    rows = lives.take(positions)
    stretch = (closing - rows.created) / (rows.closing - rows.created)

    def moved(update: Instants) -> Instants:
        happens = update < NEVER
        since = whole_seconds(np.where(happens, update - rows.created, 0) * stretch)
        return np.where(happens, rows.created + since, NEVER)

    touched = rows.late_update < NEVER
    later = np.where(touched, rows.late_update, 0) + closing - rows.closing
    return lives.with_changed(
        positions,
        closing=closing,
        closed=np.maximum(closed, rows.opened),
        first_update=moved(rows.first_update),
        second_update=moved(rows.second_update),
        late_update=np.where(touched, later, NEVER),
    )


def whole_seconds(milliseconds: NDArray[np.floating[Any]]) -> Instants:
    """Milliseconds without what is less than a second."""
    return milliseconds.astype(np.int64) // SECOND * SECOND
