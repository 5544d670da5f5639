"""Arrow schemas, derived from the Pandera models."""

import json
from collections.abc import Mapping
from functools import cache

import pandera.pandas as pa
import pyarrow


@cache
def arrow_schema(model: type[pa.DataFrameModel]) -> pyarrow.Schema:
    """The Arrow schema of a model: its columns in order, with types, nullability, descriptions."""
    return pyarrow.schema(
        [
            pyarrow.field(
                name,
                column.dtype.type.pyarrow_dtype,
                nullable=bool(column.nullable),
                metadata={"description": column.description or ""},
            )
            for name, column in model.to_schema().columns.items()
        ]
    )


def coded_values(column: pyarrow.Field) -> Mapping[str, str]:
    """Names by code, as text, of a column as served that holds codes; empty for any other.

    They are in its metadata, where the reader of the layer leaves what the layer says of them.
    """
    found = (column.metadata or {}).get(b"coded_values")
    return dict(json.loads(found)) if found else {}
