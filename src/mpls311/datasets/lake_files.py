"""Immutable Parquet files of the lake as a Kedro dataset."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from mpls311.datasets.filesystem import FolderDataset
from mpls311.lake import LakeFiles, put_once
from mpls311.lake.files import Copies


class LakeFilesDataset(FolderDataset[Mapping[str, Path], LakeFiles]):
    """Parquet files that are written once, in a local folder or a bucket.

    `save` takes local files by their name in the lake and copies each there; a name that exists
    already with other content is refused. `load` gives a `LakeFiles` to open them as manifests
    describe them: which files there are is for the manifests to say, never for a listing. What it
    has verified is not verified again, as long as this dataset lives: for a run.

    Example:
        raw_requests:
          type: mpls311.datasets.LakeFilesDataset
          path: data/01_raw/requests
    """

    def load(self) -> LakeFiles:
        """The folder; files are opened as manifests describe them."""
        return LakeFiles(*self._opened, self._copies)

    def save(self, data: Mapping[str, Path]) -> None:
        """Copy local files into the lake under their names, once."""
        files = self.load()
        for name, local in data.items():
            put_once(files.fs, local, files.path(name))

    @cached_property
    def _copies(self) -> Copies:
        return Copies()
