"""Which known cases a layer no longer has, for the price of one count where there are none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mpls311.arcgis import ArcGISClient, ReadReport
from mpls311.cleaning import acceptable
from mpls311.lake import Cases, KnownCases
from mpls311.schemas import ServiceRequest, source_columns


@dataclass(frozen=True)
class CasesCompared:
    """The cases of a layer held against those known.

    Attributes:
        gone: Known cases of which the layer has no acceptable row, ascending.
        unseen: Number of cases in the layer that are neither known nor in the window read.
        reads: What reading all case ids took; empty where the count said that none is gone.

    """

    gone: tuple[int, ...] = ()
    unseen: int = 0
    reads: Sequence[ReadReport] = ()


async def compare_cases(
    client: ArcGISClient,
    report: ReadReport,
    window: Path,
    known: KnownCases,
    counted_before: int | None,
    loaded_at: datetime,
) -> CasesCompared:
    """Find the cases that left a layer between two reads of it.

    The layer has as many rows as after the load before, plus the new ones of the window. If it
    does not, or a row of the window may be an old or a new one, the case ids of the whole layer
    are read and compared.

    Args:
        client: Reads the case ids.
        report: The read of the window, with the layer's count.
        window: Its rows.
        known: The live cases before it.
        counted_before: The layer's count when the load before was read, if it was asked then.
        loaded_at: When the load began; times are judged against it.

    """
    columns = source_columns(ServiceRequest, report.layer.arrow_schema.names)
    # What says whether a row is acceptable, and of which case it is.
    fields = [columns["case_id"], columns["open_datetime"]]
    served = pq.read_table(window, columns=fields)
    in_window = _acceptable(served, loaded_at)
    is_new = np.isin(in_window, known.cases, invert=True)
    again = in_window[~is_new]
    is_clear = in_window.size == served.num_rows and again.size == np.unique(again).size
    appeared = None if counted_before is None else report.layer_count - counted_before
    if is_clear and appeared == np.count_nonzero(is_new):
        return CasesCompared()
    path = window.with_suffix(".cases.parquet")
    whole = await client.read(report.layer, "1=1", path, fields=fields)
    in_layer = _acceptable(pq.read_table(path), loaded_at)
    path.unlink()
    unseen = np.setdiff1d(in_layer, np.concatenate([known.cases, in_window]))
    return CasesCompared(tuple(known.without(in_layer).tolist()), unseen.size, (whole,))


def _acceptable(rows: pa.Table, loaded_at: datetime) -> Cases:
    """Case ids of the rows that validation will accept, with repeats."""
    return np.asarray(acceptable(rows, loaded_at=loaded_at), dtype=np.int64)
