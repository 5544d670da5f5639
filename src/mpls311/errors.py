"""The errors that a person is meant to read."""

import errno
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from kedro.io import DatasetError


class UserError(Exception):
    """Something the person who typed the command can put right.

    Its text is one or two sentences that name the thing and say what to do. The command line
    shows the text alone, without a traceback, and exits with status 1; so does a notebook.
    """

    @classmethod
    def of(cls, problems: Iterable[Exception]) -> Self:
        """All of several problems as one error, a line each; what is said twice is said once."""
        return cls("\n".join(dict.fromkeys(str(problem) for problem in problems)))

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback."""
        return [f"Error: {self}"]


class Mistake(UserError):
    """What was typed or is configured cannot be meant: told before any work is done."""


class StorageError(DatasetError, UserError):
    """A file or table is not as it must be; the text says which, and what to do.

    Also an error of Kedro's, which wraps any other that a dataset raises.
    """


PATIENCE = 20
"""Seconds within which a cloud must answer for the first time."""

FULL = (errno.ENOSPC, errno.EDQUOT)
"""Error numbers of a disk that is full, or of a quota."""

_HOST = re.compile(r"host='([^']+)', port=(\d+)")


def in_brief(exc: BaseException) -> str:
    """What an error says, without a full stop: its first sentence, or which host is silent."""
    if host := _HOST.search(str(exc)):
        return f"{host[1]}:{host[2]} does not answer"
    lines = str(exc).splitlines() or [type(exc).__name__]
    # What an address asks for is of no use to a person.
    return re.sub(r"\?[^\s\"]+", "", lines[0].partition(". ")[0]).rstrip(".")


DISK_FULL = "The disk is full"
"""How a sentence about it begins."""

_IN_THE_WAY = (errno.ENOTDIR, errno.EISDIR, errno.EEXIST)


def about_file(exc: OSError, path: object = None) -> str:
    """What an error of the operating system means, and what to do.

    Args:
        exc: The error.
        path: The file or folder that it is about, if not the one that the error names.
    """
    place = path or exc.filename2 or exc.filename
    told = (exc.strerror or str(exc)).lower().rstrip(".")
    if exc.errno in FULL:
        return (
            f"{DISK_FULL}{f' ({place} cannot be written)' if place else ''}. Free some "
            "space and run again: what is whole is kept, the rest is made good."
        )
    if exc.errno == errno.EROFS:
        return (
            f"{place} cannot be written: {told}. Mount it writable, or move the project to a disk "
            "that is."
        )
    if exc.errno in (errno.EACCES, errno.EPERM):
        return (
            f"{place} cannot be read or written by this user ({_user()}): {told}. See whose it is "
            f"with `ls -ld {place}`, and let this user have it."
        )
    if exc.errno in _IN_THE_WAY:
        above = [each for each in Path(str(place)).parents if each.is_file()]
        is_file = above or Path(str(place)).is_file()
        kind, other = ("file", "a folder") if is_file else ("folder", "a file")
        return (
            f"{above[0] if above else place} is a {kind} where {other} must be. Move it away, and "
            "run again."
        )
    return f"{place}: {told}. Put that right, and run again."


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "?")


OUT_OF_MEMORY = (
    "DuckDB needs more memory than it may use. Give it more: write `duckdb_memory_limit: 2GB` into "
    "conf/local/globals.yml, or export MPLS311_DUCKDB_MEMORY_LIMIT=2GB."
)
"""What to do where a query does not fit, even with what it can put on the disk."""
