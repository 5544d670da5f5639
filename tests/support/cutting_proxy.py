"""A proxy in front of an emulator that breaks or answers single requests as a test tells it."""

import json
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

Matches = Callable[[str, str], bool]
"""Whether a request is meant, by its method and path."""


@dataclass
class CuttingProxy:
    """Passes requests on, but for those it was told about.

    Attributes:
        seen: Method and path of every request, in order.

    """

    upstream: str
    url: str = ""
    seen: list[tuple[str, str]] = field(default_factory=list)
    _cuts: deque[Matches] = field(default_factory=deque)
    _answers: deque[tuple[Matches, int, Any]] = field(default_factory=deque)

    def cut(self, matches: Matches) -> None:
        """Pass the next such request on, and hang up in place of its answer."""
        self._cuts.append(matches)

    def answer(self, matches: Matches, body: Any, status: int = 200) -> None:
        """Give the next such request this answer in place of the emulator's."""
        self._answers.append((matches, status, body))

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        method, path = request.command, request.path
        content = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        self.seen.append((method, path))
        if self._cuts and self._cuts[0](method, path):
            self._cuts.popleft()
            self._pass_on(request, content)
            request.close_connection = True
            return
        if self._answers and self._answers[0][0](method, path):
            _, status, body = self._answers.popleft()
            headers, reply = [("Content-Type", "application/json")], json.dumps(body).encode()
        else:
            status, headers, reply = self._pass_on(request, content)
        request.send_response(status)
        dropped = {"transfer-encoding", "content-length", "connection"}
        for name, value in headers:
            if name.lower() not in dropped:
                request.send_header(name, value.replace(self.upstream, self.url))
        request.send_header("Content-Length", str(len(reply)))
        request.end_headers()
        request.wfile.write(reply)

    def _pass_on(
        self, request: BaseHTTPRequestHandler, content: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = HTTPConnection(urlsplit(self.upstream).netloc)
        headers = {**dict(request.headers), "Accept-Encoding": "identity"}
        connection.request(request.command, request.path, content, headers)
        reply = connection.getresponse()
        passed = reply.status, reply.getheaders(), reply.read()
        connection.close()
        return passed


@contextmanager
def cutting_proxy(upstream: str) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(upstream)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self) -> None:
            proxy.handle(self)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

        def log_message(self, *_: Any) -> None:
            """Keep the output of tests clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        proxy.url = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield proxy
        finally:
            server.shutdown()
