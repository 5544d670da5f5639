"""Rows as Kedro-Viz shows them."""

import json
from typing import Any, NewType

import pandas as pd
import pyarrow

TablePreview = NewType("TablePreview", dict[str, Any])
"""Kedro-Viz shows as a table what has a type of this name."""

_BEGIN, _END = (pd.Timestamp(f"{year}-01-01").timestamp() for year in (2000, 2100))


def preview_of(rows: pyarrow.Table) -> TablePreview:
    """A few rows, as text: Kedro-Viz sends JSON, which has no times."""
    frame = rows.to_pandas()
    # Numbers that can only be times: fractions of seconds, or milliseconds, since 1970.
    for kind, unit, scale in (("float", "s", 1), ("integer", "ms", 1000)):
        for name in frame.select_dtypes(kind):
            values = frame[name].dropna()
            if len(values) and values.between(_BEGIN * scale, _END * scale).all():
                frame[name] = pd.to_datetime(frame[name], unit=unit, utc=True)
    return TablePreview(json.loads(frame.to_json(orient="split", date_format="iso", date_unit="s")))
