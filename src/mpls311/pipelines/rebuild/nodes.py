"""The warehouse anew from the manifests and files of the lake alone."""

import logging
from collections.abc import Iterator, Mapping

import pandas as pd
import pyarrow as pa

from mpls311.errors import UserError
from mpls311.lake import LakeFiles
from mpls311.loads import Load, LoadHistory, check_staging, tracking_rows
from mpls311.loads.tracking import staged_rows
from mpls311.parameters import TransformSettings
from mpls311.pipelines.stage.nodes import staging_of
from mpls311.pipelines.transform.dbt import Staging, run_dbt
from mpls311.schemas.areas import borders_of

log = logging.getLogger(__name__)


def stage_published_loads(
    history: LoadHistory, service_requests: LakeFiles, areas: Mapping[str, pa.Table]
) -> tuple[pa.Table, list[str]]:
    """Give the areas, and name the files of every load ever published.

    Returns:
        What stage gives for pending loads.

    Raises:
        UserError: Nothing was ever published.
    """
    published = _published(history)
    if not published:
        raise UserError("No load was ever published: run `kedro run` first.")
    return borders_of(areas), staging_of(published, service_requests)


def rebuild_marts(
    staged: pd.DataFrame,
    borders: pd.DataFrame,
    history: LoadHistory,
    settings: TransformSettings,
) -> Iterator[pa.Table]:
    """Build the marts as if nothing had been there, and give the tracking rows of the manifests.

    That loads are published is said last: a run refuses a warehouse that does not say so of those
    that are, so a rebuild that was interrupted cannot be mistaken for a whole one.

    Yields:
        The rows of loads as staged, which a report counts on; then all of them.

    Raises:
        UserError: Staging does not hold the published loads.
        DbtError: dbt failed.
    """
    published = _published(history)
    check_staging(staged, published, remedy="rebuild")
    yield staged_rows(published)
    years = frozenset(load.source_year for load in published)
    run_dbt(settings, Staging(years, borders, is_everything=True))
    log.info("Rebuilt from %d loads of %s.", len(published), ", ".join(map(str, history.years)))
    yield tracking_rows(history)


def _published(history: LoadHistory) -> tuple[Load, ...]:
    return tuple(load for load in history.loads if load.published)
