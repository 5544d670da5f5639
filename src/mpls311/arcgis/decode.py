"""From the body of a page to an Arrow table.

pyarrow.json parses a whole body, envelope and all, against an explicit schema without holding
the GIL, at about 2 us a row. It is strict, and silent about what it does not find, so the
envelope is looked at first, and columns without a single value are looked for in the body. A page
that does not fit goes through a slower parser that knows the spellings servers use, and keeps
apart what still does not fit.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from mpls311.arcgis.coerce import coerce
from mpls311.arcgis.errors import ServiceError
from mpls311.arcgis.json_objects import loads, loads_as_written, member, parse_object, require_brace
from mpls311.arcgis.layer import MISFITS, FeatureLayer, Field
from mpls311.arcgis.page_checks import check_carried, check_fields, check_reference
from mpls311.arcgis.spelling import NotKeptError, as_written

_EMPTY_POINT = re.compile(rb'"geometry"\s*:\s*\{\s*"x"\s*:\s*"NaN"\s*,\s*"y"\s*:\s*"NaN"\s*\}')
_FIRST_FEATURE = re.compile(rb'"features"\s*:\s*\[\s*')
_FIRST_FEATURE_BYTES = 50_000
_ENVELOPE = [
    ("error", pa.struct([("code", pa.int64()), ("message", pa.string())])),
    ("exceededTransferLimit", pa.bool_()),
    ("spatialReference", pa.struct([("wkid", pa.int64()), ("latestWkid", pa.int64())])),
    ("fields", pa.list_(pa.struct([("name", pa.string()), ("type", pa.string())]))),
]


class DecodedPage(NamedTuple):
    """The rows of a page, and what the reply says about them.

    Attributes:
        table: With the columns of `layer.arrow_schema`, and `MISFITS` if there are any.
        exceeded_transfer_limit: Whether the service says that it held rows back.
        has_geometry: Whether one feature at least has a geometry, if only an empty one; True
            for a page that was to have none, or has no rows.

    """

    table: pa.Table
    exceeded_transfer_limit: bool
    has_geometry: bool


def decode_page(body: bytes, layer: FeatureLayer) -> pa.Table:
    """Turn the answer to a feature query (f=json) into a table with `layer.arrow_schema`.

    A value that does not fit its type is null, and kept as text in one more column, `MISFITS`:
    null for most rows, for the others a JSON object of such texts by the names of their columns.

    Raises:
        TransportError: The body is not a whole JSON object; worth asking again.
        ServiceError: The body is an error object, or has no features member.
        SchemaDriftError: The page contradicts `layer`: its field list does, no feature has one
            of the columns, more than ten values of a column came and none fits, or the geometry
            is not in degrees.

    """
    return decode(body, layer).table


def decode(body: bytes, layer: FeatureLayer) -> DecodedPage:
    """Do what `decode_page` does, and say what the reply says besides."""
    require_brace(body, layer.query_url)
    page = _decode_strictly(body, layer)
    if page is None and b'"NaN"' in body:
        # Esri's spelling of an empty point; one such row must not cost its page the fast parser.
        # Within a text the quotes would be escaped, so only geometries can match.
        body = _EMPTY_POINT.sub(b'"geometry":null', body)
        page = _decode_strictly(body, layer)
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
    try:
        return _parsed(body, layer)
    except (pa.ArrowException, UnicodeDecodeError):
        return None


def _parsed(body: bytes, layer: FeatureLayer) -> DecodedPage | None:
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
    check_fields(reply["fields"][0].as_py(), layer)
    attributes, *shapes = features.flatten().flatten()
    geometry = [_without_nan(part) for shape in shapes for part in shape.flatten()]
    check_reference(reply["spatialReference"][0].as_py(), geometry, layer)
    schema = layer.arrow_schema
    columns = [
        _cast(column, target)
        for column, target in zip([*attributes.flatten(), *geometry], schema.types, strict=True)
    ]
    if any(_overflows(column) for column in columns):
        return None
    table = pa.Table.from_arrays(columns, schema=schema)
    table.validate(full=True)  # the parser lets bytes through that are not UTF-8
    has_geometry = check_carried(table, _features_of(body), layer)
    return DecodedPage(table, bool(reply["exceededTransferLimit"][0].as_py()), has_geometry)


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


def _overflows(column: pa.Array) -> bool:
    """Whether a number was too large for 32 bits, of which the parser makes infinity."""
    return pa.types.is_float32(column.type) and bool(pc.any(pc.is_inf(column)).as_py())


def _without_nan(part: pa.Array) -> pa.Array:
    """Make null of NaN, which is how an empty point is spelled."""
    if not pa.types.is_floating(part.type):
        return part
    empty = pc.is_nan(part)
    return pc.if_else(empty, None, part) if pc.any(empty).as_py() else part


def _decode_tolerantly(body: bytes, layer: FeatureLayer) -> DecodedPage:
    try:
        return _decode_reply(parse_object(body, layer.query_url), layer)
    except NotKeptError:  # of a number in a text column, or one that fits nothing
        return _decode_reply(parse_object(body, layer.query_url, loads_as_written), layer)


def _decode_reply(reply: Mapping[str, Any], layer: FeatureLayer) -> DecodedPage:
    url = layer.query_url
    features = reply.get("features")
    if not isinstance(features, list):
        raise ServiceError(
            "answers a query without features: "
            "check that the url names one layer, as in .../FeatureServer/0.",
            url=url,
        )
    check_fields(reply.get("fields"), layer)
    rows = [member(feature, "attributes") for feature in features]
    shapes = [member(feature, "geometry") for feature in features]
    odd: defaultdict[int, dict[str, str]] = defaultdict(dict)

    def made(values: list[Any], column: pa.Field, declared: str) -> pa.Array:
        made = coerce(values, column, declared, url)
        for position, text in made.misfits.items():
            odd[position][column.name] = text
        return made.values

    columns = [
        made(_values(rows, field), pa.field(field.name, field.arrow_type), field.type)
        for field in layer.fields
    ]
    geometry = [
        _without_nan(made([shape.get(name) for shape in shapes], column, str(layer.geometry_type)))
        for name, column in layer.geometry_columns.items()
    ]
    check_reference(member(reply, "spatialReference"), geometry, layer)
    table = pa.Table.from_arrays([*columns, *geometry], schema=layer.arrow_schema)
    has_geometry = check_carried(table, features, layer)
    if odd:
        if MISFITS.name in table.column_names:
            raise ServiceError(
                f"has a column {MISFITS.name}, so what does not fit the others cannot be kept "
                "beside it: ask its owner to rename it.",
                url=url,
            )
        texts = [json.dumps(odd[row]) if row in odd else None for row in range(table.num_rows)]
        table = table.append_column(MISFITS, pa.array(texts, MISFITS.type))
    exceeded = reply.get("exceededTransferLimit") in (True, "true")
    return DecodedPage(table, exceeded, has_geometry)


def _values(rows: Sequence[Mapping[str, Any]], field: Field) -> list[Any]:
    values = [row.get(field.name) for row in rows]
    if field.is_known:
        return values
    return [None if value is None else as_written(value) for value in values]


def _features_of(body: bytes) -> Iterator[Any]:
    """The first feature, which is as a rule enough to know; then all, for the price of a parse."""
    start = _FIRST_FEATURE.search(body)
    if start:
        text = body[start.end() : start.end() + _FIRST_FEATURE_BYTES].decode("utf-8", "replace")
        with suppress(ValueError):
            yield json.JSONDecoder(strict=False).raw_decode(text)[0]
    yield from loads(body)["features"]
