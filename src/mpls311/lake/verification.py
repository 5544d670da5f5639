"""The files of loads, held against the manifests that name them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from mpls311.lake.files import DamagedFileError, LakeFiles
from mpls311.loads import Damage, LakeFile, Load


@dataclass(frozen=True)
class LoadFiles:
    """Where the files of loads are, by what they hold."""

    raw: LakeFiles
    service_requests: LakeFiles
    quarantine: LakeFiles

    def of(self, load: Load) -> Iterator[tuple[LakeFiles, LakeFile]]:
        """Every file that the manifests of a load name."""
        yield self.raw, load.ingested.file
        if load.validated:
            yield self.service_requests, load.validated.file
            if load.validated.quarantine:
                yield self.quarantine, load.validated.quarantine

    def damages(
        self, loads: tuple[Load, ...], now: datetime, raw_retention: timedelta
    ) -> Iterator[Damage]:
        """Verify every file of the loads of a year.

        Raw files of published loads that are older than `raw_retention` may be gone.
        """
        listings: dict[int, Mapping[str, Mapping[str, Any]]] = {}
        for load in loads:
            for files, file in self.of(load):
                if files is self.raw and is_expired(load, now, raw_retention):
                    continue
                if id(files) not in listings:
                    listings[id(files)] = files.listing(str(load.source_year))
                if how := files.problem(file, listings[id(files)].get(file.name)):
                    yield Damage(file.name, load.load_id, load.source_year, how)


def is_expired(load: Load, now: datetime, raw_retention: timedelta) -> bool:
    """Whether the raw file of a load may be gone: nothing reads it again."""
    return load.published is not None and now - load.ingested.job_start > raw_retention


def intact(loads: tuple[Load, ...], service_requests: LakeFiles) -> Iterator[Load]:
    """Those of validated loads whose service requests are what the manifests say."""
    for load in loads:
        assert load.validated, f"{load.load_id} is validated"
        try:
            service_requests.address(load.validated.file)
        except DamagedFileError:
            continue
        yield load
