"""Requests: one session, one limit, retries, and the errors a network can make."""

import asyncio
import datetime as dt
import ssl
import traceback
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from types import SimpleNamespace, TracebackType
from typing import Any, Self, TypeVar, TypeVarTuple
from urllib.parse import urlencode
from urllib.request import getproxies

import aiohttp
import pyarrow as pa
import stamina

from mpls311.arcgis.bodies import as_utf8, too_large, unpacked
from mpls311.arcgis.errors import (
    AccessDeniedError,
    ArcGISError,
    DeadlineError,
    ThrottledError,
    TransportError,
    UnreadableError,
    error_from_reply,
    unwrap,
)
from mpls311.arcgis.json_objects import load_object
from mpls311.arcgis.network import (
    REDIRECTS,
    address,
    not_an_address,
    proxy_for,
    redirected,
    tls_context,
)
from mpls311.arcgis.settings import ClientSettings
from mpls311.arcgis.throttle import Budget, Gate, Limit, Share, parse_retry_after

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
R = TypeVar("R")

_LONGEST_GET = 1800  # bytes of query; proxies and IIS begin to refuse at about 2,000
_WORKERS = 2
_LARGE = 4_000_000  # bytes of a body; as many requests as are allowed may have so much each
_READINGS = 2  # of a whole answer that cannot be read


@dataclass
class Meter:
    """Counts what one read costs; `bytes` as they came over the wire, compressed."""

    requests: int = 0
    retries: int = 0
    bytes: int = 0


@dataclass
class _Question:
    """One question and how often it went out; following a redirect is not to ask again."""

    meter: Meter
    sent: int = 0
    follows: bool = False

    def count(self) -> None:
        self.meter.requests += 1
        self.meter.retries += self.sent > 0 and not self.follows
        self.sent += 1
        self.follows = False


@dataclass(frozen=True)
class _Reply:
    """An answer as it was sent."""

    url: str
    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes
    limit: int

    def require_ok(self) -> None:
        """Raise the error that an HTTP status of 400 and above means.

        Raises:
            ThrottledError: The trouble may pass, and there is a Retry-After.
            ArcGISError: Anything else.

        """
        if self.status >= 400:
            raise self._with_wait(error_from_reply(self.url, self._error(), status=self.status))

    def parsed(self, parse: Callable[[bytes], T]) -> T:
        """Unpack and parse.

        Raises:
            ThrottledError: It is an error that may pass, and there is a Retry-After.
            ArcGISError: It is another error, is not packed as asked for, or not whole.

        """
        try:
            return parse(self._unpacked())
        except ArcGISError as exc:
            raise self._with_wait(exc) from exc.__cause__

    def _with_wait(self, error: ArcGISError) -> ArcGISError:
        wait = parse_retry_after(self.headers.get("Retry-After"), dt.datetime.now(dt.UTC))
        if wait is None or not error.retriable:
            return error
        return ThrottledError(error.what, url=self.url, code=error.code, retry_after=wait)

    def _error(self) -> object:
        """The error object of a refusal; the status line where there is none, as in HTML."""
        found = None
        with suppress(TransportError):
            found = load_object(self._unpacked(), self.url).get("error")
        return found or {"message": self.reason}

    def _unpacked(self) -> bytes:
        codings = self.headers.get("Content-Encoding", "")
        body = unpacked(self.body, codings, self.limit, self.url)
        return as_utf8(body, self.headers.get("Content-Type", ""))


class Transport:
    """Sends requests and parses replies, within the limits of its settings.

    Attributes:
        settings: The limits.
        page_slots: Bounds the pages that are asked for, decoded or waiting to be written; twice
            as many as requests, so that the line is not idle while threads work.
        budget: Bounds the values of the pages that have been taken off the line.

    """

    def __init__(self, settings: ClientSettings) -> None:
        self.settings = settings

    async def __aenter__(self) -> Self:
        """Open the session and start the clock of the deadline."""
        # Arrow's own allocators keep what large pages leave behind, half as much memory again.
        pa.set_memory_pool(pa.system_memory_pool())
        loop = asyncio.get_running_loop()
        self._clock = loop.time
        self._ends_at = loop.time() + self.settings.deadline
        self._gate = Gate(loop.time)
        self._limit = Limit(self.settings.concurrency)
        self.page_slots = asyncio.Semaphore(self.settings.concurrency * 2)
        self.budget = Budget(self.settings.values_in_memory)
        self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="arcgis")
        self._large = asyncio.Lock()
        self._proxies = getproxies() if self.settings.proxies else {}
        self._tls: ssl.SSLContext | None = None
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self.settings.concurrency),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self.settings.user_agent, "Accept-Encoding": "gzip"},
            timeout=aiohttp.ClientTimeout(total=self.settings.timeout),
            trace_configs=[_counting()],
            auto_decompress=False,  # which aiohttp would do in the event loop
        )
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the session and wait for work in threads."""
        await self._session.close()
        self._pool.shutdown(wait=True, cancel_futures=True)

    @asynccontextmanager
    async def deadline(self, url: str) -> AsyncIterator[None]:
        """End what runs inside when the client's time is over.

        Raises:
            DeadlineError: It is.

        """
        scope = asyncio.timeout_at(self._ends_at)
        try:
            async with scope:
                yield
        except TimeoutError as exc:
            if not scope.expired():
                raise
            raise DeadlineError(
                f"was not read within the deadline of {self.settings.deadline:g} s: run it again, "
                "with a longer deadline if the service is just slow.",
                url=url,
                retriable=False,
            ) from exc

    async def run(self, work: Callable[[*Ts], R], *items: *Ts) -> R:
        """Run CPU work in one of the two worker threads."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *items)

    async def fetch(
        self,
        url: str,
        parameters: Mapping[str, str],
        parse: Callable[[bytes], T],
        meter: Meter,
        share: Share | None = None,
    ) -> T:
        """Ask until `parse` accepts the answer, an error is final, or attempts run out.

        Parsing is part of an attempt, because a body cut short shows only then, but does not
        count against the limit of requests. The body is left on the line, where it holds up its
        sender, until there is a `share` of memory for it; with an answer, the share is held.

        Raises:
            ArcGISError: Whatever the last attempt raised.

        """
        question = _Question(meter)
        reply: _Reply | None = None
        unreadable = 0
        async for attempt in stamina.retry_context(
            on=_is_retriable,
            attempts=self.settings.attempts,
            timeout=None,
            wait_initial=self.settings.backoff_initial,
            wait_max=self.settings.backoff_max,
            wait_jitter=self.settings.backoff_initial,
        ):
            with attempt:
                try:
                    async with self._limit:
                        await self._gate.wait()
                        reply = await self._send(url, parameters, question, share)
                    answer = await self.run(reply.parsed, parse)
                except BaseException as exc:
                    reply = None
                    if share:
                        share.give_back()
                    if not isinstance(exc, ArcGISError):
                        raise
                    _let_go(exc)
                    if isinstance(exc, UnreadableError):
                        unreadable += 1
                        exc.retriable = unreadable < _READINGS
                    if exc.retriable:
                        self._limit.stumbled()
                    if exc.retriable and isinstance(exc, ThrottledError | AccessDeniedError):
                        self._leave_alone(exc)
                    raise
                self._limit.answered()
                return answer
        raise AssertionError("stamina ends by returning or raising")

    async def rest(self, seconds: float) -> None:
        """Wait; not at all while stamina is in testing mode."""
        if not stamina.is_testing():
            await asyncio.sleep(seconds)

    async def _send(
        self, url: str, parameters: Mapping[str, str], question: _Question, share: Share | None
    ) -> _Reply:
        try:
            async with self._answer(url, parameters, question) as response:
                if share:
                    await share.take()
                body = await self._body(response, url)
                question.meter.bytes += len(body)
        except TimeoutError as exc:
            raise TransportError(
                f"did not answer within {self.settings.timeout:g} s: try again later.",
                url=url,
            ) from exc
        except (aiohttp.ClientError, OSError) as exc:
            raise _connection_error(url, exc) from exc
        reply = _Reply(
            url,
            response.status,
            response.reason or "",
            response.headers,
            body,
            self.settings.body_limit,
        )
        # Before another request takes the place of this one.
        reply.require_ok()
        return reply

    @asynccontextmanager
    async def _answer(
        self, url: str, parameters: Mapping[str, str], question: _Question
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a question, and follow it where redirects may lead."""
        form = parameters if len(urlencode(parameters)) > _LONGEST_GET else None
        target = address(url) if form else address(url).update_query(parameters)
        seen = [target]
        while True:
            proxy, login = proxy_for(target, self._proxies)
            is_secure = target.scheme == "https"  # then the proxy sees no headers but its own
            async with self._session.request(
                "GET" if form is None else "POST",
                target,
                data=form,
                allow_redirects=False,
                proxy=proxy,
                proxy_headers=login if proxy and is_secure else None,
                headers=None if is_secure else login,
                ssl=self._certificates() if is_secure else True,
                trace_request_ctx=question,
            ) as response:
                location = response.headers.get("Location")
                if response.status not in REDIRECTS or location is None:
                    yield response
                    return
            target = redirected(seen, location, response.status)
            seen.append(target)
            question.follows = True

    def _certificates(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = tls_context()
        return self._tls

    async def _body(self, response: aiohttp.ClientResponse, url: str) -> bytes:
        """Read a body as it comes; of those that grow large, one at a time."""
        limit = self.settings.body_limit
        parts: list[bytes] = []
        size = 0
        async with AsyncExitStack() as alone:
            async for part in response.content.iter_any():
                if size <= _LARGE < size + len(part):
                    await alone.enter_async_context(self._large)
                parts.append(part)
                size += len(part)
                if size > limit:
                    raise too_large(limit, url)
            return b"".join(parts)

    def _leave_alone(self, error: ArcGISError) -> None:
        """Shut the gate for everyone; the error is final if it opens past the deadline."""
        rest = error.retry_after if isinstance(error, ThrottledError) else None
        self._gate.hold(self.settings.throttle_rest if rest is None else rest)
        if self._clock() + self._gate.remaining > self._ends_at:
            error.retriable = False


async def together(*work: Coroutine[Any, Any, Any]) -> list[Any]:
    """Run coroutines concurrently and return their results in order.

    Raises:
        Exception: The first `ArcGISError` of any of them, else the first exception; the rest
            is cancelled.

    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(coroutine) for coroutine in work]
    except BaseExceptionGroup as exc:
        raise unwrap(exc) from None
    return [task.result() for task in tasks]


def _counting() -> aiohttp.TraceConfig:
    """Count what really goes out: aiohttp resends by itself when a kept connection was dead."""

    async def count(_session: object, context: SimpleNamespace, _sent: object) -> None:
        context.trace_request_ctx.count()

    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(count)
    return trace


def _let_go(exc: BaseException | None) -> None:
    """Empty the frames that an error came through: it may live long, and they hold whole bodies."""
    while exc:
        traceback.clear_frames(exc.__traceback__)
        exc = exc.__context__


def _is_retriable(exc: Exception) -> bool:
    return isinstance(exc, ArcGISError) and exc.retriable


def _connection_error(url: str, exc: Exception) -> TransportError:
    if isinstance(exc, aiohttp.InvalidURL):
        return not_an_address(url)
    if isinstance(exc, aiohttp.ClientConnectorCertificateError):
        return TransportError(
            f"shows a certificate that is not trusted ({exc.certificate_error}): if a proxy of "
            "your organisation is in between, set SSL_CERT_FILE to its certificates.",
            url=url,
            unreachable=True,
            retriable=False,
        )
    if isinstance(exc, aiohttp.ClientProxyConnectionError | aiohttp.ClientHttpProxyError):
        return TransportError(
            f"cannot be reached through the proxy ({exc}): check HTTPS_PROXY, HTTP_PROXY and "
            "NO_PROXY.",
            url=url,
            unreachable=True,
        )
    if isinstance(exc, aiohttp.ClientConnectorError):
        return TransportError(
            f"cannot be reached ({exc.strerror or exc.os_error}): check the address and the "
            "network.",
            url=url,
            unreachable=True,
        )
    return TransportError(
        f"broke the connection off ({type(exc).__name__}: {exc}): try again later.",
        url=url,
    )
