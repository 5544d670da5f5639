"""How many cases each load of a year still tells, once all of them are there."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


class NewestCases:
    """The cases of a year, each by the newest load that has it, as the warehouse keeps them."""

    def __init__(self) -> None:
        self._load_ids: list[str] = []
        self._cases: NDArray[np.int64] = np.array([], dtype=np.int64)
        self._loads: NDArray[np.int64] = np.array([], dtype=np.int64)
        self._deleted: NDArray[np.bool_] = np.array([], dtype=bool)

    def add(self, load_id: str, rows: pa.Table) -> None:
        """Let the cases of a newer load take the place of those known.

        Args:
            load_id: The load.
            rows: Its `case_id` and `deleted_at`; a load has a case as deleted or not.
        """
        cases, first = np.unique(rows["case_id"].to_numpy(), return_index=True)
        kept = np.isin(self._cases, cases, invert=True)
        deleted = np.asarray(rows["deleted_at"].is_valid())[first]
        loads = np.full(len(cases), len(self._load_ids))
        self._load_ids.append(load_id)
        self._cases = np.concatenate([self._cases[kept], cases])
        self._loads = np.concatenate([self._loads[kept], loads])
        self._deleted = np.concatenate([self._deleted[kept], deleted])

    def counts(self) -> dict[str, tuple[int, int]]:
        """Live and deleted cases of each load that has any."""
        number = len(self._load_ids)
        all_of = np.bincount(self._loads, minlength=number)
        deleted = np.bincount(self._loads[self._deleted], minlength=number)
        return {
            load_id: (int(every - gone), int(gone))
            for load_id, every, gone in zip(self._load_ids, all_of, deleted, strict=True)
            if every
        }
