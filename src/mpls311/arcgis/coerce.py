"""Values as servers spell them, into the types their layer declares."""

import datetime as dt
import json
from collections.abc import Callable, Iterable
from typing import Any

import pyarrow as pa

from mpls311.arcgis.errors import SchemaDriftError
from mpls311.arcgis.layer import Field
from mpls311.arcgis.spelling import whole

_MICROSECONDS_IN_MS = 1000
_LONGEST_QUOTE = 80


def coerce(values: Iterable[Any], field: Field, url: str) -> pa.Array:
    """Make a column of JSON values, nulls included.

    Numbers may come as text and whole numbers as floats; a lone surrogate (a character that a
    length limit cut in half) becomes U+FFFD. Fields of an unknown type are kept as JSON text.

    Raises:
        SchemaDriftError: A value is none of its column's type; names column, type and value.

    """
    convert = _converter(field.arrow_type) if field.is_known else json.dumps
    converted: list[Any] = []
    for value in values:
        try:
            converted.append(None if value is None else convert(value))
        except (ValueError, TypeError, OverflowError):
            raise _misfit(value, field, url) from None
    return pa.array(converted, field.arrow_type)


def _converter(target: pa.DataType) -> Callable[[Any], Any]:
    if pa.types.is_integer(target):
        return lambda value: _within(whole(value), target.bit_width)
    if pa.types.is_timestamp(target):
        return lambda value: _within(whole(value) * _MICROSECONDS_IN_MS, 64)
    if pa.types.is_floating(target):
        return _real
    if pa.types.is_date(target):
        return lambda value: dt.date.fromisoformat(_text(value))
    return _text


def _within(number: int, bits: int) -> int:
    if not -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
        raise OverflowError(number)
    return number


def _real(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError(value)
    return float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _misfit(value: object, field: Field, url: str) -> SchemaDriftError:
    quoted = repr(value)
    if len(quoted) > _LONGEST_QUOTE:
        quoted = f"{quoted[:_LONGEST_QUOTE]}..."
    return SchemaDriftError(
        f"returns {quoted} in {field.name}, which the layer declares as {field.type}: "
        "tell the layer's owner, the value cannot be kept as it is.",
        url=url,
        column=field.name,
        declared=field.type,
        found=quoted,
    )
