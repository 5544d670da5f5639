"""From the bytes on the line to UTF-8: content codings, character sets, and bounds for both."""

import json
import re
from collections.abc import Iterator

import pyarrow as pa
from isal import igzip_lib, isal_zlib

from mpls311.arcgis.errors import TooLargeError, TransportError

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP, _ZLIB, _RAW = 31, 15, -15  # window bits, by which zlib tells formats apart
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)


def unpacked(body: bytes, codings: str, limit: int, url: str) -> bytes:
    """Undo the codings of a Content-Encoding header, last first.

    Args:
        body: As it came.
        codings: The header; several are separated by commas.
        limit: Most bytes to unpack.
        url: Where it came from.

    Raises:
        TooLargeError: There are more.
        TransportError: The body is not packed in this way, or is cut off.

    """
    for coding in reversed([coding.strip().lower() for coding in codings.split(",")]):
        try:
            body = _decoded(body, coding, limit)
        except OverflowError:
            raise too_large(limit, url) from None
        except (OSError, EOFError, igzip_lib.IsalError) as exc:  # type: ignore[misc]
            raise TransportError(
                f"sent a body that cannot be unpacked ({exc}): try again later, the "
                "service or a proxy is in trouble.",
                url=url,
            ) from exc
    return body


def too_large(limit: int, url: str) -> TooLargeError:
    """The error for an answer of more bytes than are allowed."""
    return TooLargeError(
        f"sends an answer of more than {limit / 1e6:.0f} MB: it is broken, or its rows are too "
        "large to be read, tell its owner.",
        url=url,
    )


def as_utf8(body: bytes, content_type: str) -> bytes:
    """Recode JSON from UTF-16 or UTF-32, or what it declares if it is not UTF-8 after all."""
    encoding = json.detect_encoding(body)
    declared = _CHARSET.search(content_type)
    if encoding.startswith("utf-8"):
        if declared is None or declared[1].lower() in ("utf-8", "utf8") or _is_utf8(body):
            return body
        encoding = declared[1]
    try:
        return body.decode(encoding).encode()
    except (LookupError, UnicodeError):
        return body  # the parser knows what to do with bytes that are no characters


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _decoded(body: bytes, coding: str, limit: int) -> bytes:
    match coding:
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            return b"".join(_members(body, limit))
        case "deflate":
            return _inflated(body, _ZLIB if _is_zlib(body) else _RAW, limit)[0]
        case "br" | "zstd":
            packed = pa.BufferReader(body)
            name = "brotli" if coding == "br" else coding
            with pa.input_stream(packed, compression=name) as stream:
                return _within(limit, stream.read(limit + 1))
    raise OSError(f"{coding} is not known")


def _members(body: bytes, limit: int) -> Iterator[bytes]:
    """The parts that a gzip body may consist of; what follows them is padding."""
    while True:
        content, rest = _inflated(body, _GZIP, limit)
        yield content
        if not rest.startswith(_GZIP_MAGIC):
            return
        limit -= len(content)
        body = rest


def _inflated(body: bytes, window_bits: int, limit: int) -> tuple[bytes, bytes]:
    """Unpack one stream; what follows it comes back as it is."""
    stream = isal_zlib.decompressobj(window_bits)
    # A gzip body ends with its length. A buffer that must grow takes more than twice as long.
    told = int.from_bytes(body[-4:], "little") + 1 if window_bits == _GZIP else limit + 1
    content = _within(limit, stream.decompress(body, min(told, limit + 1)))
    if not stream.eof:  # there is more than it told
        more = stream.decompress(stream.unconsumed_tail, limit + 1 - len(content))
        content = _within(limit, content + more)
    if not stream.eof:
        raise EOFError("it is cut off")
    return content, stream.unused_data


def _within(limit: int, content: bytes) -> bytes:
    if len(content) > limit:
        raise OverflowError
    return content


def _is_zlib(body: bytes) -> bool:
    """Whether a deflate body has the header of RFC 1950, which many servers leave out."""
    return len(body) > 1 and body[0] & 0x0F == 8 and (body[0] << 8 | body[1]) % 31 == 0
