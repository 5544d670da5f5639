"""Local days and publication times of the stand-in city.

Instants are epoch milliseconds, UTC, as in an ArcGIS date field. The city lives in
America/Chicago and publishes once a day at 09:00 UTC; a publication shows what had happened by the
end of the local day before. That end, the local midnight which starts the day of publication, is
called the *cutoff* of the day.
"""

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Instants = NDArray[np.int64]

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
PUBLICATION_HOUR = 9
NEVER = 2**62
"""The instant of an event that does not happen."""

_CHICAGO = ZoneInfo("America/Chicago")
_FIRST = date(2014, 1, 1)
_LAST = date(2100, 1, 1)


def today() -> date:
    """Return the current date in America/Chicago."""
    return datetime.now(_CHICAGO).date()


def publication_time(day: date) -> int:
    """Epoch milliseconds at which the publication of `day` appears: 09:00 UTC."""
    return (day - date(1970, 1, 1)).days * DAY + PUBLICATION_HOUR * HOUR


def cutoff(day: date) -> int:
    """Epoch milliseconds before which events are in the publication of `day`."""
    return int(_midnights()[(day - _FIRST).days])


def local_midnights(year: int) -> Instants:
    """Return the local midnights that start each day of `year` (365 or 366 instants)."""
    first = (date(year, 1, 1) - _FIRST).days
    return _midnights()[first : first + (date(year + 1, 1, 1) - date(year, 1, 1)).days]


def publication_of(instant: int) -> int:
    """When an event at `instant` is first published: the morning after its local day."""
    day = int(np.searchsorted(_midnights(), instant, side="right"))
    return publication_time(date.fromordinal(_FIRST.toordinal() + day))


@lru_cache(maxsize=1)
def _midnights() -> Instants:
    days = pd.date_range(_FIRST, _LAST, inclusive="left", tz=_CHICAGO)
    midnights: Instants = days.as_unit("ms").asi8
    midnights.flags.writeable = False
    return midnights
