"""What an error of any library means for the person who typed the command."""

import errno
import re
import ssl
from collections.abc import Iterator
from pathlib import Path

from mpls311.configuration import explained
from mpls311.errors import DISK_FULL, FULL, Mistake, UserError, about_file, in_brief

_SERVICES = {
    "aiobotocore": "S3",
    "aiohttp": "The network",
    "botocore": "S3",
    "gcsfs": "Google Cloud Storage",
    "google": "Google Cloud",
    "psycopg": "PostgreSQL",
    "requests": "The network",
    "s3fs": "S3",
    "urllib3": "The network",
}
"""Libraries whose errors are those of a service, and what it is called."""

_NO_FILES = (ConnectionError, TimeoutError, ssl.SSLError)
"""Errors of the operating system that are not about a file."""

_FULL = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)
_NAMED = re.compile(r"file \"([^\"\n]+)\"")
_IN_WORDS = re.compile(r"\[Errno (?P<number>\d+)\] (?P<what>[^:'\n]+): '(?P<path>[^'\n]+)'")
"""How Python writes an error about a file, where a library has only kept the words."""


def user_error_of(exc: BaseException, conf: Path, env: str) -> UserError | None:
    """An error as what a person can do about it, whatever a library has wrapped it in.

    Args:
        exc: The error.
        conf: The folder of the configuration that it arose with.
        env: The environment.

    Returns:
        None for one that only our own code can have caused.
    """
    every = list(errors_behind(exc, handled=True))
    for each in every:
        if isinstance(each, UserError) and str(each).startswith(DISK_FULL):
            return each
        if text := _full_disk(each):
            return UserError(text)
    for each in errors_behind(exc, handled=False):
        if isinstance(each, UserError):
            return each
    for each in every:
        if text := _service(each):
            return UserError(text)
    for each in every:
        if text := explained(each, conf, env):
            return Mistake(text)
    for each in every:
        if text := _file(each) or _memory(each):
            return UserError(text)
    return None


def errors_behind(exc: BaseException, *, handled: bool) -> Iterator[BaseException]:
    """An error and those that led to it, nearest first; they can lead to each other.

    Args:
        exc: The error.
        handled: Whether to give those too that were being handled when another was raised.
    """
    waiting, seen = [exc], set[int]()
    while waiting:
        each = waiting.pop(0)
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        if isinstance(each, BaseExceptionGroup):
            waiting += each.exceptions
        waiting += filter(None, (each.__cause__, each.__context__ if handled else None))


def _full_disk(exc: BaseException) -> str | None:
    if isinstance(exc, OSError) and exc.errno in FULL:
        return about_file(exc)
    if _FULL.search(str(exc)):
        named = _NAMED.search(str(exc))
        return about_file(OSError(errno.ENOSPC, ""), named and named[1])
    return None


def _file(exc: BaseException) -> str | None:
    if isinstance(exc, OSError) and not isinstance(exc, _NO_FILES) and exc.filename:
        return about_file(exc)
    if said := _IN_WORDS.search(str(exc)):
        return about_file(OSError(int(said["number"]), said["what"], said["path"]))
    return None


def _service(exc: BaseException) -> str | None:
    library = type(exc).__module__.partition(".")[0]
    if library not in _SERVICES and not isinstance(exc, _NO_FILES):
        return None
    service = _SERVICES.get(library, "The network")
    return f"{service} does not answer as it should: {in_brief(exc)}. Check network and login."


def _memory(exc: BaseException) -> str | None:
    if not isinstance(exc, MemoryError):
        return None
    return "There is not enough memory. Close other programs, or read fewer years at once."
