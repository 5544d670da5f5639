"""Objects that appear whole: created once and never overwritten, save for one kind."""

import hashlib
import os
import shutil
from pathlib import Path

from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

from mpls311.errors import StorageError, about_file
from mpls311.lake.checksums import sha256_of


class ImmutableObjectError(StorageError):
    """An object of that name exists already and holds something else."""


def put_once(fs: AbstractFileSystem, source: Path, target: str) -> None:
    """Copy a local file to `target`, which appears whole or not at all.

    Doing it again with the same content is a success, so that a retry can neither duplicate nor
    overwrite.

    Raises:
        ImmutableObjectError: `target` exists and holds something else.
        StorageError: It cannot be written: no permission, no space.
    """
    try:
        if isinstance(fs, LocalFileSystem):
            _link_once(source, Path(target))
        else:
            # Not put_file: from 5 MiB on, gcsfs turns the refusal of it into another error.
            fs.pipe_file(target, source.read_bytes(), mode="create")
    except OSError as exc:
        # A bucket may say "forbidden" of an object that is there, where replacing is not allowed.
        fs.invalidate_cache()
        if not isinstance(exc, FileExistsError) and not _is_there(fs, target):
            raise StorageError(about_file(exc, target)) from exc
        with fs.open(target, "rb") as existing:
            if hashlib.file_digest(existing, "sha256").hexdigest() != sha256_of(source):
                raise ImmutableObjectError(
                    f"{target} exists already with other content. Files of the lake are never "
                    "overwritten; move it away if it does not belong there."
                ) from None


def put_latest(fs: AbstractFileSystem, content: bytes, target: str) -> None:
    """Write the one kind of document that is replaced: whole, or not at all.

    Raises:
        StorageError: It cannot be written: no permission, no space.
    """
    try:
        if isinstance(fs, LocalFileSystem):
            path = Path(target)
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f".{path.name}.{os.getpid()}.part")
            try:
                with part.open("wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
        else:
            fs.pipe_file(target, content)
    except OSError as exc:
        raise StorageError(about_file(exc, target)) from exc


def _is_there(fs: AbstractFileSystem, target: str) -> bool:
    try:
        return bool(fs.exists(target))
    except OSError:
        return False


def _link_once(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        shutil.copyfile(source, part)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        os.link(part, target)  # unlike a rename, fails where the target exists
    finally:
        part.unlink(missing_ok=True)
