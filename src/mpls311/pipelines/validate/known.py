"""What the lake already holds of a year: the version of each case that counts."""

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mpls311.datasets import LakeFiles
from mpls311.loads import Load
from mpls311.schemas import ServiceRequest, arrow_schema

KEY_COLUMNS = (
    "case_id",
    "open_datetime",
    "closed_datetime",
    "last_update_datetime",
    "content_hash",
    "deleted_at",
)
"""What it takes to tell versions of a case apart."""


def best_versions(rows: pa.Table) -> pa.Table:
    """One row per case: the latest update, then the greatest content hash.

    The same rule as the dbt model int_requests_by_layer within one load.
    """
    updated = pc.coalesce(
        rows["last_update_datetime"], rows["closed_datetime"], rows["open_datetime"]
    )
    cases = rows["case_id"].to_numpy()
    order = np.lexsort(
        (rows["content_hash"].to_numpy(), updated.cast(pa.int64()).to_numpy(), cases)
    )
    last_of_case = np.append(cases[order][1:] != cases[order][:-1], True) if len(order) else order
    return rows.take(pa.array(order[last_of_case.astype(bool)]))


class KnownCases:
    """The live cases of a year, from the loads that together hold it."""

    def __init__(self, files: LakeFiles, loads: Sequence[Load]) -> None:
        """Read keys and hashes of the published loads of a year, oldest first."""
        self._files = files
        self._loads = loads
        self._hashes: dict[int, int] = {}
        for load in loads:
            rows = best_versions(files.read(_file(load), KEY_COLUMNS))
            gone = rows.filter(pc.is_valid(rows["deleted_at"]))["case_id"].to_pylist()
            self._hashes.update(
                zip(rows["case_id"].to_pylist(), rows["content_hash"].to_pylist(), strict=True)
            )
            for case in gone:
                self._hashes.pop(case, None)

    def compare(self, rows: pa.Table) -> tuple[int, int]:
        """How many cases of a load are new, and how many are known with other content."""
        best = best_versions(rows)
        known = [self._hashes.get(case) for case in best["case_id"].to_pylist()]
        hashes = best["content_hash"].to_pylist()
        new = sum(before is None for before in known)
        changed = sum(
            before is not None and before != now for before, now in zip(known, hashes, strict=True)
        )
        return new, changed

    def without(self, cases: Iterable[int]) -> list[int]:
        """Live cases that are not among those given, ascending."""
        return sorted(self._hashes.keys() - set(cases))

    def last_versions(self, cases: Sequence[int]) -> pa.Table:
        """The full last known rows of cases, with the Arrow schema of ServiceRequest."""
        found: list[pa.Table] = []
        missing = set(cases)
        for load in reversed(self._loads):
            if not missing:
                break
            rows = self._files.read(
                _file(load), filters=pc.field("case_id").isin(pa.array(missing, pa.int64()))
            )
            rows = best_versions(rows)
            missing -= set(rows["case_id"].to_pylist())
            found.append(rows)
        schema = arrow_schema(ServiceRequest)
        return pa.concat_tables(found).cast(schema) if found else schema.empty_table()


def _file(load: Load) -> str:
    assert load.validated, f"{load.load_id} is published, so it was validated"
    return load.validated.file.name
