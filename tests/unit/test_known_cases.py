"""Which version of a case counts, and what a load changes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem
from hypothesis import given
from hypothesis import strategies as st

from mpls311.cleaning import clean
from mpls311.lake import KEY_COLUMNS, KnownCases, LakeFiles, best_versions, lake_file
from mpls311.loads import Ingested, Load
from mpls311.schemas import ServiceRequest, arrow_schema
from tests.support.made import ingested, published, row, served, validated

START = datetime(2025, 1, 1, tzinfo=UTC)
SCHEMA = pa.schema([arrow_schema(ServiceRequest).field(name) for name in KEY_COLUMNS])

hours = st.integers(0, 5).map(lambda hour: START + timedelta(hours=hour))
rows = st.fixed_dictionaries(
    {
        "case_id": st.integers(1, 6),
        "open_datetime": hours,
        "closed_datetime": st.none() | hours,
        "last_update_datetime": st.none() | hours,
        "content_hash": st.integers(-3, 3),
        "deleted_at": st.none(),
    }
)


def rank(row: dict[str, Any]) -> tuple[datetime, int]:
    updated = row["last_update_datetime"] or row["closed_datetime"] or row["open_datetime"]
    return updated, row["content_hash"]


@given(st.lists(rows, max_size=30))
def test_the_latest_update_counts_and_then_the_greater_hash(given_rows: list[dict]) -> None:
    best = best_versions(pa.Table.from_pylist(given_rows, schema=SCHEMA)).to_pylist()

    assert [kept["case_id"] for kept in best] == sorted({one["case_id"] for one in given_rows})
    for kept in best:
        rivals = [rank(other) for other in given_rows if other["case_id"] == kept["case_id"]]
        assert rank(kept) == max(rivals)


def test_files_of_an_older_version_lack_columns(tmp_path: Path) -> None:
    older, newer = ingested(2), ingested(1, mode="incremental")
    loads = []
    for case_id, load in enumerate((older, newer), start=1):
        cleaned = clean(
            served(row(CASEID=float(case_id))),
            source_year=2023,
            load_id=load.load_id,
            loaded_at=load.job_start,
        )
        rows = cleaned.accepted
        loads.append(
            stored(tmp_path, load, rows.drop_columns("repairs") if load is older else rows)
        )
    known = KnownCases(LakeFiles(LocalFileSystem(), str(tmp_path)), loads)

    found = known.last_versions(known.cases)
    assert found.schema == arrow_schema(ServiceRequest)
    assert found["case_id"].to_pylist() == [2, 1]


def stored(folder: Path, load: Ingested, rows: pa.Table) -> Load:
    """A published load with these rows in its file."""
    name = validated(load).file.name
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows, path)
    split = validated(load, file=lake_file(path, name, rows.num_rows))
    return Load(load, split, published(load))


def lake(folder: Path, *loads: list[dict[str, Any]]) -> tuple[LakeFiles, list[Load]]:
    """A lake with loads of rows, oldest first."""
    found = []
    for day, rows in enumerate(loads):
        table = pa.Table.from_pylist(rows, schema=SCHEMA)
        found.append(stored(folder, ingested(30 - day), table))
    return LakeFiles(LocalFileSystem(), str(folder)), found


def version(case: int, opened: int, updated: int | None = None, **changes: Any) -> dict[str, Any]:
    """A version of a case with stamps in days from START."""
    return {
        "case_id": case,
        "open_datetime": START + timedelta(days=opened),
        "closed_datetime": None,
        "last_update_datetime": None if updated is None else START + timedelta(days=updated),
        "content_hash": case,
        "deleted_at": None,
    } | changes


def test_a_window_must_bring_what_was_opened_or_updated_since(tmp_path: Path) -> None:
    first = [version(1, 1, 9), version(2, 2), version(3, 3, 4), version(4, 8, 8)]
    second = [version(3, 3, 7), version(4, 8, 8, deleted_at=START)]

    known = KnownCases(*lake(tmp_path, first, second))

    assert known.newest == START + timedelta(days=9)
    assert known.stamped_since(START + timedelta(days=7)).tolist() == [1, 3]
    assert known.stamped_since(START + timedelta(days=9, microseconds=1)).tolist() == []
    assert KnownCases(*lake(tmp_path / "none", [])).newest is None


def test_rows_are_those_known_if_cases_and_content_are(tmp_path: Path) -> None:
    known = KnownCases(*lake(tmp_path, [version(1, 1), version(2, 2)]))

    def are(*rows: dict[str, Any]) -> bool:
        return known.are(pa.Table.from_pylist(list(rows), schema=SCHEMA))

    assert are(version(2, 2), version(1, 1))
    assert are(version(2, 2), version(1, 1), version(1, 0))
    assert not are(version(1, 1))
    assert not are(version(1, 1), version(2, 2), version(3, 3))
    assert not are(version(1, 1), version(2, 2, content_hash=9))
