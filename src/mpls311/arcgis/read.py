"""One layer, read whole and proven whole, into one Parquet file."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mpls311.arcgis.errors import (
    AccessDeniedError,
    LayerNotFoundError,
    SchemaDriftError,
    ServiceError,
    TornReadError,
)
from mpls311.arcgis.fetch import PageFetcher
from mpls311.arcgis.journal import PageJournal
from mpls311.arcgis.layer import FeatureLayer
from mpls311.arcgis.plan import ObjectIds, plan_offsets, plan_pages
from mpls311.arcgis.proof import Edition, check_count, check_edition, check_unmoved
from mpls311.arcgis.queries import Listing, fetch_count, fetch_layer, fetch_object_ids
from mpls311.arcgis.spool import Spool
from mpls311.arcgis.transport import Meter, Transport, together

log = logging.getLogger(__name__)

EVERYTHING = "1=1"
"""The condition that all rows meet."""


@dataclass(frozen=True)
class ReadReport:
    """What a proven read brought, and what it cost.

    Attributes:
        layer: As it was at the end of the read.
        where: The condition that was read.
        count: Rows that meet it, by the service's count before and after.
        layer_count: Rows of the whole layer, by the service's count at the end.
        rows: Rows in the file, equal to `count`.
        resumed: How many of them an earlier read that was cut off had brought already.
        pages: Pages the rows came in.
        requests: Requests that went out, retries and torn passes included.
        retries: How many of them repeated another.
        bytes: Of all answers, compressed as they came over the wire.
        edit_date_before: Of the layer, epoch milliseconds; None where it keeps none.
        edit_date_after: The same; equal to it.
        misfits: How many values of each column did not fit its type; they are null, and kept as
            text in the column `misfits` of the file.
        seconds: From the start of the read to the finished file.
        torn_reads: Passes that were thrown away because the layer changed.

    """

    layer: FeatureLayer
    where: str
    count: int
    layer_count: int
    rows: int
    resumed: int
    pages: int
    requests: int
    retries: int
    bytes: int
    edit_date_before: int | None
    edit_date_after: int | None
    misfits: Mapping[str, int]
    seconds: float
    torn_reads: int


class LayerReader:
    """Reads the rows of one layer that meet one condition; used once."""

    def __init__(
        self,
        transport: Transport,
        where: str,
        path: Path,
        *,
        listing: Listing | None = None,
        fields: Sequence[str] | None = None,
        journal: Path | None = None,
        on_rows: Callable[[int], None] | None = None,
        on_plan: Callable[[int], None] | None = None,
    ) -> None:
        self._transport = transport
        self._where = where
        self._path = path
        self._listing = listing
        self._fields = fields
        self._journal = journal
        self._on_rows = on_rows or _ignore
        self._on_plan = on_plan or _ignore
        self._meter = replace(listing.cost) if listing else Meter()
        self._started = time.monotonic()

    async def read(self, layer: FeatureLayer, expect_edit_date: int | None) -> ReadReport:
        """Make passes over the layer until one is proven whole."""
        passes = self._transport.settings.torn_attempts
        for torn_reads in range(passes):
            check_edition(layer, expect_edit_date)
            layer = self._seen(layer)
            try:
                return await self._pass(layer, torn_reads)
            except (TornReadError, SchemaDriftError) as exc:
                last = exc
            log.warning("Pass %d of %d: %s", torn_reads + 1, passes, last)
            if torn_reads + 1 < passes:
                await self._transport.rest(self._transport.settings.backoff_max)
            fresh = self._seen(await fetch_layer(self._transport, layer.url, self._meter))
            if isinstance(last, SchemaDriftError) and fresh.fields == layer.fields:
                raise last  # the metadata stands by what the page contradicts
            layer = fresh
        if isinstance(last, SchemaDriftError):
            raise last
        raise TornReadError(
            f"was read {passes} times in vain: it {last.what}", url=layer.url
        ) from last

    async def _pass(self, layer: FeatureLayer, torn_reads: int) -> ReadReport:
        ids, count = await self._listed(layer)
        if ids is None:
            plan = plan_offsets(count, layer.page_limit)
        else:
            plan = plan_pages(ids, layer.page_limit)
            check_count(layer, plan.rows, count)
        self._on_plan(plan.rows)
        journal = PageJournal(self._journal, layer, self._where, ids)
        with Spool(self._path, layer.arrow_schema) as spool:
            fetcher = PageFetcher(
                self._transport, layer, self._where, spool, journal, self._meter, self._on_rows
            )
            try:
                await together(*(fetcher.fetch(page) for page in plan.pages))
                fetcher.check_geometry()
                if ids is None:
                    await fetcher.check_offsets()
                (after, layer_count), _ = await together(
                    self._edition(layer), self._transport.run(spool.finish)
                )
                check_unmoved(Edition(layer, count), fetcher.rows, after)
            except BaseException as exc:
                if fetcher.rows:
                    self._on_rows(-fetcher.rows)
                if isinstance(exc, TornReadError | SchemaDriftError):
                    journal.clear()
                raise
            spool.commit()
        return ReadReport(
            layer=after.layer,
            where=self._where,
            count=after.count,
            layer_count=layer_count,
            rows=fetcher.rows,
            resumed=fetcher.resumed,
            pages=fetcher.pages,
            requests=self._meter.requests,
            retries=self._meter.retries,
            bytes=self._meter.bytes,
            edit_date_before=layer.data_last_edit_date,
            edit_date_after=after.layer.data_last_edit_date,
            misfits=dict(fetcher.misfits),
            seconds=time.monotonic() - self._started,
            torn_reads=torn_reads,
        )

    async def _listed(self, layer: FeatureLayer) -> tuple[ObjectIds | None, int]:
        """The object ids and the count; on the first pass those that the caller has, if any.

        Those may be older than `layer`: rows that came or went since tear the pass, as the
        pages are compared with the ids, and the count with the one after the pages.
        """
        ahead, self._listing = self._listing, None
        if ahead:
            return ahead.object_ids, ahead.count
        ids, count = await together(
            self._object_ids(layer),
            fetch_count(self._transport, layer.query_url, self._where, self._meter),
        )
        return ids, count

    async def _object_ids(self, layer: FeatureLayer) -> ObjectIds | None:
        """Return None where the layer will not list its ids but can be read by offset."""
        try:
            return await fetch_object_ids(
                self._transport, layer.query_url, self._where, self._meter
            )
        except (LayerNotFoundError, AccessDeniedError):
            raise
        except ServiceError as exc:
            if not (layer.supports_pagination and layer.supports_order_by):
                raise ServiceError(
                    f"can neither list its object ids nor be read in ordered pages, so "
                    f"it cannot be read completely: ask its owner to allow one of them. ({exc})",
                    url=layer.url,
                    code=exc.code,
                ) from exc
            log.info("%s lists no object ids, it is read by offset: %s", layer.url, exc)
            return None

    async def _edition(self, layer: FeatureLayer) -> tuple[Edition, int]:
        """The layer now, with the number of rows that meet the condition, and of all rows."""
        conditions = dict.fromkeys((self._where, EVERYTHING))
        fresh, *counts = await together(
            fetch_layer(self._transport, layer.url, self._meter),
            *(
                fetch_count(self._transport, layer.query_url, where, self._meter)
                for where in conditions
            ),
        )
        return Edition(self._seen(fresh), counts[0]), counts[-1]

    def _seen(self, layer: FeatureLayer) -> FeatureLayer:
        return layer if self._fields is None else layer.only(self._fields)


def _ignore(_rows: int) -> None:
    """Stand in for a caller that does not follow progress."""
