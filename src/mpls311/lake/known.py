"""What the lake already holds of a year: the version of each case that counts."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mpls311.lake.files import LakeFiles
from mpls311.loads import LakeFile, Load
from mpls311.schemas import ServiceRequest, arrow_schema

Cases = NDArray[np.int64]
"""Case ids."""

KEY_COLUMNS = (
    "case_id",
    "open_datetime",
    "closed_datetime",
    "last_update_datetime",
    "content_hash",
    "deleted_at",
)
"""What it takes to tell versions of a case apart."""


class Comparison(NamedTuple):
    """How the rows of a load relate to each other and to what is known.

    Attributes:
        duplicates: Rows of a case that has a better one.
        new: Cases that are not known.
        updated: Cases that are known with other content.

    """

    duplicates: int
    new: int
    updated: int


def best_versions(rows: pa.Table) -> pa.Table:
    """One row per case: the latest update, then the greatest content hash.

    The same rule as the dbt model int_requests_by_layer within one load.
    """
    return rows.take(_best_positions(rows))


def _best_positions(rows: pa.Table) -> pa.Array:
    cases = rows["case_id"].to_numpy()
    order = np.argsort(cases, kind="stable")
    if (cases[order[1:]] != cases[order[:-1]]).all():
        # As nearly always, and sorted in a fraction of the time.
        return pa.array(order)
    updated = pc.coalesce(
        rows["last_update_datetime"], rows["closed_datetime"], rows["open_datetime"]
    )
    order = np.lexsort(
        (rows["content_hash"].to_numpy(), updated.cast(pa.int64()).to_numpy(), cases)
    )
    ordered = cases[order]
    is_last = np.append(ordered[1:] != ordered[:-1], np.ones(min(1, len(order)), dtype=bool))
    return pa.array(order[is_last])


class KnownCases:
    """The live cases of a year, from the loads that together hold it.

    Attributes:
        cases: Their ids, ascending and distinct.

    """

    def __init__(self, files: LakeFiles, loads: Sequence[Load]) -> None:
        """Read keys and hashes of the published loads of a year, oldest first.

        Raises:
            DamagedFileError: A file of theirs is not what its manifest says.
        """
        self._files = files
        self._loads = loads
        self.cases: Cases = np.array([], dtype=np.int64)
        self._hashes: Cases = np.array([], dtype=np.int64)
        self._stamps = np.array([], dtype="datetime64[us]")
        for load in loads:
            self._apply(best_versions(files.read(_file(load), KEY_COLUMNS)))

    def _apply(self, rows: pa.Table) -> None:
        """Let the versions of a newer load take the place of those known."""
        cases, hashes, stamps = rows["case_id"].to_numpy(), _hashes(rows), _stamps(rows)
        live = rows["deleted_at"].is_null().to_numpy()
        kept = np.isin(self.cases, cases, invert=True)
        self.cases = np.concatenate([self.cases[kept], cases[live]])
        order = np.argsort(self.cases)
        self.cases = self.cases[order]
        self._hashes = np.concatenate([self._hashes[kept], hashes[live]])[order]
        self._stamps = np.concatenate([self._stamps[kept], stamps[live]])[order]

    def compare(self, rows: pa.Table) -> Comparison:
        """Compare the accepted rows of a load with what was there before it."""
        best = rows.select(["case_id", "content_hash"]).take(_best_positions(rows))
        cases, hashes = best["case_id"].to_numpy(), _hashes(best)
        known = np.isin(cases, self.cases)
        before = self._hashes[np.searchsorted(self.cases, cases[known])]
        return Comparison(
            duplicates=rows.num_rows - best.num_rows,
            new=int(np.count_nonzero(~known)),
            updated=int(np.count_nonzero(before != hashes[known])),
        )

    def are(self, rows: pa.Table) -> bool:
        """Whether accepted rows are exactly these cases, with the same content."""
        best = best_versions(rows)
        return np.array_equal(best["case_id"].to_numpy(), self.cases) and np.array_equal(
            _hashes(best), self._hashes
        )

    @property
    def newest(self) -> datetime | None:
        """The greatest opening or update time of any of them; None where there is none."""
        if not self.cases.size:
            return None
        newest: datetime = self._stamps.max().item()
        return newest.replace(tzinfo=UTC)

    def stamped_since(self, since: datetime) -> Cases:
        """Those that were opened or updated at or after an instant, ascending."""
        return self.cases[self._stamps >= np.datetime64(since.astimezone(UTC).replace(tzinfo=None))]

    def without(self, cases: Cases) -> Cases:
        """Live cases that are not among those given, ascending."""
        return np.setdiff1d(self.cases, cases)

    def last_versions(self, cases: Cases) -> pa.Table:
        """The full last known rows of cases, with the Arrow schema of ServiceRequest."""
        found: list[pa.Table] = []
        for load in reversed(self._loads):
            if not cases.size:
                break
            wanted = pc.field("case_id").isin(pa.array(cases))
            rows = best_versions(self._files.read(_file(load), filters=wanted))
            cases = np.setdiff1d(cases, rows["case_id"].to_numpy())
            found.append(rows)
        schema = arrow_schema(ServiceRequest)
        # Files of an older version of the model lack columns, and may have others.
        rows = pa.concat_tables([schema.empty_table(), *found], promote_options="default")
        return rows.select(schema.names).cast(schema)


def _hashes(rows: pa.Table) -> Cases:
    return np.asarray(rows["content_hash"], dtype=np.int64)


def _stamps(rows: pa.Table) -> NDArray[np.datetime64]:
    """The later of opening and last update, which a window of a layer asks for."""
    opened, updated = rows["open_datetime"], rows["last_update_datetime"]
    is_later = pc.fill_null(pc.greater(updated, opened), False)
    latest = pc.if_else(is_later, updated, opened)
    return np.asarray(latest.cast(pa.timestamp("us")), dtype="datetime64[us]")


def _file(load: Load) -> LakeFile:
    assert load.validated, f"{load.load_id} is published, so it was validated"
    return load.validated.file
