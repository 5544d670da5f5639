"""A year as it stands after its loads, in counts."""

from collections import Counter
from collections.abc import Sequence
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mpls311.cleaning import BUSINESS_COLUMNS
from mpls311.lake import BATCH_ROWS, KEY_COLUMNS, LakeFiles, best_versions
from mpls311.loads import Load, Standing

_VALUES = tuple(name for name in BUSINESS_COLUMNS if name not in ("extras", "repairs"))
_COLUMNS = tuple(dict.fromkeys([*KEY_COLUMNS, *_VALUES, "repairs"]))
_HAS = "has_"


def traits(rows: pa.Table) -> pa.Table:
    """Keys of service requests, with whether each column has a value, and the repairs.

    A small part of the rows: the values themselves are left out.
    """
    there = set(rows.column_names)
    columns = {name: rows[name] for name in KEY_COLUMNS}
    for name in _VALUES:
        nothing = pa.repeat(pa.scalar(False), rows.num_rows)
        columns[_HAS + name] = pc.is_valid(rows[name]) if name in there else nothing
    nothing = pa.nulls(rows.num_rows, pa.string())
    columns["repairs"] = rows["repairs"] if "repairs" in there else nothing
    return pa.table(columns)


def counted_codes(column: pa.ChunkedArray) -> Counter[str]:
    """How many rows each of their comma-separated codes is in."""
    codes = pc.list_flatten(pc.split_pattern(column.drop_null(), ","))
    return Counter({row["values"]: row["counts"] for row in pc.value_counts(codes).to_pylist()})


class LiveCases:
    """The live cases of a year with the traits that are counted, load by load."""

    def __init__(self) -> None:
        """Begin with none."""
        self._cases: list[pa.Table] = []

    @classmethod
    def of(cls, files: LakeFiles, loads: Sequence[Load]) -> Self:
        """Those of validated loads, oldest first."""
        live = cls()
        for load in loads:
            assert load.validated, f"{load.load_id} was validated"
            batches = files.batches(load.validated.file, BATCH_ROWS, _COLUMNS)
            live.add(pa.concat_tables([traits(batch) for batch in batches]))
        return live

    def add(self, rows: pa.Table) -> None:
        """Let the rows of a newer load, as `traits` gives them, take the place of those known."""
        cases, counts = np.unique(rows["case_id"].to_numpy(), return_counts=True)
        best = best_versions(rows).append_column("rows", pa.array(counts))
        values = pa.array(cases)
        self._cases = [
            known.filter(pc.invert(pc.is_in(known["case_id"], value_set=values)))
            for known in self._cases
        ]
        live = best.filter(pc.is_null(best["deleted_at"]))
        unused = [name for name in KEY_COLUMNS if name != "case_id"]
        self._cases.append(live.drop_columns(unused))

    def standing(self) -> Standing:
        """How many there are, and how many of them have what."""
        if not self._cases:
            return Standing(cases=0, duplicates=0, filled={}, repaired={})
        cases = pa.concat_tables(self._cases)
        return Standing(
            cases=cases.num_rows,
            duplicates=(pc.sum(cases["rows"]).as_py() or 0) - cases.num_rows,
            filled={name: pc.sum(cases[_HAS + name]).as_py() or 0 for name in _VALUES},
            repaired=dict(counted_codes(cases["repairs"]).most_common()),
        )
