"""From the body of a page to an Arrow table.

pyarrow.json parses a whole body, envelope and all, against an explicit schema without holding
the GIL, at about 2 us a row. It is strict, and silent about what it does not find, so the
envelope is looked at first, and a page that does not fit goes through a slower parser that
knows the spellings servers use and names the value that still does not fit.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from mpls311.arcgis.coerce import coerce
from mpls311.arcgis.errors import (
    SchemaDriftError,
    ServiceError,
    TransportError,
    error_from_reply,
)
from mpls311.arcgis.layer import FeatureLayer, Field

_EMPTY_POINT = re.compile(rb'"geometry"\s*:\s*\{\s*"x"\s*:\s*"NaN"\s*,\s*"y"\s*:\s*"NaN"\s*\}')
_ENVELOPE = [
    ("error", pa.struct([("code", pa.int64()), ("message", pa.string())])),
    ("exceededTransferLimit", pa.bool_()),
    ("fields", pa.list_(pa.struct([("name", pa.string()), ("type", pa.string())]))),
]


class DecodedPage(NamedTuple):
    """The rows of a page, and whether the service says that it held rows back."""

    table: pa.Table
    exceeded_transfer_limit: bool


def parse_object(body: bytes, url: str) -> dict[str, Any]:
    """Parse a reply that must be a JSON object without an error in it.

    Raises:
        TransportError: The body is HTML, cut short, not UTF-8 or not an object.
        ServiceError: It is an error object (ThrottledError for code 429).

    """
    reply = load_object(body, url)
    if reply.get("error") is not None:
        raise error_from_reply(url, reply["error"])
    return reply


def load_object(body: bytes, url: str) -> dict[str, Any]:
    """Parse a reply that must be a JSON object, which may be an error.

    Raises:
        TransportError: The body is HTML, cut short, not UTF-8 or not an object.

    """
    _require_brace(body, url)
    try:
        return dict(_loads(body))
    except (ValueError, RecursionError) as exc:
        raise _unreadable(url, f"a reply of {len(body)} bytes that is not JSON ({exc})") from exc


def _loads(body: bytes) -> Any:
    try:
        return orjson.loads(body)  # in a third of the time, for which nothing else can run
    except ValueError:
        return json.loads(body)  # takes a byte order mark, and NaN


def decode_page(body: bytes, layer: FeatureLayer) -> pa.Table:
    """Turn the answer to a feature query (f=json) into a table with `layer.arrow_schema`.

    Raises:
        TransportError: The body is not a whole JSON object; worth asking again.
        ServiceError: The body is an error object, or has no features member.
        SchemaDriftError: The page's own field list, or one of its values, contradicts `layer`.

    """
    return decode(body, layer).table


def decode(body: bytes, layer: FeatureLayer) -> DecodedPage:
    """Do what `decode_page` does, and keep exceededTransferLimit."""
    _require_brace(body, layer.query_url)
    if b'"NaN"' in body:
        # Esri's spelling of an empty point; one such row must not cost its page the fast parser.
        # Within a text the quotes would be escaped, so only geometries can match.
        body = _EMPTY_POINT.sub(b'"geometry":null', body)
    try:
        page = _decode_strictly(body, layer)
    except pa.ArrowException:
        page = None
    if page is None:
        page = _decode_tolerantly(body, layer)
    if page.table[layer.object_id_field].null_count:
        raise ServiceError(
            f"returns features without a {layer.object_id_field}: "
            "such a layer cannot be read completely, tell its owner.",
            url=layer.query_url,
        )
    return page


def _decode_strictly(body: bytes, layer: FeatureLayer) -> DecodedPage | None:
    """Return None for a page that only the tolerant parser can judge."""
    if not all(field.is_known for field in layer.fields):
        return None
    reply = pj.read_json(
        pa.BufferReader(body),
        read_options=pj.ReadOptions(use_threads=False, block_size=len(body) + 1),
        parse_options=pj.ParseOptions(
            explicit_schema=_page_schema(layer), unexpected_field_behavior="ignore"
        ),
    )
    features = reply["features"].chunk(0)
    if reply.num_rows != 1 or reply["error"].null_count == 0 or features.null_count:
        return None
    _check_fields(reply["fields"][0].as_py(), layer)
    rows = dict(zip(("attributes", "geometry"), features.flatten().flatten(), strict=False))
    columns = rows["attributes"].flatten()
    if layer.geometry_columns:
        columns += [_without_nan(part) for part in rows["geometry"].flatten()]
    schema = layer.arrow_schema
    cast = [_cast(column, target) for column, target in zip(columns, schema.types, strict=True)]
    table = pa.Table.from_arrays(cast, schema=schema)
    table.validate(full=True)  # the parser lets bytes through that are not UTF-8
    return DecodedPage(table, bool(reply["exceededTransferLimit"][0].as_py()))


def _page_schema(layer: FeatureLayer) -> pa.Schema:
    attributes = pa.struct([(field.name, _wire_type(field.arrow_type)) for field in layer.fields])
    members = [("attributes", attributes)]
    if geometry := [(name, column.type) for name, column in layer.geometry_columns.items()]:
        members.append(("geometry", pa.struct(geometry)))
    return pa.schema([*_ENVELOPE, ("features", pa.list_(pa.struct(members)))])


def _wire_type(target: pa.DataType) -> pa.DataType:
    """How JSON spells a type: dates with a time are numbers, days are text."""
    if pa.types.is_timestamp(target):
        return pa.int64()
    return pa.string() if pa.types.is_date(target) else target


def _cast(column: pa.Array, target: pa.DataType) -> pa.Array:
    if pa.types.is_timestamp(target):
        return column.cast(pa.timestamp("ms", tz="UTC")).cast(target)
    return column.cast(target)


def _without_nan(part: pa.Array) -> pa.Array:
    """Make null of NaN, which is how an empty point is spelled."""
    if not pa.types.is_floating(part.type):
        return part
    empty = pc.is_nan(part)
    return pc.if_else(empty, None, part) if pc.any(empty).as_py() else part


def _decode_tolerantly(body: bytes, layer: FeatureLayer) -> DecodedPage:
    url = layer.query_url
    reply = parse_object(body, url)
    features = reply.get("features")
    if not isinstance(features, list):
        raise ServiceError(
            "answers a query without features: "
            "check that the url names one layer, as in .../FeatureServer/0.",
            url=url,
        )
    _check_fields(reply.get("fields"), layer)
    rows = [_member(feature, "attributes") for feature in features]
    columns = [coerce([row.get(field.name) for row in rows], field, url) for field in layer.fields]
    geometries = [_member(feature, "geometry") for feature in features]
    columns += [
        _coerce_geometry([geometry.get(name) for geometry in geometries], column, url)
        for name, column in layer.geometry_columns.items()
    ]
    table = pa.Table.from_arrays(columns, schema=layer.arrow_schema)
    return DecodedPage(table, reply.get("exceededTransferLimit") in (True, "true"))


def _coerce_geometry(values: list[Any], column: pa.Field, url: str) -> pa.Array:
    if pa.types.is_floating(column.type):
        return _without_nan(coerce(values, Field(column.name, "esriFieldTypeDouble"), url))
    try:
        return pa.array(values, column.type)
    except (pa.ArrowException, TypeError) as exc:
        raise SchemaDriftError(
            f"sent a geometry that does not fit the layer's type: read it again, and tell "
            f"its owner if it stays so ({exc}).",
            url=url,
            column=column.name,
            declared=str(column.type),
            found="another shape",
        ) from exc


def _member(feature: object, name: str) -> Mapping[str, Any]:
    value = feature.get(name) if isinstance(feature, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _check_fields(fields: Iterable[Mapping[str, Any]] | None, layer: FeatureLayer) -> None:
    """Compare the field list that comes with a page, if one does, with the metadata."""
    listed = {item["name"]: item["type"] for item in fields or ()}
    if not listed:
        return
    for field in layer.fields:
        found = listed.get(field.name)
        if found != field.type:
            what = "misses" if found is None else f"has type {found} for"
            raise SchemaDriftError(
                f"answers with a page that {what} the field {field.name}, which the layer declares "
                f"as {field.type}: the layer was changed, read it again from the start.",
                url=layer.query_url,
                column=field.name,
                declared=field.type,
                found=found or "nothing",
            )


def _require_brace(body: bytes, url: str) -> None:
    """Refuse what is no object; pyarrow.json even crashes on a body that is just `null`."""
    start = body[:64].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start.startswith(b"{"):
        what = "an empty reply" if not body else f"a reply that starts {bytes(start[:20])!r}"
        raise _unreadable(url, what)


def _unreadable(url: str, what: str) -> TransportError:
    return TransportError(
        f"sent {what} in place of JSON: try again later, the service or a proxy is in trouble.",
        url=url,
    )
