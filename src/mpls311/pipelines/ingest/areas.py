"""Read the city's areas, which requests can do without."""

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mpls311.arcgis import ArcGISClient, ArcGISError, ClientSettings
from mpls311.loads import LoadHistory
from mpls311.parameters import ReadMode, SourceSettings
from mpls311.pipelines.ingest.event_loop import iterate
from mpls311.schemas.areas import UnusableAreasError, check_areas

log = logging.getLogger(__name__)

_READ_AT = b"read_at"


def read_areas(
    _read: LoadHistory, known: Mapping[str, pa.Table], mode: ReadMode, source: SourceSettings
) -> dict[str, pa.Table]:
    """Read each layer of areas that was never read or not for long.

    Borders change once in years, so this costs no request in most runs. A layer that is missing
    or unusable is a warning: places keep the areas they had, or have none.

    Args:
        _read: The layers of requests, which come first.
        known: The editions in the lake, by the kind of areas.
        mode: `full` reads them again.
        source: Where the layers are, and how old a full read may grow.

    Returns:
        The rows as served of the layers that were read, with the time of the read in the schema's
        metadata.
    """
    now = datetime.now(UTC)
    read = {}
    for kind, url in source.area_urls.items():
        if mode.root != "full" and _is_fresh(known.get(kind), source, now):
            continue
        try:
            (rows,) = iterate(_rows(url, proxies=not source.is_on_this_machine))
            borders = check_areas(kind, rows)
        except (ArcGISError, UnusableAreasError) as exc:
            kept = "those of an earlier read are kept" if kind in known else "they stay unknown"
            log.warning("No %ss, %s: %s", kind, kept, exc)
            continue
        if not borders.num_rows:
            log.warning("The %s layer has no borders; it is not stored.", kind)
            continue
        log.info("Read %d %ss.", rows.num_rows, kind)
        read[kind] = rows.replace_schema_metadata({_READ_AT: now.isoformat()})
    return read


def _is_fresh(known: pa.Table | None, source: SourceSettings, now: datetime) -> bool:
    read_at = ((known.schema.metadata if known is not None else None) or {}).get(_READ_AT)
    return read_at is not None and (
        now - datetime.fromisoformat(read_at.decode()) <= source.full_every
    )


async def _rows(url: str, *, proxies: bool) -> AsyncIterator[pa.Table]:
    # Nobody should wait long for what a run can do without.
    settings = ClientSettings(concurrency=1, attempts=2, deadline=60, proxies=proxies)
    async with ArcGISClient(settings) as client:
        layer = await client.layer(url)
        with tempfile.TemporaryDirectory(prefix="mpls311-") as spool:
            path = Path(spool, "areas.parquet")
            await client.read(layer, "1=1", path)
            rows = await asyncio.to_thread(pq.read_table, path)
            yield rows.sort_by(layer.object_id_field)
