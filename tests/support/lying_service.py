"""A small feature layer on loopback that tells the lie it is given, and the truth otherwise."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Self

from mpls311.sandbox.protocol import (
    Answer,
    EsriType,
    Fault,
    Feature,
    Handler,
    Request,
    RowLayer,
    serve,
)
from mpls311.sandbox.protocol import feature as made

Reply = dict[str, Any]
Lie = Callable[[str, Mapping[str, str], Reply], Any]
"""Gets the kind of a request, its parameters (names in lower case) and the true reply; gives what
is sent instead: an answer, the bytes of a body, or what becomes JSON."""

FIELDS = {
    "OBJECTID": EsriType.OID,
    "TITLE": EsriType.STRING,
    "OPENED": EsriType.DATE,
    "STATUS": EsriType.SMALL_INTEGER,
}


def feature(oid: int, **values: Any) -> Feature:
    """One row, its columns made of its object id."""
    titled = {"TITLE": f"row {oid}", "OPENED": 1_700_000_000_000 + oid, "STATUS": oid % 2}
    return made({"x": -93.0 - oid / 1e6, "y": 45.0}, **{"OBJECTID": oid} | titled | values)


def features(object_ids: Iterable[int]) -> list[Feature]:
    """Rows of some object ids."""
    return [feature(oid) for oid in object_ids]


class LyingService(RowLayer):
    """A layer with a server of its own, whose every answer passes a lie.

    Attributes:
        lie: The lie.
        faults: What is put around it, outermost first.
        requests: How many of each kind there were.
        url: Where it is, while it is running.

    """

    def __init__(
        self, rows: list[Feature], lie: Lie = lambda _kind, _query, reply: reply, *faults: Fault
    ) -> None:
        super().__init__("Lies", rows, FIELDS, maxRecordCount=20)
        self.edited(1_700_000_000_000)
        self.lie = lie
        self.faults = [*faults, self._lying]
        self.requests: Counter[str] = Counter()
        self.url = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """Serve at `url` while the context is open."""
        with serve({"Lies": self}, faults=self.faults) as server:
            self.url = server.url_of("Lies")
            yield self

    async def _lying(self, request: Request, handler: Handler) -> Answer:
        self.requests[request.kind] += 1
        told = self.lie(request.kind, request.parameters, (await handler(request)).reply)
        if isinstance(told, Answer):
            return told
        return Answer(told) if isinstance(told, bytes) else Answer.of(told)


def refusal(code: int, message: str) -> Reply:
    """An error object, which comes inside HTTP 200."""
    return {"error": {"code": code, "message": message, "details": []}}
