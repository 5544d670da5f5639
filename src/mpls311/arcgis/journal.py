"""Verified pages on disk, so that a read that is cut off does not have to fetch them again."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa

from mpls311.arcgis.layer import FeatureLayer
from mpls311.arcgis.plan import ObjectIds, Page
from mpls311.arcgis.proof import ids_of

_IDENTITY = "read.json"


class PageJournal:
    """A folder with an Arrow file for each verified page of one plan for one edition of a layer.

    Pages are cut from the plan the same way each time, whole or halved, so an interrupted read
    finds its own again by their borders. A folder that holds pages of anything else (another
    edition, condition, page limit or set of object ids) is emptied. Without a folder, or for a
    layer that keeps no edit date, nothing is kept and nothing found.
    """

    def __init__(
        self, folder: Path | None, layer: FeatureLayer, where: str, object_ids: ObjectIds | None
    ) -> None:
        usable = layer.data_last_edit_date is not None and object_ids is not None
        self._folder = folder if usable else None
        self._layer = layer
        self._there: set[tuple[int, int]] = set()
        if folder and self._folder is None:
            shutil.rmtree(folder, ignore_errors=True)
        if self._folder and object_ids is not None:
            self._open(self._folder, _identity(layer, where, object_ids))

    def _open(self, folder: Path, identity: str) -> None:
        stamp = folder / _IDENTITY
        if not stamp.is_file() or stamp.read_text() != identity:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            _replace(stamp, identity.encode())
        for path in folder.glob("*.arrow"):
            lo, _, hi = path.stem.partition("_")
            self._there.add((int(lo), int(hi)))

    def has(self, page: Page) -> bool:
        """Whether the page is there."""
        return (page.lo, page.hi) in self._there

    def has_part_of(self, page: Page) -> bool:
        """Whether a smaller page within the bounds of this one is there."""
        return any(page.lo <= lo and hi <= page.hi for lo, hi in self._there)

    def get(self, page: Page) -> pa.Table | None:
        """The rows of a page; None, and it is there no longer, if they are not those of the plan.

        A file can be cut short by a power failure even though it was moved to its place whole.
        """
        try:
            with pa.memory_map(str(self._path(page))) as source:
                table = pa.ipc.open_file(source).read_all()
                found = np.sort(ids_of(table, self._layer))
                if np.array_equal(found, np.asarray(page.object_ids)):
                    return table
        except (pa.ArrowException, OSError):
            pass
        self._there.discard((page.lo, page.hi))
        return None

    def put(self, page: Page, table: pa.Table) -> None:
        """Keep the verified rows of a page."""
        if self._folder is None:
            return
        sink = pa.BufferOutputStream()
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.ipc.new_file(sink, table.schema, options=options) as writer:
            writer.write_table(table)
        _replace(self._path(page), sink.getvalue())

    def clear(self) -> None:
        """Forget all pages: they belong to a read that came to nothing."""
        self._there.clear()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def _path(self, page: Page) -> Path:
        assert self._folder, "only a journal with a folder has pages"
        return self._folder / f"{page.lo}_{page.hi}.arrow"


def _identity(layer: FeatureLayer, where: str, object_ids: ObjectIds) -> str:
    return json.dumps(
        {
            "layer": layer.name,
            "edit_date": layer.data_last_edit_date,
            "where": where,
            "fields": [[field.name, field.type] for field in layer.fields],
            "geometry": layer.geometry_type,
            "page_limit": layer.page_limit,
            "object_ids": hashlib.sha256(object_ids.tobytes()).hexdigest(),
        },
        indent=1,
    )


def _replace(path: Path, content: bytes | pa.Buffer) -> None:
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        file.write(content)
    os.replace(part, path)
