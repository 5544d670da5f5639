"""The file system behind a catalog path."""

from typing import Any

import fsspec
from kedro.io.core import get_protocol_and_path


def open_filesystem(
    path: str, credentials: dict[str, Any] | None, fs_args: dict[str, Any] | None
) -> tuple[fsspec.AbstractFileSystem, str]:
    """The fsspec file system of a path, and the path within it."""
    protocol, inner = get_protocol_and_path(path)
    options = {**(fs_args or {}), **(credentials or {})}
    return fsspec.filesystem(protocol, **options), inner
