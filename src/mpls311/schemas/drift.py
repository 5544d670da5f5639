"""Schema drift: which fields of a feature layer are the columns this project knows?

A layer is a year, and the city may rename a field from one year on. So `metadata={"source": ...}`
of a model's column names the field, or a list of names, newest first; letter case does not matter.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pandera.pandas
import pyarrow as pa

from mpls311.errors import UserError
from mpls311.schemas.arrow import arrow_schema, coded_values
from mpls311.schemas.models import ServiceRequest

_NEW_TOLD = 10
"""As many new fields are named where one may be the new name of another."""


class MissingColumnsError(UserError):
    """A layer no longer has a column that this project relies on."""


class RetypedColumnError(UserError):
    """A layer has a known column with a type that cannot hold what this project expects."""


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


_ACCEPTS: dict[pa.DataType, Callable[[pa.DataType], bool]] = {
    # Feature layers send large integers as Double as well as BigInteger.
    pa.int64(): _is_number,
    pa.float64(): _is_number,
    pa.string(): pa.types.is_string,
    pa.timestamp("us", tz="UTC"): pa.types.is_timestamp,
}


_INEXACT = (pa.float16(), pa.float32())
"""Types whose whole numbers end at 2,048 and 16,777,216, where those of the city have 12 digits."""


def source_columns(
    model: type[pandera.pandas.DataFrameModel],
    fields: Iterable[str],
    object_id_field: str | None = None,
) -> dict[str, str]:
    """Column of the model -> the field of a layer that holds it, for those that it has.

    Args:
        model: A model whose columns carry `metadata={"source": ...}`.
        fields: The names of the layer's fields, or of the columns of its rows.
        object_id_field: The field that the layer itself names as its object id; None for rows of
            which that is not known, where the model's own name counts.
    """
    fields = list(fields)
    spelled = {name.lower(): name for name in reversed(fields)} | {name: name for name in fields}
    found = {}
    for column, metadata in _sourced(model):
        names = _names(metadata)
        if object_id_field and metadata.get("is_object_id"):
            names = [object_id_field]
        spellings = (spelled.get(name, spelled.get(name.lower())) for name in names)
        if field := next(filter(None, spellings), None):
            found[column] = field
    return found


def missing_columns(
    model: type[pandera.pandas.DataFrameModel], found: Iterable[str], *, has_geometry: bool = True
) -> dict[str, str]:
    """Required column of the model that is not among those found -> its newest name.

    Args:
        model: As for `source_columns`.
        found: Columns that a layer has.
        has_geometry: Whether the layer says that its rows have a place. A table has none, and
            need not.
    """
    there = set(found)
    return {
        column: _names(metadata)[0]
        for column, metadata in _sourced(model)
        if column not in there
        and not metadata.get("optional")
        and (has_geometry or not metadata.get("is_geometry"))
    }


def check_source_schema(
    schema: pa.Schema,
    layer: str,
    object_id_field: str | None = None,
    *,
    has_geometry: bool = True,
) -> list[str]:
    """Compare a layer's schema with the known columns; return the names of new ones.

    Args:
        schema: Arrow schema of the rows as the layer serves them.
        layer: Name of the layer, for messages.
        object_id_field: What the layer names as its object id, as for `source_columns`.
        has_geometry: As for `missing_columns`.

    Raises:
        MissingColumnsError: A required column is gone.
        RetypedColumnError: A known column has changed to a type that does not fit.
    """
    known = source_columns(ServiceRequest, schema.names, object_id_field)
    new = [name for name in schema.names if name not in known.values()]
    if missing := missing_columns(ServiceRequest, known, has_geometry=has_geometry):
        some = ", ".join([*new[:_NEW_TOLD], "..."] if len(new) > _NEW_TOLD else new)
        renamed = f" (new in the layer: {some})" if some else ""
        raise MissingColumnsError(
            f"{layer} no longer has the column{'s' * (len(missing) > 1)} "
            f"{', '.join(missing.values())}. If the city renamed it{renamed}, put its new name in "
            f"front of the source of {', '.join(missing)} in src/mpls311/schemas/models.py."
        )
    target = arrow_schema(ServiceRequest)
    exact = {column for column, metadata in _sourced(ServiceRequest) if metadata.get("is_exact")}
    for column, field in known.items():
        expected, actual = target.field(column).type, schema.field(field).type
        if pa.types.is_string(expected) and coded_values(schema.field(field)):
            continue  # whatever the codes are, their names are text
        if not _ACCEPTS[expected](actual) or (column in exact and actual in _INEXACT):
            raise RetypedColumnError(
                f"{layer} now serves {field} as {actual}, where {column} needs {expected}. "
                "Look at the layer's fields, then adapt src/mpls311/schemas/models.py."
            )
    return new


def _sourced(
    model: type[pandera.pandas.DataFrameModel],
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The columns that come from a layer, with what the model says of their source."""
    for name, column in model.to_schema().columns.items():
        if (column.metadata or {}).get("source"):
            yield name, column.metadata


def _names(metadata: dict[str, Any]) -> list[str]:
    source = metadata["source"]
    return [source] if isinstance(source, str) else list(source)
