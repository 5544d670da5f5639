"""One layer, read whole and proven whole, into one Parquet file."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from mpls311.arcgis.counting import RowCounts
from mpls311.arcgis.errors import (
    ArcGISError,
    ContradictionError,
    SchemaDriftError,
    ServiceError,
    TornReadError,
    UnreadableError,
    is_of_the_question,
)
from mpls311.arcgis.fetch import PageFetcher
from mpls311.arcgis.journal import PageJournal
from mpls311.arcgis.layer import FeatureLayer
from mpls311.arcgis.plan import ObjectIds, PagePlan, plan_offsets, plan_pages, plan_ranges
from mpls311.arcgis.proof import (
    Edition,
    check_count,
    check_edition,
    check_unmoved,
    contradiction,
)
from mpls311.arcgis.queries import EVERYTHING, Listing, fetch_layer
from mpls311.arcgis.spool import Spool
from mpls311.arcgis.transport import Meter, Transport, together

Way = Literal["ids", "ranges", "offsets"]
"""How rows are found, best first: each is tried where the one before it does not work."""

_WAYS: tuple[Way, ...] = get_args(Way)
_MOST_PAGES = 50_000

log = logging.getLogger(__name__)


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
        torn_reads: Passes that were thrown away because what came did not agree.
        read_by: How the rows were found: by the layer's object ids, by ranges between the least
            and the greatest of them, or by offsets in an order.

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
    read_by: Way


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
        self._fields = fields
        self._journal = journal
        self._on_rows = on_rows or _ignore
        self._on_plan = on_plan or _ignore
        self._meter = replace(listing.cost) if listing else Meter()
        self._planned: set[Way] = set()
        self._counts = RowCounts(transport, where, self._meter, listing)
        self._torn_reads = 0
        self._started = time.monotonic()

    async def read(self, layer: FeatureLayer, expect_edit_date: int | None) -> ReadReport:
        """Climb down the ladder until the layer can be read and proven whole.

        Each way is left for the next on whatever says something about the way alone: a refusal of
        any wording, a time-out that outlasts its retries, an answer that contradicts another.
        """
        failures: list[ArcGISError] = []
        contradicted = False
        for way in _WAYS:
            if way == "ranges" and "ids" in self._planned and not contradicted:
                continue  # its pages are asked for as those that failed
            try:
                return await self._read_by(way, layer, expect_edit_date, contradicted)
            except ArcGISError as exc:
                unreadable = isinstance(exc, UnreadableError) and way in self._planned
                if unreadable or not is_of_the_question(exc):
                    raise
                failures.append(exc)
                contradicted |= isinstance(exc, ContradictionError)
                log.info("%s cannot be read by %s: %s", layer.url, way, exc)
        raise _in_vain(layer, failures, lists="ids" in self._planned)

    async def _read_by(
        self, way: Way, layer: FeatureLayer, expect_edit_date: int | None, contradicted: bool
    ) -> ReadReport:
        """Make passes over the layer until one is proven whole.

        Raises:
            ContradictionError: What tore two passes was not that the layer changed; one pass is
                enough to say so once it has `contradicted` itself in another way.
            TornReadError: The layer changed during every pass.

        """
        passes = self._transport.settings.torn_attempts
        before: TornReadError | None = None
        for number in range(1, passes + 1):
            check_edition(layer, expect_edit_date)
            layer = self._seen(layer)
            try:
                return await self._pass(way, layer)
            except (TornReadError, SchemaDriftError) as exc:
                last = exc
            self._torn_reads += 1
            log.warning("Pass %d: %s", self._torn_reads, last)
            if number < passes:
                await self._transport.rest(self._transport.settings.backoff_max)
            fresh = self._seen(await fetch_layer(self._transport, layer.url, self._meter))
            if isinstance(last, SchemaDriftError):
                if fresh.fields == layer.fields or number == passes:
                    raise last  # the metadata stands by what the page contradicts
            elif not _has_moved(layer, fresh, last, before):
                if before or contradicted:
                    raise contradiction(layer, last)
                before = last
            else:
                before = None
            layer = fresh
        raise TornReadError(
            f"was read {passes} times in vain: it {last.what}", url=layer.url
        ) from last

    async def _pass(self, way: Way, layer: FeatureLayer) -> ReadReport:
        plan, ids, count = await self._plan(way, layer)
        self._planned.add(way)
        self._on_plan(count)
        # What a read by ids has kept is left to the next one.
        folder = self._journal if ids is not None else None
        journal = PageJournal(folder, layer, self._where, ids)
        with Spool(self._path, layer.arrow_schema) as spool:
            fetcher = PageFetcher(
                self._transport, layer, self._where, spool, journal, self._meter, self._on_rows
            )
            try:
                await together(*(fetcher.fetch(page) for page in plan.pages))
                await fetcher.check_geometry()
                fetcher.check_distinct()
                if way == "offsets":
                    await fetcher.check_end()
                (after, layer_count), *_ = await together(
                    self._edition(layer),
                    self._counts.check_again(layer),
                    self._transport.run(spool.finish),
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
            torn_reads=self._torn_reads,
            read_by=way,
        )

    async def _plan(self, way: Way, layer: FeatureLayer) -> tuple[PagePlan, ObjectIds | None, int]:
        """The pages to ask for, the object ids that they hold if known, and how many there are.

        Raises:
            TornReadError: The layer does not count what it lists.
            ArcGISError: The layer cannot be read in this way.

        """
        if way == "ids":
            ids, count = await self._counts.listed(layer)
            plan = plan_pages(ids, layer.page_limit)
            check_count(layer, plan.rows, count)
            return plan, ids, count
        if way == "ranges":
            found, count = await self._counts.spanned(layer)
            check_count(layer, found.id_count, count)
            _check_pages(layer, count)
            lo, hi = found.id_min or 0, found.id_max or 0
            return plan_ranges(lo, hi, count, layer.page_limit), None, count
        if not (layer.supports_pagination and layer.supports_order_by):
            raise ServiceError(
                "does not serve ordered pages: ask its owner to allow them.", url=layer.url
            )
        count = await self._counts.ordered(layer)
        _check_pages(layer, count)
        return plan_offsets(count, layer.page_limit), None, count

    async def _edition(self, layer: FeatureLayer) -> tuple[Edition, int]:
        """The layer now, with the number of rows that meet the condition, and of all rows."""
        conditions = dict.fromkeys((self._where, EVERYTHING))
        fresh, *counts = await together(
            fetch_layer(self._transport, layer.url, self._meter),
            *(self._counts.counted(layer, where) for where in conditions),
        )
        return Edition(self._seen(fresh), counts[0]), counts[-1]

    def _seen(self, layer: FeatureLayer) -> FeatureLayer:
        return layer if self._fields is None else layer.only(self._fields)


def _check_pages(layer: FeatureLayer, count: int) -> None:
    if count > _MOST_PAGES * layer.page_limit:
        raise ServiceError(
            f"counts {count} rows and serves {layer.page_limit} at once, which is too few to read "
            "them all: ask its owner for a higher limit.",
            url=layer.url,
        )


def _has_moved(
    layer: FeatureLayer, fresh: FeatureLayer, last: TornReadError, before: TornReadError | None
) -> bool:
    """Whether the layer changed since; without an edit date, by what did not agree."""
    date = fresh.data_last_edit_date
    if date != layer.data_last_edit_date or fresh.fields != layer.fields:
        return True
    return date is None and before is not None and before.figures != last.figures


def _in_vain(layer: FeatureLayer, failures: Sequence[ArcGISError], *, lists: bool) -> ArcGISError:
    """What the failures of several ways come to, given whether the layer lists its object ids."""
    for failure in failures:
        if isinstance(failure, ContradictionError):
            return failure
    first, last = failures[0], failures[-1]
    if lists or first.what == last.what:
        return first
    return ServiceError(
        "can neither list its object ids nor be read in ordered pages, so it cannot be read "
        f"completely: ask its owner to allow one of them. ({first.what}) ({last.what})",
        url=layer.url,
        code=first.code,
    )


def _ignore(_rows: int) -> None:
    """Stand in for a caller that does not follow progress."""
