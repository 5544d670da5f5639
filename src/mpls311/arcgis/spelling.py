"""Single values as servers spell them: numbers as text, dates in several units."""

import datetime as dt
import json
import math
from typing import Self

_EXACT_IN_DOUBLE = 2**53
_SECONDS = range(10**8, 10**11)  # in milliseconds these would be before any service was made
_LAST_MS = 253_402_300_799_999  # the end of the year 9999


class Number(float):
    """A number with a fraction or an exponent, which knows how it was written."""

    def __new__(cls, written: str) -> Self:
        """Parse it."""
        number = super().__new__(cls, written)
        number.written = written
        return number

    written: str


class NotKeptError(Exception):
    """How a number was written is asked for, and its parser did not keep that."""


def as_written(value: object) -> str:
    """A value that is no text, as it stood in JSON.

    Raises:
        NotKeptError: It is a fraction that is no `Number`.

    """
    if isinstance(value, Number):
        return value.written
    if isinstance(value, float) and math.isfinite(value):
        raise NotKeptError
    return json.dumps(value)


def whole(value: object) -> int:
    """A whole number: as such, as text, or as a float that holds it exactly.

    Raises:
        TypeError: It is none; a truth value is none either.
        ValueError: It is a text of anything else.

    """
    if isinstance(value, str):
        value = int(value) if value.lstrip("+-").isdigit() else float(value)
    if isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT_IN_DOUBLE:
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{value!r} is not a whole number")
    return value


def epoch_ms(value: object) -> int:
    """A moment in milliseconds since 1970: as such, in seconds, or as ISO 8601 text (UTC).

    Raises:
        TypeError: It is none.
        ValueError: It is a text of anything else, or not between 1970 and 9999.

    """
    try:
        moment = whole(value)
    except ValueError:
        date = dt.datetime.fromisoformat(str(value).strip())
        moment = round(date.replace(tzinfo=date.tzinfo or dt.UTC).timestamp() * 1000)
    if moment in _SECONDS:
        moment *= 1000
    if not 0 < moment <= _LAST_MS:
        raise ValueError(f"{value!r} is no date between 1970 and 9999")
    return moment
