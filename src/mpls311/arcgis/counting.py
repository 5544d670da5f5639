"""How many rows a layer has, by whatever question it answers, before a read and after it."""

import numpy as np

from mpls311.arcgis.layer import FeatureLayer
from mpls311.arcgis.plan import ObjectIds
from mpls311.arcgis.proof import check_listed_again, check_span
from mpls311.arcgis.queries import (
    Listing,
    fetch_count,
    fetch_object_ids,
    fetch_statistics,
    otherwise_none,
)
from mpls311.arcgis.replies import IdStatistics
from mpls311.arcgis.transport import Meter, Transport, together


class RowCounts:
    """Counts the rows of one read, those that meet `where`.

    Where the layer refuses to count them, what the plan is made from has nothing beside it that
    could contradict it; so it is asked for again after the pages, and must be the same.
    """

    def __init__(
        self, transport: Transport, where: str, meter: Meter, listing: Listing | None
    ) -> None:
        self._transport = transport
        self._where = where
        self._meter = meter
        self._ahead = listing
        self._counts = True
        self._uncounted: ObjectIds | IdStatistics | None = None

    async def listed(self, layer: FeatureLayer) -> tuple[ObjectIds, int]:
        """The object ids and the count; on the first pass those that the caller has, if any.

        Those may be older than `layer`: rows that came or went since tear the pass, as the
        pages are compared with the ids, and the count with the one after the pages.
        """
        ahead, self._ahead = self._ahead, None
        if ahead:
            ids, count = ahead.object_ids, ahead.count
            self._counts = count is not None
        else:
            ids, count = await together(
                fetch_object_ids(self._transport, layer.query_url, self._where, self._meter),
                self._count(layer, self._where),
            )
        self._uncounted = ids if count is None else None
        return ids, ids.size if count is None else count

    async def spanned(self, layer: FeatureLayer) -> tuple[IdStatistics, int]:
        """The least and the greatest object id, and the count."""
        found, count = await together(
            fetch_statistics(self._transport, layer, self._where, self._meter),
            self._count(layer, self._where),
        )
        self._uncounted = found if count is None else None
        return found, found.id_count if count is None else count

    async def ordered(self, layer: FeatureLayer) -> int:
        """The count alone, of a layer that is read by positions."""
        self._uncounted = None
        return await self.counted(layer, self._where)

    async def counted(self, layer: FeatureLayer, where: str) -> int:
        """How many rows meet a condition; where the layer refuses to count, by another way."""
        count = await self._count(layer, where)
        if count is not None:
            return count
        found = await otherwise_none(fetch_statistics(self._transport, layer, where, self._meter))
        if found is not None:
            return found.id_count
        ids = await fetch_object_ids(self._transport, layer.query_url, where, self._meter)
        return int(ids.size)

    async def check_again(self, layer: FeatureLayer) -> None:
        """Require the same answer as before the pages, where there was no count beside it.

        Raises:
            TornReadError: It is another one.

        """
        before = self._uncounted
        if isinstance(before, np.ndarray):
            ids = await fetch_object_ids(self._transport, layer.query_url, self._where, self._meter)
            check_listed_again(before, ids, layer)
        elif before is not None:
            found = await fetch_statistics(self._transport, layer, self._where, self._meter)
            check_span(before, found, layer)

    async def _count(self, layer: FeatureLayer, where: str) -> int | None:
        """Return None where the layer refuses to count, and do not ask again."""
        if not self._counts:
            return None
        count = await otherwise_none(
            fetch_count(self._transport, layer.query_url, where, self._meter)
        )
        self._counts = count is not None
        return count
