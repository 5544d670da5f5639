"""Cases that must go for good, out of every file of the lake."""

import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from mpls311.errors import UserError
from mpls311.lake import (
    DamagedFileError,
    LakeFiles,
    LoadFiles,
    lake_file,
    sha256_of,
    without_cases,
)
from mpls311.loads import LakeFile, LoadHistory, Replacement, Rewritten, mint_load_id
from mpls311.parameters import PurgeSettings

log = logging.getLogger(__name__)

Files = dict[str, Path]
Outputs = tuple[Files, Files, Files, Sequence[Rewritten], LoadHistory]


def purge_cases(
    history: LoadHistory,
    raw: LakeFiles,
    service_requests: LakeFiles,
    quarantine: LakeFiles,
    purge: PurgeSettings,
) -> Iterator[Outputs]:
    """Rewrite the files that hold some cases, say so in a manifest, and delete the former ones.

    A read that finds such a case in a layer again leaves it out. A run that is cut off is made
    good by the same one again.

    Args:
        history: What was loaded.
        raw: Rows as served.
        service_requests: Accepted rows.
        quarantine: Rejected rows.
        purge: The cases.

    Yields:
        For each year: local files by their names in the lake, of each kind; the manifest that
        names them, before the former files are deleted; and the history with it.

    Raises:
        UserError: No case is named, or the lake has none of them, or a file that may have one
            cannot be read.
        StorageError: A file cannot be deleted.
    """
    if not purge.cases:
        raise UserError("Say which case: kedro run --pipeline purge --params purge.cases=<case>")
    folders = LoadFiles(raw, service_requests, quarantine)
    with tempfile.TemporaryDirectory(prefix="mpls311-") as spool:
        found: dict[int, list[tuple[Replacement, Path | None]]] = {}
        for year in history.years:
            if of_year := [*_rewritten(history, year, folders, purge.cases, Path(spool))]:
                found[year] = of_year
        if not found and not history.purged.issuperset(purge.cases):
            raise UserError(
                f"No file of the lake has a row of {', '.join(map(str, purge.cases))}: nothing "
                "was changed."
            )
        for year, replaced in found.items():
            now = datetime.now(UTC)
            manifest = Rewritten(
                load_id=mint_load_id(year, now, history.newest_id(year)),
                source_year=year,
                ended_at=now,
                files=tuple(replacement for replacement, _ in replaced),
                purged=purge.cases,
            )
            history = history.plus(manifest)
            yield *_by_folder(replaced), [manifest], history
    for former in history.replacements:
        folders.folder(former.folder).remove(former.name)
    log.info(
        "Purged from the lake: %s, %d files of %s. Exports, copies and older versions that a "
        "bucket keeps are not ours to delete.",
        ", ".join(map(str, purge.cases)),
        sum(map(len, found.values())),
        ", ".join(map(str, found)) or "no year any more",
    )
    yield {}, {}, {}, [], history


def _rewritten(
    history: LoadHistory,
    year: int,
    folders: LoadFiles,
    cases: Sequence[int],
    spool: Path,
) -> Iterator[tuple[Replacement, Path | None]]:
    """The files of a year that hold a case, and those that cannot be read and need not be."""
    for load in history.of_year(year):
        for folder, file in folders.named(load):
            try:
                source = folders.folder(folder).local(file)
            except DamagedFileError as exc:
                # What a lifecycle rule deleted holds nothing.
                if folder == "raw" and _is_gone(folders.raw, file):
                    continue
                if file.name in history.replaced:
                    yield Replacement(folder=folder, name=file.name, by=None), None
                    continue
                raise UserError(f"{exc} Then purge again: it may hold the case.") from exc
            target = spool / f"{folder}-{load.load_id}.parquet"
            if left_out := without_cases(source, target, cases):
                name = f"{year}/{load.load_id}-{sha256_of(target)[:12]}.parquet"
                by = lake_file(target, name, file.rows - left_out)
                yield Replacement(folder=folder, name=file.name, by=by), target


def _is_gone(files: LakeFiles, file: LakeFile) -> bool:
    """Whether there is no such file."""
    return file.name not in files.listing(file.name.partition("/")[0])


def _by_folder(
    replaced: Sequence[tuple[Replacement, Path | None]],
) -> tuple[Files, Files, Files]:
    files: Mapping[str, Files] = {"raw": {}, "service_requests": {}, "quarantine": {}}
    for replacement, path in replaced:
        if replacement.by and path:
            files[replacement.folder][replacement.by.name] = path
    return files["raw"], files["service_requests"], files["quarantine"]
