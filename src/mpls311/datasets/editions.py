"""A small table of which every edition is kept."""

from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq

from mpls311.datasets.filesystem import FolderDataset
from mpls311.errors import StorageError
from mpls311.lake import put_once


class EditionsDataset(FolderDataset[pa.Table, pa.Table]):
    """Whole editions of a table, numbered Parquet files that are written once.

    For what is replaced as a whole and fits into memory, so that it needs no manifest: an
    edition appears whole or not at all, and the highest number counts. `save` adds an edition; a
    table without columns means that there is none to add. `load` gives the newest one, with the
    schema metadata it was saved with, or a table without columns.

    Example:
        neighborhoods:
          type: mpls311.datasets.EditionsDataset
          path: data/01_raw/neighborhoods
    """

    def load(self) -> pa.Table:
        """The newest edition."""
        fs, _ = self._opened
        names = self._names()
        if not names:
            return pa.table({})
        try:
            with fs.open(names[-1], "rb") as file:
                return pq.read_table(file)
        except pa.ArrowException as exc:
            raise StorageError(
                f"{names[-1]} is not readable as Parquet. Restore it, or delete it: the edition "
                "before it counts then."
            ) from exc

    def save(self, data: pa.Table) -> None:
        """Add an edition."""
        if not data.column_names:
            return
        fs, root = self._opened
        names = self._names()
        number = int(PurePosixPath(names[-1]).stem) + 1 if names else 1
        with TemporaryDirectory() as folder:
            local = Path(folder, "edition.parquet")
            pq.write_table(data, local, compression="zstd")
            put_once(fs, local, f"{root}/{number:06d}.parquet")

    def _names(self) -> list[str]:
        fs, root = self._opened
        fs.invalidate_cache()
        return sorted(fs.glob(f"{root}/[0-9]*.parquet"))

    def _exists(self) -> bool:
        return bool(self._names())
