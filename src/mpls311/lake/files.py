"""Immutable Parquet files of the lake, which the manifests name."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from fsspec import AbstractFileSystem

from mpls311.errors import StorageError
from mpls311.loads import LakeFile

BATCH_ROWS = 125_000
"""Rows in memory at a time: more than any year has had so far."""

_REMEDY = "Restore it; or delete the manifests of its load, and the year is read again."


@dataclass(frozen=True)
class LakeFiles:
    """A folder of the lake; files are opened by the names that manifests give."""

    fs: AbstractFileSystem
    root: str

    def path(self, name: str) -> str:
        """Where a file lies within the file system."""
        return f"{self.root}/{name}"

    def uri(self, name: str) -> str:
        """The address of a file, as a warehouse reads it (`gs://...`, or a local path)."""
        return (
            self.path(name)
            if "file" in self.fs.protocol
            else self.fs.unstrip_protocol(self.path(name))
        )

    def read(
        self, name: str, columns: Sequence[str] | None = None, filters: Any = None
    ) -> pa.Table:
        """A file as a table.

        Raises:
            StorageError: A manifest names a file that is not there.
        """
        with self._opened(name) as file:
            return pq.read_table(file, columns=columns and list(columns), filters=filters)

    def batches(
        self, name: str, rows: int, columns: Sequence[str] | None = None
    ) -> Iterator[pa.Table]:
        """A file in batches of at most `rows` rows; one empty batch for an empty file.

        Args:
            name: The file.
            rows: How many at a time.
            columns: Those to read, as far as the file has them; all if None.
        """
        with self._opened(name) as file, pq.ParquetFile(file) as parquet:
            if not parquet.metadata.num_rows:
                yield parquet.schema_arrow.empty_table()
            for batch in parquet.iter_batches(rows, columns=columns and list(columns)):
                yield pa.Table.from_batches([batch])

    def verify(self, file: LakeFile) -> None:
        """Hold a file against the manifest that names it.

        Raises:
            StorageError: It is not there, or has other content.
        """
        with self._opened(file.name) as stored:
            checksum = hashlib.file_digest(stored, "sha256").hexdigest()
        if checksum != file.sha256:
            raise StorageError(
                f"{self.path(file.name)} is not the file that its manifest describes. {_REMEDY}"
            )

    @contextmanager
    def _opened(self, name: str) -> Iterator[Any]:
        try:
            with self.fs.open(self.path(name), "rb") as file:
                yield file
        except FileNotFoundError:
            raise StorageError(
                f"A manifest names {self.path(name)}, which is not there. {_REMEDY}"
            ) from None
