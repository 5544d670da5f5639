"""The window of an incremental read: its condition, and what proves it."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from mpls311.arcgis import FeatureLayer
from mpls311.cleaning import acceptable
from mpls311.lake import Cases, KnownCases
from mpls311.schemas import ServiceRequest, source_columns


@dataclass(frozen=True)
class WindowCompared:
    """A window and the case ids of its layer, held against the cases known.

    Attributes:
        gone: Known cases of which the layer has no acceptable row any more, ascending.
        unseen: Number of cases in the layer that are neither known nor in the window.
        lost: Number of known cases that the window should have brought and did not.

    """

    gone: tuple[int, ...]
    unseen: int
    lost: int


def condition(layer: FeatureLayer, since: datetime) -> str:
    """The where clause for rows of a layer opened or updated at or after an instant (UTC)."""
    fields = source_columns(ServiceRequest, layer.arrow_schema.names)
    literal = f"TIMESTAMP '{since.astimezone(UTC):%Y-%m-%d %H:%M:%S}'"
    stamps = (fields["open_datetime"], fields["last_update_datetime"])
    return "(" + " OR ".join(f"{field} >= {literal}" for field in stamps) + ")"


def case_fields(layer: FeatureLayer) -> list[str]:
    """The fields that say whether a row is acceptable, and of which case it is."""
    fields = source_columns(ServiceRequest, layer.arrow_schema.names)
    return [fields["case_id"], fields["open_datetime"]]


def compare(
    known: KnownCases, since: datetime, window: pa.Table, layer: pa.Table, loaded_at: datetime
) -> WindowCompared:
    """Find what left a layer between two reads of it, and what the window does not tell.

    A case that is known to have been opened or updated since the window begins must be in it,
    or gone from the layer; every case of the layer must be known, or in the window.

    Args:
        known: The live cases before the window.
        since: When the window begins.
        window: Its rows, with at least the `case_fields`.
        layer: The `case_fields` of all rows of the layer.
        loaded_at: When the load began; times are judged against it.
    """
    in_window, in_layer = _cases(window, loaded_at), _cases(layer, loaded_at)
    gone = known.without(in_layer)
    expected = np.setdiff1d(known.stamped_since(since), gone)
    return WindowCompared(
        gone=tuple(gone.tolist()),
        unseen=np.setdiff1d(in_layer, np.concatenate([known.cases, in_window])).size,
        lost=np.setdiff1d(expected, in_window).size,
    )


def _cases(rows: pa.Table, loaded_at: datetime) -> Cases:
    return np.asarray(acceptable(rows, loaded_at=loaded_at), dtype=np.int64)
