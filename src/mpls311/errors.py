"""The errors that a person is meant to read."""

import errno
from collections.abc import Iterable, Iterator
from typing import Self

from kedro.io import DatasetError


class UserError(Exception):
    """Something the person who typed the command can put right.

    Its text is one or two sentences that name the thing and say what to do. The command line
    shows the text alone, without a traceback, and exits with status 1.
    """

    @classmethod
    def of(cls, problems: Iterable[Exception]) -> Self:
        """All of several problems as one error, a line each; what is said twice is said once."""
        return cls("\n".join(dict.fromkeys(str(problem) for problem in problems)))


class StorageError(DatasetError, UserError):
    """A file or table is not as it must be; the text says which, and what to do.

    Also an error of Kedro's, which wraps any other that a dataset raises.
    """


def full_disk(exc: BaseException) -> UserError | None:
    """What a person can do about an error, if it is one of a disk that is full."""
    for each in _behind(exc):
        if getattr(each, "errno", None) in _FULL or "No space left on device" in str(each):
            place = getattr(each, "filename", None)
            return UserError(
                f"The disk is full{f' ({place} cannot be written)' if place else ''}. Free some "
                "space and run again: what is whole is kept, the rest is made good."
            )
    return None


_FULL = (errno.ENOSPC, errno.EDQUOT)


def _behind(exc: BaseException) -> Iterator[BaseException]:
    """An error and those that led to it, which can lead to each other."""
    waiting, seen = [exc], set[int]()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        if isinstance(each, BaseExceptionGroup):
            waiting += each.exceptions
        waiting += filter(None, (each.__context__, each.__cause__))


OUT_OF_MEMORY = (
    "DuckDB needs more memory than it may use. Give it more: write `duckdb_memory_limit: 2GB` into "
    "conf/local/globals.yml, or export MPLS311_DUCKDB_MEMORY_LIMIT=2GB."
)
"""What to do where a query does not fit, even with what it can put on the disk."""
