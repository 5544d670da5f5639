"""SQL identifiers: the one part of a statement that cannot be a parameter."""

import re

from mpls311.errors import StorageError

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def quoted(identifier: str, mark: str = '"') -> str:
    """The identifier in double quotes, or in BigQuery's backticks.

    Raises:
        StorageError: It is not made of letters, digits and underscores.
    """
    if not _IDENTIFIER.fullmatch(identifier):
        raise StorageError(f"{identifier!r} is not a name for a table, schema or column.")
    return f"{mark}{identifier}{mark}"


def split_table(table: str) -> tuple[str, str]:
    """Schema and table of `schema.table`.

    Raises:
        StorageError: It is not of that form.
    """
    schema, dot, name = table.partition(".")
    if not dot:
        raise StorageError(f"{table!r} must be written as schema.table.")
    quoted(schema), quoted(name)
    return schema, name
