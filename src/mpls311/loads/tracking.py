"""Tracking rows: a pure function of the manifests, so that a rebuild gives the same ones."""

from collections.abc import Iterator
from datetime import datetime

import pyarrow as pa

from mpls311.loads.history import LoadHistory
from mpls311.loads.load import Load
from mpls311.loads.manifests import NotRead, Unchanged
from mpls311.schemas import TrackedLoad, arrow_schema


def tracking_rows(history: LoadHistory) -> pa.Table:
    """One row per load and state that the manifests record, oldest first.

    Returns:
        A table with the Arrow schema of TrackedLoad.
    """
    rows = [row for load in history.loads for row in _load_rows(load)]
    rows += [_unchanged_row(look) for look in history.unchanged]
    rows += [_not_read_row(look) for look in history.not_read]
    rows.sort(key=lambda row: (row["job_end"], row["load_id"]))
    return pa.Table.from_pylist(rows, schema=arrow_schema(TrackedLoad))


def staged_rows(loads: tuple[Load, ...]) -> pa.Table:
    """The `staged` rows of loads that dbt is about to model."""
    rows = [_staged_row(load) for load in loads]
    return pa.Table.from_pylist(rows, schema=arrow_schema(TrackedLoad))


def _load_rows(load: Load) -> Iterator[dict[str, object]]:
    if load.held:
        yield _row(load, "held", load.held.ended_at)
    if load.failed or load.published:
        yield _staged_row(load)
    if load.failed:
        yield _row(load, "failed", load.failed.ended_at)
    if load.published:
        yield _row(load, "published", load.published.ended_at) | {
            "watermark": load.published.watermark
        }


def _staged_row(load: Load) -> dict[str, object]:
    assert load.validated, f"{load.load_id} is staged, so it was validated"
    return _row(load, "staged", load.validated.ended_at)


def _row(load: Load, status: str, reached_at: datetime) -> dict[str, object]:
    ingested = load.ingested
    row = {
        **_times(ingested.job_start, reached_at),
        "year": ingested.source_year,
        "max_record_cnt": ingested.max_record_count,
        "record_cnt": ingested.rows,
        "data_last_edit_date": ingested.edit_date_after,
        "load_id": load.load_id,
        "source_id": ingested.source_id,
        "mode": ingested.mode,
        "status": status,
        "request_cnt": ingested.requests,
        "retry_cnt": ingested.retries,
        "bytes_cnt": ingested.bytes,
    }
    if validated := load.validated:
        row |= {
            "pq_path": validated.file.name,
            "rejected_cnt": validated.rejected,
            "duplicate_cnt": validated.duplicates,
            "deleted_cnt": len(validated.deleted),
        }
    return row


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


def _not_read_row(look: NotRead) -> dict[str, object]:
    return {
        **_times(look.job_start, look.ended_at),
        "year": look.source_year,
        "load_id": look.load_id,
        "source_id": look.source_id,
        "mode": look.mode,
        "status": "not_read",
    }


def _times(job_start: datetime, reached_at: datetime) -> dict[str, object]:
    return {
        "job_start": job_start.timestamp(),
        "job_end": reached_at.timestamp(),
        "job_runtime": (reached_at - job_start).total_seconds(),
    }
