"""Manifests held against each other, and files against manifests."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq

from mpls311.check.cases import NewestCases
from mpls311.check.findings import Report, full_read, some
from mpls311.lake import LakeFiles, LoadFiles, is_expired
from mpls311.loads import LakeFile, LoadHistory, is_fold_name


@dataclass(frozen=True)
class Lake:
    """What is checked of a lake.

    Attributes:
        history: What the manifests say.
        manifests: The address of their folder.
        strays: What else is in it.
        files: The files of loads.
        raw_retention: After which raw files of published loads may be gone.

    """

    history: LoadHistory
    manifests: str
    strays: Sequence[str]
    files: LoadFiles
    raw_retention: timedelta

    @property
    def number_of_files(self) -> int:
        """How many files the manifests name."""
        return sum(1 for load in self.history.loads for _ in self.files.of(load))


def check_lake(
    lake: Lake,
    report: Report,
    now: datetime,
    *,
    checksums: bool = True,
    advance: Callable[[], object] = lambda: None,
) -> dict[int, NewestCases | None]:
    """Look at every manifest and every file.

    Args:
        lake: What to look at.
        report: Gets the findings.
        now: The time, which raw files expire by.
        checksums: Whether to verify them; else only that files are there, as long as they were.
        advance: Told of each file that is done.

    Returns:
        The cases that published loads tell, by year; None where some cannot be believed.
    """
    history = lake.history
    for damage in history.damaged:
        what = f"Manifest {damage.name}: {damage.what}"
        if is_fold_name(damage.name):
            # Nothing is lost with it, and the next run makes another one.
            report.find(what, removal(f"{lake.manifests}/{damage.name}"))
            continue
        _tell(report, history, damage.name, damage.source_year, what)
    if lake.strays:
        report.notes.append(f"No manifest goes by the name of {some(lake.strays)}")
    return {
        year: _check_year(lake, year, report, now, checksums=checksums, advance=advance)
        for year in history.years
    }


def removal(address: str) -> str:
    """The command that deletes a file of the lake."""
    programs = {"gs": "gcloud storage rm", "s3": "aws s3 rm"}
    return f"{programs.get(address.partition('://')[0], 'rm')} {address}"


def _tell(report: Report, history: LoadHistory, name: str, year: int, what: str) -> None:
    """A finding, unless a published full read stands for it."""
    if name in history.replaced:
        report.notes.append(f"Healed, as a full read stands for it: {what}")
    else:
        report.find(what, full_read(year))


def _check_year(
    lake: Lake,
    year: int,
    report: Report,
    now: datetime,
    *,
    checksums: bool,
    advance: Callable[[], object],
) -> NewestCases | None:
    history, cases = lake.history, NewestCases()
    is_whole, expired = not history.lost(year), 0
    folders = (lake.files.raw, lake.files.service_requests, lake.files.quarantine)
    unnamed = {folder: folder.listing(str(year)) for folder in folders}
    for load in history.of_year(year):
        for files, file in lake.files.of(load):
            info = unnamed[files].pop(file.name, None)
            tells = files is lake.files.service_requests and load.published is not None
            how = files.problem(file, info, checksums=checksums)
            if not how and tells:
                how = _add_to(cases, load.load_id, files, file)
            is_raw = files is lake.files.raw
            if is_raw and not info and is_expired(load, history, now, lake.raw_retention):
                expired += 1
            elif how:
                _tell(report, history, file.name, year, f"{files.uri(file.name)}: {how}")
                is_whole = is_whole and (not tells or file.name in history.replaced)
            files.forget(file)
            report.files, report.bytes = report.files + 1, report.bytes + file.bytes
            advance()
    if expired:
        report.notes.append(f"{year}: {expired:,} raw files are expired")
    aside = {*history.withdrawn, *(damage.load_id for damage in history.damaged)} - {""}
    for files, found in unnamed.items():
        if names := [name for name in found if not any(each in name for each in aside)]:
            report.notes.append(f"No manifest names {some([*map(files.uri, sorted(names))])}")
    return cases if is_whole else None


def _add_to(cases: NewestCases, load_id: str, files: LakeFiles, file: LakeFile) -> str | None:
    """Add the cases of a load, or say why its file cannot be read."""
    try:
        rows = pq.read_table(files.fetched(file), columns=["case_id", "deleted_at"])
    except (pa.ArrowException, OSError):
        return "it is not readable as Parquet"
    cases.add(load_id, rows)
    return None
