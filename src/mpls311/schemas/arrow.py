"""Arrow schemas, derived from the Pandera models."""

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
