"""The stand-in city as an ArcGIS FeatureServer on loopback, in a thread of its own."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Mapping
from functools import partial
from threading import Event, Thread
from types import TracebackType
from typing import Any, Final, Self

from aiohttp import web
from isal import igzip

from . import metadata
from .city import City
from .layer import Layer
from .neighborhoods import SERVICE, neighborhoods
from .query import InvalidQueryError, answer

_ROOT: Final = "/arcgis/rest/services"
_PATH: Final = re.compile(
    rf"/(?:Public_311_(?P<year>\d{{4}})|{SERVICE})/FeatureServer(?P<layer>/0(?P<query>/query)?)?",
    re.IGNORECASE,
)
_INVALID_URL: Final = metadata.error(400, "Invalid URL", "Invalid URL")
_INVALID_QUERY: Final = "Cannot perform query. Invalid query parameters."
_MAX_FORM_BYTES: Final = 16 * 2**20
_GZIP_FROM_BYTES: Final = 1_000
_START_SECONDS: Final = 30.0


class SandboxServer:
    """A running FeatureServer over a city; a context manager.

    The server has its own event loop in a daemon thread, so it never outlives the process.

    Attributes:
        requests: Requests answered so far by kind: ``metadata``, ``count``, ``ids``, ``page``,
            ``statistics`` and ``error`` (an error object was the answer).

    """

    def __init__(self, city: City, *, host: str, port: int, latency_ms: float) -> None:
        self.city = city
        self.requests: Counter[str] = Counter()
        self._host = host
        self._port = port
        self._latency = latency_ms / 1000
        self._thread: Thread | None = None
        self._ready = Event()
        self._failure: OSError | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    @property
    def services_url(self) -> str:
        """Root of the services, without a slash at its end."""
        return f"http://{self._host}:{self._port}{_ROOT}"

    def start(self) -> Self:
        """Listen; returns when requests are answered.

        Raises:
            OSError: It cannot listen: the port is taken, or the host is not of this machine.

        """
        if self._thread is None:
            self._ready.clear()
            self._thread = Thread(target=self._run, name="sandbox-city", daemon=True)
            self._thread.start()
            if not self._ready.wait(_START_SECONDS):
                raise TimeoutError("The stand-in city did not start in time.")
            if self._failure is not None:
                failure, self._failure = self._failure, None
                self.stop()
                raise failure
        return self

    def stop(self) -> None:
        """Stop listening and wait for the thread; nothing happens if it is not running."""
        if self._thread is None:
            return
        if self._loop is not None and self._stopping is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._thread = self._loop = self._stopping = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as failure:
            self._failure = failure
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application(client_max_size=_MAX_FORM_BYTES)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
            self._port = runner.addresses[0][1]
            self._ready.set()
            await self._stopping.wait()
        finally:
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.Response:
        parameters: dict[str, str] = dict(request.query)
        if request.method == "POST":
            form = await request.post()
            parameters |= {name: str(value) for name, value in form.items()}
        if self._latency:
            await asyncio.sleep(self._latency)
        compress = "gzip" in request.headers.get("Accept-Encoding", "").casefold()
        work = partial(self._reply, request.path, parameters, compress=compress)
        kind, body, compressed = await asyncio.to_thread(work)
        self.requests[kind] += 1
        return web.Response(
            body=body,
            content_type="application/json",
            charset="utf-8",
            headers={"Content-Encoding": "gzip"} if compressed else {},
        )

    def _reply(
        self, path: str, parameters: Mapping[str, str], *, compress: bool
    ) -> tuple[str, bytes, bool]:
        """Kind of the request, body of the answer, whether it is compressed."""
        names = {name.casefold(): value for name, value in parameters.items()}
        output = names.get("f", "html").casefold()
        kind, body = self._answer(path, names, output)
        if output == "pjson":
            body = json.dumps(json.loads(body), indent=1).encode()
        if compress and len(body) >= _GZIP_FROM_BYTES:
            return kind, igzip.compress(body, compresslevel=1), True
        return kind, body, False

    def _answer(self, path: str, parameters: Mapping[str, str], output: str) -> tuple[str, bytes]:
        tail = path.rstrip("/")
        if not tail.casefold().startswith(_ROOT):
            return _described("error", _INVALID_URL)
        if output not in ("json", "pjson"):
            return _described("error", metadata.error(400, "Output format not supported."))
        tail = tail[len(_ROOT) :]
        if not tail:
            return _described("metadata", metadata.services(self.city))
        match = _PATH.fullmatch(tail)
        layer = self._layer(match["year"]) if match else None
        if match is None or layer is None:
            return _described("error", _INVALID_URL)
        if match["query"]:
            try:
                reply = answer(layer, parameters)
            except InvalidQueryError as error:
                return _described("error", metadata.error(400, _INVALID_QUERY, str(error)))
            return reply.kind, reply.body
        if match["layer"]:
            return _described("metadata", metadata.feature_layer(layer))
        return _described("metadata", metadata.service(layer))

    def _layer(self, year: str | None) -> Layer | None:
        if year is None:
            return neighborhoods()
        return self.city.layer(int(year)) if int(year) in self.city.years else None


def serve(
    city: City, *, host: str = "127.0.0.1", port: int = 0, latency_ms: float = 0
) -> SandboxServer:
    """Make a server for a city, not started yet: use it in ``with``, or ``start`` and ``stop`` it.

    Args:
        city: What to serve.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        latency_ms: Milliseconds that every answer waits.

    """
    return SandboxServer(city, host=host, port=port, latency_ms=latency_ms)


def _described(kind: str, reply: dict[str, Any]) -> tuple[str, bytes]:
    return kind, json.dumps(reply, separators=(",", ":")).encode()
