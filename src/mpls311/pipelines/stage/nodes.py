"""Put exactly the pending loads into the staging table."""

import logging
from collections.abc import Mapping, Sequence

import pyarrow as pa

from mpls311.lake import LakeFiles, StoredFile
from mpls311.loads import Load, LoadHistory, check_ready
from mpls311.schemas.areas import borders_of

log = logging.getLogger(__name__)


def stage_pending_loads(
    history: LoadHistory, service_requests: LakeFiles, areas: Mapping[str, pa.Table]
) -> tuple[pa.Table, list[StoredFile]]:
    """Name the files of all pending loads, for one atomic load job.

    Returns:
        The borders of the areas, and the Parquet files, which are verified as they are read; with
        none the staging table is left alone.

    Raises:
        UserError: There is no load yet, or one still has to be validated.
    """
    check_ready(history)
    if not history.to_stage:
        log.info("Nothing to stage: no load is pending.")
        return borders_of(areas), []
    if history.remade_years:
        log.info(
            "%s staged whole: a load of it got into the warehouse and was never published.",
            ", ".join(map(str, history.remade_years)),
        )
    return borders_of(areas), staging_of(history.to_stage, service_requests)


def staging_of(loads: Sequence[Load], service_requests: LakeFiles) -> list[StoredFile]:
    """The files of validated loads."""
    files = [load.validated.file for load in loads if load.validated]
    log.info(
        "Staging %s rows of %s.",
        f"{sum(file.rows for file in files):,}",
        ", ".join(str(year) for year in sorted({load.source_year for load in loads})),
    )
    return service_requests.stored(files)
