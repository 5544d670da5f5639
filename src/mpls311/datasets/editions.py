"""Small tables of which every edition is kept."""

import hashlib
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from mpls311.datasets.filesystem import FolderDataset
from mpls311.errors import StorageError
from mpls311.lake import put_once, sha256_of


class EditionsDataset(FolderDataset[Mapping[str, pa.Table], dict[str, pa.Table]]):
    """Whole editions of a few tables, numbered Parquet files that are written once.

    For what is replaced as a whole and fits into memory, so that it needs no manifest: an
    edition appears whole or not at all, the highest number counts, and the name holds the
    beginning of its SHA-256 (those of earlier versions of this project do not). `save` adds an
    edition of each table it is given. `load` gives the newest edition of each table that has
    one, with the schema metadata it was saved with.

    Example:
        areas:
          type: mpls311.datasets.EditionsDataset
          path: data/01_raw
          folders: {neighborhood: neighborhoods, ward: wards}
    """

    def __init__(self, *, folders: Mapping[str, str], **options: Any) -> None:
        """Name the folders; nothing is opened yet.

        Args:
            folders: Where in `path` the editions of each table are, by its name.
            options: Those of every dataset on a folder: path, credentials, fs_args, metadata.
        """
        super().__init__(**options)
        self._folders = dict(folders)

    def load(self) -> dict[str, pa.Table]:
        """The newest editions."""
        names = {table: self._names(table) for table in self._folders}
        return {table: self._read(editions[-1]) for table, editions in names.items() if editions}

    def _read(self, name: str) -> pa.Table:
        fs, _ = self._opened
        content = fs.cat_file(name)
        try:
            if not hashlib.sha256(content).hexdigest().startswith(_checksum(name)):
                raise pa.ArrowInvalid("the checksum of its content is another one")
            return pq.read_table(BytesIO(content))
        except pa.ArrowException as exc:
            raise StorageError(
                f"{self._address(name)} is not what was written. Restore it, or delete it: the "
                "edition before it counts then."
            ) from exc

    def damaged(self) -> list[str]:
        """The addresses of editions that are not what was written."""
        found = []
        for name in (name for table in self._folders for name in self._names(table)):
            try:
                self._read(name)
            except StorageError:
                found.append(self._address(name))
        return found

    def save(self, data: Mapping[str, pa.Table]) -> None:
        """Add an edition of each table."""
        fs, root = self._opened
        for table, rows in data.items():
            names = self._names(table)
            number = int(_number(names[-1])) + 1 if names else 1
            with TemporaryDirectory() as folder:
                local = Path(folder, "edition.parquet")
                pq.write_table(rows, local, compression="zstd")
                name = f"{number:06d}-{sha256_of(local)[:12]}.parquet"
                put_once(fs, local, f"{root}/{self._folders[table]}/{name}")

    def _address(self, name: str) -> str:
        fs, _ = self._opened
        return name if isinstance(fs, LocalFileSystem) else str(fs.unstrip_protocol(name))

    def _names(self, table: str) -> list[str]:
        fs, root = self._opened
        fs.invalidate_cache()
        return sorted(fs.glob(f"{root}/{self._folders[table]}/[0-9]*.parquet"))

    def _exists(self) -> bool:
        return any(self._names(table) for table in self._folders)


def _number(name: str) -> str:
    return PurePosixPath(name).stem.partition("-")[0]


def _checksum(name: str) -> str:
    return PurePosixPath(name).stem.partition("-")[2]
