"""A small feature layer on loopback that tells the lie it is given, and the truth otherwise."""

import copy
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

Reply = dict[str, Any]
Lie = Callable[[str, dict[str, str], Reply], Any]
"""Gets the kind of a request, its parameters and the true reply; gives what is sent instead."""

PATH = "/rest/services/Lies/FeatureServer/0"
FIELDS = [
    {"name": "OBJECTID", "type": "esriFieldTypeOID"},
    {"name": "TITLE", "type": "esriFieldTypeString"},
    {"name": "OPENED", "type": "esriFieldTypeDate"},
    {"name": "STATUS", "type": "esriFieldTypeSmallInteger"},
]
METADATA: Reply = {
    "name": "lies",
    "type": "Feature Layer",
    "objectIdField": "OBJECTID",
    "geometryType": "esriGeometryPoint",
    "fields": FIELDS,
    "maxRecordCount": 20,
    "advancedQueryCapabilities": {"supportsPagination": True, "supportsOrderBy": True},
    "editingInfo": {"dataLastEditDate": 1_700_000_000_000},
}
_BOUNDS = re.compile(r"^\((.*)\) AND OBJECTID >= (-?\d+) AND OBJECTID <= (-?\d+)$")


def feature(oid: int, **values: Any) -> Reply:
    """One row, its columns made of its object id."""
    attributes = {
        "OBJECTID": oid,
        "TITLE": f"row {oid}",
        "OPENED": 1_700_000_000_000 + oid,
        "STATUS": oid % 2,
    }
    return {"attributes": attributes | values, "geometry": {"x": -93.0 - oid / 1e6, "y": 45.0}}


def features(object_ids: Iterable[int]) -> list[Reply]:
    """Rows of some object ids."""
    return [feature(oid) for oid in object_ids]


@dataclass
class LyingService:
    """Rows and a lie; the reply is JSON unless the lie makes bytes or a response of it."""

    rows: list[Reply]
    lie: Lie = lambda _kind, _query, reply: reply
    metadata: Reply = field(default_factory=lambda: copy.deepcopy(METADATA))
    requests: Counter[str] = field(default_factory=Counter)
    url: str = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator["LyingService"]:
        """Serve at `url` while the context is open."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        async with TestServer(app) as server:
            self.url = str(server.make_url(PATH))
            yield self

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        form = await request.post() if request.method == "POST" else request.query
        query = {key: str(value) for key, value in form.items()}
        kind = _kind(request.path, query)
        self.requests[kind] += 1
        told = self.lie(kind, query, copy.deepcopy(self._truth(kind, query)))
        if isinstance(told, web.StreamResponse):
            return told
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        return web.Response(body=body, content_type="application/json")

    def _truth(self, kind: str, query: dict[str, str]) -> Reply:
        if kind == "layer":
            return self.metadata
        rows = self._selected(query["where"])
        ids = [row["attributes"]["OBJECTID"] for row in rows]
        if kind == "count":
            return {"count": len(rows)}
        if kind == "ids":
            return {"objectIdFieldName": "OBJECTID", "objectIds": ids}
        if kind == "statistics":
            asked = json.loads(query["outStatistics"])
            made = {"min": min, "max": max, "count": len}
            values = {
                each["outStatisticFieldName"]: made[each["statisticType"]](ids)
                for each in asked
                if ids or each["statisticType"] == "count"
            }
            return {"features": [{"attributes": values}]}
        if kind == "extent":
            xs = [row["geometry"]["x"] for row in rows if row.get("geometry")]
            box = {"xmin": min(xs), "xmax": max(xs)} if xs else {"xmin": "NaN", "xmax": "NaN"}
            return {"extent": box}
        return self._page(rows, query)

    def _selected(self, where: str) -> list[Reply]:
        bounds = _BOUNDS.match(where)
        if not bounds:
            return self.rows
        lo, hi = int(bounds[2]), int(bounds[3])
        return [row for row in self.rows if lo <= row["attributes"]["OBJECTID"] <= hi]

    def _page(self, rows: list[Reply], query: dict[str, str]) -> Reply:
        limit = self.metadata["maxRecordCount"]
        limit = min(limit, int(query.get("resultRecordCount", limit)))
        if "orderByFields" in query:
            rows = sorted(rows, key=lambda row: int(row["attributes"]["OBJECTID"]))
        start = int(query.get("resultOffset", 0))
        return {
            "objectIdFieldName": "OBJECTID",
            "spatialReference": {"wkid": 4326, "latestWkid": 4326},
            "fields": self.metadata["fields"],
            "exceededTransferLimit": len(rows) > start + limit,
            "features": rows[start : start + limit],
        }


def _kind(path: str, query: dict[str, str]) -> str:
    if not path.endswith("/query"):
        return "layer"
    if "outStatistics" in query:
        return "statistics"
    for name, kind in (("Count", "count"), ("Ids", "ids"), ("Extent", "extent")):
        if query.get(f"return{name}Only") == "true":
            return kind
    return "page"


def refusal(code: int, message: str) -> Reply:
    """An error object, which comes inside HTTP 200."""
    return {"error": {"code": code, "message": message, "details": []}}
