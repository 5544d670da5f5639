"""The errors that a person is meant to read."""

from collections.abc import Iterable
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


OUT_OF_MEMORY = (
    "DuckDB needs more memory than it may use. Give it more: write `duckdb_memory_limit: 2GB` into "
    "conf/local/globals.yml, or export MPLS311_DUCKDB_MEMORY_LIMIT=2GB."
)
"""What to do where a query does not fit, even with what it can put on the disk."""
