"""From the body of a page to an Arrow table.

pyarrow.json parses a whole body, envelope and all, against an explicit schema without holding
the GIL, at about 2 us a row. It is strict, and silent about what it does not find, so the
envelope is looked at first, and columns without a single value are looked for in the body. A page
that does not fit goes through a slower parser that knows the spellings servers use, and keeps
apart what still does not fit.
"""

import codecs
import html
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from mpls311.arcgis.coerce import coerce
from mpls311.arcgis.errors import (
    AccessDeniedError,
    ArcGISError,
    SchemaDriftError,
    ServiceError,
    TransportError,
    UnreadableError,
    error_from_reply,
)
from mpls311.arcgis.layer import MISFITS, FeatureLayer, Field
from mpls311.arcgis.replies import SpatialReference

_EMPTY_POINT = re.compile(rb'"geometry"\s*:\s*\{\s*"x"\s*:\s*"NaN"\s*,\s*"y"\s*:\s*"NaN"\s*\}')
_FIRST_FEATURE = re.compile(rb'"features"\s*:\s*\[\s*')
_FIRST_FEATURE_BYTES = 50_000
_BACKSLASH = re.compile(r'\\(["\\/bfnrt]|u[0-9a-fA-F]{4})?')
_PAGE_BYTES = 20_000
_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<(script|style)\b.*?</\1|<[^>]*>", re.IGNORECASE | re.DOTALL)
_NO_ENTRY = re.compile(
    r"request (was )?(rejected|blocked)|access (is |was )?denied|forbidden|not authori[sz]ed|"
    r"unauthori[sz]ed|sign[ -]?(in|on)\b|log[ -]?(in|on)\b|captcha|password|support id|"
    r"unusual traffic|you have been blocked",
    re.IGNORECASE,
)
_WGS84 = 4326
_MOST_DEGREES = 180
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

    Control characters, bytes that are not UTF-8 and escapes that there are not do not make a
    reply unreadable: the bytes become lone surrogates, of which `coerce` makes U+FFFD.

    Raises:
        UnreadableError: The body is whole, to all appearance, and no JSON.
        AccessDeniedError: It is the page of a firewall or a login.
        TransportError: It is other HTML, cut short, or not an object.

    """
    _require_brace(body, url)
    try:
        return dict(_loads(body))
    except (ValueError, RecursionError) as exc:
        what = f"a reply of {len(body)} bytes that is not JSON ({exc})"
        if body.rstrip().endswith(b"}"):
            raise UnreadableError(f"sent {what}: tell the layer's owner.", url=url) from exc
        raise _no_json(url, what) from exc


def _loads(body: bytes) -> Any:
    try:
        return orjson.loads(body)  # in a third of the time, for which nothing else can run
    except ValueError:
        text = body.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
    try:
        return json.loads(text, strict=False)  # takes control characters, and NaN
    except ValueError:
        return json.loads(_BACKSLASH.sub(_escaped, text), strict=False)


def _escaped(backslash: re.Match[str]) -> str:
    return backslash[0] if backslash[1] else "\\\\"


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
    _require_brace(body, layer.query_url)
    if b'"NaN"' in body:
        # Esri's spelling of an empty point; one such row must not cost its page the fast parser.
        # Within a text the quotes would be escaped, so only geometries can match.
        body = _EMPTY_POINT.sub(b'"geometry":null', body)
    try:
        page = _decode_strictly(body, layer)
    except (pa.ArrowException, UnicodeDecodeError):
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
    attributes, *shapes = features.flatten().flatten()
    geometry = [_without_nan(part) for shape in shapes for part in shape.flatten()]
    _check_reference(reply["spatialReference"][0].as_py(), geometry, layer)
    schema = layer.arrow_schema
    columns = [
        _cast(column, target)
        for column, target in zip([*attributes.flatten(), *geometry], schema.types, strict=True)
    ]
    if any(_overflows(column) for column in columns):
        return None
    table = pa.Table.from_arrays(columns, schema=schema)
    table.validate(full=True)  # the parser lets bytes through that are not UTF-8
    has_geometry = _check_carried(table, _features_of(body), layer)
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
    shapes = [_member(feature, "geometry") for feature in features]
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
    _check_reference(_member(reply, "spatialReference"), geometry, layer)
    table = pa.Table.from_arrays([*columns, *geometry], schema=layer.arrow_schema)
    has_geometry = _check_carried(table, features, layer)
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
    return [None if value is None else json.dumps(value) for value in values]


def _member(feature: object, name: str) -> Mapping[str, Any]:
    value = feature.get(name) if isinstance(feature, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _check_fields(fields: Any, layer: FeatureLayer) -> None:
    """Compare the field list that comes with a page, if one does, with the metadata."""
    listed = {}
    for item in fields if isinstance(fields, list) else ():
        if isinstance(item, Mapping) and isinstance(item.get("name"), str):
            listed[item["name"]] = item.get("type")
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
                found=str(found or "nothing"),
            )


def _check_reference(reference: object, geometry: Sequence[pa.Array], layer: FeatureLayer) -> None:
    """Require degrees of a page with places: by what it says, and by its coordinates."""
    if all(part.null_count == len(part) for part in geometry):
        return
    told = SpatialReference.of(reference if isinstance(reference, Mapping) else {}, layer.query_url)
    wkids = [wkid for wkid in (told.latest_wkid, told.wkid) if wkid is not None]
    if wkids and _WGS84 not in wkids:
        found = f"wkid {wkids[0]}"
    elif not _could_be_degrees(geometry):
        found = f"coordinates of {_MOST_DEGREES} and more"
    else:
        return
    raise SchemaDriftError(
        f"answers with {found} where degrees were asked for (wkid {_WGS84}): the service ignores "
        "outSR, ask its owner to publish the layer in that spatial reference.",
        url=layer.query_url,
        column="geometry",
        declared=f"wkid {_WGS84}",
        found=found,
    )


def _could_be_degrees(geometry: Sequence[pa.Array]) -> bool:
    """Whether one coordinate at least could be degrees; 0 is a place in any reference."""
    least = []
    for part in geometry:
        numbers = part
        while pa.types.is_list(numbers.type):
            numbers = numbers.flatten()
        limits = pc.min_max(numbers).as_py()
        if limits["min"] is None:
            continue
        if limits["min"] >= -_MOST_DEGREES and limits["max"] <= _MOST_DEGREES:
            return True
        sizes = pc.abs(numbers)
        least.append(pc.min(sizes.filter(pc.greater(sizes, 1e-6))).as_py())
    return any(size is None or size <= _MOST_DEGREES for size in least)


def _check_carried(table: pa.Table, features: Iterable[Any], layer: FeatureLayer) -> bool:
    """Require of each column without a value that one feature at least has it, if as null.

    Returns:
        Whether one feature at least has a geometry, if only an empty one.

    Raises:
        SchemaDriftError: No feature has the column.

    """
    empty = {name for name in table.column_names if table[name].null_count == table.num_rows}
    without = empty - {layer.object_id_field, *layer.geometry_names}
    needs_geometry = bool(layer.geometry_names) and empty.issuperset(layer.geometry_names)
    if not table.num_rows or not (without or needs_geometry):
        return True
    for feature in features:
        without -= _member(feature, "attributes").keys()
        needs_geometry = needs_geometry and not _has_geometry(feature, layer)
        if not (without or needs_geometry):
            return True
    if without:
        names = ", ".join(sorted(without))
        raise SchemaDriftError(
            f"answers with {table.num_rows} features, none of which has {names}: the layer lists "
            "what it does not serve, or was changed; tell its owner.",
            url=layer.query_url,
            column=names,
            declared="a field of the layer",
            found="nothing",
        )
    return False


def _has_geometry(feature: Any, layer: FeatureLayer) -> bool:
    if not isinstance(feature, Mapping) or "geometry" not in feature:
        return False
    shape = feature["geometry"]
    return not shape or (isinstance(shape, Mapping) and bool(shape.keys() & layer.geometry_columns))


def _features_of(body: bytes) -> Iterator[Any]:
    """The first feature, which is as a rule enough to know; then all, for the price of a parse."""
    start = _FIRST_FEATURE.search(body)
    if start:
        text = body[start.end() : start.end() + _FIRST_FEATURE_BYTES].decode("utf-8", "replace")
        with suppress(ValueError):
            yield json.JSONDecoder(strict=False).raw_decode(text)[0]
    yield from _loads(body)["features"]


def _require_brace(body: bytes, url: str) -> None:
    """Refuse what is no object; pyarrow.json even crashes on a body that is just `null`."""
    start = body[:64].removeprefix(codecs.BOM_UTF8).lstrip()
    if start.startswith(b"<"):
        raise _web_page(body, url)
    if not start.startswith(b"{"):
        what = "an empty reply" if not body else f"a reply that starts {bytes(start[:20])!r}"
        raise _no_json(url, what)


def _web_page(body: bytes, url: str) -> ArcGISError:
    """The error for HTML: of a firewall or a login by its words, else of trouble that may pass."""
    page = body[:_PAGE_BYTES].decode("utf-8", "replace")
    titled = _TITLE.search(page)
    title = html.unescape(titled[1]).strip()[:80] if titled else ""
    what = f"a web page ({title!r})" if title else "a web page"
    if not _NO_ENTRY.search(_TAG.sub(" ", page)):
        return _no_json(url, what)
    return AccessDeniedError(
        f"answers with {what}: a firewall refuses, or a login is wanted; leave it alone for some "
        "hours, or ask its owner for access.",
        url=url,
        message=title,
        retriable=True,
    )


def _no_json(url: str, what: str) -> TransportError:
    return TransportError(
        f"sent {what} in place of JSON: try again later, the service or a proxy is in trouble.",
        url=url,
    )
