"""What can go wrong between a feature layer and its reader.

    ArcGISError
    ├── TransportError          no whole answer: unreachable, reset, timeout, 5xx, HTML
    │   ├── ThrottledError      429, or trouble that comes with Retry-After
    │   ├── DeadlineError       the client's time for everything was over
    │   ├── UnreadableError     a whole answer that is no JSON
    │   └── TooLargeError       more bytes than are allowed
    ├── ServiceError            the service answered, and refused (also inside HTTP 200)
    │   ├── LayerNotFoundError  no such service or layer: not published, or misspelled
    │   ├── AccessDeniedError   the layer is no longer public
    │   ├── ContradictionError  its answers contradict each other, and go on doing so
    │   └── IgnoredQueryError   rows came that were not asked for
    ├── TornReadError           the layer changed during every try to read it
    └── SchemaDriftError        a value, or a page, that contradicts the layer's metadata

Every message is one sentence that begins with the address and ends in what to do; what a server
says in it can do nothing to a terminal. `retriable` says whether the same request may well succeed
a little later.
"""

import re
from collections.abc import Mapping, Sequence

_DENIED = frozenset({401, 403, 498, 499})
_PASSING = frozenset({408, 500, 502, 503, 504})
_NOT_FOUND = re.compile(
    r"invalid url|(service|layer|resource)\b.*\bnot found|does not exist or is inaccessible",
    re.IGNORECASE,
)
_UNABLE = re.compile(r"unable to complete operation", re.IGNORECASE)
_FIREWALL = (
    "a firewall refuses, or the layer is not public, leave it alone for some hours or ask its "
    "owner for access"
)
_IN_TROUBLE = "the service is in trouble, try again later"


class ArcGISError(Exception):
    """Base of everything this package raises on purpose.

    Args:
        message: What goes on after the address in the sentence.
        url: Address of the layer or query the error is about.
        code: HTTP status or ArcGIS error code, None where there is none.
        retriable: Whether asking again may help.

    Attributes:
        what: The message without the address.
        url: The address.
        code: HTTP status or ArcGIS error code, None where there is none.
        retriable: Whether asking again may help.

    """

    def __init__(
        self, message: str, *, url: str = "", code: int | None = None, retriable: bool = False
    ) -> None:
        message, url = printable(message), printable(url)
        super().__init__(f"{url} {message}" if url else message)
        self.what = message
        self.url = url
        self.code = code
        self.retriable = retriable


class TransportError(ArcGISError):
    """No whole, readable answer came back.

    Attributes:
        unreachable: True when not even a connection was made.

    """

    def __init__(
        self,
        message: str,
        *,
        url: str = "",
        code: int | None = None,
        unreachable: bool = False,
        retriable: bool = True,
    ) -> None:
        super().__init__(message, url=url, code=code, retriable=retriable)
        self.unreachable = unreachable


class ThrottledError(TransportError):
    """The service asks for fewer requests, or to be left alone for a while.

    Attributes:
        retry_after: Seconds it wants to be left alone, None if it did not say.

    """

    def __init__(
        self,
        message: str,
        *,
        url: str = "",
        code: int | None = None,
        retry_after: float | None = None,
        retriable: bool = True,
    ) -> None:
        super().__init__(message, url=url, code=code, retriable=retriable)
        self.retry_after = retry_after


class DeadlineError(TransportError):
    """The time that the client has for everything was over."""


class UnreadableError(TransportError):
    """The whole of an answer came, and cannot be read: asking again brings the same one."""


class TooLargeError(TransportError):
    """An answer of more bytes than are allowed; a smaller question may have a smaller one."""

    def __init__(
        self, message: str, *, url: str = "", code: int | None = None, retriable: bool = False
    ) -> None:
        super().__init__(message, url=url, code=code, retriable=retriable)


class ServiceError(ArcGISError):
    """The service answered with an error object, or with a reply that is not one to the question.

    Attributes:
        message: The service's own words.
        details: Its details, possibly empty.

    """

    def __init__(
        self,
        sentence: str,
        *,
        url: str = "",
        code: int | None = None,
        message: str = "",
        details: Sequence[str] = (),
        retriable: bool = False,
    ) -> None:
        super().__init__(sentence, url=url, code=code, retriable=retriable)
        self.message = message
        self.details = tuple(details)


class LayerNotFoundError(ServiceError):
    """There is no such service or layer."""


class AccessDeniedError(ServiceError):
    """The layer wants a login or a token; or a firewall refuses, if `retriable`."""


class ContradictionError(ServiceError):
    """What the layer says in several answers cannot all be true, though it did not change."""


class IgnoredQueryError(ServiceError):
    """The service answers another question than the one that was asked."""


class TornReadError(ArcGISError):
    """The layer changed while it was read, each time it was tried.

    Attributes:
        figures: What did not agree.

    """

    def __init__(self, message: str, *, url: str = "", figures: str = "") -> None:
        super().__init__(message, url=url)
        self.figures = printable(figures)


class SchemaDriftError(ArcGISError):
    """A page contradicts the metadata of its layer.

    Attributes:
        column: Name of the field.
        declared: Its type in the metadata.
        found: The value, or the other type, that came instead.

    """

    def __init__(
        self, message: str, *, url: str = "", column: str = "", declared: str = "", found: str = ""
    ) -> None:
        super().__init__(message, url=url)
        self.column = column
        self.declared = declared
        self.found = found


def error_from_reply(url: str, error: object, *, status: int = 200) -> ArcGISError:
    """Turn an answer that refuses into the exception that fits it.

    Args:
        url: Address that was asked.
        error: The `error` member of the reply, normally `{"code": int, "message": str,
            "details": [str, ...]}`; the code, the message and the details may each be missing,
            null or of another type.
        status: The HTTP status of the reply. Errors come inside HTTP 200 too.

    """
    body: Mapping[str, object] = error if isinstance(error, Mapping) else {"message": error}
    code = _as_int(body.get("code"))
    message = str(body.get("message") or "no message").strip()
    raw = body.get("details")
    listed = raw if isinstance(raw, list) else [raw]
    details = tuple(str(item).strip() for item in listed if item)
    kind, advice, retriable = classify(status, code, f"{message} {' '.join(details)}")
    http = f"HTTP {status}" if status != 200 else ""
    inner = f"error {code}" if code not in (None, status) else "" if http else "error of no code"
    said = f"'{message}'" + (f" ({'; '.join(details)})" if details else "")
    sentence = f"answers with {', '.join(filter(None, (http, inner, said)))}: {advice}."
    shown = code if status == 200 else status
    if issubclass(kind, ServiceError):
        return kind(
            sentence, url=url, code=shown, message=message, details=details, retriable=retriable
        )
    return kind(sentence, url=url, code=shown, retriable=retriable)


def classify(status: int, code: int | None, text: str) -> tuple[type[ArcGISError], str, bool]:
    """What an answer that refuses means: its exception, what to do, whether to ask again.

    Args:
        status: The HTTP status.
        code: The code of the error object in the body, if there is one.
        text: The words of that object.

    """
    codes = {status, code}
    if 429 in codes:
        return ThrottledError, "ask less often, or with fewer requests at once", True
    if status >= 500:
        return TransportError, _IN_TROUBLE, True
    if status == 403 and code is None:  # not a word of the service itself
        return AccessDeniedError, _FIREWALL, True
    if codes & _DENIED:
        return AccessDeniedError, "the layer is not public, ask its owner for access", False
    if 404 in codes or _NOT_FOUND.search(text):
        return (
            LayerNotFoundError,
            "no such layer is published there, check the name in the url or wait for it",
            False,
        )
    if codes & _PASSING or _UNABLE.search(text):
        return ServiceError, _IN_TROUBLE, True
    return ServiceError, "check the condition and the names of the fields", False


def is_of_the_question(exc: ArcGISError) -> bool:
    """Whether another question may be answered where this one failed.

    Not where the service wants to be left alone, cannot be reached, is not public or not there,
    nor where it answers what it was not asked, as then nothing it says is worth much.
    """
    if isinstance(exc, TransportError):
        return not (exc.unreachable or isinstance(exc, ThrottledError))
    final = LayerNotFoundError | AccessDeniedError | IgnoredQueryError
    return isinstance(exc, ServiceError) and not isinstance(exc, final)


def printable(text: str) -> str:
    r"""Spell what a terminal would obey or not show: ESC becomes `\x1b`, a newline `\n`."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def unwrap(exc: BaseExceptionGroup[BaseException]) -> Exception:
    """Return the first `ArcGISError` in a tree of exception groups, else its first exception.

    Raises:
        BaseExceptionGroup: `exc` itself, when it holds nothing but non-`Exception`s.

    """
    fallback: Exception | None = None
    for leaf in _leaves(exc):
        if isinstance(leaf, ArcGISError):
            return leaf
        if fallback is None and isinstance(leaf, Exception):
            fallback = leaf
    if fallback is None:
        raise exc
    return fallback


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for exc in group.exceptions:
        found.extend(_leaves(exc) if isinstance(exc, BaseExceptionGroup) else [exc])
    return found


def _as_int(value: object) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return None
