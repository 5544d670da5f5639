"""What of the lake a read can build on: files are verified before it is decided what to read."""

import logging
from datetime import UTC, datetime

from mpls311.lake import DamagedFileError, LakeFiles, LoadFiles
from mpls311.loads import Load, LoadHistory
from mpls311.parameters import LakeSettings, ReadMode, SourceSettings
from mpls311.years import Years, city_today

log = logging.getLogger(__name__)


def verify_earlier_loads(
    history: LoadHistory,
    raw: LakeFiles,
    service_requests: LakeFiles,
    quarantine: LakeFiles,
    years: Years,
    mode: ReadMode,
    source: SourceSettings,
    lake: LakeSettings,
) -> LoadHistory:
    """Verify the pending loads, and all loads of the years that are to be read in full.

    A full read stands for what is found to be damaged. A pending load that cannot go on is
    forgotten, so that its year is read anew.

    Args:
        history: The manifests.
        raw: Rows as served.
        service_requests: Accepted rows.
        quarantine: Rejected rows.
        years: The years asked for.
        mode: `full` re-reads them.
        source: What day `all` and `recent` end with.
        lake: How long raw files are kept.
    """
    files = LoadFiles(raw, service_requests, quarantine)
    wanted = years.resolve(source.today or city_today()) if mode.root == "full" else ()
    now = datetime.now(UTC)
    for year in set(wanted) & set(history.years):
        history = history.with_damage(*files.damages(history, year, now, lake.raw_retention))
    stuck = set()
    for load in history.pending:
        try:
            _verify_pending(load, history, files)
        except DamagedFileError as exc:
            log.warning("%s is read anew: %s", load.source_year, str(exc).partition(". ")[0])
            stuck.add(load.load_id)
    return history.without(stuck)


def _verify_pending(load: Load, history: LoadHistory, files: LoadFiles) -> None:
    if load.validated:
        files.service_requests.address(load.validated.file)
        return
    files.raw.address(load.ingested.file)
    for earlier in history.before(load):
        assert earlier.validated, "it is published"
        files.service_requests.address(earlier.validated.file)
