"""What can go wrong with files and tables, for people to read."""

from kedro.io import DatasetError

from mpls311.errors import UserError


class StorageError(DatasetError, UserError):
    """A file or table is not as it must be; the text says which, and what to do."""
