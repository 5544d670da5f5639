"""Everything the manifests of a lake say, as loads."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from mpls311.loads.manifests import Failed, Ingested, Manifest, Published, Unchanged, Validated


@dataclass(frozen=True)
class Load:
    """One load and how far it got."""

    ingested: Ingested
    validated: Validated | None = None
    published: Published | None = None
    failed: Failed | None = None

    @property
    def load_id(self) -> str:
        return self.ingested.load_id

    @property
    def source_year(self) -> int:
        return self.ingested.source_year

    @property
    def state(self) -> str:
        """published, failed, validated or ingested: the furthest it got."""
        for name in ("published", "failed", "validated"):
            if getattr(self, name) is not None:
                return name
        return "ingested"


class LoadHistory:
    """The manifests of a lake. Immutable; `plus` gives a longer one."""

    def __init__(self, manifests: Iterable[Manifest] = ()) -> None:
        self.manifests = tuple(
            sorted(manifests, key=lambda manifest: (manifest.load_id, manifest.phase))
        )

    def __len__(self) -> int:
        return len(self.manifests)

    def plus(self, *manifests: Manifest) -> "LoadHistory":
        """This history and more manifests."""
        return LoadHistory((*self.manifests, *manifests))

    @cached_property
    def loads(self) -> tuple[Load, ...]:
        """Loads with an ingest manifest, oldest first within a year."""
        by_id: dict[str, dict[str, Manifest]] = defaultdict(dict)
        for manifest in self.manifests:
            by_id[manifest.load_id][manifest.phase] = manifest
        return tuple(
            Load(
                ingested=phases["ingest"],
                validated=phases.get("validate"),
                published=phases.get("published"),
                failed=phases.get("failed"),
            )
            for phases in by_id.values()
            if "ingest" in phases
        )

    @cached_property
    def unchanged(self) -> tuple[Unchanged, ...]:
        """Looks at a year that found nothing new, oldest first."""
        return tuple(manifest for manifest in self.manifests if manifest.phase == "unchanged")

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

    def of_year(self, year: int) -> tuple[Load, ...]:
        """All loads of a year, oldest first."""
        return self._by_year.get(year, ())

    def published(self, year: int) -> tuple[Load, ...]:
        """Published loads of a year, oldest first."""
        return tuple(load for load in self.of_year(year) if load.published)

    def pending_of(self, year: int) -> Load | None:
        """The newest load of a year, unless it is published. Older ones are superseded by it."""
        loads = self.of_year(year)
        return loads[-1] if loads and not loads[-1].published else None

    @cached_property
    def pending(self) -> tuple[Load, ...]:
        """The pending load of each year that has one, by year."""
        return tuple(load for year in self.years if (load := self.pending_of(year)))

    def watermark(self, year: int) -> datetime | None:
        """How far the year's rows in the marts reach; None before its first published load."""
        published = self.published(year)
        return published[-1].published.watermark if published else None

    def last_full(self, year: int) -> Load | None:
        """The newest published load that read the whole year."""
        full = [load for load in self.published(year) if load.ingested.mode == "full"]
        return full[-1] if full else None

    def since_last_full(self, year: int) -> tuple[Load, ...]:
        """Published loads that together hold the year: the last full one and those after it."""
        published = self.published(year)
        full = self.last_full(year)
        return published[published.index(full) :] if full else ()

    def newest_id(self, year: int) -> str | None:
        """The newest load id ever minted for a year."""
        ids = [manifest.load_id for manifest in self.manifests if manifest.source_year == year]
        return max(ids, default=None)
