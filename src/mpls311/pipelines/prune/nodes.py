"""Raw files that nothing reads again, listed; asked twice, deleted."""

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from mpls311.lake import LakeFiles, is_expired
from mpls311.loads import LoadHistory, Replacement, Rewritten, mint_load_id
from mpls311.parameters import LakeSettings, PruneSettings

log = logging.getLogger(__name__)


def prune_raw_requests(
    history: LoadHistory, raw: LakeFiles, lake: LakeSettings, prune: PruneSettings
) -> Iterator[Sequence[Rewritten]]:
    """List the raw files past their retention, and delete them if that is asked for.

    A manifest says so first, so that they are missed by nobody, and a run that is cut off is made
    good by the next one.

    Args:
        history: What was loaded.
        raw: Rows as served.
        lake: How long raw files are kept.
        prune: Whether to delete them.

    Yields:
        The manifest of each year with such files, before they are deleted.

    Raises:
        StorageError: A file cannot be deleted.
    """
    now = datetime.now(UTC)
    expired = [
        load
        for load in history.loads
        if is_expired(load, history, now, lake.raw_retention)
        and load.ingested.file.name not in load.removed
    ]
    for load in expired:
        log.info("%s", raw.uri(load.ingested.file.name))
    log.info(
        "%d raw files of %.1f MB are over %d days old, and nothing reads them again.",
        len(expired),
        sum(load.ingested.file.bytes for load in expired) / 1e6,
        lake.raw_retention_days,
    )
    yield []
    if not prune.delete:
        if expired:
            log.info("Delete them: kedro run --pipeline prune --params prune.delete=true")
        return
    for year in sorted({load.source_year for load in expired}):
        names = [load.ingested.file.name for load in expired if load.source_year == year]
        manifest = Rewritten(
            load_id=mint_load_id(year, now, history.newest_id(year)),
            source_year=year,
            ended_at=now,
            files=tuple(Replacement(folder="raw", name=name, by=None) for name in names),
        )
        history = history.plus(manifest)
        yield [manifest]
    for gone in history.replacements:
        if gone.folder == "raw":
            raw.remove(gone.name)
    log.info("Deleted.")
