"""Carries out a page plan: each page asked for, checked, halved where it must be, and kept."""

import asyncio
import json
import logging
import sys
from collections import Counter
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from mpls311.arcgis.decode import DecodedPage
from mpls311.arcgis.errors import (
    ArcGISError,
    ServiceError,
    TooLargeError,
    UnreadableError,
    is_of_the_question,
)
from mpls311.arcgis.journal import PageJournal
from mpls311.arcgis.layer import MISFITS, FeatureLayer
from mpls311.arcgis.plan import ObjectIds, Page
from mpls311.arcgis.proof import (
    check_distinct,
    check_end,
    ids_of,
    is_complete,
    without_geometry,
)
from mpls311.arcgis.queries import EVERYTHING, fetch_page, has_places, otherwise_none
from mpls311.arcgis.spool import Spool
from mpls311.arcgis.throttle import Share
from mpls311.arcgis.transport import Meter, Transport

log = logging.getLogger(__name__)

_MOST_WITHOUT_PLACE = 10  # rows; a fifth of real ones have none
_SAMPLE = 100  # rows
_SMALLEST_CAP = 250  # rows; one bad row must not make single rows of all other pages


class PageFetcher:
    """Fetches the pages of one pass over a layer, in any order and several at once.

    Attributes:
        rows: Rows kept so far.
        resumed: How many of them came out of the journal.
        pages: Pages they came in.
        misfits: How many values of each column did not fit it.

    """

    def __init__(
        self,
        transport: Transport,
        layer: FeatureLayer,
        where: str,
        spool: Spool,
        journal: PageJournal,
        meter: Meter,
        on_rows: Callable[[int], None],
    ) -> None:
        self.rows = 0
        self.resumed = 0
        self.pages = 0
        self.misfits: Counter[str] = Counter()
        self._transport = transport
        self._layer = layer
        self._where = where
        self._spool = spool
        self._journal = journal
        self._meter = meter
        self._on_rows = on_rows
        self._writing = asyncio.Lock()
        self._cap = sys.maxsize
        self._unlisted_ids: list[ObjectIds] = []
        self._has_geometry = False
        self._without_geometry = 0

    async def fetch(self, page: Page) -> None:
        """Fetch a page, in pieces if the service does not serve it in one.

        Holds a page slot, and its share of memory once it is taken off the line, until its rows
        are with the writer, so that pages never pile up faster than they are written.

        Raises:
            TornReadError: The rows are no longer those of the plan.
            ArcGISError: Whatever a page, or one of its rows alone, ends in after its retries.

        """
        values = page.expected * len(self._layer.fields)
        share = Share(self._transport.budget, values)
        async with self._transport.page_slots:
            pieces = [page]
            while pieces:
                piece = pieces.pop()
                try:
                    rows = await self._rows_of(piece, share)
                    if rows is not None:
                        await self._keep(piece, rows)
                finally:
                    share.give_back()  # whoever waits for a request must not hold any
                if rows is None:
                    pieces.extend(reversed(piece.split()))
                elif piece.expected < page.expected and not piece.is_range:
                    self._learn(piece.expected)

    async def check_geometry(self) -> None:
        """Require that one feature had a geometry, where the service does not tell of places.

        Some servers leave the geometry out of rows without a place, so a few may have none; then
        the first rows of the whole layer say whether the service leaves it out of all. Of a layer
        that has no more than a few, nothing tells, and they are taken as they are.

        Raises:
            SchemaDriftError: So many rows came without one that it is not theirs.

        """
        rows = self._without_geometry
        if self._has_geometry or not rows:
            return
        if rows < _MOST_WITHOUT_PLACE:
            size = min(_SAMPLE, self._layer.page_limit)
            first = Page(lo=0, hi=size - 1, expected=size, is_offset=True)
            answer = await otherwise_none(
                fetch_page(self._transport, self._layer, EVERYTHING, first, self._meter)
            )
            if not answer or answer.has_geometry or answer.table.num_rows < _MOST_WITHOUT_PLACE:
                return
        raise without_geometry(self._layer, rows)

    def check_distinct(self) -> None:
        """Require, of rows whose ids were not known before, that none came twice."""
        if self._unlisted_ids:
            check_distinct(np.concatenate(self._unlisted_ids), self._layer)

    async def check_end(self) -> None:
        """Require, of offset pages, that no row follows the last.

        The count a plan is made from may be an older one, out of a cache.
        """
        next_row = Page(lo=self.rows, hi=self.rows, expected=1, is_offset=True)
        answer = await fetch_page(self._transport, self._layer, self._where, next_row, self._meter)
        check_end(answer.table.num_rows, self.rows, self._layer)

    async def _rows_of(self, page: Page, share: Share) -> pa.Table | None:
        """Return None for a page that is to be halved."""
        if self._journal.has(page):
            await share.take()
            table = await self._transport.run(self._journal.get, page)
            if table is not None:
                self.resumed += page.expected
                self._has_geometry = True  # or it would not have been kept
                return table
            share.give_back()
        if (page.expected > self._cap and not page.is_range) or self._journal.has_part_of(page):
            return None
        answer = await self._ask(page, share)
        if answer is not None:
            await self._transport.run(self._journal.put, page, answer.table)
        return answer and answer.table

    async def _ask(self, page: Page, share: Share) -> DecodedPage | None:
        """Return None for a page that is to be halved."""
        try:
            answer = await fetch_page(
                self._transport, self._layer, self._where, page, self._meter, share
            )
        except ArcGISError as exc:
            if page.is_single or not _may_be_size(exc):
                raise
            log.info("A page of %d rows is halved: %s", page.expected, exc)
            return None
        if is_complete(page, answer, self._layer):
            await self._check_places(page, answer)
            return answer
        if answer.exceeded_transfer_limit and not page.is_range:
            self._learn(answer.table.num_rows)
        return None

    async def _check_places(self, page: Page, answer: DecodedPage) -> None:
        if answer.has_geometry:
            self._has_geometry = True
            return
        rows = answer.table.num_rows
        told = await has_places(self._transport, self._layer, self._where, page, self._meter)
        if told:
            raise without_geometry(self._layer, rows)
        if told is None:
            self._without_geometry += rows

    def _learn(self, rows: int) -> None:
        """Remember what the service can bear, so that pages to come need not find out."""
        self._cap = min(self._cap, max(rows, _SMALLEST_CAP))

    async def _keep(self, page: Page, rows: pa.Table) -> None:
        async with self._writing:
            await self._transport.run(self._spool.add, rows)
        if page.object_ids is None:
            self._unlisted_ids.append(ids_of(rows, self._layer))
        if MISFITS.name in rows.column_names:
            for text in rows[MISFITS.name].drop_null().to_pylist():
                self.misfits.update(list(json.loads(text)))
        self.rows += rows.num_rows
        self.pages += 1
        self._on_rows(rows.num_rows)


def _may_be_size(exc: ArcGISError) -> bool:
    """Whether a smaller page may succeed where all retries of this one failed.

    A service that finds a page too large says so in words of its own, if at all.
    """
    if not is_of_the_question(exc) or isinstance(exc, UnreadableError):
        return False
    refused = isinstance(exc, ServiceError) and bool(exc.message)
    return exc.retriable or refused or isinstance(exc, TooLargeError)
