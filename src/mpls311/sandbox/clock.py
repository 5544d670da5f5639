"""Local days and publication times of the stand-in city.

Instants are epoch milliseconds, UTC, as in an ArcGIS date field. The city lives in
America/Chicago and publishes once a day at 09:00 UTC; a publication shows what had happened by the
end of the local day before. That end, the local midnight which starts the day of publication, is
called the *cutoff* of the day.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

Instants: TypeAlias = NDArray[np.int64]

SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
PUBLICATION_HOUR: Final = 9
NEVER: Final = 2**62
"""The instant of an event that does not happen."""

_CHICAGO: Final = ZoneInfo("America/Chicago")
_FIRST: Final = date(2014, 1, 1)
_LAST: Final = date(2100, 1, 1)


def today() -> date:
    """Return the current date in America/Chicago."""
    return datetime.now(_CHICAGO).date()


def publication_time(day: date) -> int:
    """Epoch milliseconds at which the publication of ``day`` appears: 09:00 UTC."""
    return (day - date(1970, 1, 1)).days * DAY + PUBLICATION_HOUR * HOUR


def cutoff(day: date) -> int:
    """Epoch milliseconds before which events are in the publication of ``day``."""
    return int(_midnights()[(day - _FIRST).days])


def local_midnights(year: int) -> Instants:
    """Return the local midnights that start each day of ``year`` (365 or 366 instants)."""
    first = (date(year, 1, 1) - _FIRST).days
    return _midnights()[first : first + (date(year + 1, 1, 1) - date(year, 1, 1)).days]


def publication_of(instant: int) -> int:
    """When an event at ``instant`` is first published: the morning after its local day."""
    day = int(np.searchsorted(_midnights(), instant, side="right"))
    return publication_time(date.fromordinal(_FIRST.toordinal() + day))


@lru_cache(maxsize=1)
def _midnights() -> Instants:
    days = np.arange(np.datetime64(_FIRST, "D"), np.datetime64(_LAST, "D"))
    march = days.astype("datetime64[Y]").astype("datetime64[M]") + np.timedelta64(2, "M")
    second_sunday = np.busday_offset(
        march.astype("datetime64[D]"), 1, roll="forward", weekmask="Sun"
    )
    first_sunday = np.busday_offset(
        (march + np.timedelta64(8, "M")).astype("datetime64[D]"), 0, roll="forward", weekmask="Sun"
    )
    # US rule since 2007: clocks change at 02:00, so both Sundays still start on the old offset.
    summer = (days > second_sunday) & (days <= first_sunday)
    midnights: Instants = days.astype(np.int64) * DAY + np.where(summer, 5 * HOUR, 6 * HOUR)
    midnights.flags.writeable = False
    return midnights
