"""What a lake of five years of daily runs costs a run: seconds, objects and bytes read.

    python -m trials.growth [--loads 4000] [--looks 22000] [--apart]

With `--apart` every look has a manifest of its own, as before they shared a document a year.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fsspec.implementations.local import LocalFileSystem

from mpls311.datasets import ManifestsDataset
from mpls311.datasets.manifests import begin_reading, end_reading
from mpls311.loads import (
    Ingested,
    LakeFile,
    Manifest,
    Published,
    Unchanged,
    Validated,
    looks_document,
    looks_name,
    manifest_document,
    manifest_name,
    mint_load_id,
    tracking_rows,
)
from mpls311.summary import status_table

YEARS = range(2015, 2027)
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
PHASES = 7
"""How often a run asks for the history."""


def file(name: str) -> LakeFile:
    return LakeFile(name=name, rows=100, bytes=10_000, sha256="0" * 64, md5="0" * 32)


def load(year: int, at: datetime, *, full: bool) -> tuple[Manifest, ...]:
    """The manifests of a published load."""
    load_id = mint_load_id(year, at)
    common: dict[str, Any] = {"load_id": load_id, "source_year": year, "ended_at": at}
    counts: dict[str, Any] = {"max_record_count": 2000, "requests": 9, "retries": 0, "bytes": 999}
    return (
        Ingested(
            **common, **counts, source_id="city", layer_url="https://city.test/0", job_start=at,
            mode="full" if full else "incremental", since=None if full else at, service_count=100,
            rows=100, layer_count=80_000, edit_date_before=1, edit_date_after=1, pages=1,
            file=file(f"{year}/{load_id}.parquet"),
        ),
        Validated(
            **common, accepted=100, rejected=0, duplicates=0, new=50, updated=50,
            candidate_watermark=at, file=file(f"{year}/{load_id}-0.parquet"),
        ),
        Published(**common, watermark=at),
    )  # fmt: skip


def look(year: int, at: datetime) -> Unchanged:
    return Unchanged(
        load_id=mint_load_id(year, at), source_year=year, ended_at=at, source_id="city",
        mode="incremental", job_start=at, edit_date_before=1, max_record_count=2000, requests=2,
        retries=0, bytes=99,
    )  # fmt: skip


def fill(folder: Path, loads: int, looks: int, *, apart: bool) -> None:
    """Write the manifests of as many loads and looks, spread over the years."""
    of_year: dict[int, list[Unchanged]] = {year: [] for year in YEARS}
    for number in range(loads):
        year = YEARS[number % len(YEARS)]
        at = FIRST + timedelta(hours=number)
        for manifest in load(year, at, full=number < len(YEARS)):
            write(folder / manifest_name(manifest), manifest_document(manifest))
    for number in range(looks):
        year = YEARS[number % len(YEARS)]
        of_year[year].append(look(year, FIRST + timedelta(hours=number, minutes=30)))
    for year, found in of_year.items():
        if apart:
            for each in found:
                write(folder / manifest_name(each), manifest_document(each))
        elif found:
            write(folder / looks_name(year), looks_document(year, found))


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def measure(folder: Path, *, once: bool) -> tuple[float, Counter[str]]:
    """Seconds of CPU that a run spends on the history, and what it reads."""
    read: Counter[str] = Counter()
    original = LocalFileSystem._open

    def counting(fs: LocalFileSystem, path: str, *args: Any, **options: Any) -> Any:
        read["objects"] += 1
        read["bytes"] += Path(path).stat().st_size
        return original(fs, path, *args, **options)

    LocalFileSystem._open = counting
    began = time.process_time()
    try:
        if once:
            begin_reading()
        for _ in range(PHASES):
            history = ManifestsDataset(path=str(folder), phases=["unchanged"]).load()
        status_table(history)
        tracking_rows(history)
        ManifestsDataset(path=str(folder), phases=["unchanged"]).save([look(2026, FIRST)])
    finally:
        end_reading()
        LocalFileSystem._open = original
    return time.process_time() - began, read


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--loads", type=int, default=4_000)
    parser.add_argument("--looks", type=int, default=22_000)
    parser.add_argument("--apart", action="store_true", help="a manifest for each look")
    options = parser.parse_args(arguments)
    for name, loads, looks in (
        ("the first day", 12, 0),
        ("five years", options.loads, options.looks),
    ):
        with tempfile.TemporaryDirectory(prefix="growth-") as folder:
            fill(Path(folder), loads, looks, apart=options.apart)
            for how, once in (
                ("read at each step", False),
                ("read once a run, and folded", True),
                ("read once a run", True),
            ):
                seconds, read = measure(Path(folder), once=once)
                sys.stdout.write(
                    f"{name}, {how}: {seconds:.2f} s of CPU, {read['objects']:,} objects, "
                    f"{read['bytes'] / 1e6:.1f} MB\n"
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
