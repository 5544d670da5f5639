"""A feature layer as its metadata describes it, and the Arrow schema that follows from it.

Key names are those of Esri's "Layer (Feature Service)" resource. Everything that real servers
leave out (editing info, capabilities, the second record limit) is optional here.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self, TypeVar

import pyarrow as pa

from mpls311.arcgis.errors import ServiceError, error_from_reply, printable
from mpls311.arcgis.replies import FieldReply, LayerReply

T = TypeVar("T")

_GEOMETRIES: Mapping[str, Mapping[str, pa.Field]] = {
    "esriGeometryPoint": {
        "x": pa.field("geometry_x", pa.float64()),
        "y": pa.field("geometry_y", pa.float64()),
    },
    "esriGeometryPolygon": {
        "rings": pa.field("geometry_rings", pa.list_(pa.list_(pa.list_(pa.float64())))),
    },
}

MISFITS = pa.field("misfits", pa.string())
"""A column that only a file with values in it has: what did not fit, as a JSON object of texts."""

_OID = "esriFieldTypeOID"
_SHAPE = "esriFieldTypeGeometry"
_FALLBACK_LIMIT = 1000  # what servers before 10.x used without announcing it

_ARROW_TYPES: dict[str, pa.DataType] = {
    _OID: pa.int64(),
    "esriFieldTypeBigInteger": pa.int64(),
    "esriFieldTypeInteger": pa.int32(),
    "esriFieldTypeSmallInteger": pa.int16(),
    "esriFieldTypeDouble": pa.float64(),
    "esriFieldTypeSingle": pa.float32(),
    "esriFieldTypeString": pa.string(),
    "esriFieldTypeGUID": pa.string(),
    "esriFieldTypeGlobalID": pa.string(),
    "esriFieldTypeXML": pa.string(),
    "esriFieldTypeDate": pa.timestamp("us", tz="UTC"),
    "esriFieldTypeDateOnly": pa.date32(),
    "esriFieldTypeTimeOnly": pa.string(),
    "esriFieldTypeTimestampOffset": pa.string(),
}


@dataclass(frozen=True)
class Field:
    """One field of a layer.

    Attributes:
        name: Of the field and of its column.
        type: The esriFieldType name.
        coded_values: Codes and what they stand for, both as text, of a field that has a domain
            of such. Its column holds the codes.

    """

    name: str
    type: str
    coded_values: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, reply: FieldReply) -> Self:
        """A field as metadata describe it."""
        values = reply.domain.coded_values if reply.domain else ()
        return cls(reply.name, reply.type, tuple((it.code, it.name) for it in values if it))

    @property
    def is_known(self) -> bool:
        """Whether `type` has an Arrow type of its own; others are kept as JSON text."""
        return self.type in _ARROW_TYPES

    @property
    def arrow_type(self) -> pa.DataType:
        """Arrow type of the column."""
        return _ARROW_TYPES.get(self.type, pa.string())

    @property
    def arrow_field(self) -> pa.Field:
        """The column; its metadata `coded_values` is a JSON object of names by code."""
        names = json.dumps(dict(self.coded_values))
        metadata = {"coded_values": names} if self.coded_values else None
        return pa.field(self.name, self.arrow_type, metadata=metadata)


def without_misfits(rows: pa.Table) -> tuple[pa.Table, pa.ChunkedArray | None]:
    """Part rows of a file that a read wrote: the layer's columns, and `MISFITS` if it is there."""
    if MISFITS.name not in rows.column_names:
        return rows, None
    return rows.drop_columns(MISFITS.name), rows[MISFITS.name]


@dataclass(frozen=True)
class FeatureLayer:
    """What a reader needs to know of a layer.

    Attributes:
        url: Address of the layer, without a trailing slash or query.
        fields: In the layer's order, without the geometry itself.
        geometry_type: esriGeometryPoint and so on; None for a table.
        max_record_count: Most features a plain query returns.
        standard_max_record_count: The same for resultType=standard; 0 where not announced.
        data_last_edit_date: Epoch milliseconds, None where the layer keeps no such date.
        wkid: Of the spatial reference that its rows are kept in; answers are in degrees.
        out_fields: What a query asks for; `*`, or the names of `fields`.

    """

    url: str
    name: str
    object_id_field: str
    fields: tuple[Field, ...]
    geometry_type: str | None
    max_record_count: int
    standard_max_record_count: int
    supports_result_type: bool
    supports_pagination: bool
    supports_order_by: bool
    data_last_edit_date: int | None
    wkid: int | None = None
    out_fields: str = "*"

    @classmethod
    def from_json(cls, url: str, body: Mapping[str, Any]) -> Self:
        """Read the answer to `<layer>?f=json`.

        Raises:
            ServiceError: `body` is an error object or does not describe a layer with rows.

        """
        if body.get("error") is not None:
            raise error_from_reply(url, body["error"])
        reply = LayerReply.of(body, url)
        fields = tuple(Field.of(field) for field in reply.fields or () if field.type != _SHAPE)
        object_id_field = _object_id_field(fields, reply.object_id_field)
        if object_id_field is None:
            raise ServiceError(
                "does not describe a layer with rows and object ids: "
                "give the address of one layer, as in .../FeatureServer/0.",
                url=url,
            )
        can, edited = reply.advanced_query_capabilities, reply.editing_info
        reference = reply.extent.spatial_reference
        pagination = _first_of(can.supports_pagination, reply.supports_pagination)
        order_by = _first_of(can.supports_order_by, reply.supports_order_by)
        return cls(
            url=url,
            name=printable(reply.name or ""),
            object_id_field=object_id_field,
            fields=fields,
            geometry_type=reply.geometry_type or None,
            max_record_count=reply.max_record_count or _FALLBACK_LIMIT,
            standard_max_record_count=reply.standard_max_record_count or 0,
            supports_result_type=bool(can.supports_query_with_result_type),
            supports_pagination=bool(pagination),
            supports_order_by=bool(order_by),
            data_last_edit_date=_first_of(edited.data_last_edit_date, edited.last_edit_date),
            wkid=_first_of(reference.latest_wkid, reference.wkid),
        )

    def only(self, names: Sequence[str]) -> Self:
        """The same layer seen through some of its fields and the object id, without geometry.

        Raises:
            ServiceError: The layer has no such field.

        """
        there = {field.name for field in self.fields}
        if missing := [name for name in names if name not in there]:
            raise ServiceError(
                f"has no field {', '.join(missing)}: look at its fields.", url=self.url
            )
        wanted = {self.object_id_field, *names}
        fields = tuple(field for field in self.fields if field.name in wanted)
        out_fields = ",".join(field.name for field in fields)
        return replace(self, fields=fields, geometry_type=None, out_fields=out_fields)

    @property
    def query_url(self) -> str:
        """Address that answers queries."""
        return f"{self.url}/query"

    @property
    def geometry_columns(self) -> Mapping[str, pa.Field]:
        """Column of each member of a geometry: points and polygons; nothing for other layers."""
        return _GEOMETRIES.get(self.geometry_type or "", {})

    @property
    def geometry_names(self) -> tuple[str, ...]:
        """Names of the columns of a geometry."""
        return tuple(column.name for column in self.geometry_columns.values())

    @property
    def result_type(self) -> str | None:
        """The resultType to ask for: standard where the layer takes it, else none."""
        usable = self.supports_result_type and self.standard_max_record_count > 0
        return "standard" if usable else None

    @property
    def page_limit(self) -> int:
        """Most features one query with `result_type` returns.

        The larger standardMaxRecordCountNoGeometry does not apply: pages carry geometry.
        """
        return self.standard_max_record_count if self.result_type else self.max_record_count

    @cached_property
    def arrow_schema(self) -> pa.Schema:
        """Columns named and ordered as the layer's fields, then the geometry in degrees.

        Points add geometry_x and geometry_y; polygons geometry_rings, a list of rings, each a list
        of positions, each a list of longitude and latitude. Holes are rings too.

        Raises:
            ServiceError: Two columns would bear one name.

        """
        columns = [field.arrow_field for field in self.fields]
        columns += self.geometry_columns.values()
        names = [column.name for column in columns]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ServiceError(
                f"has more than one column named {', '.join(twice)}: ask its owner to rename them.",
                url=self.url,
            )
        return pa.schema(columns)


def _object_id_field(fields: Sequence[Field], named: str | None) -> str | None:
    """The field that the layer names, in whatever letter case, else the one of that type."""
    if not named:
        return next((field.name for field in fields if field.type == _OID), None)
    spelled = {field.name.lower(): field.name for field in fields}
    exact = {field.name: field.name for field in fields}
    return exact.get(named, spelled.get(named.lower()))


def _first_of(value: T | None, other: T | None) -> T | None:
    return other if value is None else value
