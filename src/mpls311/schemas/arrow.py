"""Arrow schemas and source names, derived from the Pandera models."""

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


@cache
def source_names(model: type[pa.DataFrameModel], *, optional: bool = True) -> dict[str, str]:
    """Field of the feature layer -> column of the model, in the model's order.

    Args:
        model: A model whose columns carry `metadata={"source": ...}`.
        optional: Whether to include fields that only some layers have.
    """
    return {
        metadata["source"]: name
        for name, column in model.to_schema().columns.items()
        if (metadata := column.metadata or {}).get("source")
        and (optional or not metadata.get("optional"))
    }
