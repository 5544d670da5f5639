"""Changes planted into the stand-in city, to see whether a report finds them."""

import re
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches

from mpls311.sandbox.city.catalogue import catalogue
from mpls311.sandbox.city.clock import MINUTE, cutoff
from mpls311.sandbox.city.closings import closed_otherwise, that_last, whole_seconds
from mpls311.sandbox.city.rows import Rows

MIN_FACTOR, MAX_FACTOR = 0.1, 10

_SPELLING = re.compile(r"(.+?)\s+x\s*(\d+(?:\.\d+)?)\s+from\s+(\d{4}-\d{2}-\d{2})")
_HOW = (
    "Write the type, what its times to close are multiplied by, and from which day of opening on: "
    "Pothole x1.3 from 2025-03-01; several with commas."
)


@dataclass(frozen=True)
class PlantedChange:
    """The times to close of a type become longer or shorter.

    Attributes:
        type_name: As in the catalogue: an intake channel is part of the name.
        factor: What times to close are multiplied by. It is they that change, not the work, so
            that batches of closings come apart.
        first_day: The first local day whose requests have other times.

    """

    type_name: str
    factor: float
    first_day: date

    def planted(self, lives: Rows) -> Rows:
        """The requests of a year with the change."""
        positions = that_last(lives)
        of_type = lives.kind[positions] == catalogue().names.index(self.type_name)
        chosen = positions[of_type & (lives.opened[positions] >= cutoff(self.first_day))]
        rows = lives.take(chosen)
        stamp = rows.created + whole_seconds((rows.closing - rows.created) * self.factor)
        date = rows.opened + whole_seconds((rows.closed - rows.opened) * self.factor)
        return closed_otherwise(lives, chosen, stamp, date // MINUTE * MINUTE)


def planted_changes(text: str) -> tuple[PlantedChange, ...]:
    """The changes that a text names, as in `Pothole x1.3 from 2025-03-01`.

    Raises:
        ValueError: One of them makes no sense.
    """
    return tuple(_parsed(part.strip()) for part in text.split(",")) if text.strip() else ()


def _parsed(text: str) -> PlantedChange:
    match = _SPELLING.fullmatch(text)
    if not match:
        raise ValueError(f"The stand-in city cannot plant {text!r}. {_HOW}")
    type_name, factor, day = match[1], float(match[2]), match[3]
    types = catalogue()
    takes_time = [name for name, hours in zip(types.names, types.hours, strict=True) if hours > 0]
    if type_name not in takes_time:
        close = get_close_matches(type_name, takes_time, n=1)
        hint = f" Did you mean {close[0]}?" if close else ""
        raise ValueError(f"The stand-in city has no type {type_name} that takes time.{hint}")
    if not MIN_FACTOR <= factor <= MAX_FACTOR:
        raise ValueError(
            f"The stand-in city changes times by a factor of {MIN_FACTOR} to {MAX_FACTOR}, not "
            f"{match[2]}."
        )
    try:
        return PlantedChange(type_name, factor, date.fromisoformat(day))
    except ValueError as exc:
        raise ValueError(f"The stand-in city cannot plant {text!r}: {day} is no day.") from exc
