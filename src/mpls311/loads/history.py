"""Everything the manifests of a lake say, as loads."""

from collections import defaultdict
from collections.abc import Container, Iterable
from datetime import UTC, datetime
from functools import cached_property
from typing import TypeVar

from pydantic import BaseModel

from mpls311.loads.damage import Damage
from mpls311.loads.load import Load
from mpls311.loads.manifests import (
    Failed,
    Held,
    Ingested,
    Manifest,
    NotRead,
    Published,
    Released,
    Replacement,
    Rewritten,
    Unchanged,
    Validated,
    Withdrawn,
)

M = TypeVar("M", bound=BaseModel)


class LoadHistory:
    """The manifests of a lake. Immutable; `plus` gives a longer one.

    Attributes:
        manifests: Those that can be believed, by load and phase.
        damaged: What is known to be not what was written.

    """

    def __init__(self, manifests: Iterable[Manifest] = (), damaged: Iterable[Damage] = ()) -> None:
        self.manifests = tuple(
            sorted(manifests, key=lambda manifest: (manifest.load_id, manifest.phase))
        )
        self.damaged = tuple(damaged)

    def __len__(self) -> int:
        """How many manifests there are: none where nothing was ever looked at."""
        return len(self.manifests)

    def plus(self, *manifests: Manifest) -> "LoadHistory":
        """This history and more manifests."""
        return LoadHistory((*self.manifests, *manifests), self.damaged)

    def without(self, load_ids: Container[str]) -> "LoadHistory":
        """This history as it is without some loads."""
        return LoadHistory(
            (each for each in self.manifests if each.load_id not in load_ids), self.damaged
        )

    def with_damage(self, *damaged: Damage) -> "LoadHistory":
        """This history, and what else is found to be not what was written."""
        return LoadHistory(self.manifests, (*self.damaged, *damaged))

    @cached_property
    def replaced(self) -> frozenset[str]:
        """Names of damaged files and manifests that a published full read stands for."""
        published = [load.ingested for load in self.loads if load.published]
        return frozenset(name for each in published for name in each.replaces)

    def to_replace(self, year: int) -> tuple[str, ...]:
        """Names of what is damaged of a year, and nothing stands for yet."""
        names = {damage.name for damage in self.damaged if damage.source_year == year}
        return tuple(sorted(names - self.replaced))

    def lost(self, year: int) -> tuple[Damage, ...]:
        """What makes that it cannot be told what was published of a year, until it is replaced."""
        pending = self.pending_of(year)
        replaced = self.replaced.union(pending.ingested.replaces if pending else ())
        return tuple(
            damage
            for damage in self.damaged
            if damage.is_lost and damage.source_year == year and damage.name not in replaced
        )

    def replaced_by(self, load: Load) -> frozenset[str]:
        """Published loads whose rows a full read stands for, as they cannot be told any more."""
        names = set(load.ingested.replaces)
        files = {
            each.load_id
            for each in self.published(load.source_year)
            if each.validated and each.validated.file.name in names
        }
        lost = {damage.load_id for damage in self.damaged if damage.is_lost}
        return frozenset(files | {each for each in lost if any(each in name for name in names)})

    def as_of(self, instant: datetime) -> "LoadHistory":
        """The history as it stood at an instant."""
        limit = f"{instant.astimezone(UTC):%Y%m%dT%H%M%S}"
        return LoadHistory(
            # What was rewritten since is not there as it was.
            (
                manifest
                for manifest in self.manifests
                if manifest.ended_at <= instant or isinstance(manifest, Rewritten)
            ),
            (damage for damage in self.damaged if damage.load_id[: len(limit)] <= limit),
        )

    @cached_property
    def withdrawn(self) -> frozenset[str]:
        """Loads that were published and do not count any more."""
        return frozenset(each.load_id for each in self.manifests if isinstance(each, Withdrawn))

    @cached_property
    def _rewritten(self) -> tuple[Rewritten, ...]:
        return tuple(each for each in self.manifests if isinstance(each, Rewritten))

    @cached_property
    def purged(self) -> frozenset[int]:
        """Cases that are to be in no file again."""
        return frozenset(case for each in self._rewritten for case in each.purged)

    @cached_property
    def replacements(self) -> tuple[Replacement, ...]:
        """The files of loads that are to be there no more."""
        return tuple(file for each in self._rewritten for file in each.files)

    @cached_property
    def loads(self) -> tuple[Load, ...]:
        """Loads with an ingest manifest that were not withdrawn, oldest first within a year."""
        by_id: dict[str, list[Manifest]] = defaultdict(list)
        for manifest in self.manifests:
            by_id[manifest.load_id].append(manifest)
        loads = (
            Load(
                ingested=ingested,
                validated=_only(Validated, manifests),
                held=_only(Held, manifests),
                released=_only(Released, manifests),
                published=_only(Published, manifests),
                failed=_only(Failed, manifests),
            )
            for load_id, manifests in by_id.items()
            if (ingested := _only(Ingested, manifests)) and load_id not in self.withdrawn
        )
        replacements = {(each.folder, each.name): each for each in self.replacements}
        return tuple(load.with_files(replacements) for load in loads)

    @cached_property
    def unchanged(self) -> tuple[Unchanged, ...]:
        """Looks at a year that found nothing new, oldest first."""
        return tuple(look for look in self.manifests if isinstance(look, Unchanged))

    @cached_property
    def not_read(self) -> tuple[NotRead, ...]:
        """Looks and reads that failed, oldest first."""
        return tuple(look for look in self.manifests if isinstance(look, NotRead))

    @cached_property
    def years(self) -> tuple[int, ...]:
        """Years with a load, ascending."""
        return tuple(sorted({load.source_year for load in self.loads}))

    @cached_property
    def source_ids(self) -> frozenset[str]:
        """The sources that the loads came from; more than one is a mixed-up lake."""
        return frozenset(load.ingested.source_id for load in self.loads)

    @cached_property
    def _by_year(self) -> dict[int, tuple[Load, ...]]:
        by_year: dict[int, list[Load]] = defaultdict(list)
        for load in self.loads:
            by_year[load.source_year].append(load)
        return {year: tuple(loads) for year, loads in by_year.items()}

    @cached_property
    def _looks(self) -> dict[int, tuple[Unchanged, ...]]:
        looks: dict[int, list[Unchanged]] = defaultdict(list)
        for look in self.unchanged:
            looks[look.source_year].append(look)
        return {year: tuple(found) for year, found in looks.items()}

    @cached_property
    def _newest_looks(self) -> dict[int, Manifest]:
        return {
            look.source_year: look
            for look in self.manifests
            if isinstance(look, Ingested | Unchanged | NotRead)
        }

    def of_year(self, year: int) -> tuple[Load, ...]:
        """All loads of a year, oldest first."""
        return self._by_year.get(year, ())

    def published(self, year: int) -> tuple[Load, ...]:
        """Published loads of a year, oldest first."""
        return tuple(load for load in self.of_year(year) if load.published)

    def pending_of(self, year: int) -> Load | None:
        """The newest load of a year, unless it is published. Older ones are superseded by it."""
        loads = self.of_year(year)
        if not loads or loads[-1].published:
            return None
        lost = [each.load_id for each in self.damaged if each.is_lost]
        outdone = any(
            load_id > loads[-1].load_id
            for load_id in (*lost, *self.withdrawn)
            if load_id.endswith(f"-{year}")
        )
        return None if outdone else loads[-1]

    @cached_property
    def pending(self) -> tuple[Load, ...]:
        """The pending load of each year that has one, by year."""
        return tuple(load for year in self.years if (load := self.pending_of(year)))

    @cached_property
    def publishable(self) -> tuple[Load, ...]:
        """The pending loads that no guard holds, by year: what staging has to hold."""
        return tuple(load for load in self.pending if not load.is_held)

    @cached_property
    def remade_years(self) -> tuple[int, ...]:
        """Years of which the warehouse may hold rows that will never be published.

        dbt can fail after it merged a load, and a newer read or a guard then take its place. Its
        rows may have replaced published ones, so that only the files of the lake give those back.
        """
        staged = {load.load_id for load in self.publishable}
        return tuple(
            year
            for year in self.years
            if any(
                load.validated and not load.is_held and load.load_id not in staged
                for load in self._since_published(year)
            )
        )

    @cached_property
    def to_stage(self) -> tuple[Load, ...]:
        """What staging has to hold: the publishable loads, and all of the years that are remade."""
        if not self.publishable:
            return ()
        replaced = self.replaced.union(*(load.ingested.replaces for load in self.publishable))
        again = [
            load
            for year in self.remade_years
            for load in self.published(year)
            if load.validated and load.validated.file.name not in replaced
        ]
        return (*again, *self.publishable)

    def _since_published(self, year: int) -> tuple[Load, ...]:
        loads = self.of_year(year)
        last = max((number for number, load in enumerate(loads) if load.published), default=-1)
        return loads[last + 1 :]

    def unread(self, year: int) -> NotRead | None:
        """Why a year could not be read when it was last looked at; None if it could."""
        newest = self._newest_looks.get(year)
        return newest if isinstance(newest, NotRead) else None

    def watermark(self, year: int) -> datetime | None:
        """How far the year's rows in the marts reach; None before its first published load."""
        marks = [load.published.watermark for load in self.of_year(year) if load.published]
        return marks[-1] if marks else None

    def last_full(self, year: int) -> Load | None:
        """The newest published load that read the whole year."""
        full = [load for load in self.published(year) if load.ingested.mode == "full"]
        return full[-1] if full else None

    def last_full_read(self, year: int) -> datetime | None:
        """When the year was last read in full: by a load, or by a look that found it unchanged.

        None if a load was withdrawn since.
        """
        full = self.last_full(year)
        gone = (load_id for load_id in self.withdrawn if load_id.endswith(f"-{year}"))
        if full and max(gone, default="") > full.load_id:
            return None
        looks = [look.job_start for look in self._looks.get(year, ()) if look.mode == "full"]
        return max([full.ingested.job_start, *looks]) if full else None

    def since_last_full(self, year: int) -> tuple[Load, ...]:
        """Published loads that together hold the year: the last full one and those after it."""
        published = self.published(year)
        full = self.last_full(year)
        return published[published.index(full) :] if full else ()

    def standing(self, year: int) -> tuple[Load, ...]:
        """Loads that together hold a year, once its pending one is published."""
        pending, held = self.pending_of(year), self.since_last_full(year)
        if pending is None:
            return held
        return (pending,) if pending.ingested.mode == "full" else (*held, pending)

    def quarantined(self, year: int) -> int:
        """Rows in quarantine of the loads that together hold a year."""
        return sum(load.validated.rejected for load in self.standing(year) if load.validated)

    def before(self, load: Load) -> tuple[Load, ...]:
        """Published loads that together hold the year of a load, less those that it replaces."""
        held = self.since_last_full(load.source_year)
        replaced = self.replaced_by(load)
        return tuple(each for each in held if each.load_id not in replaced)

    def newest_id(self, year: int) -> str | None:
        """The newest load id ever minted for a year."""
        known = (*self.manifests, *self.damaged)
        ids = [each.load_id for each in known if each.source_year == year]
        return max(filter(None, ids), default=None)


def _only(phase: type[M], manifests: Iterable[BaseModel]) -> M | None:
    return next((manifest for manifest in manifests if isinstance(manifest, phase)), None)
