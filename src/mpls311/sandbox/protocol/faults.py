"""Trouble, as wrappers around the good answers.

A fault is an async function of a request and of the handler that would answer it. It may change
the request, the answer or the layers, wait, or answer itself; several are put around each other,
the first one outermost:

    serve([layer], faults=[asking("page", outSR="102100"), in_place_of("count", status(503))])
"""

import asyncio
import gzip
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from mpls311.sandbox.protocol.exchange import Answer, Request, error

Handler = Callable[[Request], Awaitable[Answer]]
Fault = Callable[[Request, Handler], Awaitable[Answer]]

RESET = Answer(b"", cut_after=0)
"""The connection breaks in place of an answer."""
CUT_OFF = Answer(b'{"features":[' + b" " * 5_000, cut_after=13)
"""More bytes are announced than are sent before the connection breaks."""


def status(code: int, text: str = "<html>sorry</html>", **headers: str) -> Answer:
    """Answer with an HTTP status; header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(text.encode(), code, {"Content-Type": "text/html", **named}, is_error=True)


def gzipped(content: bytes, *, skip: int = 0, keep: int | None = None) -> Answer:
    """Answer with a part of what gzip makes of this body."""
    return Answer(gzip.compress(content)[skip:keep], headers={"Content-Encoding": "gzip"})


def in_place_of(kind: str, *answers: Answer | None) -> Fault:
    """Give one answer for every request of a kind, or several in turn and then good ones.

    None among several is a good answer.
    """
    script = Script()
    if len(answers) == 1 and answers[0] is not None:
        script.always[kind] = answers[0]
    else:
        script.add(kind, *answers)
    return script


def asking(kind: str, **parameters: str) -> Fault:
    """Answer a kind of request as if it had been asked with other parameters."""

    async def fault(request: Request, handler: Handler) -> Answer:
        return await handler(request.but(**parameters) if request.kind == kind else request)

    return fault


def editing(kind: str, edit: Callable[[Any], object]) -> Fault:
    """Change the JSON of the answers to a kind of request; error objects stay as they are."""

    async def fault(request: Request, handler: Handler) -> Answer:
        answer = await handler(request)
        if request.kind != kind or answer.is_error:
            return answer
        reply = answer.reply
        edit(reply)
        return replace(Answer.of(reply), status=answer.status, headers=answer.headers)

    return fault


def failing_above(rows: int, answer: Answer | None = None) -> Fault:
    """Answer larger pages with error 500, or with the answer given."""
    refusal = answer or error(500, "Error performing query operation")

    async def fault(request: Request, handler: Handler) -> Answer:
        good = await handler(request)
        large = request.kind == "page" and not good.is_error and len(good.reply["features"]) > rows
        return refusal if large else good

    return fault


def delaying(seconds: float) -> Fault:
    """Let every answer wait."""

    async def fault(request: Request, handler: Handler) -> Answer:
        await asyncio.sleep(seconds)
        return await handler(request)

    return fault


class Script:
    """A fault that says, kind by kind, what is answered in place of the good answers.

    Attributes:
        queues: By kind, one entry a request: an answer, or None for the good one.
        always: By kind, what is answered when the queue is used up.
        before: By kind, what is called before each request with its number, from 1 on.
        requests: How many requests of each kind there were.

    """

    def __init__(self) -> None:
        self.queues: defaultdict[str, deque[Answer | None]] = defaultdict(deque)
        self.always: dict[str, Answer] = {}
        self.before: dict[str, Callable[[int], object]] = {}
        self.requests: Counter[str] = Counter()

    def add(self, kind: str, *answers: Answer | None) -> None:
        """Append to the queue of a kind."""
        self.queues[kind].extend(answers)

    async def __call__(self, request: Request, handler: Handler) -> Answer:
        """Answer in place of the handler, or let it answer."""
        kind = request.kind
        self.requests[kind] += 1
        if kind in self.before:
            self.before[kind](self.requests[kind])
        queue = self.queues[kind]
        scripted = queue.popleft() if queue else self.always.get(kind)
        return scripted or await handler(request)
