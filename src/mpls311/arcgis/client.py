"""The client: one session, and the questions and reads that share its limits."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from mpls311.arcgis.describe import Description, describe
from mpls311.arcgis.layer import FeatureLayer
from mpls311.arcgis.queries import (
    Listing,
    fetch_count,
    fetch_layer,
    fetch_listing,
    layer_url,
    otherwise_none,
)
from mpls311.arcgis.read import LayerReader, ReadReport
from mpls311.arcgis.settings import ClientSettings
from mpls311.arcgis.transport import Meter, Transport, together


class ArcGISClient:
    """Reads feature layers; an async context manager, to be entered once.

    Any number of reads may run at once, all under one limit of requests and of pages in memory.
    Every method raises an `ArcGISError`: `TransportError` when no answer could be had in the
    attempts and the time allowed, `ServiceError` when the service refuses.
    """

    def __init__(self, settings: ClientSettings | None = None) -> None:
        self.settings = settings or ClientSettings()
        self._transport = Transport(self.settings)

    async def __aenter__(self) -> Self:
        """Open the session; the deadline counts from here."""
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the session."""
        await self._transport.__aexit__(exc_type, exc, traceback)

    async def layer(self, url: str) -> FeatureLayer:
        """Read the metadata of a layer.

        Args:
            url: Address of one layer, as in `.../FeatureServer/0`.

        Raises:
            LayerNotFoundError: There is no such layer, or not yet.

        """
        async with self._transport.deadline(url):
            return await fetch_layer(self._transport, url, Meter())

    async def describe(self, url: str) -> Description:
        """Look at a layer as a person would before reading it.

        Raises:
            LayerNotFoundError: There is no such layer, or not yet.

        """
        async with self._transport.deadline(url):
            return await describe(self._transport, url)

    async def layer_and_listing(
        self, url: str, where: str = "1=1"
    ) -> tuple[FeatureLayer, Listing | None]:
        """Read the metadata of a layer and list the rows that meet `where`, both at once.

        For a caller who knows that a read will follow, which is then spared a round trip. The
        listing is None where the service gives none.

        Raises:
            LayerNotFoundError: There is no such layer, or not yet.

        """
        async with self._transport.deadline(url):
            layer, listing = await together(
                fetch_layer(self._transport, url, Meter()),
                fetch_listing(self._transport, url, where),
            )
        return layer, listing

    async def layer_and_count(self, url: str) -> tuple[FeatureLayer, int | None]:
        """Read the metadata of a layer and count its rows, both at once.

        Together they tell one publication of a layer from another. The count is None where the
        service does not give it.

        Raises:
            LayerNotFoundError: There is no such layer, or not yet.

        """
        async with self._transport.deadline(url):
            layer, count = await together(
                fetch_layer(self._transport, url, Meter()),
                otherwise_none(
                    fetch_count(self._transport, f"{layer_url(url)}/query", "1=1", Meter())
                ),
            )
        return layer, count

    async def count(self, layer: FeatureLayer, where: str = "1=1") -> int:
        """Count the rows that meet `where`."""
        async with self._transport.deadline(layer.url):
            return await fetch_count(self._transport, layer.query_url, where, Meter())

    async def read(
        self,
        layer: FeatureLayer,
        where: str,
        path: Path,
        *,
        listing: Listing | None = None,
        fields: Sequence[str] | None = None,
        journal: Path | None = None,
        expect_edit_date: int | None = None,
        on_rows: Callable[[int], None] | None = None,
        on_plan: Callable[[int], None] | None = None,
    ) -> ReadReport:
        """Read all rows that meet `where` into one Parquet file, and prove it.

        Proven is: every page brought exactly the object ids that the layer listed for it, the
        service counts as many rows before and after as were read, and neither the fields nor
        the edit date of the layer moved. A layer that changes meanwhile is read again from
        fresh metadata, up to `settings.torn_attempts` times. A layer that will not list its
        ids is read by offset, and proven by the number of distinct ids. A value that does not
        fit the type of its column costs no more than itself: see `decode_page`.

        Args:
            layer: From `layer`; the more recent the better.
            where: SQL condition in the layer's own dialect; `1=1` for all rows.
            path: The file to write, with `layer.arrow_schema` and a column `misfits` if there
                are any, rows in no order; it appears only when proven, and replaces what was there.
            listing: Of the same rows, from `layer_and_listing`, if there is one.
            fields: If given, the only columns to read, besides the object id; no geometry then.
            journal: A folder for this layer alone, in which verified pages are kept until the
                caller removes it. A read that finds pages of the same edition of the layer
                there, left by one that was cut off, does not fetch them again.
            expect_edit_date: If given, the only edition of the layer to accept, as its
                `data_last_edit_date`; a later one is a TornReadError at once.
            on_rows: Called with the number of rows of each page that is kept, and with the
                negative sum of them if a pass is thrown away.
            on_plan: Called with the number of rows to come, at the beginning of each pass.

        Raises:
            TornReadError: The layer changed during every pass; says by what figures.
            SchemaDriftError: A page contradicts the metadata, and the metadata stands by it.
            OSError: The file cannot be written.

        """
        async with self._transport.deadline(layer.url):
            reader = LayerReader(
                self._transport,
                where,
                path,
                listing=listing,
                fields=fields,
                journal=journal,
                on_rows=on_rows,
                on_plan=on_plan,
            )
            return await reader.read(layer, expect_edit_date)
