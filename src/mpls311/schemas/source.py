"""Schema drift: does a feature layer still have the columns this project knows?"""

from collections.abc import Callable

import pyarrow as pa

from mpls311.errors import UserError
from mpls311.schemas.arrow import arrow_schema, source_names
from mpls311.schemas.models import ServiceRequest


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


def check_source_schema(schema: pa.Schema, layer: str) -> list[str]:
    """Compare a layer's schema with the known columns; return the names of new ones.

    Args:
        schema: Arrow schema of the rows as the layer serves them.
        layer: Name of the layer, for messages.

    Raises:
        MissingColumnsError: A required column is gone.
        RetypedColumnError: A known column has changed to a type that does not fit.
    """
    required = source_names(ServiceRequest, optional=False)
    if missing := [name for name in required if name not in schema.names]:
        raise MissingColumnsError(
            f"{layer} no longer has the column{'s' * (len(missing) > 1)} {', '.join(missing)}. "
            "If the city renamed it, put its new name into mpls311.schemas.ServiceRequest."
        )
    known = source_names(ServiceRequest)
    target = arrow_schema(ServiceRequest)
    for name, column in known.items():
        if name not in schema.names:
            continue
        expected, actual = target.field(column).type, schema.field(name).type
        if not _ACCEPTS[expected](actual):
            raise RetypedColumnError(
                f"{layer} now serves {name} as {actual}, where {column} needs {expected}. "
                "Look at the layer's fields, then adapt mpls311.schemas.ServiceRequest."
            )
    return [name for name in schema.names if name not in known]
