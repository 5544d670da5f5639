"""A layer as a column store: what `where`, ordering, statistics and JSON writing work on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Mask: TypeAlias = NDArray[np.bool_]
Positions: TypeAlias = NDArray[np.int64]


class EsriType(Enum):
    """Field types that the stand-in city uses, by their name on the wire."""

    OID = "esriFieldTypeOID"
    INTEGER = "esriFieldTypeInteger"
    BIG_INTEGER = "esriFieldTypeBigInteger"
    DOUBLE = "esriFieldTypeDouble"
    DATE = "esriFieldTypeDate"
    STRING = "esriFieldTypeString"


@dataclass(frozen=True)
class Column:
    """One field of a layer with its values.

    A date is epoch milliseconds. A string column holds positions in ``words``, which are distinct
    and sorted, so that order and equality of positions are those of the strings.
    """

    name: str
    type: EsriType
    values: NDArray[Any]
    known: Mask | None = None
    """Which values are not null; None means all."""
    words: tuple[str, ...] = ()

    @property
    def nullable(self) -> bool:
        """Whether the field may hold null: all but the object id."""
        return self.type is not EsriType.OID

    def known_mask(self) -> Mask:
        """Return which values are not null."""
        return np.ones(len(self.values), dtype=bool) if self.known is None else self.known

    def take(self, rows: Positions) -> Column:
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
    """The feature has no ``geometry`` key."""
    null: Mask
    """The geometry is null."""
    empty: Mask
    """The coordinates are ``"NaN"``."""

    def take(self, rows: Positions) -> Points:
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

    def take(self, rows: Positions) -> Polygons:
        """Return the polygons of the rows given."""
        return Polygons(tuple(self.rings[row] for row in rows))


@dataclass(frozen=True)
class Table:
    """The rows of a layer: its columns in order of the layer's fields, and its geometry."""

    columns: tuple[Column, ...]
    geometry: Points | Polygons

    def __len__(self) -> int:
        return len(self.columns[0].values)

    @property
    def geometry_type(self) -> str:
        """The type of the geometry by its name on the wire."""
        return "esriGeometryPoint" if isinstance(self.geometry, Points) else "esriGeometryPolygon"

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    def __getitem__(self, name: str) -> Column:
        column = self.find(name)
        if column is None:
            raise KeyError(name)
        return column

    def find(self, name: str) -> Column | None:
        """Return the column of that name, upper and lower case alike."""
        wanted = name.casefold()
        return next((c for c in self.columns if c.name.casefold() == wanted), None)
