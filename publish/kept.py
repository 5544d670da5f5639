"""The lake as one file, which is kept from day to day."""

import tarfile
from pathlib import Path

from mpls311.errors import UserError

_PARTS = ("01_raw", "02_intermediate", "03_primary", "manifests")
"""What cannot be made again; the rest of a lake is reports."""


def pack(lake: Path, archive: Path) -> None:
    """Put a lake into a file. Parquet is compressed, so the file is not."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "w") as file:
        for part in _PARTS:
            if (lake / part).exists():
                file.add(lake / part, part)


def unpack(archive: Path, lake: Path) -> None:
    """Take a lake out of a file.

    Raises:
        UserError: The file is not whole, or there is a lake already.
    """
    if any((lake / "manifests").rglob("*.json")):
        raise UserError(f"{lake} is not empty: move it away, so that no two lakes are mixed.")
    try:
        with tarfile.open(archive) as file:
            file.extractall(lake, filter="data")
    except (tarfile.TarError, EOFError, OSError) as exc:
        raise UserError(
            f"{archive.name} cannot be unpacked ({exc}). Take an earlier one; without any, every "
            "year is read anew."
        ) from exc


def loads_in(lake: Path) -> frozenset[str]:
    """Names of the manifests of loads; a look that found nothing new is none."""
    found = (lake / "manifests").rglob("*.json")
    return frozenset(path.name for path in found if path.parent.name != "looks")
