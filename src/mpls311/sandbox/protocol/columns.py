"""The fields of a layer with their values, and the geometry of its rows, as parallel columns."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Positions = NDArray[np.int64]


class EsriType(StrEnum):
    """Field types by their name on the wire; values of other types are compared as text."""

    OID = "esriFieldTypeOID"
    SMALL_INTEGER = "esriFieldTypeSmallInteger"
    INTEGER = "esriFieldTypeInteger"
    BIG_INTEGER = "esriFieldTypeBigInteger"
    SINGLE = "esriFieldTypeSingle"
    DOUBLE = "esriFieldTypeDouble"
    DATE = "esriFieldTypeDate"
    STRING = "esriFieldTypeString"


_NUMBERS = (
    EsriType.OID,
    EsriType.SMALL_INTEGER,
    EsriType.INTEGER,
    EsriType.BIG_INTEGER,
    EsriType.SINGLE,
    EsriType.DOUBLE,
)
_KINDS = {name.casefold(): "number" for name in _NUMBERS} | {EsriType.DATE.casefold(): "date"}


def kind_of(esri_type: str) -> str:
    """What the values of a field type, in any case, are compared as: number, date or string."""
    return _KINDS.get(esri_type.casefold(), "string")


@dataclass(frozen=True)
class Column:
    """One field of a layer with its values.

    A date is epoch milliseconds. A string column holds positions in `words`, which are distinct
    and sorted, so that order and equality of positions are those of the strings.
    """

    name: str
    type: str
    values: NDArray[Any]
    known: Mask | None = None
    """Which values are not null; None means all."""
    words: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, esri_type: str, values: Iterable[Any]) -> Self:
        """Make a column of Python values; null is what the type cannot hold."""
        values = list(values)
        if kind_of(esri_type) == "string":
            known = [isinstance(value, str) for value in values]
            words = sorted({value for value in values if isinstance(value, str)}) or [""]
            positions = {word: position for position, word in enumerate(words)}
            codes = [positions[v] if k else 0 for v, k in zip(values, known, strict=True)]
            return cls(name, esri_type, np.array(codes, np.int64), np.array(known, bool), (*words,))
        known = [isinstance(v, int | float) and abs(v) < 2**63 for v in values]
        numbers = [v if k else 0 for v, k in zip(values, known, strict=True)]
        whole = all(isinstance(number, int) for number in numbers)
        dtype = np.int64 if whole else np.float64
        return cls(name, esri_type, np.array(numbers, dtype), np.array(known, bool))

    @property
    def kind(self) -> str:
        """What the values are compared as: number, date or string."""
        return kind_of(self.type)

    def known_mask(self) -> Mask:
        """Return which values are not null."""
        return np.ones(len(self.values), dtype=bool) if self.known is None else self.known

    def take(self, rows: Positions) -> "Column":
        """Return the column at the rows given."""
        known = None if self.known is None else self.known[rows]
        return Column(self.name, self.type, self.values[rows], known, self.words)

    def sort_key(self) -> NDArray[Any]:
        """Return numbers that sort as the values do, null before everything."""
        if self.known is None:
            return self.values
        lowest = -np.inf if self.values.dtype.kind == "f" else np.iinfo(self.values.dtype).min
        return np.where(self.known, self.values, lowest)


@dataclass(frozen=True)
class Points:
    """Point geometry in degrees; a row may have none, or an empty point."""

    longitude: NDArray[np.float64]
    latitude: NDArray[np.float64]
    absent: Mask
    """The feature has no `geometry` key."""
    null: Mask
    """The geometry is null."""
    empty: Mask
    """The coordinates are `"NaN"`."""

    def take(self, rows: Positions) -> "Points":
        """Return the points of the rows given."""
        return Points(
            self.longitude[rows],
            self.latitude[rows],
            self.absent[rows],
            self.null[rows],
            self.empty[rows],
        )


@dataclass(frozen=True)
class Polygons:
    """Polygon geometry: for each row its closed rings, n x 2 in degrees."""

    rings: tuple[tuple[NDArray[np.float64], ...], ...]

    def take(self, rows: Positions) -> "Polygons":
        """Return the polygons of the rows given."""
        return Polygons(tuple(self.rings[row] for row in rows))
