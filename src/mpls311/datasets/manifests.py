"""Manifests of the load protocol, as JSON documents in the lake."""

import tempfile
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mpls311.datasets.filesystem import FolderDataset
from mpls311.errors import StorageError
from mpls311.lake import put_latest, put_once
from mpls311.loads import (
    LOOSE,
    Damage,
    LoadHistory,
    Manifest,
    Unchanged,
    believable,
    fold_document,
    fold_name,
    is_fold_name,
    is_manifest_name,
    looks_document,
    looks_name,
    manifest_document,
    manifest_name,
    parse_fold,
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
        """Read the newest fold that is whole, and what is not in it."""
        names = self._found()
        there = set(names.values())
        documents = {k: text for k, text in self._newest_fold(names).items() if k in there}
        loose = {
            path: name
            for path, name in names.items()
            if is_manifest_name(name) and name not in documents
        }
        documents |= self._documents(loose)
        manifests, damaged = believable(documents)
        if _known is not None and len(loose) > LOOSE:
            self._fold(documents, damaged, there)
        return LoadHistory(manifests, damaged)

    def unfolded(self) -> LoadHistory:
        """What `load` gives, from the originals alone; folds that differ from them are damaged."""
        names = self._found()
        documents = self._documents(
            {p: name for p, name in names.items() if is_manifest_name(name)}
        )
        manifests, damaged = believable(documents)
        for path, name in names.items():
            if is_fold_name(name):
                what = self._misfit_of_fold(path, documents)
                damaged += [Damage(name, "", 0, what)] if what else []
        return LoadHistory(manifests, damaged)

    def _misfit_of_fold(self, path: str, documents: Mapping[str, bytes]) -> str | None:
        try:
            fold = parse_fold(self._opened[0].cat_file(path))
        except ValueError as exc:
            return str(exc)
        differing = [name for name, text in fold.items() if documents.get(name) != text]
        return f"it has another {differing[0]}" if differing else None

    def _newest_fold(self, names: Mapping[str, str]) -> dict[str, bytes]:
        folds = sorted((path for path, name in names.items() if is_fold_name(name)), reverse=True)
        for path in folds:
            with suppress(ValueError):
                return parse_fold(self._opened[0].cat_file(path))
        return {}

    def _documents(self, names: Mapping[str, str]) -> dict[str, bytes]:
        """The contents of objects, which are given by path, by name."""
        fs, _ = self._opened
        paths = list(names)
        if len(paths) < 2:  # fsspec gives the bytes of one alone
            return {names[path]: fs.cat_file(path) for path in paths}
        return {names[path]: text for path, text in fs.cat(paths).items()}

    def _fold(
        self,
        documents: Mapping[str, bytes],
        damaged: Sequence[Damage],
        there: Collection[str],
    ) -> None:
        fs, root = self._opened
        load_ids = {damage.load_id for damage in damaged}
        folded = {
            name: text
            for name, text in documents.items()
            if not name.startswith("looks/") and not any(each and each in name for each in load_ids)
        }
        content = fold_document(folded)
        name = fold_name(len(folded), content)
        if name in there:  # and is damaged, or it would have been read
            return
        with tempfile.TemporaryDirectory() as folder:
            local = Path(folder, "fold.json.gz")
            local.write_bytes(content)
            put_once(fs, local, f"{root}/{name}")

    @property
    def address(self) -> str:
        """Where the folder is, as it is configured."""
        return self._path

    def strays(self) -> list[str]:
        """Names of what is in the folder and no manifest."""
        return sorted(
            name
            for name in self._found().values()
            if not (is_manifest_name(name) or is_fold_name(name))
        )

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
