"""Bodies in whatever coding and character set they come, and never more of them than allowed."""

import gzip
import json
import tracemalloc
import zlib
from collections.abc import Callable

import pyarrow as pa
import pytest

from mpls311.arcgis import TransportError
from mpls311.arcgis.bodies import as_utf8, unpacked
from mpls311.arcgis.errors import TooLargeError

URL = "https://example.test/query"
TEXT = json.dumps({"features": [{"attributes": {"TITLE": "row " * 50}}] * 200}).encode()
LIMIT = 1_000_000


def deflated(content: bytes, window_bits: int) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, window_bits)
    return packer.compress(content) + packer.flush()


PACKED: dict[str, tuple[str, bytes]] = {
    "none": ("", TEXT),
    "identity": ("identity", TEXT),
    "gzip": ("gzip", gzip.compress(TEXT)),
    "x-gzip": ("X-GZIP", gzip.compress(TEXT)),
    "members": ("gzip", gzip.compress(TEXT[:99]) + gzip.compress(b"") + gzip.compress(TEXT[99:])),
    "padding": ("gzip", gzip.compress(TEXT) + bytes(20)),
    "gzip, gzip": ("gzip, gzip", gzip.compress(gzip.compress(TEXT))),
    "deflate of zlib": ("deflate", deflated(TEXT, 15)),
    "deflate, raw": ("deflate", deflated(TEXT, -15)),
    "deflate, gzip": ("deflate, gzip", gzip.compress(deflated(TEXT, 15))),
    "br": ("br", pa.compress(TEXT, codec="brotli", asbytes=True)),
    "zstd": ("zstd", pa.compress(TEXT, codec="zstd", asbytes=True)),
}


@pytest.mark.parametrize(("codings", "body"), PACKED.values(), ids=PACKED)
def test_every_coding_that_a_browser_reads(codings: str, body: bytes) -> None:
    assert unpacked(body, codings, LIMIT, URL) == TEXT


@pytest.mark.parametrize(("codings", "body"), list(PACKED.values())[2:], ids=list(PACKED)[2:])
@pytest.mark.parametrize("damage", [lambda body: body[: len(body) // 2], lambda body: b"[]" + body])
def test_what_is_cut_off_or_not_packed_so(
    codings: str, body: bytes, damage: Callable[[bytes], bytes]
) -> None:
    if codings == "gzip" and damage(b"ab") == b"a" and body.count(b"\x1f\x8b") > 1:
        body = body[:-60]  # within the last member
        damage = bytes
    with pytest.raises(TransportError, match="cannot be unpacked") as caught:
        unpacked(damage(body), codings, LIMIT, URL)
    assert caught.value.retriable


def test_a_coding_that_nobody_knows() -> None:
    with pytest.raises(TransportError, match="rot13 is not known"):
        unpacked(TEXT, "rot13", LIMIT, URL)


@pytest.mark.parametrize(("codings", "body"), list(PACKED.values())[2:], ids=list(PACKED)[2:])
def test_more_than_is_allowed(codings: str, body: bytes) -> None:
    assert unpacked(body, codings, len(TEXT), URL) == TEXT
    with pytest.raises(TooLargeError) as caught:
        unpacked(body, codings, len(TEXT) - 1, URL)
    assert not caught.value.retriable


@pytest.mark.parametrize("coding", ["gzip", "gzip, gzip", "deflate", "br", "zstd"])
def test_what_would_unpack_to_gigabytes_takes_no_more_memory_than_allowed(coding: str) -> None:
    zeros = bytes(50_000_000)
    bombs = {
        "gzip": gzip.compress(zeros, 1) * 100,  # members: 5 GB
        "gzip, gzip": gzip.compress(gzip.compress(zeros, 1) * 100),
        "deflate": deflated(zeros, 15),
        "br": pa.compress(zeros, codec="brotli", asbytes=True),
        "zstd": pa.compress(zeros, codec="zstd", asbytes=True),
    }
    del zeros
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError, match="more than 10 MB"):
            unpacked(bombs[coding], coding, 10_000_000, URL)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 40_000_000


@pytest.mark.parametrize(
    ("encoding", "content_type"),
    [
        ("utf-8", ""),
        ("utf-8", "application/json; charset=utf-8"),
        ("utf-8-sig", "application/json"),
        ("utf-8", "text/plain; charset=ISO-8859-1"),  # what many servers declare by default
        ("latin-1", "application/json;charset=iso-8859-1"),
        ("cp1252", 'application/json; charset="windows-1252"'),
        ("utf-16", "application/json; charset=utf-16"),
        ("utf-16-le", ""),
        ("utf-16-be", "application/json; charset=UTF-8"),
        ("utf-32", "application/json"),
    ],
)
def test_every_character_set_that_is_declared_or_plain_to_see(
    encoding: str, content_type: str
) -> None:
    text = '{"TITLE": "Café “Ñandú”"}' if encoding != "latin-1" else '{"TITLE": "Café Ñandú"}'

    found = as_utf8(text.encode(encoding), content_type)

    assert found.decode("utf-8-sig") == text


@pytest.mark.parametrize("content_type", ["", "charset=nonsense", "charset=utf-8", "charset=ascii"])
def test_bytes_of_no_character_set_are_left_to_the_parser(content_type: str) -> None:
    body = b'{"TITLE": "caf\xe9"}'

    assert as_utf8(body, content_type) == body
