"""What all datasets on a folder of the lake have in common."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any, TypeVar

import fsspec
from fsspec.asyn import AsyncFileSystem, sync
from fsspec.exceptions import FSTimeoutError
from kedro.io import AbstractDataset
from kedro.io.core import get_protocol_and_path

from mpls311.errors import PATIENCE, StorageError, in_brief

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
            path: Folder, local or in a bucket, `gs://bucket/folder` or `s3://bucket/folder`.
            credentials: Options of the file system that must stay secret.
            fs_args: Other options of the file system.
            metadata: Free for plugins, such as Kedro-Viz.
        """
        self._path = path
        self._options = {**(fs_args or {}), **(credentials or {})}
        self.metadata = metadata

    @cached_property
    def _opened(self) -> tuple[fsspec.AbstractFileSystem, str]:
        """The file system of the folder, and its path within it.

        Raises:
            StorageError: The bucket cannot be reached.
        """
        protocol, inner = get_protocol_and_path(self._path)
        with _explained(self._path):
            fs = fsspec.filesystem(protocol, **self._options)
            if isinstance(fs, AsyncFileSystem):
                # Finds nothing, but tells an empty bucket from one that is not there, or closed.
                sync(fs.loop, fs._find, f"{inner}/.none", timeout=PATIENCE)
        return fs, inner

    def _exists(self) -> bool:
        fs, root = self._opened
        return bool(fs.exists(root))

    def _describe(self) -> dict[str, Any]:
        return {"path": self._path}


@contextmanager
def _explained(path: str) -> Iterator[None]:
    """Say in a sentence why a bucket cannot be reached.

    Every cloud has errors of its own for a missing login or a network that is down.
    """
    try:
        yield
    except ImportError as exc:
        raise StorageError(f"{path}: {exc}. `make setup-engines` installs what S3 needs.") from exc
    except FileNotFoundError as exc:
        raise StorageError(
            f"{path}: there is no such bucket. Check the name, or make the bucket."
        ) from exc
    except PermissionError as exc:
        raise StorageError(
            f"{path}: permission denied ({exc}). Allow this login to list, read and create objects."
        ) from exc
    except FSTimeoutError as exc:
        raise StorageError(
            f"{path} cannot be reached: no answer within {PATIENCE} s. Check login and network."
        ) from exc
    except Exception as exc:
        raise StorageError(
            f"{path} cannot be reached: {in_brief(exc)}. Check login and network."
        ) from exc
