"""The query operation of a layer: parameters in, JSON out.

Rows come in no order unless ``orderByFields`` asks for one: without it every request sees a
shuffle of its own (drawn from its parameters, so that the same request has the same answer), and
with it ties are shuffled.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from zlib import crc32

import numpy as np

from .layer import Layer
from .metadata import OBJECT_ID_FIELD, WEB_MERCATOR, field, spatial_reference
from .render import WGS84, features
from .statistics import InvalidStatisticsError, statistics
from .table import Column, Mask, Positions, Table
from .where import InvalidWhereError, matches

_WKIDS: Final = {"4326": WGS84, "3857": WEB_MERCATOR, "102100": WEB_MERCATOR}
_UNSUPPORTED: Final = ("geometry", "time", "having", "groupByFieldsForStatistics")
_ORDER: Final = re.compile(r"\s*(\w+)(?:\s+(asc|desc))?\s*", re.IGNORECASE)


class InvalidQueryError(ValueError):
    """A parameter is missing, malformed or unsupported; the text goes into the reply."""


@dataclass(frozen=True)
class Answer:
    """A reply, and what kind of request it answers: page, count, ids or statistics."""

    kind: str
    body: bytes


def answer(layer: Layer, raw: Mapping[str, str]) -> Answer:
    """Answer one query.

    Args:
        layer: The layer as of its day.
        raw: The parameters; their names are matched in any case.

    Raises:
        InvalidQueryError: See there.

    """
    parameters = _Parameters({name.casefold(): value.strip() for name, value in raw.items()})
    for name in _UNSUPPORTED:
        if parameters.text(name):
            raise InvalidQueryError(f"'{name}' parameter is not supported")
    if parameters.flag("returnExtentOnly"):
        raise InvalidQueryError("'returnExtentOnly' parameter is not supported")
    try:
        return _answer(layer, parameters)
    except (InvalidWhereError, InvalidStatisticsError) as error:
        raise InvalidQueryError(str(error)) from error


def _answer(layer: Layer, parameters: _Parameters) -> Answer:
    table = layer.table
    selected = np.flatnonzero(_selection(table, parameters))
    if parameters.text("outStatistics"):
        reply = statistics(table, selected, parameters.text("outStatistics"))
        return Answer("statistics", _encoded(reply))
    fields = _out_fields(table, parameters)
    if parameters.flag("returnDistinctValues"):
        if parameters.flag("returnGeometry", default=True):
            raise InvalidQueryError("'returnDistinctValues' needs returnGeometry=false")
        selected = _distinct(fields, selected)
    if parameters.flag("returnCountOnly"):
        return Answer("count", _encoded({"count": len(selected)}))
    ordered = _ordered(table, selected, parameters)
    if parameters.flag("returnIdsOnly"):
        ids = table[OBJECT_ID_FIELD].values[ordered].tolist()
        return Answer("ids", _encoded({"objectIdFieldName": OBJECT_ID_FIELD, "objectIds": ids}))
    return Answer("page", _page(layer, ordered, fields, parameters))


@dataclass(frozen=True)
class _Parameters:
    values: Mapping[str, str]

    def text(self, name: str) -> str:
        return self.values.get(name.casefold(), "")

    def flag(self, name: str, *, default: bool = False) -> bool:
        text = self.text(name).casefold()
        if text not in ("", "true", "false"):
            raise InvalidQueryError(f"'{name}' parameter is invalid")
        return text == "true" if text else default

    def natural(self, name: str) -> int | None:
        text = self.text(name)
        if text and not (text.isascii() and text.isdecimal()):
            raise InvalidQueryError(f"'{name}' parameter is invalid")
        return int(text) if text else None

    @property
    def fingerprint(self) -> int:
        return crc32(json.dumps(sorted(self.values.items())).encode())


def _selection(table: Table, parameters: _Parameters) -> Mask:
    where, ids = parameters.text("where"), parameters.text("objectIds")
    if not where and not ids:
        raise InvalidQueryError("'where' parameter is required")
    selected = matches(table, where) if where else np.ones(len(table), dtype=bool)
    if ids:
        try:
            wanted = np.array([int(text) for text in ids.split(",")])
        except ValueError as error:
            raise InvalidQueryError("'objectIds' parameter is invalid") from error
        selected = selected & np.isin(table[OBJECT_ID_FIELD].values, wanted)
    return selected


def _out_fields(table: Table, parameters: _Parameters) -> list[Column]:
    names = [name.strip() for name in (parameters.text("outFields") or OBJECT_ID_FIELD).split(",")]
    if "*" in names:
        return list(table)
    columns = {}
    for name in names:
        column = table.find(name)
        if column is None:
            raise InvalidQueryError(f"'Invalid field: {name}' parameter is invalid")
        columns[column.name] = column
    return list(columns.values())


def _distinct(columns: list[Column], selected: Positions) -> Positions:
    """Return the first row of each combination of values."""
    groups = np.zeros(len(selected), dtype=np.int64)
    for column in columns:
        _, codes = np.unique(column.sort_key()[selected], return_inverse=True)
        _, groups = np.unique(groups * (len(selected) + 1) + codes, return_inverse=True)
    _, first = np.unique(groups, return_index=True)
    return selected[first]


def _ordered(table: Table, selected: Positions, parameters: _Parameters) -> Positions:
    rows = np.random.default_rng(parameters.fingerprint).permutation(selected)
    orders = parameters.text("orderByFields")
    for order in reversed(orders.split(",") if orders else []):
        match = _ORDER.fullmatch(order)
        column = table.find(match[1]) if match else None
        if match is None or column is None:
            raise InvalidQueryError("'orderByFields' parameter is invalid")
        keys = column.sort_key()[rows]
        if (match[2] or "").casefold() == "desc":
            rows = rows[len(rows) - 1 - np.argsort(keys[::-1], kind="stable")[::-1]]
        else:
            rows = rows[np.argsort(keys, kind="stable")]
    return rows


def _page(layer: Layer, ordered: Positions, fields: list[Column], parameters: _Parameters) -> bytes:
    start = parameters.natural("resultOffset") or 0
    size = min(_limit(layer, parameters), parameters.natural("resultRecordCount") or len(ordered))
    rows = ordered[start : start + size]
    wkid = _wkid(parameters)
    with_geometry = parameters.flag("returnGeometry", default=True)
    geometry = layer.table.geometry.take(rows) if with_geometry else None
    head: dict[str, Any] = {
        "objectIdFieldName": OBJECT_ID_FIELD,
        "uniqueIdField": {"name": OBJECT_ID_FIELD, "isSystemMaintained": True},
        "globalIdFieldName": "",
    }
    if with_geometry:
        head |= {
            "geometryType": layer.table.geometry_type,
            "spatialReference": spatial_reference(wkid),
        }
    if len(rows):
        head["fields"] = [field(column) for column in fields]
    if start + size < len(ordered):
        head["exceededTransferLimit"] = True
    body = features([column.take(rows) for column in fields], geometry, wkid)
    return _encoded(head)[:-1] + b',"features":' + body + b"}"


def _limit(layer: Layer, parameters: _Parameters) -> int:
    result_type = parameters.text("resultType").casefold()
    if result_type not in ("", "none", "standard"):
        raise InvalidQueryError("'resultType' parameter is invalid")
    standard = result_type == "standard" and layer.limits.supports_result_type
    return layer.limits.standard if standard else layer.limits.maximum


def _wkid(parameters: _Parameters) -> int:
    text = parameters.text("outSR")
    if text.startswith("{"):
        try:
            text = str(json.loads(text).get("wkid"))
        except ValueError as error:
            raise InvalidQueryError("'outSR' parameter is invalid") from error
    if text and text not in _WKIDS:
        raise InvalidQueryError("'outSR' parameter is invalid")
    return _WKIDS.get(text, WEB_MERCATOR)


def _encoded(reply: dict[str, Any]) -> bytes:
    return json.dumps(reply, separators=(",", ":")).encode()
