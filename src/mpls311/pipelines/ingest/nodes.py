"""Read what is new in each year's feature layer, and prove it."""

import logging
import shutil
from collections.abc import Container, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from mpls311.errors import UserError
from mpls311.lake import LakeFiles
from mpls311.loads import LoadHistory, Manifest
from mpls311.parameters import ReadMode, SourceSettings
from mpls311.pipelines.ingest.event_loop import iterate
from mpls311.pipelines.ingest.reading import read_years
from mpls311.years import Years, city_today

log = logging.getLogger(__name__)


def read_feature_layers(
    history: LoadHistory,
    tracked: pd.DataFrame,
    earlier: LakeFiles,
    years: Years,
    mode: ReadMode,
    source: SourceSettings,
    spool: str,
) -> Iterator[tuple[dict[str, Path], Sequence[Manifest]]]:
    """Read the years asked for, all in one event loop, and hand them on as each is proven.

    A year that fails is recorded, and stops no other one.

    Args:
        history: What was loaded before.
        tracked: The load tracking table of the warehouse.
        earlier: Service requests of earlier loads, to find deleted ones.
        years: The years asked for.
        mode: `full` re-reads them; `incremental` reads what the history says is due.
        source: Where the layers are.
        spool: A local folder for what is read until it is in the lake. What a run that was cut
            off leaves there, the next one does not fetch again.

    Yields:
        A local Parquet file under its name in the lake, with the ingest manifest to write
        after it; or the manifest of a look that found a year unchanged, or failed.

    Raises:
        UserError: Another source's rows are in the lake or the warehouse, the warehouse lacks
            what was published, or what failed is no matter of one year.
    """
    check_source(history, tracked, source.id)
    wanted = years.resolve(source.today or city_today())
    check_warehouse(history, tracked, wanted if mode.root == "full" else ())
    yield {}, []
    folder = Path(spool, quote(source.id, safe=""))
    for read in iterate(
        read_years(
            history,
            earlier,
            wanted,
            must_exist=years.are_named,
            mode=mode.root,
            source=source,
            spool=folder,
        )
    ):
        log.log(logging.WARNING if read.has_failed else logging.INFO, read.summary)
        yield dict(read.files), [read.manifest] if read.manifest else []
        # Kedro saves what is yielded before it asks for more.
        if not read.has_failed:
            shutil.rmtree(folder / str(read.year), ignore_errors=True)


def check_source(history: LoadHistory, tracked: pd.DataFrame, source_id: str) -> None:
    """Refuse to mix two sources in one lake or warehouse.

    Raises:
        UserError: The manifests or the tracking rows name another source.
    """
    for place, ids in (
        ("lake", history.source_ids),
        ("warehouse", set(tracked["source_id"])),
    ):
        if others := sorted(set(ids) - {source_id}):
            raise UserError(
                f"The {place} holds rows of {', '.join(others)}, and this run reads {source_id}. "
                "Use an environment of its own for each source, with its own lake and warehouse."
            )


def check_warehouse(
    history: LoadHistory, tracked: pd.DataFrame, in_full: Container[int] = ()
) -> None:
    """Refuse to go on from marts that are not there.

    A published manifest is written after its tracking row, so a warehouse without the row is
    not the one that the load was published to, or was lost and only partly rebuilt. A year that
    cannot be rebuilt, as its files are damaged, is read in full instead.

    Args:
        history: The manifests, and what of the lake is damaged.
        tracked: The load tracking table.
        in_full: The years that are read in full, whatever the warehouse holds.

    Raises:
        UserError: A published load has no tracking row.
    """
    there = set(tracked.loc[tracked["status"] == "published", "load_id"])
    mended = {each.source_year for each in history.damaged if each.source_year in in_full}
    published = [
        load.load_id for load in history.loads if load.published and load.source_year not in mended
    ]
    if lacking := [load_id for load_id in published if load_id not in there]:
        raise UserError(
            f"The warehouse lacks {len(lacking)} of {len(published)} loads that were published "
            "from this lake. Rebuild it first: kedro run --pipeline rebuild"
        )
