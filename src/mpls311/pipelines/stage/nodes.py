"""Put exactly the pending loads into the staging table."""

import logging
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
    receipt = {load.load_id: staged_rows(load) for load in pending}
    log.info(
        "Staging %s rows of %s.",
        f"{sum(receipt.values()):,}",
        ", ".join(str(load.source_year) for load in pending),
    )
    return [service_requests.uri(_file_name(load)) for load in pending], {"loads": receipt}


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


def staged_rows(load: Load) -> int:
    """Rows that a validated load puts into staging, marks of deleted cases included."""
    return load.validated.file.rows if load.validated else 0


def _file_name(load: Load) -> str:
    assert load.validated, "check_ready saw to it"
    return load.validated.file.name
