"""What is asked and what is answered, before it becomes HTTP."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from isal import igzip

JSON = {"Content-Type": "application/json; charset=utf-8"}
_GZIP_FROM_BYTES = 1_000


@dataclass(frozen=True)
class Request:
    """A request: its parameters come from the address or from a form, names in lower case."""

    path: str
    parameters: Mapping[str, str]
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """What is asked for: metadata, count, ids, extent, statistics or page."""
        if not self.path.rstrip("/").casefold().endswith("/query"):
            return "metadata"
        if self.parameters.get("outstatistics"):
            return "statistics"
        for kind in ("count", "ids", "extent"):
            if self.parameters.get(f"return{kind}only", "").casefold() == "true":
                return kind
        return "page"

    @property
    def accepts_gzip(self) -> bool:
        """Whether the answer may be packed."""
        return "gzip" in self.headers.get("Accept-Encoding", "").casefold()

    def but(self, **parameters: str) -> "Request":
        """Return the same request with other parameters."""
        changed = {name.casefold(): value for name, value in parameters.items()}
        return replace(self, parameters={**self.parameters, **changed})


@dataclass(frozen=True)
class Answer:
    """An answer as it goes over the wire, unless the client wants it packed."""

    body: bytes | Iterable[bytes]
    """In pieces it has no length: it may go on for ever."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)
    cut_after: int | None = None
    """Bytes after which the connection breaks, of a body that was announced as a whole."""
    is_error: bool = False

    @classmethod
    def of(cls, reply: Any) -> "Answer":
        """Answer with JSON."""
        return cls(json.dumps(reply, separators=(",", ":")).encode())

    @property
    def content(self) -> bytes:
        """The whole body."""
        return self.body if isinstance(self.body, bytes) else b"".join(self.body)

    @property
    def reply(self) -> Any:
        """The JSON of the body."""
        return json.loads(self.content)

    def packed(self) -> "Answer":
        """Return the answer in gzip, unless it is short or has an encoding already."""
        if "Content-Encoding" in self.headers or len(self.content) < _GZIP_FROM_BYTES:
            return self
        headers = {**self.headers, "Content-Encoding": "gzip"}
        return replace(self, body=igzip.compress(self.content, compresslevel=1), headers=headers)


def error(code: int, message: str, *details: str) -> Answer:
    """Answer with an error object, which is served with HTTP status 200."""
    reply = {"error": {"code": code, "message": message, "details": list(details)}}
    return replace(Answer.of(reply), is_error=True)
