"""What all datasets on a folder of the lake have in common."""

from functools import cached_property
from typing import Any, TypeVar

import fsspec
from kedro.io import AbstractDataset
from kedro.io.core import get_protocol_and_path

Saved = TypeVar("Saved")
Loaded = TypeVar("Loaded")


class FolderDataset(AbstractDataset[Saved, Loaded]):
    """A folder, local or in a bucket, that is opened on first use."""

    def __init__(
        self,
        *,
        path: str,
        credentials: dict[str, Any] | None = None,
        fs_args: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Name the folder; nothing is opened yet.

        Args:
            path: Folder, local or `gs://bucket/folder`.
            credentials: Options of the file system that must stay secret.
            fs_args: Other options of the file system.
            metadata: Free for plugins, such as Kedro-Viz.
        """
        self._path = path
        self._options = {**(fs_args or {}), **(credentials or {})}
        self.metadata = metadata

    @cached_property
    def _opened(self) -> tuple[fsspec.AbstractFileSystem, str]:
        """The file system of the folder, and its path within it."""
        protocol, inner = get_protocol_and_path(self._path)
        return fsspec.filesystem(protocol, **self._options), inner

    def _exists(self) -> bool:
        fs, root = self._opened
        return bool(fs.exists(root))

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path}
