"""Looks at a year that found nothing new: one document for each year, which holds the last ones."""

import re
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from mpls311.loads.manifests import Unchanged
from mpls311.loads.seals import sealed, unsealed

KEPT = 100
"""How many a document holds, so that it does not grow; older ones are in `track_load` alone."""

_NAME = re.compile(r"looks/(\d{4})\.json")


class _Looks(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    source_year: int
    looks: tuple[Unchanged, ...]


def looks_name(year: int) -> str:
    """The name of the document of a year within the folder of manifests."""
    return f"looks/{year}.json"


def year_of_looks(name: str) -> int | None:
    """The year of the document that goes by a name; None if none does."""
    named = _NAME.fullmatch(name)
    return int(named[1]) if named else None


def looks_document(year: int, looks: Iterable[Unchanged]) -> bytes:
    """The newest looks at a year, and the last one that read all its rows, with a checksum."""
    by_age = sorted(looks, key=lambda look: look.load_id)
    in_full = [look for look in by_age[:-KEPT] if look.mode == "full"][-1:]
    kept = _Looks(source_year=year, looks=(*in_full, *by_age[-KEPT:]))
    return sealed(f"{kept.model_dump_json(indent=1)}\n".encode())


def parse_looks(document: bytes) -> tuple[Unchanged, ...]:
    """The looks that a document holds.

    Raises:
        ValueError: It is none, or not what was written.
    """
    return _Looks.model_validate_json(unsealed(document)).looks
