"""Read the city's neighbourhoods, which requests can do without."""

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mpls311.arcgis import ArcGISClient, ArcGISError, ClientSettings
from mpls311.parameters import ReadMode, SourceSettings
from mpls311.pipelines.ingest.event_loop import iterate
from mpls311.schemas.neighborhoods import UnusableNeighborhoodsError, borders_of

log = logging.getLogger(__name__)

_READ_AT = b"read_at"
_NOTHING_NEW = pa.table({})


def read_neighborhoods(known: pa.Table, mode: ReadMode, source: SourceSettings) -> pa.Table:
    """Read the neighbourhood layer, if it was never read or not for long.

    Borders change once in years, so this costs no request in most runs. A layer that is missing
    or unusable is a warning: places keep the neighbourhoods they had, or have none.

    Args:
        known: The edition in the lake; without columns if there is none.
        mode: `full` reads it again.
        source: Where the layer is, and how old a full read may grow.

    Returns:
        The layer's rows as served, with the time of the read in the schema's metadata; without
        columns if there is nothing new.
    """
    now = datetime.now(UTC)
    if not source.neighborhoods_url or (mode.root != "full" and _is_fresh(known, source, now)):
        return _NOTHING_NEW
    try:
        (rows,) = iterate(_rows(source.neighborhoods_url, proxies=not source.is_on_this_machine))
        borders = borders_of(rows)
    except (ArcGISError, UnusableNeighborhoodsError) as exc:
        kept = "those of an earlier read are kept" if known.num_rows else "they stay unknown"
        log.warning("No neighbourhoods, %s: %s", kept, exc)
        return _NOTHING_NEW
    if not borders.num_rows:
        log.warning("The neighbourhood layer has no borders; it is not stored.")
        return _NOTHING_NEW
    log.info("Read %d neighbourhoods.", rows.num_rows)
    return rows.replace_schema_metadata({_READ_AT: now.isoformat()})


def _is_fresh(known: pa.Table, source: SourceSettings, now: datetime) -> bool:
    read_at = (known.schema.metadata or {}).get(_READ_AT)
    return read_at is not None and (
        now - datetime.fromisoformat(read_at.decode()) <= source.full_every
    )


async def _rows(url: str, *, proxies: bool) -> AsyncIterator[pa.Table]:
    # Nobody should wait long for what a run can do without.
    settings = ClientSettings(concurrency=1, attempts=2, deadline=60, proxies=proxies)
    async with ArcGISClient(settings) as client:
        layer = await client.layer(url)
        with tempfile.TemporaryDirectory(prefix="mpls311-") as spool:
            path = Path(spool, "neighborhoods.parquet")
            await client.read(layer, "1=1", path)
            rows = await asyncio.to_thread(pq.read_table, path)
            yield rows.sort_by(layer.object_id_field)
