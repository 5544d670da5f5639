"""Immutable Parquet files of the lake as a Kedro dataset."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from mpls311.datasets.filesystem import FolderDataset
from mpls311.datasets.manifests import ManifestsDataset
from mpls311.datasets.preview import TablePreview, preview_of
from mpls311.lake import LakeFiles, put_once
from mpls311.lake.files import Copies
from mpls311.loads import LakeFile, Load

Holds = Literal["raw", "service_requests", "quarantine"]

_FILES: dict[Holds, Callable[[Load], LakeFile | None]] = {
    "raw": lambda load: load.ingested.file,
    "service_requests": lambda load: load.validated.file if load.validated else None,
    "quarantine": lambda load: load.validated.quarantine if load.validated else None,
}


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
          holds: raw
          manifests: {path: data/manifests}
    """

    def __init__(
        self,
        *,
        holds: Holds | None = None,
        manifests: Mapping[str, str] | None = None,
        **folder: Any,
    ) -> None:
        """Name the folder; nothing is opened yet.

        Args:
            holds: Which files of a load are there, for a person who wants all of their rows.
            manifests: `path`, where the manifests are that name them.
            **folder: As for `FolderDataset`.
        """
        super().__init__(**folder)
        self._holds = holds
        self._manifests = ManifestsDataset(**{**folder, **manifests}) if manifests else None

    def load(self) -> LakeFiles:
        """The folder; files are opened as manifests describe them."""
        return LakeFiles(*self._opened, self._copies, self._named)

    def save(self, data: Mapping[str, Path]) -> None:
        """Copy local files into the lake under their names, once."""
        files = self.load()
        for name, local in data.items():
            put_once(files.fs, local, files.path(name))

    def preview(self, nrows: int = 20) -> TablePreview:
        """The first rows of the newest file, for Kedro-Viz."""
        files = self.load()
        for file in reversed(list(self._named())):
            if file.rows:
                return preview_of(next(files.batches(file, nrows)))
        return TablePreview({})

    def _named(self) -> Iterator[LakeFile]:
        """The files of the loads that together hold each year, oldest first."""
        if not (self._holds and self._manifests):
            return
        history = self._manifests.load()
        for year in history.years:
            for load in history.standing(year):
                if file := _FILES[self._holds](load):
                    yield file

    @cached_property
    def _copies(self) -> Copies:
        return Copies()
