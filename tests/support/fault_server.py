"""A feature layer on loopback that misbehaves exactly as a test tells it to."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

from mpls311.sandbox.protocol import (
    CUT_OFF,
    RESET,
    Answer,
    EsriType,
    Feature,
    Handler,
    Request,
    RowLayer,
    Script,
    error,
    feature,
    gzipped,
    serve,
    status,
)

FIELDS = {"OBJECTID": EsriType.OID, "TITLE": EsriType.STRING, "OPENED": EsriType.DATE}


FAULTS: dict[str, Answer] = {
    "error 500": error(500, "Error performing query operation"),
    "error 429": error(429, "Too many requests"),
    "unable": error(400, "Unable to complete operation."),
    "refused": error(400, "Cannot perform query. Invalid query parameters."),
    "token": error(499, "Token Required"),
    "invalid url": error(400, "Invalid URL"),
    "HTTP 429": status(429, Retry_After="1"),
    "HTTP 503": status(503),
    "HTTP 403": status(403),
    "reset": RESET,
    "cut off": CUT_OFF,
    "truncated gzip": gzipped(b'{"features":[],"count":1,"objectIds":[1]}', keep=25),
    "truncated": Answer(b'{"features":[{"attributes":{"OBJECTID":1'),
    "HTML": Answer(b"<html>down for maintenance</html>"),
    "nothing": Answer(b""),
    "no JSON": Answer(b'{"features":[{]}'),
    "login": Answer(b"<html><title>Sign in</title>Password</html>"),
    "elsewhere": status(302, Location="https://sso.example/"),
    "another answer": Answer(b'{"count":"many","objectIds":[1.5],"features":{}}'),
    "empty page": Answer(b'{"features":[]}'),
    "empty page, more to come": Answer(b'{"features":[],"exceededTransferLimit":true}'),
}


def make_rows(object_ids: Iterable[int]) -> list[Feature]:
    """Derive three columns and a point from each object id; every 5th row has no point."""
    return [
        feature(
            {"x": -93.0 - oid / 1e6, "y": 45.0} if oid % 5 else None,
            OBJECTID=oid,
            TITLE=f"row {oid}",
            OPENED=1_700_000_000_000 + oid,
        )
        for oid in object_ids
    ]


def values(rows: list[Feature]) -> list[tuple[int, str]]:
    return sorted((row["attributes"]["OBJECTID"], row["attributes"]["TITLE"]) for row in rows)


class FaultServer(RowLayer, Script):
    """A layer with a server of its own: a script of faults, and switches for every request."""

    page_cap = 10**9  # rows it really returns at most, whatever it advertises
    fails_above = 10**9  # rows; larger pages are answered with error 500
    tells_when_capped = True
    refuses_ids = False
    refuses_statistics = False
    ignores_where = False
    ignores_offset = False
    edit_page: Callable[[dict[str, Any]], object] | None = None
    # Gets kind and good reply; changes it, or gives another answer.
    meddle: Callable[[str, dict[str, Any]], Answer | None] | None = None
    barrier: asyncio.Barrier | None = None  # pages wait here for each other
    url = ""

    def __init__(self, rows: list[Feature], **switches: Any) -> None:
        RowLayer.__init__(
            self, "Requests", rows, FIELDS, maxRecordCount=100, standardMaxRecordCount=400
        )
        Script.__init__(self)
        self.edited(2)
        self.seen: list[Request] = []
        self.under_way = self.high_water = self.bytes_sent = 0
        for name, value in switches.items():
            setattr(self, name, value)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve at `url` while the context is open."""
        with serve([self], faults=[self._watched, self, self._misbehaving]) as server:
            self.url = server.url_of(self.name)
            yield

    async def _watched(self, request: Request, handler: Handler) -> Answer:
        self.seen.append(request)
        self.under_way += 1
        self.high_water = max(self.high_water, self.under_way)
        try:
            if self.barrier and request.kind == "page":
                await self.barrier.wait()
            answer = (await handler(request)).packed()
        finally:
            self.under_way -= 1
        self.bytes_sent += len(answer.content)
        return answer

    async def _misbehaving(self, request: Request, handler: Handler) -> Answer:
        kind = request.kind
        if (kind == "ids" and self.refuses_ids) or (
            kind == "statistics" and self.refuses_statistics
        ):
            asked = {"ids": "returnIdsOnly", "statistics": "outStatistics"}[kind]
            return error(400, f"{asked} is not supported")
        if self.ignores_where:
            request = request.but(where="1=1")
        if kind == "page":
            wanted = int(request.parameters.get("resultrecordcount", self.page_cap))
            request = request.but(resultRecordCount=str(min(wanted, self.page_cap)))
            request = request.but(resultOffset="0") if self.ignores_offset else request
        answer = await handler(request)
        if answer.is_error:
            return answer
        reply = answer.reply
        if kind == "ids":
            reply["objectIds"] = reply["objectIds"] or None
        if kind == "page":
            if len(reply["features"]) > self.fails_above:
                return error(500, "Error performing query operation")
            if not self.tells_when_capped:
                reply.pop("exceededTransferLimit", None)
            if self.edit_page:
                self.edit_page(reply)
        return (self.meddle and self.meddle(kind, reply)) or Answer.of(reply)
