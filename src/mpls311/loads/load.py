"""A load: one run's read of one year, as the manifests tell it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mpls311.loads.manifests import (
    Failed,
    Folder,
    Held,
    Ingested,
    LakeFile,
    Published,
    Released,
    Replacement,
    Validated,
)


@dataclass(frozen=True)
class Load:
    """One load and how far it got."""

    ingested: Ingested
    validated: Validated | None = None
    held: Held | None = None
    released: Released | None = None
    published: Published | None = None
    failed: Failed | None = None
    removed: frozenset[str] = frozenset()
    """Names of its files that are gone by design."""

    @property
    def load_id(self) -> str:
        """UTC time of the read and the year."""
        return self.ingested.load_id

    @property
    def source_year(self) -> int:
        """Year of the layer."""
        return self.ingested.source_year

    @property
    def state(self) -> str:
        """published, failed, held, validated or ingested: the furthest it got."""
        if self.published:
            return "published"
        if self.failed:
            return "failed"
        if self.is_held:
            return "held"
        return "validated" if self.validated else "ingested"

    @property
    def is_held(self) -> bool:
        """Whether a guard stopped it, and nobody released it since."""
        return self.held is not None and self.released is None

    def with_files(self, replacements: Mapping[tuple[Folder, str], Replacement]) -> "Load":
        """The load with the files that stand for those it was written with.

        Args:
            replacements: By folder and former name.
        """
        if not replacements:
            return self
        removed = set()

        def now(folder: Folder, file: LakeFile) -> LakeFile:
            while replacement := replacements.get((folder, file.name)):
                if replacement.by is None:
                    removed.add(file.name)
                    break
                file = replacement.by
            return file

        ingested, validated = self.ingested, self.validated
        ingested = ingested.model_copy(update={"file": now("raw", ingested.file)})
        if validated:
            files = {"file": now("service_requests", validated.file)}
            if validated.quarantine:
                files["quarantine"] = now("quarantine", validated.quarantine)
            validated = validated.model_copy(update=files)
        return replace(self, ingested=ingested, validated=validated, removed=frozenset(removed))
