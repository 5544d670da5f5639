"""Small tables of which every edition is kept."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mpls311.datasets.filesystem import FolderDataset
from mpls311.errors import StorageError
from mpls311.lake import put_once


class EditionsDataset(FolderDataset[Mapping[str, pa.Table], dict[str, pa.Table]]):
    """Whole editions of a few tables, numbered Parquet files that are written once.

    For what is replaced as a whole and fits into memory, so that it needs no manifest: an
    edition appears whole or not at all, and the highest number counts. `save` adds an edition of
    each table it is given. `load` gives the newest edition of each table that has one, with the
    schema metadata it was saved with.

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
        try:
            with fs.open(name, "rb") as file:
                return pq.read_table(file)
        except pa.ArrowException as exc:
            raise StorageError(
                f"{name} is not readable as Parquet. Restore it, or delete it: the edition "
                "before it counts then."
            ) from exc

    def save(self, data: Mapping[str, pa.Table]) -> None:
        """Add an edition of each table."""
        fs, root = self._opened
        for table, rows in data.items():
            names = self._names(table)
            number = int(PurePosixPath(names[-1]).stem) + 1 if names else 1
            with TemporaryDirectory() as folder:
                local = Path(folder, "edition.parquet")
                pq.write_table(rows, local, compression="zstd")
                put_once(fs, local, f"{root}/{self._folders[table]}/{number:06d}.parquet")

    def _names(self, table: str) -> list[str]:
        fs, root = self._opened
        fs.invalidate_cache()
        return sorted(fs.glob(f"{root}/{self._folders[table]}/[0-9]*.parquet"))

    def _exists(self) -> bool:
        return any(self._names(table) for table in self._folders)
