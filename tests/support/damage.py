"""What happens to files: bits flip, ends are cut off, contents are lost, swapped or gone."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random

from tests.support.project import Project

FOLDERS: Mapping[str, str] = {
    "raw": "01_raw/requests",
    "validated": "03_primary/service_requests",
    "quarantine": "02_intermediate/quarantine",
    "manifest": "manifests",
}
"""Where in the lake what is, that manifests name or that names it."""

KINDS = ("flipped", "cut", "empty", "swapped", "missing")


def files_of(project: Project, what: str) -> list[Path]:
    """The files of a kind, oldest first."""
    return sorted(p for p in (project.folder / "data" / FOLDERS[what]).rglob("*") if p.is_file())


def flip(content: bytes, bit: int) -> bytes:
    """The content with one bit that is another one."""
    flipped = bytearray(content)
    flipped[bit // 8] ^= 1 << bit % 8
    return bytes(flipped)


@contextmanager
def flipped(path: Path, chance: Random) -> Iterator[int]:
    """A file with a bit flipped by chance, whose number it gives; whole again afterwards."""
    content = path.read_bytes()
    bit = chance.randrange(8 * len(content))
    path.write_bytes(flip(content, bit))
    try:
        yield bit
    finally:
        path.write_bytes(content)


def damage(path: Path, kind: str, other: Path) -> None:
    """Damage a file; `other` is what it is swapped for."""
    content = path.read_bytes()
    match kind:
        case "flipped":
            path.write_bytes(flip(content, 4 * len(content)))
        case "cut":
            path.write_bytes(content[: len(content) // 2])
        case "empty":
            path.write_bytes(b"")
        case "swapped":
            path.write_bytes(other.read_bytes())
        case "missing":
            path.unlink()
