"""Rows of cases that must go for good, taken out of files of whatever kind."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mpls311.lake.files import BATCH_ROWS
from mpls311.schemas import QuarantinedRow, ServiceRequest, arrow_schema, source_columns


def without_cases(source: Path, target: Path, cases: Collection[int]) -> int:
    """Write a file without the rows of some cases, unless it has none.

    Args:
        source: A Parquet file of rows as served, of service requests, or of quarantined rows.
        target: Where to write the others, in the same schema.
        cases: Case ids.

    Returns:
        How many rows were left out; where none were, nothing is written.
    """
    with pq.ParquetFile(source) as parquet:
        batches = parquet.iter_batches(BATCH_ROWS)
        if not any(_are_of(_table(batch), cases).true_count for batch in batches):
            return 0
        left_out = 0
        schema = parquet.schema_arrow
        with pq.ParquetWriter(target, schema, compression="zstd") as writer:
            for batch in parquet.iter_batches(BATCH_ROWS):
                rows = _table(batch)
                kept = rows.filter(pc.invert(_are_of(rows, cases)))
                left_out += rows.num_rows - kept.num_rows
                writer.write_table(kept)
    return left_out


def _table(batch: pa.RecordBatch) -> pa.Table:
    return pa.Table.from_batches([batch])


def _are_of(rows: pa.Table, cases: Collection[int]) -> pa.BooleanArray:
    """Whether each row is of one of the cases."""
    if rows.column_names == arrow_schema(QuarantinedRow).names:
        served = (json.loads(row) for row in rows["row"].to_pylist())
        return pa.array([_case_of(row) in cases for row in served], pa.bool_())
    names = set(rows.column_names)
    if "case_id" in names:
        column = rows["case_id"]
    elif field := source_columns(ServiceRequest, names).get("case_id"):
        column = rows[field]
    else:
        return pa.repeat(pa.scalar(False), rows.num_rows)
    # Case ids of 12 digits are exact in 64 bits of either kind.
    wanted = pa.array([float(case) for case in cases], pa.float64())
    found = pc.is_in(column.cast(pa.float64()), value_set=wanted)
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found


def _case_of(row: dict[str, Any]) -> int | None:
    field = source_columns(ServiceRequest, row).get("case_id")
    try:
        return int(float(row[field])) if field else None
    except (TypeError, ValueError, OverflowError):
        return None
