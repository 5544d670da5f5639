"""The files of loads, held against the manifests that name them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mpls311.lake.files import DamagedFileError, LakeFiles
from mpls311.loads import Damage, Folder, LakeFile, Load, LoadHistory


@dataclass(frozen=True)
class LoadFiles:
    """Where the files of loads are, by what they hold."""

    raw: LakeFiles
    service_requests: LakeFiles
    quarantine: LakeFiles

    def of(self, load: Load) -> Iterator[tuple[LakeFiles, LakeFile]]:
        """Every file that the manifests of a load name, and that is to be there."""
        for folder, file in self.named(load):
            yield self.folder(folder), file

    def named(self, load: Load) -> Iterator[tuple[Folder, LakeFile]]:
        """The same, with what manifests call their folder."""
        named: list[tuple[Folder, LakeFile]] = [("raw", load.ingested.file)]
        if load.validated:
            named.append(("service_requests", load.validated.file))
            if load.validated.quarantine:
                named.append(("quarantine", load.validated.quarantine))
        yield from (each for each in named if each[1].name not in load.removed)

    def folder(self, name: Folder) -> LakeFiles:
        """The files of a folder, by what manifests call it."""
        files: LakeFiles = getattr(self, name)
        return files

    def damages(
        self, history: LoadHistory, year: int, now: datetime, raw_retention: timedelta
    ) -> Iterator[Damage]:
        """Verify every file of the loads of a year, save for raw files that may be gone."""
        listings: dict[int, Mapping[str, Mapping[str, Any]]] = {}
        for load in history.of_year(year):
            for files, file in self.of(load):
                if files is self.raw and is_expired(load, history, now, raw_retention):
                    continue
                if id(files) not in listings:
                    listings[id(files)] = files.listing(str(load.source_year))
                if how := files.problem(file, listings[id(files)].get(file.name)):
                    yield Damage(file.name, load.load_id, load.source_year, how)


def is_expired(load: Load, history: LoadHistory, now: datetime, raw_retention: timedelta) -> bool:
    """Whether the raw file of a load may be gone: nothing reads it again.

    It was published, or a newer read took its place.
    """
    is_over = now - load.ingested.job_start > raw_retention
    return is_over and load != history.pending_of(load.source_year)


def intact(loads: tuple[Load, ...], service_requests: LakeFiles) -> Iterator[Load]:
    """Those of validated loads whose service requests are what the manifests say."""
    for load in loads:
        assert load.validated, f"{load.load_id} is validated"
        try:
            service_requests.address(load.validated.file)
        except DamagedFileError:
            continue
        yield load
