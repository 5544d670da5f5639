"""Build the marts from staging, and record how far each load got."""

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa

from mpls311.loads import (
    Failed,
    Load,
    LoadHistory,
    Manifest,
    Published,
    check_ready,
    check_staging,
    tracking_rows,
)
from mpls311.loads.tracking import staged_rows
from mpls311.parameters import TransformSettings
from mpls311.pipelines.transform.dbt import DbtBuild, DbtError, Staging, run_dbt

log = logging.getLogger(__name__)

Outputs = tuple[pa.Table, Sequence[Manifest]]


def run_dbt_and_record_loads(
    staged: pd.DataFrame,
    borders: pd.DataFrame,
    history: LoadHistory,
    settings: TransformSettings,
) -> Iterator[Outputs]:
    """Record the staged loads, run dbt, and record them as published: in this order.

    The watermark of a year moves with the published manifest, which is written last of all. A
    crash or a failure before it leaves the load pending, and the next run takes it up. Tracking
    rows are a function of the manifests and are keyed by load and state, so writing them again
    changes nothing. dbt target `dev` records nothing.

    Args:
        staged: What is in the staging table: `load_id`, `row_count`.
        borders: The corners of the areas' borders, which some models are made of.
        history: The manifests.
        settings: dbt profile and target.

    Yields:
        Tracking rows to append, and manifests to write after them.

    Raises:
        UserError: There is no load yet, or staging does not hold the pending loads.
        DbtError: dbt failed; its own message is in it.
    """
    check_ready(history)
    pending = history.publishable
    if not pending:
        log.info("Nothing to transform: no load is pending.")
        yield tracking_rows(history), []
        return
    check_staging(staged, history.to_stage)
    staging = Staging(
        years=frozenset(load.source_year for load in history.to_stage),
        borders=borders,
        remade_years=frozenset(history.remade_years),
        replaced=frozenset().union(*map(history.replaced_by, pending)),
    )
    if settings.target == "dev":
        yield tracking_rows(history), []
        run_dbt(settings, staging)
        log.info("dbt target dev: nothing is published, the loads stay pending.")
        return
    yield pa.concat_tables([tracking_rows(history), staged_rows(pending)]), []
    try:
        build = run_dbt(settings, staging)
    except DbtError as exc:
        failed = [_failed(load, exc) for load in pending if not load.failed]
        yield tracking_rows(history.plus(*failed)), failed
        raise
    published = [_published(load, history, build) for load in pending]
    yield tracking_rows(history.plus(*published)), published
    log.info("Published %s.", ", ".join(str(load.source_year) for load in pending))


def _published(load: Load, history: LoadHistory, build: DbtBuild) -> Published:
    assert load.validated, "check_ready saw to it"
    marks = (history.watermark(load.source_year), load.validated.candidate_watermark)
    return Published(
        load_id=load.load_id,
        source_year=load.source_year,
        ended_at=datetime.now(UTC),
        watermark=max((mark for mark in marks if mark), default=None),
        bytes_processed=build.bytes_processed,
    )


def _failed(load: Load, exc: DbtError) -> Failed:
    return Failed(
        load_id=load.load_id,
        source_year=load.source_year,
        ended_at=datetime.now(UTC),
        message=str(exc),
    )
