"""A feature layer on loopback that misbehaves exactly as a test tells it to."""

from __future__ import annotations

import asyncio
import copy
import gzip
import json
import re
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

Row = dict[str, Any]
Fault = Callable[[web.Request], web.StreamResponse]
Meddler = Callable[[str, dict[str, Any]], Fault | None]

FIELDS = [
    {"name": "OBJECTID", "type": "esriFieldTypeOID", "nullable": False},
    {"name": "TITLE", "type": "esriFieldTypeString", "length": 100, "nullable": True},
    {"name": "OPENED", "type": "esriFieldTypeDate", "length": 8, "nullable": True},
]
_RANGE = re.compile(r"^\((.*)\) AND OBJECTID >= (-?\d+) AND OBJECTID <= (-?\d+)$")
_TITLE = re.compile(r"^TITLE = '((?:[^']|'')*)'$")


def make_rows(object_ids: Iterable[int]) -> list[Row]:
    """Derive three columns and a point from each object id; every 5th row has no point."""
    return [
        {
            "attributes": {
                "OBJECTID": oid,
                "TITLE": f"row {oid}",
                "OPENED": 1_700_000_000_000 + oid,
            },
            **({"geometry": {"x": -93.0 - oid / 1e6, "y": 45.0}} if oid % 5 else {}),
        }
        for oid in object_ids
    ]


def error(code: int, message: str, *details: str) -> Fault:
    """Answer with an error object inside HTTP 200."""
    reply = {"error": {"code": code, "message": message, "details": list(details)}}
    return lambda _: web.json_response(reply)


def status(code: int, text: str = "<html>sorry</html>", **headers: str) -> Fault:
    """Answer with a real HTTP status; header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: web.Response(status=code, text=text, headers=named, content_type="text/html")


def reset(request: web.Request) -> web.StreamResponse:
    """Cut the connection in place of an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def cut_body(request: web.Request) -> web.StreamResponse:
    """Announce more bytes than are sent, then hang up."""
    return _CutResponse(headers={"Content-Length": "5000"})


def body(content: bytes) -> Fault:
    """Answer with HTTP 200 and this body."""
    return lambda _: web.Response(body=content)


def gzipped(content: bytes, *, skip: int = 0, keep: int | None = None) -> Fault:
    """Answer with a part of what gzip makes of this body."""
    packed = gzip.compress(content)[skip:keep]
    return lambda _: web.Response(body=packed, headers={"Content-Encoding": "gzip"})


@dataclass
class FaultServer:
    """Rows, metadata, and a script of faults.

    `faults[kind]` holds one entry per request of that kind (layer, count, ids, page): a fault,
    or None for a good answer; when it is used up, answers are good. The switches below it hold
    for every request.
    """

    rows: list[Row]
    metadata: dict[str, Any] = field(default_factory=dict)
    faults: defaultdict[str, deque[Fault | None]] = field(
        default_factory=lambda: defaultdict(deque)
    )
    page_cap: int = 10**9  # rows it really returns at most, whatever it advertises
    fails_above: int = 10**9  # rows; larger pages are answered with error 500
    tells_when_capped: bool = True
    refuses_ids: bool = False
    ignores_where: bool = False
    ignores_offset: bool = False
    always: dict[str, Fault] = field(default_factory=dict)
    before: dict[str, Callable[[int], object]] = field(default_factory=dict)  # n-th of its kind
    edit_page: Callable[[dict[str, Any]], None] | None = None
    meddle: Meddler | None = None  # gets kind and good reply; changes it, or gives a fault
    barrier: asyncio.Barrier | None = None  # pages wait here for each other

    requests: Counter[str] = field(default_factory=Counter)
    seen: list[dict[str, str]] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    user_agents: set[str] = field(default_factory=set)
    under_way: int = 0
    high_water: int = 0
    bytes_sent: int = 0
    url: str = ""

    def __post_init__(self) -> None:
        self.metadata = {
            "name": "requests",
            "type": "Feature Layer",
            "objectIdField": "OBJECTID",
            "geometryType": "esriGeometryPoint",
            "fields": copy.deepcopy(FIELDS),
            "maxRecordCount": 100,
            "standardMaxRecordCount": 400,
            "advancedQueryCapabilities": {
                "supportsPagination": True,
                "supportsOrderBy": True,
                "supportsQueryWithResultType": False,
            },
            "editingInfo": {"lastEditDate": 1, "dataLastEditDate": 2},
        } | self.metadata

    def script(self, kind: str, *faults: Fault | None) -> None:
        """Append to the faults of one kind of request."""
        self.faults[kind].extend(faults)

    def set_edit_date(self, date: int) -> None:
        """Publish the layer anew, as far as its metadata says."""
        self.metadata["editingInfo"] = {"dataLastEditDate": date}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[FaultServer]:
        """Serve at `url` while the context is open."""
        app = web.Application()
        path = "/rest/services/Requests/FeatureServer/0"
        app.router.add_route("*", path, self._counted)
        app.router.add_route("*", f"{path}/query", self._counted)
        async with TestServer(app) as server:
            self.url = str(server.make_url(path))
            yield self

    async def _counted(self, request: web.Request) -> web.StreamResponse:
        self.under_way += 1
        self.high_water = max(self.high_water, self.under_way)
        try:
            return await self._answer(request)
        finally:
            self.under_way -= 1

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        form = await request.post() if request.method == "POST" else request.query
        query = {key: str(value) for key, value in form.items()}
        kind = self._kind(request, query)
        self.requests[kind] += 1
        self.seen.append(query)
        self.methods.append(request.method)
        self.user_agents.add(request.headers["User-Agent"])
        if self.barrier and kind == "page":
            await self.barrier.wait()
        if kind in self.before:
            self.before[kind](self.requests[kind])
        queue = self.faults[kind]
        fault = queue.popleft() if queue else self.always.get(kind)
        if fault:
            return fault(request)
        reply = self._reply(kind, query)
        if self.meddle:
            reply = copy.deepcopy(reply)
            if fault := self.meddle(kind, reply):
                return fault(request)
        packed = gzip.compress(json.dumps(reply).encode(), 1)
        self.bytes_sent += len(packed)
        return web.Response(body=packed, headers={"Content-Encoding": "gzip"})

    def _kind(self, request: web.Request, query: dict[str, str]) -> str:
        if not request.path.endswith("/query"):
            return "layer"
        if query.get("returnCountOnly") == "true":
            return "count"
        return "ids" if query.get("returnIdsOnly") == "true" else "page"

    def _reply(self, kind: str, query: dict[str, str]) -> dict[str, Any]:
        if kind == "layer":
            return self.metadata
        rows = self._matching(query["where"])
        if kind == "count":
            return {"count": len(rows)}
        if kind == "ids":
            if self.refuses_ids:
                return {"error": {"code": 400, "message": "returnIdsOnly is not supported"}}
            ids = [row["attributes"]["OBJECTID"] for row in rows]
            return {"objectIdFieldName": "OBJECTID", "objectIds": ids[::-1] or None}
        return self._page(rows, query)

    def _matching(self, where: str) -> list[Row]:
        bounds = _RANGE.match(where)
        lo, hi = -(10**18), 10**18
        if bounds:
            where, lo, hi = bounds[1], int(bounds[2]), int(bounds[3])
        if self.ignores_where:
            return self.rows
        title = _TITLE.match(where)
        return [
            row
            for row in self.rows
            if lo <= row["attributes"]["OBJECTID"] <= hi
            and (title is None or row["attributes"]["TITLE"] == title[1].replace("''", "'"))
        ]

    def _page(self, rows: list[Row], query: dict[str, str]) -> dict[str, Any]:
        standard = query.get("resultType") == "standard"
        limit = self.metadata["standardMaxRecordCount" if standard else "maxRecordCount"]
        limit = min(limit, int(query.get("resultRecordCount", limit)), self.page_cap)
        if "orderByFields" in query:
            rows = sorted(rows, key=lambda row: row["attributes"][query["orderByFields"]])
        else:
            rows = rows[::-1]  # no order was asked for, so none is kept
        start = 0 if self.ignores_offset else int(query.get("resultOffset", 0))
        rows = rows[start:]
        if min(limit, len(rows)) > self.fails_above:
            return {"error": {"code": 500, "message": "Error performing query operation"}}
        reply: dict[str, Any] = {"objectIdFieldName": "OBJECTID"}
        if len(rows) > limit and self.tells_when_capped:
            reply["exceededTransferLimit"] = True
        if rows:
            reply["fields"] = self.metadata["fields"]
        reply["features"] = rows[:limit]
        if self.edit_page:
            reply = copy.deepcopy(reply)
            self.edit_page(reply)
        return reply


class _CutResponse(web.StreamResponse):
    async def write_eof(self, data: bytes = b"") -> None:
        await self.write(b'{"features":[')
        assert self._req is not None
        assert self._req.transport is not None
        self._req.transport.close()
