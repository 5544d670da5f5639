"""The stand-in city: a feature layer for each year since 2015, as published on a given day.

Every request has a life that is drawn once from the seed: opened, perhaps updated, closed, perhaps
touched again weeks later. The city publishes each day at 09:00 UTC what had happened by the end of
the local day before (`clock`). So the same seed, size and day always give the same rows, and
between the publications of two days a layer can change in these ways (`City.events` lists them):

- new rows for requests opened since, with higher OBJECTIDs than all before;
- rows updated or closed, with a new LastUpdateDate: most in the current year, some in the year
  before, few in older ones;
- rows corrected *without* a new LastUpdateDate (another place, an earlier closing date);
- rows deleted, in the current year and the one before;
- from January on, copies of last year's late cases, which then are in two layers: the older one
  stays as it was, or gets the new stamp but not the new content;
- in January, late-December cases that move: gone from last year's layer, new in this year's;
- every ten days or so in its year, and monthly in the next, a layer is republished: the same rows
  with other OBJECTIDs, all of them.

A layer on which none of these happened keeps its edit date.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import lru_cache
from threading import RLock

from mpls311.sandbox.city.areas import NEIGHBORHOODS, WARDS, neighborhoods, wards
from mpls311.sandbox.city.bounds import (
    FIRST_DAY,
    FIRST_YEAR,
    LAST_DAY,
    MAX_ROWS_PER_YEAR,
    MIN_ROWS_PER_YEAR,
    MIN_SEED,
)
from mpls311.sandbox.city.clock import today
from mpls311.sandbox.city.history import (
    LayerChanges,
    changes,
    last_edit,
    object_ids,
    republications_of,
    shown,
)
from mpls311.sandbox.city.layers import layer_of, limits_of, service_name
from mpls311.sandbox.city.lives import lives_of
from mpls311.sandbox.city.oddities import with_oddities
from mpls311.sandbox.city.places import Places
from mpls311.sandbox.city.planted import planted_changes
from mpls311.sandbox.city.publish import publish
from mpls311.sandbox.city.rows import Rows, concatenate
from mpls311.sandbox.city.tempers import STEADY, TEMPERS, UNSTEADY, worked_off_unsteadily
from mpls311.sandbox.protocol import TableLayer

_AREAS = {NEIGHBORHOODS: neighborhoods, WARDS: wards}


class City(Mapping[str, TableLayer]):
    """Synthetic 311 requests in yearly layers, from 2015 to the year of `as_of`.

    It holds those layers and those of its areas by the names of their services. Nothing is
    generated before a layer is asked for. Safe to use from several threads.

    Args:
        seed: Another seed is another city.
        rows_per_year: Average number of requests a year; the volume of real years differs (2015
            has less, 2025 more), and the current year ends at `as_of`. A city of fewer than
            2,000 or so does not have every irregularity every year.
        as_of: Day of publication; None is today in America/Chicago.
        temper: How times to close vary, see `mpls311.sandbox.city.tempers`: steady or unsteady.
        changes: Changes of times to close to plant, as `Pothole x1.3 from 2025-03-01`; several
            with commas.

    Raises:
        ValueError: An argument is beyond the bounds in `mpls311.sandbox.city.bounds`, or names a
            temper or a change that there is not.

    """

    def __init__(
        self,
        seed: int = 311,
        rows_per_year: int = 80_000,
        as_of: date | None = None,
        temper: str = STEADY,
        changes: str = "",
    ) -> None:
        self.seed = seed
        self.rows_per_year = rows_per_year
        self.as_of = as_of or today()
        if seed < MIN_SEED:
            raise ValueError(f"The seed of the stand-in city must not be negative, not {seed}.")
        if not MIN_ROWS_PER_YEAR <= rows_per_year <= MAX_ROWS_PER_YEAR:
            raise ValueError(
                f"The stand-in city has {MIN_ROWS_PER_YEAR:,} to {MAX_ROWS_PER_YEAR:,} rows a "
                f"year, not {rows_per_year:,}."
            )
        if not FIRST_DAY <= self.as_of <= LAST_DAY:
            raise ValueError(
                f"The stand-in city publishes from {FIRST_DAY} to {LAST_DAY}, not on {self.as_of}."
            )
        if temper not in TEMPERS:
            raise ValueError(
                f"The temper of the stand-in city is {' or '.join(TEMPERS)}, not {temper}."
            )
        self.temper = temper
        self.changes = planted_changes(changes)
        self._lock = RLock()
        self._layers: dict[int, TableLayer] = {}
        self._guests: dict[int, Rows] = {}
        # Only the lives of two layers are kept: they are big, and cheap to draw again.
        self._rows = lru_cache(maxsize=2)(self._draw_layer)

    @property
    def years(self) -> range:
        """Years with a layer: the first publication of a year is that of January 2."""
        last = self.as_of.year
        return range(FIRST_YEAR, last if self.as_of == date(last, 1, 1) else last + 1)

    def __iter__(self) -> Iterator[str]:
        return iter((*_AREAS, *map(service_name, self.years)))

    def __len__(self) -> int:
        return len(_AREAS) + len(self.years)

    def __getitem__(self, service: str) -> TableLayer:
        if service in _AREAS:
            return _AREAS[service]()
        by_name = {service_name(year): year for year in self.years}
        return self.layer(by_name[service])

    def layer(self, year: int) -> TableLayer:
        """Return the layer of a year as published on `as_of`.

        Raises:
            LookupError: There is no layer for that year.

        """
        self._check(year)
        with self._lock:
            if year not in self._layers:
                self._layers[year] = self._publish(year)
            return self._layers[year]

    def events(self, year: int, since: date, until: date) -> LayerChanges:
        """Say what changed in a layer between the publications of two days.

        Raises:
            LookupError: There is no layer for that year, or `until` is after `as_of`.

        """
        self._check(year)
        if not since <= until <= self.as_of:
            raise LookupError(f"{since} to {until} is no period up to {self.as_of}.")
        with self._lock:
            rows = self._rows(year)
        return changes(rows, republications_of(year, self.seed), since, until)

    def _check(self, year: int) -> None:
        if year not in self.years:
            raise LookupError(f"The stand-in city has no layer for {year} on {self.as_of}.")

    def _publish(self, year: int) -> TableLayer:
        rows = self._rows(year)
        republications = republications_of(year, self.seed)
        ids = object_ids(rows, republications, year, self.seed, self.as_of)
        state = shown(rows, self.as_of)
        table = publish(year, state, ids[state.position], self._places)
        edited = last_edit(rows, republications, self.as_of)
        return layer_of(service_name(year), table, edited, limits_of(year))

    def _draw_layer(self, year: int) -> Rows:
        """Draw the lives of all rows of a layer: the year's own, and guests of the year before."""
        if year > FIRST_YEAR and year not in self._guests:
            self._draw_year(year - 1)
        own = self._draw_year(year)
        return concatenate(own, self._guests[year]) if year > FIRST_YEAR else own

    def _draw_year(self, year: int) -> Rows:
        """Draw the requests opened in a year, and put those that the next layer shows aside."""
        lives = lives_of(
            year, seed=self.seed, rows_per_year=self.rows_per_year, places=self._places
        )
        if self.temper == UNSTEADY:
            lives = worked_off_unsteadily(lives, year, seed=self.seed, places=self._places)
        for change in self.changes:
            lives = change.planted(lives)
        rows = with_oddities(lives, year, self.seed)
        self._guests[year + 1] = rows.next_layer
        return rows.own

    @property
    def _places(self) -> Places:
        return _places(self.seed)


@lru_cache(maxsize=4)
def _places(seed: int) -> Places:
    return Places.of_city(seed)
