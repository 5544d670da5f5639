"""Put exactly the pending loads into the staging table."""

import logging
from collections.abc import Sequence
from typing import Any

from mpls311.datasets import LakeFiles
from mpls311.errors import UserError
from mpls311.loads import Load, LoadHistory

log = logging.getLogger(__name__)


def stage_pending_loads(
    history: LoadHistory, service_requests: LakeFiles
) -> tuple[list[str], dict[str, Any]]:
    """Name the files of all pending loads for one atomic load job, and write its receipt.

    Returns:
        The addresses of the Parquet files (none: the staging table is left alone), and the
        receipt `{"loads": {load id: rows}}` that transform holds against the table.

    Raises:
        UserError: There is no load yet, or one still has to be validated.
    """
    check_ready(history)
    pending = history.pending
    if not pending:
        log.info("Nothing to stage: no load is pending.")
        return [], {"loads": {}}
    return staging_of(pending, service_requests)


def staging_of(
    loads: Sequence[Load], service_requests: LakeFiles
) -> tuple[list[str], dict[str, Any]]:
    """The addresses of the files of validated loads, and the receipt for them."""
    files = {load.load_id: load.validated.file for load in loads if load.validated}
    log.info(
        "Staging %s rows of %s.",
        f"{sum(file.rows for file in files.values()):,}",
        ", ".join(str(year) for year in sorted({load.source_year for load in loads})),
    )
    receipt = {load_id: file.rows for load_id, file in files.items()}
    return [service_requests.uri(file.name) for file in files.values()], {"loads": receipt}


def check_ready(history: LoadHistory) -> None:
    """Are all pending loads validated?

    Raises:
        UserError: There is no load yet, or one still has to be validated.
    """
    if not history.loads:
        raise UserError("No load exists yet: run `kedro run --pipeline ingest` first.")
    if waiting := [load.load_id for load in history.pending if not load.validated]:
        raise UserError(
            f"{', '.join(waiting)} must be validated: run `kedro run --pipeline validate` first."
        )
