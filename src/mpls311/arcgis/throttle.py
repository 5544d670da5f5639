"""What a service means by Retry-After, and one gate that makes every request obey it."""

from __future__ import annotations

import asyncio
import datetime as dt
import math
from collections.abc import Callable
from email.utils import parsedate_to_datetime

import stamina


def parse_retry_after(value: str | None, now: dt.datetime) -> float | None:
    """Read a Retry-After header: seconds or an HTTP date (RFC 9110, 10.2.3).

    Returns:
        Seconds from `now`, never negative; None for no header or one that is neither.

    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            date = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = (date.replace(tzinfo=date.tzinfo or dt.UTC) - now).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None


class Gate:
    """Holds back all requests of a client until a moment that only ever moves forward."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._opens_at = -math.inf

    @property
    def remaining(self) -> float:
        """Seconds until the gate opens, 0 if it is open."""
        return max(0.0, self._opens_at - self._clock())

    def hold(self, seconds: float) -> None:
        """Keep the gate shut for at least `seconds` from now."""
        self._opens_at = max(self._opens_at, self._clock() + seconds)

    async def wait(self) -> None:
        """Return once the gate is open; at once while stamina is in testing mode."""
        while not stamina.is_testing():
            rest = self.remaining
            if not rest:
                return
            await asyncio.sleep(rest)
