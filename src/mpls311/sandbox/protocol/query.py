"""The query operation of a layer: parameters in, JSON out.

Rows come in no order unless `orderByFields` asks for one: without it every request sees a
shuffle of its own (drawn from its parameters, so that the same request has the same answer), and
with it ties are shuffled.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from zlib import crc32

import numpy as np

from mpls311.sandbox.protocol.columns import Column, Mask, Positions
from mpls311.sandbox.protocol.content import Content
from mpls311.sandbox.protocol.layer import Layer
from mpls311.sandbox.protocol.metadata import Field, in_replies
from mpls311.sandbox.protocol.projection import WEB_MERCATOR, WGS84, spatial_reference
from mpls311.sandbox.protocol.statistics import InvalidStatisticsError, statistics
from mpls311.sandbox.protocol.where import InvalidWhereError, matches

_WKIDS = {"4326": WGS84, "3857": WEB_MERCATOR, "102100": WEB_MERCATOR}
_UNSUPPORTED = ("geometry", "time", "having", "groupByFieldsForStatistics")
_ORDER = re.compile(r"\s*(\w+)(?:\s+(asc|desc))?\s*", re.IGNORECASE)


class InvalidQueryError(ValueError):
    """A parameter is missing, malformed or unsupported; the text goes into the reply."""


def answer(layer: Layer, parameters: Mapping[str, str]) -> bytes:
    """Answer one query.

    Args:
        layer: The layer as it is at this moment.
        parameters: By their names in lower case.

    Raises:
        InvalidQueryError: See there.

    """
    query = _Query(layer, {name: value.strip() for name, value in parameters.items()})
    for name in _UNSUPPORTED:
        if query.text(name):
            raise InvalidQueryError(f"'{name}' parameter is not supported")
    try:
        return query.answer()
    except (InvalidWhereError, InvalidStatisticsError) as error:
        raise InvalidQueryError(str(error)) from error


class _Query:
    def __init__(self, layer: Layer, values: Mapping[str, str]) -> None:
        self.metadata = layer.metadata
        self.content: Content = layer.content()
        self.values = values
        self.object_id = str(layer.metadata.get("objectIdField") or "OBJECTID")

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

    def answer(self) -> bytes:
        selected = np.flatnonzero(self.selection())
        if self.text("outStatistics"):
            fields = self.metadata["fields"]
            return _encoded(statistics(self.content, fields, selected, self.text("outStatistics")))
        fields = self.out_fields()
        if self.flag("returnDistinctValues"):
            if self.flag("returnGeometry", default=True):
                raise InvalidQueryError("'returnDistinctValues' needs returnGeometry=false")
            selected = _distinct([self.column(field["name"]) for field in fields], selected)
        if self.flag("returnCountOnly"):
            return _encoded({"count": len(selected)})
        if self.flag("returnExtentOnly"):
            return _encoded({"extent": self.extent(selected)})
        ordered = self.ordered(selected)
        if self.flag("returnIdsOnly"):
            ids = self.column(self.object_id).values[ordered].tolist()
            return _encoded({"objectIdFieldName": self.object_id, "objectIds": ids})
        return self.page(ordered, fields)

    def column(self, name: str) -> Column:
        column = self.content.find(name)
        if column is None:
            raise InvalidQueryError(f"'Invalid field: {name}' parameter is invalid")
        return column

    def selection(self) -> Mask:
        where, ids = self.text("where"), self.text("objectIds")
        if not where and not ids:
            raise InvalidQueryError("'where' parameter is required")
        every: Mask = np.ones(len(self.content), dtype=bool)
        selected = matches(self.content, where) if where else every
        if ids:
            try:
                wanted = np.array([int(text) for text in ids.split(",")])
            except ValueError as error:
                raise InvalidQueryError("'objectIds' parameter is invalid") from error
            selected = selected & np.isin(self.column(self.object_id).values, wanted)
        return selected

    def out_fields(self) -> list[Field]:
        names = [name.strip() for name in (self.text("outFields") or self.object_id).split(",")]
        known = {field["name"].casefold(): field for field in self.metadata["fields"]}
        if "*" in names:
            return list(known.values())
        fields = {}
        for name in names:
            if name.casefold() not in known:
                raise InvalidQueryError(f"'Invalid field: {name}' parameter is invalid")
            fields[name.casefold()] = known[name.casefold()]
        return list(fields.values())

    def ordered(self, selected: Positions) -> Positions:
        fingerprint = crc32(json.dumps(sorted(self.values.items())).encode())
        rows = np.random.default_rng(fingerprint).permutation(selected)
        orders = self.text("orderByFields")
        for order in reversed(orders.split(",") if orders else []):
            match = _ORDER.fullmatch(order)
            column = self.content.find(match[1]) if match else None
            if match is None or column is None:
                raise InvalidQueryError("'orderByFields' parameter is invalid")
            keys = column.sort_key()[rows]
            if (match[2] or "").casefold() == "desc":
                rows = rows[len(rows) - 1 - np.argsort(keys[::-1], kind="stable")[::-1]]
            else:
                rows = rows[np.argsort(keys, kind="stable")]
        return rows

    def page(self, ordered: Positions, fields: list[Field]) -> bytes:
        start = self.natural("resultOffset") or 0
        size = min(self.limit(), self.natural("resultRecordCount") or len(ordered))
        rows = ordered[start : start + size]
        wkid = self.wkid()
        geometry_type = self.metadata.get("geometryType")
        with_geometry = self.flag("returnGeometry", default=True) and geometry_type is not None
        head: dict[str, Any] = {
            "objectIdFieldName": self.object_id,
            "uniqueIdField": {"name": self.object_id, "isSystemMaintained": True},
            "globalIdFieldName": "",
        }
        if with_geometry:
            head |= {"geometryType": geometry_type, "spatialReference": spatial_reference(wkid)}
        if len(rows):
            head["fields"] = [in_replies(field) for field in fields]
        if start + size < len(ordered):
            head["exceededTransferLimit"] = True
        every = "*" in self.text("outFields")
        names = None if every else [field["name"] for field in fields]
        body = self.content.features(rows, names, wkid if with_geometry else None)
        return _encoded(head)[:-1] + b',"features":' + body + b"}"

    def extent(self, selected: Positions) -> dict[str, Any]:
        """The box around the rows that have a place; without numbers where none has."""
        rows = json.loads(self.content.features(selected, [self.object_id], self.wkid()))
        corners = [corner for row in rows for corner in _corners(row.get("geometry") or {})]
        x, y = zip(*corners, strict=True) if corners else (["NaN"], ["NaN"])
        box = {"xmin": min(x), "ymin": min(y), "xmax": max(x), "ymax": max(y)}
        return box | {"spatialReference": spatial_reference(self.wkid())}

    def limit(self) -> int:
        result_type = self.text("resultType").casefold()
        if result_type not in ("", "none", "standard"):
            raise InvalidQueryError("'resultType' parameter is invalid")
        can = self.metadata.get("advancedQueryCapabilities") or {}
        standard = result_type == "standard" and can.get("supportsQueryWithResultType")
        return int(self.metadata["standardMaxRecordCount" if standard else "maxRecordCount"])

    def wkid(self) -> int:
        text = self.text("outSR")
        if text.startswith("{"):
            try:
                text = str(json.loads(text).get("wkid"))
            except ValueError as error:
                raise InvalidQueryError("'outSR' parameter is invalid") from error
        if text and text not in _WKIDS:
            raise InvalidQueryError("'outSR' parameter is invalid")
        return _WKIDS.get(text, WEB_MERCATOR)


def _corners(geometry: Mapping[str, Any]) -> Iterator[tuple[float, float]]:
    for ring in geometry.get("rings", ()):
        yield from ((x, y) for x, y, *_ in ring)
    if isinstance(geometry.get("x"), int | float):  # an empty point is spelled "NaN"
        yield geometry["x"], geometry["y"]


def _distinct(columns: list[Column], selected: Positions) -> Positions:
    """Return the first row of each combination of values."""
    groups = np.zeros(len(selected), dtype=np.int64)
    for column in columns:
        _, codes = np.unique(column.sort_key()[selected], return_inverse=True)
        _, groups = np.unique(groups * (len(selected) + 1) + codes, return_inverse=True)
    _, first = np.unique(groups, return_index=True)
    return selected[first]


def _encoded(reply: dict[str, Any]) -> bytes:
    return json.dumps(reply, separators=(",", ":")).encode()
