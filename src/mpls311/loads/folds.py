"""Folds: many manifests in one object, word by word, so that a run need not open each of them.

The originals stay and are what counts: a fold that is lost or damaged costs time, nothing else.
"""

import gzip
import hashlib
import re
import zlib
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from mpls311.loads.seals import sealed, unsealed

LOOSE = 50
"""How many manifests may lie outside of the newest fold before there is another one."""

_NAME = re.compile(r"folds/\d{9}-[0-9a-f]{12}\.json\.gz")


class _Fold(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    documents: dict[str, str]


def fold_name(number: int, content: bytes) -> str:
    """The name of a fold of so many manifests, within their folder; the greatest is the newest."""
    return f"folds/{number:09d}-{hashlib.sha256(content).hexdigest()[:12]}.json.gz"


def is_fold_name(name: str) -> bool:
    """Whether a fold can go by that name."""
    return _NAME.fullmatch(name) is not None


def fold_document(documents: Mapping[str, bytes]) -> bytes:
    """Manifests by their names as one object with a checksum; the same ones, the same bytes."""
    fold = _Fold(documents={name: text.decode() for name, text in sorted(documents.items())})
    return gzip.compress(sealed(f"{fold.model_dump_json(indent=1)}\n".encode()), mtime=0)


def parse_fold(content: bytes) -> dict[str, bytes]:
    """The manifests of a fold by their names.

    Raises:
        ValueError: It is none, or not what was written.
    """
    try:
        document = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as exc:
        raise ValueError("it cannot be unpacked") from exc
    fold = _Fold.model_validate_json(unsealed(document))
    return {name: text.encode() for name, text in fold.documents.items()}
