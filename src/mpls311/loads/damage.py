"""Manifests that cannot be believed, and the loads that go without them."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pydantic import ValidationError

from mpls311.loads.looks import parse_looks, year_of_looks
from mpls311.loads.manifests import Ingested, Manifest, Validated, parse_manifest

_NAME = re.compile(r"(\d{4})/(\d{8}T\d{9}Z-\1)\.([a-z_]+)\.json")

_NEEDS = {"validate": ("ingest",), "failed": ("ingest",), "published": ("ingest", "validate")}
"""Phases that a manifest of a phase comes after."""


@dataclass(frozen=True)
class Damage:
    """A file or a manifest of a load that is not what was written.

    Attributes:
        name: The name of it.
        load_id: Its load; empty where it is of none.
        source_year: The year of the load.
        what: What is wrong with it, a clause.
        is_lost: Whether what was published of the load can no longer be told.

    """

    name: str
    load_id: str
    source_year: int
    what: str
    is_lost: bool = False

    @property
    def sentence(self) -> str:
        """What is wrong with a manifest, and what to do."""
        return (
            f"the manifest {self.name} is not what was written ({self.what}). Restore it; or read "
            f"the year again: kedro run --params years={self.source_year},mode=full"
        )


def manifest_name(manifest: Manifest) -> str:
    """The name of a manifest within the folder of manifests."""
    return f"{manifest.source_year}/{manifest.load_id}.{manifest.phase}.json"


def is_manifest_name(name: str) -> bool:
    """Whether a manifest, or a document of them, can go by that name."""
    return bool(_NAME.fullmatch(name) or year_of_looks(name))


def believable(documents: Mapping[str, bytes]) -> tuple[list[Manifest], list[Damage]]:
    """Tell manifests from what is none any more.

    A load is believed whole or not at all: without one of its manifests it is left out.

    Args:
        documents: JSON documents by their names within the folder of manifests; what goes by
            other names is none of ours.
    """
    manifests: dict[str, list[Manifest]] = defaultdict(list)
    phases: dict[str, set[str]] = defaultdict(set)
    damages: list[Damage] = []
    for name, document in sorted(documents.items()):
        if year_of := year_of_looks(name):
            try:
                for look in parse_looks(document):
                    manifests[look.load_id].append(look)
            except ValueError as exc:
                damages.append(Damage(name, "", year_of, _reason(exc)))
            continue
        named = _NAME.fullmatch(name)
        if not named:
            continue
        year, load_id, phase = named.groups()
        phases[load_id].add(phase)
        try:
            manifest = parse_manifest(document)
            if manifest_name(manifest) != name:
                raise ValueError(f"it is that of {manifest_name(manifest)}")
        except ValueError as exc:
            damages.append(Damage(name, load_id, int(year), _reason(exc)))
        else:
            manifests[load_id].append(manifest)
    damages += _missing(phases)
    damages += [damage for found in manifests.values() for damage in _misfits(found)]
    lost = {damage.load_id for damage in damages if damage.load_id}
    return (
        [each for load_id, found in manifests.items() if load_id not in lost for each in found],
        [
            replace(damage, is_lost="published" in phases.get(damage.load_id, ()))
            for damage in damages
        ],
    )


def _missing(phases: Mapping[str, Iterable[str]]) -> Iterable[Damage]:
    for load_id, there in phases.items():
        needed = {before for phase in there for before in _NEEDS.get(phase, ())}
        year = load_id.partition("-")[2]
        for phase in sorted(needed - set(there)):
            yield Damage(f"{year}/{load_id}.{phase}.json", load_id, int(year), "it is not there")


def _misfits(manifests: Iterable[Manifest]) -> Iterable[Damage]:
    """What does not fit in the manifests of a load: those of earlier versions have no seal."""
    by_phase = {manifest.phase: manifest for manifest in manifests}
    ingested, validated = by_phase.get("ingest"), by_phase.get("validate")
    if isinstance(ingested, Ingested) and ingested.file.rows + ingested.purged != ingested.rows:
        yield _misfit(ingested, f"of {ingested.rows:,} rows its file has {ingested.file.rows:,}")
    if not (isinstance(ingested, Ingested) and isinstance(validated, Validated)):
        return
    split = validated.accepted + validated.rejected
    if split != ingested.file.rows:
        yield _misfit(validated, f"of {ingested.file.rows:,} rows it tells of {split:,}")
    if validated.file.rows != validated.accepted + len(validated.deleted):
        yield _misfit(validated, f"its file has {validated.file.rows:,} rows, it tells of others")


def _misfit(manifest: Manifest, what: str) -> Damage:
    return Damage(manifest_name(manifest), manifest.load_id, manifest.source_year, what)


def _reason(exc: ValueError) -> str:
    if not isinstance(exc, ValidationError):
        return str(exc)
    first = exc.errors()[0]
    if first["type"] == "json_invalid":
        return "it is not JSON"
    return f"{'.'.join(map(str, first['loc'][1:])) or 'its phase'}: {first['msg']}"
