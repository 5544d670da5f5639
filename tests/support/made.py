"""Manifests and rows of the source, made by hand."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from mpls311.loads import (
    Failed,
    Held,
    Ingested,
    LakeFile,
    Published,
    Released,
    Unchanged,
    Validated,
)
from mpls311.loads.manifests import Mode

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
BASE: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[2] / "conf" / "base" / "parameters.yml").read_text(encoding="utf-8")
)
"""The parameters of the base environment, interpolations as they are written."""

INSTANT = pa.timestamp("us", tz="UTC")
SERVED_TYPES = {
    "CASEID": pa.float64(),
    "OBJECTID": pa.int64(),
    "OPENEDDATETIME": INSTANT,
    "CLOSEDDATETIME": INSTANT,
    "LastUpdateDate": INSTANT,
    "CASESTATUS": pa.int64(),
    "XCOORD": pa.float64(),
    "YCOORD": pa.float64(),
    "geometry_x": pa.float64(),
    "geometry_y": pa.float64(),
}


def days(count: float) -> timedelta:
    return timedelta(days=count)


def load_id(day: int, year: int = 2023) -> str:
    """Return the id of the load of `year` that ran `day` days before NOW."""
    return f"{NOW - days(day):%Y%m%dT%H%M%S}000Z-{year}"


def lake_file(name: str, rows: int = 3) -> LakeFile:
    return LakeFile(name=name, rows=rows, bytes=100, sha256="0" * 64)


def ingested(
    day: int,
    *,
    year: int = 2023,
    mode: Mode = "full",
    edition: int | None = 1,
    source: str = "city",
) -> Ingested:
    """Return the ingest manifest of the load that ran `day` days before NOW."""
    start = NOW - days(day)
    return Ingested(
        load_id=load_id(day, year),
        source_year=year,
        ended_at=start + timedelta(seconds=10),
        source_id=source,
        layer_url="http://city.test/0",
        mode=mode,
        since=None if mode == "full" else start - days(2),
        job_start=start,
        service_count=3,
        rows=3,
        layer_count=3,
        edit_date_before=edition,
        edit_date_after=edition,
        max_record_count=2000,
        pages=1,
        requests=5,
        retries=2,
        bytes=4096,
        file=lake_file(f"{year}/{load_id(day, year)}.parquet"),
    )


def look(day: int, *, year: int = 2023, mode: Mode = "incremental", edition: int = 1) -> Unchanged:
    """Return the manifest of a look, `day` days before NOW, that found nothing new."""
    start = NOW - days(day)
    return Unchanged(
        load_id=load_id(day, year),
        source_year=year,
        ended_at=start + timedelta(seconds=1),
        source_id="city",
        mode=mode,
        job_start=start,
        edit_date_before=edition,
        max_record_count=2000,
        requests=2,
        retries=0,
        bytes=0,
    )


def validated(load: Ingested, **changes: Any) -> Validated:
    values: dict[str, Any] = {
        "load_id": load.load_id,
        "source_year": load.source_year,
        "ended_at": load.ended_at + timedelta(seconds=10),
        "accepted": 2,
        "rejected": 1,
        "duplicates": 0,
        "new": 1,
        "updated": 1,
        "candidate_watermark": load.job_start,
        "file": lake_file(f"{load.source_year}/{load.load_id}-abc.parquet"),
    }
    return Validated(**(values | changes))


def published(load: Ingested, watermark: datetime | None = NOW) -> Published:
    return Published(
        load_id=load.load_id,
        source_year=load.source_year,
        ended_at=load.ended_at + timedelta(seconds=30),
        watermark=watermark,
    )


def held(load: Ingested) -> Held:
    """Its manifest of a guard that stopped it."""
    return Held(
        load_id=load.load_id,
        source_year=load.source_year,
        ended_at=load.ended_at + timedelta(seconds=2),
        reasons=("500 of 500 cases would be marked deleted",),
    )


def released(load: Ingested) -> Released:
    """Its manifest of being let through."""
    return Released(
        load_id=load.load_id,
        source_year=load.source_year,
        ended_at=load.ended_at + timedelta(seconds=3),
        by="accept",
    )


def failed(load: Ingested) -> Failed:
    return Failed(
        load_id=load.load_id,
        source_year=load.source_year,
        ended_at=load.ended_at + timedelta(seconds=20),
        message="dbt says no",
    )


def whole(
    load: Ingested, watermark: datetime | None = NOW
) -> tuple[Ingested, Validated, Published]:
    """Return all manifests of a load that went through."""
    return load, validated(load), published(load, watermark)


def row(**changes: Any) -> dict[str, Any]:
    """Return a flawless row as a feature layer serves it."""
    return {
        "CASEID": 201000824527.0,
        "OBJECTID": 1,
        "SUBJECTNAME": "Streets",
        "REASONNAME": "Street Maintenance",
        "TYPENAME": "Pothole",
        "TITLE": "Pothole",
        "OPENEDDATETIME": datetime(2026, 5, 1, 15, tzinfo=UTC),
        "CLOSEDDATETIME": datetime(2026, 5, 3, 6, tzinfo=UTC),
        "LastUpdateDate": datetime(2026, 5, 3, 7, tzinfo=UTC),
        "CASESTATUS": 0,
        "XCOORD": -10_380_000.0,
        "YCOORD": 5_610_000.0,
        "geometry_x": -93.25,
        "geometry_y": 44.97,
    } | changes


def served(*rows: dict[str, Any], **types: pa.DataType) -> pa.Table:
    """Return rows as the source client hands them on; times may be given in microseconds."""
    kinds = SERVED_TYPES | types
    names = dict.fromkeys(name for one in (row(), *rows) for name in one)
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in names])
    return pa.Table.from_pylist(list(rows), schema=schema)
