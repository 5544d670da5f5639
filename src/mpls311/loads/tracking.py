"""Tracking rows: a pure function of the manifests, so that a rebuild gives the same ones."""

from collections.abc import Iterator
from datetime import datetime

import pyarrow as pa

from mpls311.loads.history import Load, LoadHistory
from mpls311.loads.manifests import Unchanged, Validated
from mpls311.schemas import TrackedLoad, arrow_schema


def tracking_rows(history: LoadHistory) -> pa.Table:
    """One row per load and state that the manifests record, oldest first.

    Returns:
        A table with the Arrow schema of TrackedLoad.
    """
    rows = [row for load in history.loads for row in _load_rows(load)]
    rows += [_unchanged_row(look) for look in history.unchanged]
    rows.sort(key=lambda row: (row["job_end"], row["load_id"]))
    return pa.Table.from_pylist(rows, schema=arrow_schema(TrackedLoad))


def staged_rows(loads: tuple[Load, ...]) -> pa.Table:
    """The `staged` rows of loads that dbt is about to model."""
    rows = [_staged_row(load, load.validated) for load in loads if load.validated]
    return pa.Table.from_pylist(rows, schema=arrow_schema(TrackedLoad))


def _load_rows(load: Load) -> Iterator[dict[str, object]]:
    validated, failed, published = load.validated, load.failed, load.published
    if validated and (failed or published):
        yield _staged_row(load, validated)
    if validated and failed:
        yield _row(load, validated, "failed", failed.ended_at)
    if validated and published:
        yield _row(load, validated, "published", published.ended_at, published.watermark)


def _staged_row(load: Load, validated: Validated) -> dict[str, object]:
    return _row(load, validated, "staged", validated.ended_at)


def _row(
    load: Load,
    validated: Validated,
    status: str,
    reached_at: datetime,
    watermark: datetime | None = None,
) -> dict[str, object]:
    ingested = load.ingested
    return {
        **_times(ingested.job_start, reached_at),
        "year": ingested.source_year,
        "max_record_cnt": ingested.max_record_count,
        "record_cnt": ingested.rows,
        "data_last_edit_date": ingested.edit_date_after,
        "pq_path": validated.file.name,
        "load_id": load.load_id,
        "source_id": ingested.source_id,
        "mode": ingested.mode,
        "status": status,
        "rejected_cnt": validated.rejected,
        "duplicate_cnt": validated.duplicates,
        "deleted_cnt": len(validated.deleted),
        "request_cnt": ingested.requests,
        "retry_cnt": ingested.retries,
        "bytes_cnt": ingested.bytes,
        "watermark": watermark,
    }


def _unchanged_row(look: Unchanged) -> dict[str, object]:
    return {
        **_times(look.job_start, look.ended_at),
        "year": look.source_year,
        "max_record_cnt": look.max_record_count,
        "record_cnt": 0,
        "data_last_edit_date": look.edit_date_before,
        "load_id": look.load_id,
        "source_id": look.source_id,
        "mode": look.mode,
        "status": "unchanged",
        "request_cnt": look.requests,
        "retry_cnt": look.retries,
        "bytes_cnt": look.bytes,
    }


def _times(job_start: datetime, reached_at: datetime) -> dict[str, object]:
    return {
        "job_start": job_start.timestamp(),
        "job_end": reached_at.timestamp(),
        "job_runtime": (reached_at - job_start).total_seconds(),
    }
