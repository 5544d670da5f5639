"""An ArcGIS server on loopback, in a thread of its own."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from threading import Event, Thread
from types import TracebackType
from typing import Self

from aiohttp import web

from mpls311.sandbox.protocol.exchange import Answer, Request
from mpls311.sandbox.protocol.faults import Fault, Handler, delaying
from mpls311.sandbox.protocol.layer import Layer
from mpls311.sandbox.protocol.services import ROOT, Services, place_of

_MAX_FORM_BYTES = 16 * 2**20
_START_SECONDS = 30.0


class FeatureServer:
    """A running server over layers; a context manager.

    The server has its own event loop in a daemon thread, so it never outlives the process.

    Attributes:
        faults: What is put around the good answers, outermost first; may be changed at any time.
        requests: Requests answered so far by kind: `metadata`, `count`, `ids`, `extent`, `page`,
            `statistics` and `error` (an error was the answer).

    """

    def __init__(
        self,
        layers: Mapping[str, Layer],
        *,
        faults: Sequence[Fault],
        host: str,
        port: int,
    ) -> None:
        self.faults = list(faults)
        self.requests: Counter[str] = Counter()
        self._services = Services(layers)
        self._host = host
        self._port = port
        self._thread: Thread | None = None
        self._ready = Event()
        self._failure: OSError | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    @property
    def services_url(self) -> str:
        """Root of the services, without a slash at its end."""
        return f"http://{self._host}:{self._port}{ROOT}"

    def url_of(self, address: str) -> str:
        """Where a layer is, by its address among the layers."""
        service, number = place_of(address)
        return f"{self.services_url}/{service}/{number}"

    def start(self) -> Self:
        """Listen; returns when requests are answered.

        Raises:
            OSError: It cannot listen: the port is taken, or the host is not of this machine.

        """
        if self._thread is None:
            self._ready.clear()
            self._thread = Thread(target=self._run, name="feature-server", daemon=True)
            self._thread.start()
            if not self._ready.wait(_START_SECONDS):
                raise TimeoutError("The feature server did not start in time.")
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
        runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=0.5, handler_cancellation=True
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
            self._port = runner.addresses[0][1]
            self._ready.set()
            await self._stopping.wait()
        finally:
            await runner.cleanup()

    async def _handle(self, http: web.Request) -> web.StreamResponse:
        form = await http.post() if http.method == "POST" else {}
        parameters = {
            name.casefold(): str(value) for name, value in [*http.query.items(), *form.items()]
        }
        request = Request(http.path, parameters, http.method, http.headers)
        handler: Handler = self._good
        for fault in reversed(self.faults):
            handler = _around(handler, fault)
        answer = await handler(request)
        self.requests["error" if answer.is_error else request.kind] += 1
        whole = isinstance(answer.body, bytes) and answer.cut_after is None
        if whole and request.accepts_gzip:
            answer = await asyncio.to_thread(answer.packed)
        return await _sent(http, answer)

    async def _good(self, request: Request) -> Answer:
        return await asyncio.to_thread(self._services.answer, request)


def serve(
    layers: Mapping[str, Layer] | Iterable[Layer],
    *,
    faults: Sequence[Fault] = (),
    host: str = "127.0.0.1",
    port: int = 0,
    latency_ms: float = 0,
) -> FeatureServer:
    """Make a server, not started yet: use it in `with`, or `start` and `stop` it.

    Args:
        layers: What to serve: layers by address (see `Services`), or layers under their names.
        faults: What to put around the good answers, outermost first.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        latency_ms: Milliseconds that every answer waits.

    """
    if not isinstance(layers, Mapping):
        layers = {layer.name: layer for layer in layers}
    latency = [delaying(latency_ms / 1000)] if latency_ms else []
    return FeatureServer(layers, faults=[*latency, *faults], host=host, port=port)


def _around(handler: Handler, fault: Fault) -> Handler:
    return lambda request: fault(request, handler)


async def _sent(http: web.Request, answer: Answer) -> web.StreamResponse:
    if answer.cut_after is None and isinstance(answer.body, bytes):
        return web.Response(body=answer.body, status=answer.status, headers=answer.headers)
    if answer.cut_after == 0:
        assert http.transport is not None, "nobody has hung up yet"
        http.transport.abort()
        return web.Response()
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    pieces = answer.body
    if isinstance(pieces, bytes):
        response.content_length = len(pieces)
        pieces = [pieces[: answer.cut_after]]
    with suppress(ConnectionError):
        await response.prepare(http)
        for piece in pieces:
            await response.write(piece)
        if answer.cut_after is not None and http.transport is not None:
            http.transport.close()
    return response
