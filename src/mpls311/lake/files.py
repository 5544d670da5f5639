"""Immutable Parquet files of the lake: none is opened that is not what its manifest says."""

import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

from mpls311.errors import StorageError
from mpls311.lake.checksums import sha256_of, stored_md5
from mpls311.loads import LakeFile

BATCH_ROWS = 125_000
"""Rows in memory at a time: more than any year has had so far."""


class DamagedFileError(StorageError):
    """A file is not what its manifest says."""


class Copies:
    """What a run has verified: which files, and copies of those that lie elsewhere.

    Copies are deleted with it.
    """

    def __init__(self) -> None:
        self.verified: dict[LakeFile, Path] = {}

    @cached_property
    def folder(self) -> Path:
        """A local folder, made when it is first asked for."""
        folder = tempfile.mkdtemp(prefix="mpls311-lake-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)


@dataclass(frozen=True)
class LakeFiles:
    """A folder of the lake; files are opened as manifests describe them, and verified first.

    A file is verified once, and one in a bucket is fetched once and read from there, for as long
    as `copies` lasts.
    """

    fs: AbstractFileSystem
    root: str
    copies: Copies = field(default_factory=Copies, compare=False, repr=False)
    named: Callable[[], Iterable[LakeFile]] = field(default=tuple, compare=False, repr=False)
    """Gives the files of the loads that together hold each year, as manifests tell them."""

    def to_pandas(self) -> pd.DataFrame:
        """All rows of those files, for a person who wants to look at them.

        Raises:
            DamagedFileError: A file is not what its manifest says.
        """
        tables = [self.read(file) for file in self.named()]
        rows = pa.concat_tables(tables, promote_options="permissive") if tables else pa.table({})
        return rows.to_pandas(types_mapper=pd.ArrowDtype)

    def path(self, name: str) -> str:
        """Where a file lies within the file system."""
        return f"{self.root}/{name}"

    def uri(self, name: str) -> str:
        """The address of a file, as a warehouse reads it (`gs://...`, or a local path)."""
        path = self.path(name)
        return path if self.is_local else str(self.fs.unstrip_protocol(path))

    def read(
        self, file: LakeFile, columns: Sequence[str] | None = None, filters: Any = None
    ) -> pa.Table:
        """A file as a table.

        Raises:
            DamagedFileError: It is not what the manifest says.
        """
        return pq.read_table(self.local(file), columns=columns and list(columns), filters=filters)

    def batches(
        self, file: LakeFile, rows: int, columns: Sequence[str] | None = None
    ) -> Iterator[pa.Table]:
        """A file in batches of at most `rows` rows; one empty batch for an empty file.

        Args:
            file: The file.
            rows: How many at a time.
            columns: Those to read, as far as the file has them; all if None.

        Raises:
            DamagedFileError: It is not what the manifest says.
        """
        with pq.ParquetFile(self.local(file)) as parquet:
            if not parquet.metadata.num_rows:
                yield parquet.schema_arrow.empty_table()
            for batch in parquet.iter_batches(rows, columns=columns and list(columns)):
                yield pa.Table.from_batches([batch])

    def listing(self, folder: str) -> dict[str, dict[str, Any]]:
        """What the store tells of each file in a folder, by name: one request, or a few."""
        self.fs.invalidate_cache()
        top = f"{self.fs._strip_protocol(self.root)}/"
        found = self.fs.find(f"{top}{folder}".rstrip("/"), detail=True)
        return {path.removeprefix(top): info for path, info in found.items()}

    def problem(
        self, file: LakeFile, info: Mapping[str, Any] | None, *, checksums: bool = True
    ) -> str | None:
        """What is wrong with a file, a clause; None if it is what the manifest says.

        In a bucket the checksum that the store keeps is held against the manifest; where either
        says none, the file is fetched.

        Args:
            file: What the manifest says.
            info: What the store tells of it; None if it has no such file.
            checksums: Whether to compare them, or only how large the file is.
        """
        if info is None:
            return "it is not there"
        if info["size"] != file.bytes:
            return f"it has {info['size']:,} bytes, not {file.bytes:,}"
        if not checksums:
            return None
        kept = None if self.is_local else stored_md5(info)
        found, expected = (
            (kept, file.md5) if kept and file.md5 else (sha256_of(self.fetched(file)), file.sha256)
        )
        return None if found == expected else "the checksum of its content is another one"

    def local(self, file: LakeFile) -> Path:
        """A file of this machine with the bytes that the manifest describes.

        Raises:
            DamagedFileError: There is none.
        """
        if file not in self.copies.verified:
            self.address(file)
            local = self.fetched(file)
            if not self.is_local and sha256_of(local) != file.sha256:
                raise self._damaged(file, "the checksum of its content is another one")
            self.copies.verified[file] = local
        return self.copies.verified[file]

    def address(self, file: LakeFile) -> str:
        """The address of a file, once it is known to be what the manifest says; see `problem`.

        Raises:
            DamagedFileError: It is not.
        """
        self.fs.invalidate_cache()
        try:
            info = self.fs.info(self.path(file.name))
        except FileNotFoundError:
            info = None
        if how := self.problem(file, info):
            raise self._damaged(file, how)
        return self.uri(file.name)

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of this machine."""
        return isinstance(self.fs, LocalFileSystem)

    def stored(self, files: Iterable[LakeFile]) -> list["StoredFile"]:
        """Files for a warehouse to read, in whatever way it can."""
        return [StoredFile(self, file) for file in files]

    def fetched(self, file: LakeFile) -> Path:
        """A file on this machine, whatever it holds; `local` verifies it."""
        if self.is_local:
            return Path(self.path(file.name))
        local = self.copies.folder / f"{file.sha256}.parquet"
        if not local.exists():
            self.fs.get_file(self.path(file.name), str(local))
        return local

    def forget(self, file: LakeFile) -> None:
        """Delete the copy of a file in a bucket, where there is one."""
        self.copies.verified.pop(file, None)
        if not self.is_local:
            (self.copies.folder / f"{file.sha256}.parquet").unlink(missing_ok=True)

    def remove(self, name: str) -> None:
        """Delete a file for good, if it is there. Only what a manifest says is gone may be.

        Raises:
            StorageError: It cannot be deleted.
        """
        self.fs.invalidate_cache()
        try:
            self.fs.rm_file(self.path(name))
        except FileNotFoundError:
            pass
        except OSError as exc:
            raise StorageError(f"{self.uri(name)} cannot be deleted: {exc}.") from exc

    def _damaged(self, file: LakeFile, how: str) -> DamagedFileError:
        year = file.name.partition("/")[0]
        return DamagedFileError(
            f"{self.uri(file.name)} is not what its manifest says: {how}. Restore it; or read the "
            f"year again: kedro run --params years={year},mode=full"
        )


@dataclass(frozen=True)
class StoredFile:
    """A file of the lake for a warehouse, which takes it by address or from this machine."""

    files: LakeFiles
    file: LakeFile

    def address(self) -> str:
        """As `LakeFiles.address`."""
        return self.files.address(self.file)

    def local(self) -> Path:
        """As `LakeFiles.local`."""
        return self.files.local(self.file)
