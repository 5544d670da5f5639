"""Manifests of the load protocol, as JSON documents in the lake."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mpls311.datasets.filesystem import FolderDataset
from mpls311.errors import StorageError
from mpls311.lake import put_latest, put_once
from mpls311.loads import (
    LoadHistory,
    Manifest,
    Unchanged,
    believable,
    is_manifest_name,
    looks_document,
    looks_name,
    manifest_document,
    manifest_name,
)

_known: dict[str, LoadHistory] | None = None
"""What this run has read and written, by folder; None outside of runs."""


def begin_reading() -> None:
    """Read manifests once from here on: nobody else writes any while the lock is held."""
    global _known
    _known = {}


def end_reading() -> None:
    """Read manifests whenever they are asked for."""
    global _known
    _known = None


class ManifestsDataset(FolderDataset[Sequence[Manifest], LoadHistory]):
    """Manifests, one JSON document each, written once; looks that found nothing share one a year.

    `save` adds manifests; with `phases`, only those. `load` gives the history that all the
    manifests in the folder tell, of whatever phase, as it is at that moment; in a run they are read
    once, and what the run writes is added. So each phase of
    the pipeline can have an entry of its own on the same folder, and the next phase that takes
    it as input sees everything that happened until then.

    Example:
        ingested_loads:
          type: mpls311.datasets.ManifestsDataset
          path: data/manifests
          phases: [ingest, unchanged]
    """

    def __init__(self, *, phases: Sequence[str] = (), **folder: Any) -> None:
        """Name the folder; nothing is opened yet.

        Args:
            phases: Phases that may be saved here; none for an entry that is only read.
            **folder: As for `FolderDataset`.
        """
        super().__init__(**folder)
        self._phases = tuple(phases)

    def load(self) -> LoadHistory:
        """Everything that the manifests in the folder say, and which cannot be believed."""
        if _known is None:
            return self._read()
        if self._path not in _known:
            _known[self._path] = self._read()
        return _known[self._path]

    def _read(self) -> LoadHistory:
        fs, _ = self._opened
        names = self._found()
        paths = [path for path, name in names.items() if is_manifest_name(name)]
        if not paths:
            return LoadHistory()
        documents = fs.cat(paths) if len(paths) > 1 else {paths[0]: fs.cat_file(paths[0])}
        return LoadHistory(*believable({names[path]: text for path, text in documents.items()}))

    def strays(self) -> list[str]:
        """Names of what is in the folder and no manifest."""
        return sorted(name for name in self._found().values() if not is_manifest_name(name))

    def _found(self) -> dict[str, str]:
        """The names of all that is in the folder, by path."""
        fs, root = self._opened
        fs.invalidate_cache()
        top = f"{fs._strip_protocol(root)}/"
        return {path: path.removeprefix(top) for path in fs.find(root)} if fs.exists(root) else {}

    def save(self, data: Sequence[Manifest]) -> None:
        """Add manifests, once."""
        for manifest in data:
            if manifest.phase not in self._phases:
                raise StorageError(f"{manifest.phase} manifests are not saved through this entry.")
            if isinstance(manifest, Unchanged):
                self._put_look(manifest)
            else:
                self._put(manifest)
            if _known is not None:
                _known[self._path] = self.load().plus(manifest)

    def _put(self, manifest: Manifest) -> None:
        fs, root = self._opened
        with tempfile.TemporaryDirectory() as folder:
            local = Path(folder, "manifest.json")
            local.write_bytes(manifest_document(manifest))
            put_once(fs, local, f"{root}/{manifest_name(manifest)}")

    def _put_look(self, look: Unchanged) -> None:
        fs, root = self._opened
        year = look.source_year
        known = {each.load_id: each for each in self.load().unchanged if each.source_year == year}
        document = looks_document(year, (known | {look.load_id: look}).values())
        put_latest(fs, document, f"{root}/{looks_name(year)}")

    def _describe(self) -> dict[str, Any]:
        return {**super()._describe(), "phases": self._phases}
