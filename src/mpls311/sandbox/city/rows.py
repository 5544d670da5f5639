"""The life of every row a layer ever shows, as parallel columns."""

from dataclasses import dataclass, fields, replace
from enum import IntEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mpls311.sandbox.city.clock import Instants

NO_CASE_ID = 0
"""Stands for a null CASEID."""


class Location(IntEnum):
    """Values of `Rows.place` for a request without an address."""

    ZERO = -1
    """The point (0, 0), as the city publishes it most of the time."""
    ABSENT = -2
    """No `geometry` key at all."""
    NULL = -3
    """`"geometry": null`."""
    NAN = -4
    """The coordinates `"NaN"`, an empty point in Esri's spelling."""
    OUTSIDE = -5
    """A point far outside the city."""


class Origin(IntEnum):
    """How a row came to its layer."""

    HOME = 0
    """The request was opened in the year of the layer."""
    COPY = 1
    """A copy of a request that also stays in the layer of the year before."""
    MOVED = 2
    """A request that left the layer of the year before."""


@dataclass(frozen=True)
class Rows:
    """Columns of equal length, one entry a row that a layer shows at some time.

    Instants are epoch milliseconds; `clock.NEVER` is an event that does not happen. `place` is
    a position in `Places` or a `Location`; `kind` a position in the `Catalogue`.
    """

    case_id: NDArray[np.int64]
    kind: NDArray[np.int16]
    opened: Instants
    created: Instants
    """First stamp of the row; a few seconds after `opened`."""
    first_update: Instants
    second_update: Instants
    closing: Instants
    """When the request was closed: the stamp, not the closing date."""
    closed: Instants
    """The closing date that is published."""
    late_update: Instants
    carried: Instants
    """A stamp that comes with a copy or a move to the next layer."""
    correction: Instants
    """A change without a new stamp."""
    place: NDArray[np.int32]
    corrected_place: NDArray[np.int32]
    accessibility: NDArray[np.bool_]
    stamped: NDArray[np.bool_]
    """False: LastUpdateDate is always null."""
    dirt: NDArray[np.int8]
    origin: NDArray[np.int8]
    visible_from: Instants
    visible_until: Instants
    frozen_at: Instants
    """The row shows no event from this instant on (its copy elsewhere does)."""
    moves_out: NDArray[np.bool_]
    """At `visible_until` the row leaves for the next layer; otherwise it is deleted then."""

    def __len__(self) -> int:
        return len(self.case_id)

    def take(self, selection: NDArray[Any]) -> "Rows":
        """Return the rows of a mask or of positions."""
        return Rows(**{name: column[selection] for name, column in self.columns()})

    def columns(self) -> list[tuple[str, NDArray[Any]]]:
        """Return name and values of every column."""
        return [(field.name, getattr(self, field.name)) for field in fields(self)]

    def but(self, **columns: NDArray[Any]) -> Self:
        """Return the same rows with other values in the columns named."""
        return replace(self, **columns)

    def with_changed(self, positions: NDArray[np.int64], **values: Any) -> Self:
        """Return the same rows with other values in some columns of the rows at `positions`."""
        columns = {name: getattr(self, name).copy() for name in values}
        for name, value in values.items():
            columns[name][positions] = value
        return self.but(**columns)


def concatenate(*parts: Rows) -> Rows:
    """Return the rows of all parts, in that order."""
    names = [field.name for field in fields(Rows)]
    return Rows(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})
