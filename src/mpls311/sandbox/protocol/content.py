"""What a layer holds: a column store for many rows, or features as somebody wrote them."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from mpls311.sandbox.protocol.columns import Column, Points, Polygons, Positions
from mpls311.sandbox.protocol.projection import WGS84, to_web_mercator
from mpls311.sandbox.protocol.render import features

Feature = dict[str, Any]
"""A row in Esri's JSON: `attributes`, and a `geometry` in degrees or none."""


class Content(Protocol):
    """Rows that can be selected, ordered and written."""

    def __len__(self) -> int: ...

    def find(self, name: str) -> Column | None:
        """Return the column of that name, upper and lower case alike."""

    def features(self, rows: Positions, names: Collection[str] | None, wkid: int | None) -> bytes:
        """Write rows as a JSON array of features.

        Args:
            rows: Which, in that order.
            names: The fields to write; None writes all.
            wkid: 4326 for degrees, 102100 for Web Mercator metres, None for no geometry.

        """


@dataclass(frozen=True)
class Table:
    """A column store: columns in order of the layer's fields, and geometry."""

    columns: tuple[Column, ...]
    geometry: Points | Polygons

    def __len__(self) -> int:
        return len(self.columns[0].values)

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

    def features(self, rows: Positions, names: Collection[str] | None, wkid: int | None) -> bytes:
        """Write rows as a JSON array of features."""
        chosen = self.columns if names is None else [self[name] for name in names]
        geometry = None if wkid is None else self.geometry.take(rows)
        return features([column.take(rows) for column in chosen], geometry, wkid or WGS84)


class Features:
    """Features as they are: looked up as far as their values suit their fields, written untouched.

    A value that its field cannot hold counts as null in conditions. What a feature leaves out
    stays out of the answers.
    """

    def __init__(self, rows: Iterable[Feature], fields: Sequence[Mapping[str, Any]]) -> None:
        self._rows = list(rows)
        self._types = {field["name"]: field["type"] for field in fields}

    def __len__(self) -> int:
        return len(self._rows)

    def find(self, name: str) -> Column | None:
        """Return the column of that name, upper and lower case alike."""
        for field, esri_type in self._types.items():
            if field.casefold() == name.casefold():
                values = (row["attributes"].get(field) for row in self._rows)
                return Column.of(field, esri_type, values)
        return None

    def features(self, rows: Positions, names: Collection[str] | None, wkid: int | None) -> bytes:
        """Write rows as a JSON array of features."""
        written = [_written(self._rows[row], names, wkid) for row in rows]
        return json.dumps(written, separators=(",", ":")).encode()


def _written(row: Feature, names: Collection[str] | None, wkid: int | None) -> Feature:
    feature = dict(row)
    if names is not None:
        attributes = row["attributes"]
        feature["attributes"] = {name: attributes[name] for name in names if name in attributes}
    if wkid is None:
        feature.pop("geometry", None)
    elif wkid != WGS84 and isinstance(row.get("geometry"), dict):
        feature["geometry"] = _projected(row["geometry"])
    return feature


def _projected(geometry: dict[str, Any]) -> dict[str, Any]:
    projected = dict(geometry)
    if "rings" in geometry:
        rings = [np.array(ring, dtype=np.float64) for ring in geometry["rings"]]
        projected["rings"] = [np.column_stack(to_web_mercator(*ring.T)).tolist() for ring in rings]
    elif all(isinstance(geometry.get(axis), int | float) for axis in "xy"):
        x, y = to_web_mercator(np.float64(geometry["x"]), np.float64(geometry["y"]))  # type: ignore[arg-type]
        projected |= {"x": float(x), "y": float(y)}
    return projected
