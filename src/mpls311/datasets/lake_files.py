"""Immutable Parquet files of the lake as a Kedro dataset."""

from collections.abc import Mapping
from pathlib import Path

from mpls311.datasets.filesystem import FolderDataset
from mpls311.lake import LakeFiles, put_once


class LakeFilesDataset(FolderDataset[Mapping[str, Path], LakeFiles]):
    """Parquet files that are written once, in a local folder or a bucket.

    `save` takes local files by their name in the lake and copies each there; a name that exists
    already with other content is refused. `load` gives a `LakeFiles` to open them by name: which
    files there are is for the manifests to say, never for a listing.

    Example:
        raw_requests:
          type: mpls311.datasets.LakeFilesDataset
          path: data/01_raw/requests
    """

    def load(self) -> LakeFiles:
        """The folder; files are opened by name."""
        return LakeFiles(*self._opened)

    def save(self, data: Mapping[str, Path]) -> None:
        """Copy local files into the lake under their names, once."""
        files = self.load()
        for name, local in data.items():
            put_once(files.fs, local, files.path(name))
