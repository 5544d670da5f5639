"""A layer: what it holds, and the metadata that describe it and that its answers obey."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from mpls311.sandbox.protocol.columns import EsriType, Points
from mpls311.sandbox.protocol.content import Content, Feature, Features, Table
from mpls311.sandbox.protocol.metadata import Field, field, layer_metadata


class Layer(ABC):
    """Something that a service publishes.

    Attributes:
        metadata: What the layer answers to `?f=json`. Queries keep to it: to its fields, its
            object id, its record limits. It may be changed while the layer is served.
        service: Members of the description of the layer's service that differ from the usual.

    """

    def __init__(self, metadata: dict[str, Any]) -> None:
        self.metadata = metadata
        self.service: dict[str, Any] = {}

    @property
    def name(self) -> str:
        """Name of the layer, as its metadata say."""
        return str(self.metadata["name"])

    @abstractmethod
    def content(self) -> Content:
        """What the layer holds at this moment."""

    def edited(self, date: int | None) -> None:
        """Set the edit date (epoch milliseconds), as if the layer had been published anew."""
        self.metadata["editingInfo"] = dict.fromkeys(
            ("lastEditDate", "schemaLastEditDate", "dataLastEditDate"), date
        )


class TableLayer(Layer):
    """A layer over a column store, for many rows."""

    def __init__(self, name: str, table: Table, **members: Any) -> None:
        fields = [field(column.name, column.type) for column in table]
        points = isinstance(table.geometry, Points)
        kind = "esriGeometryPoint" if points else "esriGeometryPolygon"
        super().__init__(layer_metadata(name, fields, geometryType=kind, **members))
        self.table = table

    def content(self) -> Table:
        """What the layer holds."""
        return self.table


class RowLayer(Layer):
    """A layer over features that somebody wrote by hand; they may be changed while it is served.

        layer = RowLayer("Requests", [feature(OBJECTID=1, TITLE="Pothole")],
                         {"OBJECTID": EsriType.OID, "TITLE": EsriType.STRING}, maxRecordCount=2)
        layer.rows.append(feature({"x": -93.2, "y": 44.9}, OBJECTID=2, TITLE=None))

    Args:
        name: Name of the layer.
        rows: Its features, geometry in degrees. Whatever is in them is served as it is.
        fields: Type by name, or fields as metadata describe them.
        members: Members of the metadata that differ from the usual.

    """

    def __init__(
        self,
        name: str,
        rows: list[Feature],
        fields: Mapping[str, str] | Sequence[Field],
        **members: Any,
    ) -> None:
        if isinstance(fields, Mapping):
            fields = [field(column, kind) for column, kind in fields.items()]
        super().__init__(layer_metadata(name, list(fields), **members))
        self.rows = rows

    @classmethod
    def of_arrow(
        cls, name: str, table: pa.Table, *, object_id: str = "OBJECTID", **members: Any
    ) -> "RowLayer":
        """Make a layer of an Arrow table; `geometry_x` and `geometry_y` are points in degrees."""
        fields = {
            column.name: EsriType.OID if column.name == object_id else _esri_type(column.type)
            for column in table.schema
            if column.name not in ("geometry_x", "geometry_y")
        }
        for index, column in enumerate(table.schema):
            if pa.types.is_timestamp(column.type):
                instants = table[index].cast(pa.timestamp("ms", column.type.tz)).cast(pa.int64())
                table = table.set_column(index, column.name, instants)
        return cls(name, [_of_flat(row) for row in table.to_pylist()], fields, **members)

    def content(self) -> Features:
        """What the layer holds at this moment."""
        return Features(self.rows, self.metadata["fields"])


def feature(geometry: Mapping[str, Any] | None = None, **attributes: Any) -> Feature:
    """Make a feature; without a geometry it has no such key."""
    return {"attributes": attributes, **({"geometry": dict(geometry)} if geometry else {})}


def _of_flat(row: dict[str, Any]) -> Feature:
    x, y = row.pop("geometry_x", None), row.pop("geometry_y", None)
    return feature(None if x is None else {"x": x, "y": y}, **row)


def _esri_type(kind: pa.DataType) -> EsriType:
    if pa.types.is_timestamp(kind):
        return EsriType.DATE
    if pa.types.is_integer(kind):
        return EsriType.BIG_INTEGER if kind.bit_width == 64 else EsriType.INTEGER
    return EsriType.DOUBLE if pa.types.is_floating(kind) else EsriType.STRING
