"""Values as servers spell them, into the types their layer declares."""

import datetime as dt
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from mpls311.arcgis.errors import SchemaDriftError
from mpls311.arcgis.spelling import as_written, whole

_MICROSECONDS_IN_MS = 1000
_LARGEST_SINGLE = 3.4028235e38
_LONGEST_QUOTE = 80
_MOST_ODD = 10  # values of a page; of more, one at least must fit


class Column(NamedTuple):
    """Values of one type, and as text those that did not fit it, by their position.

    Where nothing fits, the value is null; where a text holds bytes that are no characters, they
    are U+FFFD in the value.
    """

    values: pa.Array
    misfits: dict[int, str]


class _DamagedTextError(ValueError):
    """A text with bytes that are no characters; its arguments are what can be read, and all."""


def coerce(values: Sequence[Any], column: pa.Field, declared: str, url: str) -> Column:
    """Make a column of JSON values, nulls included.

    Numbers may come as text, whole numbers as floats, and dates as ISO 8601 text with an offset;
    a number in a text column is kept as it was written; a lone surrogate (a character that a length
    limit cut in half) becomes U+FFFD.

    Args:
        values: As a JSON parser made them.
        column: Name and type of the column.
        declared: What the layer calls that type.
        url: Where the values came from.

    Raises:
        NotKeptError: A number is to be kept as it was written, and the parser did not keep that.
        SchemaDriftError: There are more than ten values and none fits; quotes the first.

    """
    convert = _converter(column.type)
    converted: list[Any] = []
    misfits: dict[int, str] = {}
    for position, value in enumerate(values):
        try:
            converted.append(None if value is None else convert(value))
        except _DamagedTextError as damaged:
            readable, misfits[position] = damaged.args
            converted.append(readable)
        except (ValueError, TypeError, OverflowError):
            converted.append(None)
            misfits[position] = _as_served(value)
    array = pa.array(converted, column.type)
    if len(misfits) > _MOST_ODD and array.null_count == len(values):
        raise _drift(next(iter(misfits.values())), column.name, declared, url)
    return Column(array, misfits)


def _converter(target: pa.DataType) -> Callable[[Any], Any]:
    if pa.types.is_integer(target):
        return lambda value: _within(whole(value), target.bit_width)
    if pa.types.is_timestamp(target):
        return lambda value: _within(_epoch_us(value), 64)
    if pa.types.is_float32(target):
        return _single
    if pa.types.is_floating(target):
        return _real
    if pa.types.is_date(target):
        return lambda value: dt.date.fromisoformat(_text(value))
    if pa.types.is_list(target):
        return lambda value: _list(value, _converter(target.value_type))
    return _text


def _within(number: int, bits: int) -> int:
    if not -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
        raise OverflowError(number)
    return number


def _epoch_us(value: Any) -> int:
    try:
        return whole(value) * _MICROSECONDS_IN_MS
    except ValueError:
        date = dt.datetime.fromisoformat(value.strip())
    if date.tzinfo is None:
        raise ValueError("an instant needs an offset")
    return (date - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


def _real(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError(value)
    return float(value)


def _single(value: Any) -> float:
    number = _real(value)
    if math.isfinite(number) and abs(number) > _LARGEST_SINGLE:
        raise OverflowError(number)
    return number


def _list(value: Any, convert: Callable[[Any], Any]) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(value)
    return [convert(item) for item in value]


def _text(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return as_written(value)
    if not isinstance(value, str):
        raise TypeError(value)
    try:
        value.encode()
    except UnicodeEncodeError:
        readable = _whole_characters(value)
        if any("\udc80" <= character <= "\udcff" for character in value):
            raise _DamagedTextError(readable, _as_served(value)) from None
        return readable
    return value


def _whole_characters(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _as_served(value: object) -> str:
    if not isinstance(value, str):
        return as_written(value)
    try:
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        return _whole_characters(value)


def _drift(came: str, name: str, declared: str, url: str) -> SchemaDriftError:
    quoted = repr(came if len(came) <= _LONGEST_QUOTE else f"{came[:_LONGEST_QUOTE]}...")
    return SchemaDriftError(
        f"returns values such as {quoted} in {name} and not one of {declared}, as which the layer "
        "declares it: tell the layer's owner.",
        url=url,
        column=name,
        declared=declared,
        found=quoted,
    )
