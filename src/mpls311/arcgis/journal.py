"""Verified pages on disk, so that a read that is cut off does not have to fetch them again."""

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


class PageJournal:
    """A folder with an Arrow file for each verified page of one plan for one edition of a layer.

    Pages are cut from the plan the same way each time, whole or halved, so an interrupted read
    finds its own again by their borders. They lie in a folder named after what they belong to
    (edition, condition, page limit, object ids); pages of anything else are removed, and a page
    that a thread still writes for an abandoned pass cannot get among others. Without a folder, or
    for a layer that keeps no edit date, nothing is kept and nothing found.
    """

    def __init__(
        self, folder: Path | None, layer: FeatureLayer, where: str, object_ids: ObjectIds | None
    ) -> None:
        self._folder: Path | None = None
        self._layer = layer
        self._there: set[tuple[int, int]] = set()
        if folder and object_ids is not None and layer.data_last_edit_date is not None:
            self._folder = folder / _identity(layer, where, object_ids)
        for other in folder.glob("*") if folder else ():
            if other != self._folder:
                shutil.rmtree(other, ignore_errors=True)
        if self._folder:
            self._folder.mkdir(parents=True, exist_ok=True)
            for path in self._folder.glob("*.arrow"):
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
            assert self._folder, "only a journal with a folder has pages"
            with pa.memory_map(str(self._folder / _name(page))) as source:
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
        folder = self._folder
        if folder is None:
            return
        path = folder / _name(page)
        part = path.with_suffix(".part")
        # Not compressed: that would take longer than the disk does, and the file does not stay.
        with pa.OSFile(str(part), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
        os.replace(part, path)

    def clear(self) -> None:
        """Forget all pages: they belong to a read that came to nothing."""
        self._there.clear()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def _name(page: Page) -> str:
    return f"{page.lo}_{page.hi}.arrow"


def _identity(layer: FeatureLayer, where: str, object_ids: ObjectIds) -> str:
    identity = json.dumps(
        {
            "layer": layer.name,
            "edit_date": layer.data_last_edit_date,
            "where": where,
            "fields": [[field.name, field.type] for field in layer.fields],
            "geometry": layer.geometry_type,
            "page_limit": layer.page_limit,
            "object_ids": hashlib.sha256(object_ids.tobytes()).hexdigest(),
        }
    )
    return hashlib.sha256(identity.encode()).hexdigest()[:16]
