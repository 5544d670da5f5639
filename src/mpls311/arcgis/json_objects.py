"""From UTF-8 to a JSON object, or to what came in its place: a web page, half a body, nothing."""

import codecs
import html
import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import orjson

from mpls311.arcgis.errors import (
    AccessDeniedError,
    ArcGISError,
    TransportError,
    UnreadableError,
    error_from_reply,
)
from mpls311.arcgis.spelling import Number

_BACKSLASH = re.compile(r'\\(["\\/bfnrt]|u[0-9a-fA-F]{4})?')
_PAGE_BYTES = 20_000
_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<(script|style)\b.*?</\1|<[^>]*>", re.IGNORECASE | re.DOTALL)
_NO_ENTRY = re.compile(
    r"request (was )?(rejected|blocked)|access (is |was )?denied|forbidden|not authori[sz]ed|"
    r"unauthori[sz]ed|sign[ -]?(in|on)\b|log[ -]?(in|on)\b|captcha|password|support id|"
    r"unusual traffic|you have been blocked",
    re.IGNORECASE,
)


def loads(body: bytes) -> Any:
    """Parse JSON as servers write it.

    Raises:
        ValueError: It is none.
        RecursionError: It is nested too deep.

    """
    try:
        return orjson.loads(body)  # in a third of the time, for which nothing else can run
    except ValueError:
        return loads_as_written(body)


def loads_as_written(body: bytes) -> Any:
    """The same, but every fraction is a `Number` and no whole number is too large."""
    text = body.removeprefix(codecs.BOM_UTF8).decode("utf-8", "surrogateescape")
    load = partial(json.loads, strict=False, parse_float=Number)  # takes control characters, NaN
    try:
        return load(text)
    except ValueError:
        return load(_BACKSLASH.sub(_escaped, text))


def parse_object(body: bytes, url: str, load: Callable[[bytes], Any] = loads) -> dict[str, Any]:
    """Parse a reply that must be a JSON object without an error in it.

    Args:
        body: In UTF-8.
        url: Where it came from.
        load: The parser, `loads` or `loads_as_written`.

    Raises:
        TransportError: The body is HTML, cut short, not UTF-8 or not an object.
        ServiceError: It is an error object (ThrottledError for code 429).

    """
    reply = load_object(body, url, load)
    if reply.get("error") is not None:
        raise error_from_reply(url, reply["error"])
    return reply


def load_object(body: bytes, url: str, load: Callable[[bytes], Any] = loads) -> dict[str, Any]:
    """Parse a reply that must be a JSON object, which may be an error.

    Control characters, bytes that are not UTF-8 and escapes that there are not do not make a
    reply unreadable: the bytes become lone surrogates, of which `coerce` makes U+FFFD.

    Raises:
        UnreadableError: The body is whole, to all appearance, and no JSON.
        AccessDeniedError: It is the page of a firewall or a login.
        TransportError: It is other HTML, cut short, or not an object.

    """
    require_brace(body, url)
    try:
        return dict(load(body))
    except (ValueError, RecursionError) as exc:
        what = f"a reply of {len(body)} bytes that is not JSON ({exc})"
        if body.rstrip().endswith(b"}"):
            raise UnreadableError(f"sent {what}: tell the layer's owner.", url=url) from exc
        raise _no_json(url, what) from exc


def member(holder: object, name: str) -> Mapping[str, Any]:
    """An object within another; an empty one where there is none."""
    value = holder.get(name) if isinstance(holder, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def require_brace(body: bytes, url: str) -> None:
    """Refuse what is no object; pyarrow.json even crashes on a body that is just `null`."""
    start = body[:64].removeprefix(codecs.BOM_UTF8).lstrip()
    if start.startswith(b"<"):
        raise _web_page(body, url)
    if not start.startswith(b"{"):
        what = "an empty reply" if not body else f"a reply that starts {bytes(start[:20])!r}"
        raise _no_json(url, what)


def _escaped(backslash: re.Match[str]) -> str:
    return backslash[0] if backslash[1] else "\\\\"


def _web_page(body: bytes, url: str) -> ArcGISError:
    """The error for HTML: of a firewall or a login by its words, else of trouble that may pass."""
    page = body[:_PAGE_BYTES].decode("utf-8", "replace")
    titled = _TITLE.search(page)
    title = html.unescape(titled[1]).strip()[:80] if titled else ""
    what = f"a web page ({title!r})" if title else "a web page"
    if not _NO_ENTRY.search(_TAG.sub(" ", page)):
        return _no_json(url, what)
    return AccessDeniedError(
        f"answers with {what}: a firewall refuses, or a login is wanted; leave it alone for some "
        "hours, or ask its owner for access.",
        url=url,
        message=title,
        retriable=True,
    )


def _no_json(url: str, what: str) -> TransportError:
    return TransportError(
        f"sent {what} in place of JSON: try again later, the service or a proxy is in trouble.",
        url=url,
    )
