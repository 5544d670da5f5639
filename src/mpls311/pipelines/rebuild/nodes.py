"""The warehouse anew from the manifests and files of the lake alone."""

import logging
from collections.abc import Iterator

import pandas as pd
import pyarrow as pa

from mpls311.datasets import LakeFiles
from mpls311.errors import UserError
from mpls311.loads import Load, LoadHistory, tracking_rows
from mpls311.parameters import TransformSettings
from mpls311.pipelines.stage.nodes import staging_of
from mpls311.pipelines.transform.dbt import run_dbt
from mpls311.pipelines.transform.nodes import check_staging

log = logging.getLogger(__name__)


def stage_published_loads(history: LoadHistory, service_requests: LakeFiles) -> list[str]:
    """Name the files of every load ever published.

    Returns:
        The addresses of the Parquet files, as stage gives them for pending loads.

    Raises:
        UserError: Nothing was ever published.
    """
    published = _published(history)
    if not published:
        raise UserError("No load was ever published: run `kedro run` first.")
    return staging_of(published, service_requests)


def rebuild_marts(
    staged: pd.DataFrame,
    history: LoadHistory,
    settings: TransformSettings,
) -> Iterator[pa.Table]:
    """Build the marts as if nothing had been there, and give the tracking rows of the manifests.

    The tracking table is emptied first and filled last: a run refuses a warehouse that lacks the
    rows of published loads, so a rebuild that was interrupted cannot be mistaken for a whole one.

    Yields:
        No rows; then all of them.

    Raises:
        UserError: Staging does not hold the published loads.
        DbtError: dbt failed.
    """
    published = _published(history)
    check_staging(staged, published, remedy="rebuild")
    rows = tracking_rows(history)
    yield rows.slice(0, 0)
    run_dbt(settings, [load.source_year for load in published], rebuild=True)
    log.info("Rebuilt from %d loads of %s.", len(published), ", ".join(map(str, history.years)))
    yield rows


def _published(history: LoadHistory) -> tuple[Load, ...]:
    return tuple(load for load in history.loads if load.published)
