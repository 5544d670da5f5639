"""Proxies, certificates, redirects, firewalls and bodies without end: read, or one sentence."""

import asyncio
import datetime as dt
import ipaddress
import json
import ssl
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest
import stamina
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from yarl import URL

from mpls311.arcgis import (
    AccessDeniedError,
    ArcGISClient,
    ArcGISError,
    ClientSettings,
    ReadReport,
    TransportError,
)
from mpls311.arcgis.errors import TooLargeError
from mpls311.sandbox.protocol import Answer, status
from tests.support.lying_service import Lie, LyingService, Reply, features
from tests.support.waiting import no_waiting

ATTEMPTS = 3
PATH = "/arcgis/rest/services/Lies/FeatureServer/0"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with no_waiting(ATTEMPTS):
        yield


async def read(
    service: LyingService, folder: Path, url: str | None = None, **settings: Any
) -> ReadReport:
    async with service.running(), ArcGISClient(ClientSettings(**settings)) as client:
        layer = await client.layer(url or service.url)
        return await client.read(layer, "1=1", folder / "rows.parquet")


@asynccontextmanager
async def proxy() -> AsyncIterator[tuple[str, list[str], list[str | None]]]:
    """A proxy that sends everything to the host of the first address it is asked for."""
    asked: list[str] = []
    logins: list[str | None] = []

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, url, _ = head.split(" ", 2)
            lines = head.split("\r\n")[1:]
            found = [line.partition(": ")[2] for line in lines if line.startswith("Proxy-Auth")]
            asked.append(url)
            logins.append(found[0] if found else None)
            target = URL(url)
            upstream = await asyncio.open_connection("127.0.0.1", target.port)
            kept = [line for line in lines if not line.startswith(("Proxy-", "Connection"))]
            sent = f"{method} {target.raw_path_qs} HTTP/1.1\r\nConnection: close\r\n"
            upstream[1].write((sent + "\r\n".join(kept)).encode("latin-1"))
            writer.write(await upstream[0].read())
            upstream[1].close()
            await writer.drain()
        finally:
            writer.close()

    server = await asyncio.start_server(forward, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", asked, logins
    finally:
        server.close()
        await server.wait_closed()


class TestProxies:
    @pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy"])
    @pytest.mark.parametrize("spelled", ["http://{}", "{}", "http://user:p%40ss@{}"])
    async def test_the_one_of_the_environment_is_used(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, spelled: str
    ) -> None:
        service = LyingService(features(range(30)))
        async with proxy() as (host, asked, logins), service.running():
            monkeypatch.setenv(name, spelled.format(host))
            url = str(URL(service.url).with_host("layers.example"))
            async with ArcGISClient(ClientSettings(concurrency=1)) as client:
                layer = await client.layer(url)
                report = await client.read(layer, "1=1", tmp_path / "rows.parquet")

        assert report.rows == 30
        assert len(asked) == report.requests + 1
        assert all(each.startswith("http://layers.example:") for each in asked)
        assert {bool(login) for login in logins} == {"user" in spelled}

    @pytest.mark.parametrize("exempt", ["127.0.0.1", "*", "example.org,127.0.0.1"])
    async def test_no_proxy_exempts(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exempt: str
    ) -> None:
        async with proxy() as (host, asked, _):
            monkeypatch.setenv("HTTP_PROXY", f"http://{host}")
            monkeypatch.setenv("NO_PROXY", exempt)
            await read(LyingService(features(range(30))), tmp_path)
        assert asked == []

    async def test_they_can_be_left_aside(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        assert (await read(LyingService(features(range(5))), tmp_path, proxies=False)).rows == 5

    @pytest.mark.parametrize(
        ("named", "said"),
        [
            ("http://127.0.0.1:1", "cannot be reached through the proxy"),
            ("socks5://127.0.0.1:1080", "HTTP_PROXY names .* correct it"),
            ("http://[", "HTTP_PROXY names .* correct it"),
        ],
    )
    async def test_one_that_does_not_work_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str, said: str
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", named)
        with pytest.raises(TransportError, match=said) as caught:
            await read(LyingService([]), tmp_path)
        assert caught.value.unreachable


def certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """An authority of its own for 127.0.0.1, and what a server needs to show it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a corporate proxy")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    trusted, private = folder / "ca.pem", folder / "key.pem"
    trusted.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(trusted, private)
    return trusted, context


@asynccontextmanager
async def behind_tls(url: str, context: ssl.SSLContext) -> AsyncIterator[str]:
    """The same address behind a certificate, as a proxy of an organisation shows one."""

    async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while part := await source.read(65536):
            target.write(part)
        target.close()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, questions = await asyncio.open_connection("127.0.0.1", URL(url).port)
        await asyncio.gather(copy(reader, questions), copy(answers, writer))

    server = await asyncio.start_server(forward, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    try:
        yield str(URL(url).with_scheme("https").with_port(port))
    finally:
        server.close()
        await server.wait_closed()


class TestCertificates:
    @pytest.fixture
    async def served(self, tmp_path: Path) -> AsyncIterator[tuple[str, Path]]:
        """A layer behind a certificate, and the file that makes one trust it."""
        file, context = certificate(tmp_path)
        async with (
            LyingService(features(range(30))).running() as service,
            behind_tls(service.url, context) as url,
        ):
            yield url, file

    async def test_those_of_ssl_cert_file_are_trusted(
        self, served: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        url, file = served
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        async with ArcGISClient() as client:
            layer = await client.layer(url)
            report = await client.read(layer, "1=1", tmp_path / "rows.parquet")
        assert report.rows == 30

    async def test_others_are_not(self, served: tuple[str, Path]) -> None:
        async with ArcGISClient() as client:
            with pytest.raises(TransportError, match=r"not trusted .*SSL_CERT_FILE") as caught:
                await client.layer(served[0])
        assert not caught.value.retriable


def sending(location: Callable[[int], str], code: int = 302, times: int = 10**9) -> Lie:
    """A lie of redirects; the location is made of the number of the request."""
    sent = 0

    def lie(kind: str, _query: object, reply: Reply) -> Any:
        nonlocal sent
        sent += 1
        return status(code, Location=location(sent)) if sent <= times else reply

    return lie


class TestRedirects:
    @pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
    async def test_to_the_same_host_they_are_followed(self, tmp_path: Path, code: int) -> None:
        def lie(kind: str, query: Mapping[str, str], reply: Reply) -> Any:
            if "moved" in query:
                return reply
            path = PATH if kind == "metadata" else f"{PATH}/query"
            return status(code, Location=str(URL(path).with_query({**query, "moved": "1"})))

        service = LyingService(features(range(30)), lie)
        report = await read(service, tmp_path)

        assert report.rows == 30
        assert report.retries == 0
        assert report.requests == sum(service.requests.values()) - 2

    async def test_a_posted_question_is_posted_again(self, tmp_path: Path) -> None:
        posted = []

        def lie(kind: str, query: Mapping[str, str], reply: Reply) -> Any:
            if kind == "count" and not posted:
                posted.append(query)
                return status(307, Location=f"{PATH}/query?moved=1")
            return reply

        service = LyingService(features(range(3)), lie)
        where = f"1=1 OR TITLE = '{'x' * 3000}'"
        async with service.running(), ArcGISClient() as client:
            layer = await client.layer(service.url)
            assert await client.count(layer, where) == 3

    async def test_from_http_to_https_of_the_same_host(self, tmp_path: Path) -> None:
        with pytest.raises(TransportError, match="cannot be reached") as caught:
            await read(
                LyingService([], sending(lambda _: "https://127.0.0.1:1/FeatureServer/0")), tmp_path
            )
        assert caught.value.unreachable  # as nobody listens there; but it was tried

    @pytest.mark.parametrize(
        "location",
        [
            "https://login.example/oauth2/authorize?client=1",
            "http://127.0.0.1:1/FeatureServer/0",
            "//login.example/",
            "ftp://127.0.0.1/",
            "http://[",
        ],
    )
    async def test_to_another_host_they_are_not_followed(
        self, tmp_path: Path, location: str
    ) -> None:
        service = LyingService([], sending(lambda _: location))
        with pytest.raises(AccessDeniedError, match=r"redirects to another host .*login"):
            await read(service, tmp_path)
        assert sum(service.requests.values()) == ATTEMPTS

    async def test_a_layer_that_has_moved_for_good(self, tmp_path: Path) -> None:
        service = LyingService([], sending(lambda _: "https://new.example/arcgis/0", 301))
        with pytest.raises(AccessDeniedError, match=r"\(new.example\), as it has moved"):
            await read(service, tmp_path)
        assert sum(service.requests.values()) == 1

    @pytest.mark.parametrize(
        "location", [lambda _: PATH, lambda number: f"{PATH}?turn={number}", lambda _: "?f=json"]
    )
    async def test_in_a_circle(self, tmp_path: Path, location: Callable[[int], str]) -> None:
        service = LyingService([], sending(location))
        with pytest.raises(TransportError, match="redirects in a circle") as caught:
            await read(service, tmp_path)
        assert not caught.value.retriable
        assert sum(service.requests.values()) <= 6

    async def test_one_that_passes(self, tmp_path: Path) -> None:
        service = LyingService(
            features(range(30)), sending(lambda _: "https://login.example/", times=2)
        )
        assert (await read(service, tmp_path)).rows == 30


FIREWALLS = {
    "HTTP 403": status(403, "<html>Forbidden</html>"),
    "rejected": status(
        200,
        "<html><head><title>Request Rejected</title></head><body>The requested URL was rejected. "
        "Your support ID is: 123</body></html>",
    ),
    "login": status(200, "<html><title>Sign in</title><form>Password <input></form></html>"),
    "redirect": status(302, Location="https://sso.example/"),
}


class TestFirewalls:
    @pytest.mark.parametrize("answer", FIREWALLS.values(), ids=FIREWALLS)
    async def test_they_are_waited_out_at_the_pace_of_a_429(
        self, tmp_path: Path, answer: Answer
    ) -> None:
        def lie(kind: str, _query: object, reply: Reply) -> Any:
            return answer if kind == "page" and service.requests["page"] < ATTEMPTS else reply

        service = LyingService(features(range(20)), lie)
        assert (await read(service, tmp_path, concurrency=1)).retries == ATTEMPTS - 1

        service.requests.clear()
        with stamina.set_testing(False), pytest.raises(AccessDeniedError):
            await read(service, tmp_path, concurrency=1, deadline=59)
        assert service.requests["page"] == 1  # as a minute of rest would be too long

    @pytest.mark.parametrize("answer", FIREWALLS.values(), ids=FIREWALLS)
    async def test_then_they_are_told_as_what_they_are(
        self, tmp_path: Path, answer: Answer
    ) -> None:
        service = LyingService(features(range(20)), lambda *_: answer)

        with pytest.raises(AccessDeniedError, match="firewall refuses"):
            await read(service, tmp_path)
        assert service.requests == {"metadata": ATTEMPTS}

    async def test_a_page_of_maintenance_is_none(self, tmp_path: Path) -> None:
        page = b"<html><title>Down for\n maintenance \x1b[31m</title></html>"
        with pytest.raises(TransportError, match="web page") as caught:
            await read(LyingService([], lambda *_: page), tmp_path)
        assert "\x1b" not in str(caught.value)
        assert "\n" not in str(caught.value)


class TestBounds:
    @pytest.mark.parametrize("at", ["metadata", "page"])
    async def test_a_body_without_end(self, tmp_path: Path, at: str) -> None:
        def lie(kind: str, _query: object, reply: Reply) -> Any:
            return Answer(repeat(b" " * 200_000)) if kind == at else reply

        tracemalloc.start()
        try:
            with pytest.raises(TooLargeError, match="more than 5 MB"):
                await read(LyingService(features(range(200)), lie), tmp_path, body_limit=5_000_000)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert peak < 120_000_000

    async def test_a_page_that_is_too_large_is_halved(self, tmp_path: Path) -> None:
        def lie(kind: str, _query: object, reply: Reply) -> Any:
            is_large = kind == "page" and len(reply["features"]) > 3
            return json.dumps(reply).encode() + b" " * 3_000_000 if is_large else reply

        report = await read(LyingService(features(range(20)), lie), tmp_path, body_limit=1_000_000)

        assert report.rows == 20
        assert report.retries == 0


async def test_what_a_server_says_reaches_no_terminal_raw(tmp_path: Path) -> None:
    said = {"code": 400, "message": "\x1b]0;owned\x07\r\nno", "details": ["\x9b31m", "\u202e"]}
    with pytest.raises(ArcGISError) as caught:
        await read(LyingService([], lambda *_: {"error": said}), tmp_path)
    assert str(caught.value).isprintable()
    assert r"\x1b]0;owned\x07\r\nno" in str(caught.value)
