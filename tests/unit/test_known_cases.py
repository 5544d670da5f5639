"""Which version of a case counts, and what a load changes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from mpls311.lake import KEY_COLUMNS, best_versions
from mpls311.schemas import ServiceRequest, arrow_schema

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

    assert [row["case_id"] for row in best] == sorted({row["case_id"] for row in given_rows})
    for row in best:
        rivals = [rank(other) for other in given_rows if other["case_id"] == row["case_id"]]
        assert rank(row) == max(rivals)
