"""One load, batch by batch: raw rows in, accepted and rejected files and a manifest out."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mpls311.arcgis import without_misfits
from mpls311.cleaning import CleanedRows, clean
from mpls311.lake import BATCH_ROWS, KnownCases, LakeFiles, lake_file, sha256_of
from mpls311.loads import LakeFile, Load, Validated
from mpls311.pipelines.validate.standing import LiveCases, counted_codes, traits
from mpls311.schemas import (
    QuarantinedRow,
    ServiceRequest,
    arrow_schema,
    check_source_schema,
)


@dataclass(frozen=True)
class SplitLoad:
    """Local files by their name in the lake, and the manifest that names them."""

    manifest: Validated
    accepted: dict[str, Path] = field(default_factory=dict)
    rejected: dict[str, Path] = field(default_factory=dict)


def split_load(
    load: Load,
    raw: LakeFiles,
    earlier: LakeFiles,
    before: Sequence[Load],
    spool: Path,
    *,
    knows_all: bool = True,
) -> SplitLoad:
    """Clean a load's rows and check them against the Pandera model.

    Args:
        load: A load with an ingest manifest.
        raw: Where its rows are.
        earlier: Where the service requests of earlier loads are.
        before: The loads that together hold its year as it is published.
        spool: A local folder for the files.
        knows_all: Whether they are all; else it is unknown which rows are new.

    Raises:
        MissingColumnsError, RetypedColumnError: The rows cannot be read as service requests.
        DamagedFileError: The raw file, or that of a load before it, is not what was written.
        pandera.errors.SchemaErrors: Cleaning let something through that the model forbids.
    """
    known = KnownCases(earlier, before)
    live = LiveCases.of(earlier, before if load.ingested.mode == "incremental" else ())
    accepted_path, rejected_path = spool / "accepted.parquet", spool / "rejected.parquet"
    tally = _Tally()
    with (
        _writer(accepted_path, arrow_schema(ServiceRequest)) as accepted_file,
        _writer(rejected_path, arrow_schema(QuarantinedRow)) as rejected_file,
    ):
        for batch in raw.batches(load.ingested.file, BATCH_ROWS):
            ingested = load.ingested
            served, misfits = without_misfits(batch)
            tally.new_columns = check_source_schema(
                served.schema,
                ingested.layer_url,
                ingested.object_id_field,
                has_geometry=ingested.has_geometry,
            )
            rows = clean(
                served,
                source_year=load.source_year,
                load_id=load.load_id,
                loaded_at=ingested.job_start,
                object_id_field=ingested.object_id_field,
                misfits=misfits,
            )
            ServiceRequest.validate(rows.accepted.to_pandas(types_mapper=pd.ArrowDtype), lazy=True)
            accepted_file.write_table(rows.accepted)
            rejected_file.write_table(rows.rejected)
            tally.add(rows)
            # Or else what each batch leaves in the allocator adds up to more than all keys.
            pa.default_memory_pool().release_unused()
        # A case that is served only in rows to reject would not be in a fresh warehouse either.
        accepted = tally.accepted
        deleted = known.without(accepted["case_id"].to_numpy())
        if load.ingested.mode == "incremental":
            deleted = np.intersect1d(deleted, np.array(load.ingested.gone, dtype=np.int64))
        restated = _marked_deleted(known.last_versions(deleted), load)
        accepted_file.write_table(restated)
    live.add(pa.concat_tables([accepted, traits(restated)]))
    if accepted.num_rows + tally.rejected != load.ingested.file.rows:
        raise AssertionError(
            f"{load.load_id}: {load.ingested.file.rows} rows, but {accepted.num_rows} accepted "
            f"and {tally.rejected} rejected"
        )
    compared = known.compare(accepted)
    accepted_entry = _entry(load, accepted_path, accepted.num_rows + len(deleted))
    rejected_entry = _entry(load, rejected_path, tally.rejected) if tally.rejected else None
    return SplitLoad(
        accepted={accepted_entry.name: accepted_path},
        rejected={rejected_entry.name: rejected_path} if rejected_entry else {},
        manifest=Validated(
            load_id=load.load_id,
            source_year=load.source_year,
            ended_at=datetime.now(UTC),
            accepted=accepted.num_rows,
            rejected=tally.rejected,
            duplicates=compared.duplicates,
            new=compared.new if knows_all else None,
            updated=compared.updated if knows_all else None,
            deleted=tuple(deleted.tolist()),
            rejected_for=dict(tally.rejected_for.most_common()),
            repaired_for=dict(tally.repaired_for.most_common()),
            new_columns=tuple(tally.new_columns),
            candidate_watermark=_watermark(accepted, load.ingested.job_start),
            file=accepted_entry,
            quarantine=rejected_entry,
            standing=live.standing(),
        ),
    )


class _Tally:
    """What a load's batches add up to; of the rows it keeps only what counts them."""

    def __init__(self) -> None:
        self.new_columns: list[str] = []
        self.rejected = 0
        self.rejected_for: Counter[str] = Counter()
        self.repaired_for: Counter[str] = Counter()
        self._traits: list[pa.Table] = []

    def add(self, rows: CleanedRows) -> None:
        self.rejected += rows.rejected.num_rows
        self.rejected_for.update(counted_codes(rows.rejected["reasons"]))
        self.repaired_for.update(counted_codes(rows.accepted["repairs"]))
        self._traits.append(traits(rows.accepted))

    @property
    def accepted(self) -> pa.Table:
        """Keys and traits of the accepted rows."""
        return pa.concat_tables(self._traits)


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    return pq.ParquetWriter(path, schema, compression="zstd")


def _entry(load: Load, path: Path, rows: int) -> LakeFile:
    # The checksum in the name lets a repeated validation write the same object or another one,
    # never over one.
    name = f"{load.source_year}/{load.load_id}-{sha256_of(path)[:12]}.parquet"
    return lake_file(path, name, rows)


def _marked_deleted(rows: pa.Table, load: Load) -> pa.Table:
    """The last known versions of deleted cases, restated as rows of this load."""
    values = {
        "load_id": load.load_id,
        "loaded_at": load.ingested.job_start,
        "deleted_at": load.ingested.job_start,
    }
    for name, value in values.items():
        field = rows.schema.field(name)
        column = pa.repeat(pa.scalar(value, field.type), rows.num_rows)
        rows = rows.set_column(rows.schema.get_field_index(name), field, column)
    return rows


def _watermark(rows: pa.Table, job_start: datetime) -> datetime | None:
    """Greatest opening or update time that is not after the job's start.

    One row stamped in the future must not blind a year to the updates until then.
    """
    limit = pa.scalar(job_start, pa.timestamp("us", "UTC"))
    greatest = [
        pc.max(column.filter(pc.fill_null(pc.less_equal(column, limit), False))).as_py()
        for column in (rows["open_datetime"], rows["last_update_datetime"])
    ]
    return max((time for time in greatest if time is not None), default=None)
