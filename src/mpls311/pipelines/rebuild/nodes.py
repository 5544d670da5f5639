"""The warehouse anew from the manifests and files of the lake alone."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mpls311.errors import UserError
from mpls311.lake import LakeFiles, StoredFile
from mpls311.loads import LoadHistory, Manifest, check_staging, tracking_rows
from mpls311.loads.tracking import staged_rows
from mpls311.parameters import RebuildSettings, TransformSettings
from mpls311.pipelines.rebuild.choosing import (
    Chosen,
    choose,
    history_until,
    read_again,
    withdrawal,
)
from mpls311.pipelines.stage.nodes import staging_of
from mpls311.pipelines.transform.dbt import Staging, run_dbt
from mpls311.schemas.areas import borders_of

log = logging.getLogger(__name__)


def withdraw_load(
    history: LoadHistory, rebuild: RebuildSettings
) -> tuple[Sequence[Manifest], LoadHistory]:
    """Say which history counts: the whole one, one without a load, or that of an earlier day.

    Returns:
        The manifest of a load that is withdrawn, and the history to rebuild from.

    Raises:
        UserError: The load that is named was never published.
    """
    if rebuild.until:
        return [], history_until(history, rebuild.until)
    if rebuild.without is None or rebuild.without in history.withdrawn:
        return [], history
    manifest = withdrawal(history, rebuild.without, datetime.now(UTC))
    log.info("%s is withdrawn: its year is read in full by the next run.", manifest.load_id)
    return [manifest], history.plus(manifest)


def stage_published_loads(
    history: LoadHistory, service_requests: LakeFiles, areas: Mapping[str, pa.Table]
) -> tuple[pa.Table, list[StoredFile], Chosen]:
    """Give the areas, and name the files of every load ever published.

    Returns:
        What stage gives for pending loads, and which loads they are: all that are what was
        written.

    Raises:
        UserError: Nothing was ever published, or nothing of it can be believed.
    """
    chosen = choose(history, service_requests)
    return borders_of(areas), staging_of(chosen.loads, service_requests), chosen


def rebuild_marts(
    staged: pd.DataFrame,
    borders: pd.DataFrame,
    history: LoadHistory,
    chosen: Chosen,
    settings: TransformSettings,
    rebuild: RebuildSettings,
) -> Iterator[pa.Table]:
    """Build the marts as if nothing had been there, and give the tracking rows of the manifests.

    Those of an earlier day are built beside those that count, and nothing is recorded.

    That loads are published is said last: a run refuses a warehouse that does not say so of those
    that are, so a rebuild that was interrupted cannot be mistaken for a whole one.

    Yields:
        The rows of loads as staged, which a report counts on; then all of them, save that what
        lacks rows is not said to be published.

    Raises:
        UserError: Staging does not hold the chosen loads; or, at the very end, years lack rows.
        DbtError: dbt failed.
    """
    check_staging(staged, chosen.loads, remedy="rebuild")
    if rebuild.until:
        settings = settings.model_copy(update={"target": "dev"})
    else:
        yield staged_rows(chosen.loads)
    years = frozenset(load.source_year for load in chosen.loads)
    run_dbt(settings, Staging(years, borders, is_everything=True))
    log.info(
        "Rebuilt from %d loads of %s.",
        len(chosen.loads),
        ", ".join(map(str, sorted(years))),
    )
    for year, cases in chosen.unseen:
        log.warning(
            "%s: deleted cases that only damaged files held are not shown any more: %s.",
            year,
            _some(cases),
        )
    if rebuild.until:
        log.info("The marts as of %s are in mpls_311_development.", rebuild.until)
    else:
        yield _tracked(history, chosen)
    if chosen.lacking:
        lacking = ", ".join(map(str, chosen.lacking))
        raise UserError(
            f"The warehouse is rebuilt, but rows of {lacking} are missing: files or manifests are "
            f"not what was written. {read_again(chosen.lacking)}"
        )


def _tracked(history: LoadHistory, chosen: Chosen) -> pa.Table:
    rows = tracking_rows(history)
    lacks = pc.is_in(rows["year"], pa.array(chosen.lacking, pa.int64()))
    return rows.filter(pc.invert(pc.and_(lacks, pc.equal(rows["status"], "published"))))


def _some(cases: tuple[int, ...]) -> str:
    more = len(cases) - 10
    return ", ".join(map(str, cases[:10])) + (f" and {more:,} more" if more > 0 else "")
