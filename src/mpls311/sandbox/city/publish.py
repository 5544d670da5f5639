"""From the state of rows to the columns that a layer publishes, faults included."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
from numpy.typing import NDArray

from mpls311.sandbox.city.catalogue import catalogue
from mpls311.sandbox.city.clock import DAY, NEVER
from mpls311.sandbox.city.dirt import Dirt
from mpls311.sandbox.city.history import Shown
from mpls311.sandbox.city.places import Places
from mpls311.sandbox.city.rows import NO_CASE_ID, Location
from mpls311.sandbox.protocol import Column, EsriType, Points, Table
from mpls311.sandbox.protocol.projection import to_web_mercator

_FIRST_YEAR_WITH_ACCESSIBILITY = 2024
_DAY_1899 = -2_209_161_600_000
_DAY_9999 = 253_402_214_400_000
_OUTSIDE = (-92.1005, 46.7867)


def publish(year: int, state: Shown, object_ids: NDArray[np.int64], places: Places) -> Table:
    """Return the table of a year's layer: fields as the city names them, in its order."""
    points = _points(state, places)
    columns = [
        _case_id(state),
        Column("OBJECTID", EsriType.OID, object_ids),
        *_categories(state),
        *_times(state),
        *_coordinates(points),
    ]
    if year >= _FIRST_YEAR_WITH_ACCESSIBILITY:
        yes = state.rows.accessibility.astype(np.int8)
        columns.append(Column("IsAccessibilityRelated", EsriType.STRING, yes, words=("No", "Yes")))
    return Table(tuple(columns), points)


def _case_id(state: Shown) -> Column:
    case_id = state.rows.case_id
    return Column("CASEID", EsriType.BIG_INTEGER, case_id, case_id != NO_CASE_ID)


@dataclass(frozen=True)
class _Words:
    """Distinct strings, and the position in them for each type of the catalogue."""

    words: tuple[str, ...]
    positions: NDArray[np.int16]

    @classmethod
    def of(cls, strings: tuple[str, ...], extra: tuple[str, ...] = ()) -> Self:
        words = tuple(sorted({*strings, *extra}))
        return cls(words, np.array([words.index(s) for s in strings], dtype=np.int16))


@lru_cache(maxsize=1)
def _words() -> tuple[_Words, _Words, _Words, _Words]:
    """Of subjects, reasons, types and titles."""
    types = catalogue()
    leading_blank = tuple(f" {name}" for name in types.names)
    return (
        _Words.of(types.subjects),
        _Words.of(types.reasons),
        _Words.of(types.names, leading_blank),
        _Words.of(types.names, (" ",)),
    )


def _categories(state: Shown) -> list[Column]:
    subjects, reasons, types, titles = _words()
    kind, dirt = state.rows.kind, state.rows.dirt
    type_name = types.positions[kind]
    for row in np.flatnonzero(dirt == Dirt.TYPE_LEADING_BLANK):
        type_name[row] = types.words.index(f" {types.words[type_name[row]]}")
    title = titles.positions[kind]
    title[dirt == Dirt.TITLE_BLANK] = titles.words.index(" ")
    named = (
        ("SUBJECTNAME", subjects.positions[kind], subjects.words),
        ("REASONNAME", reasons.positions[kind], reasons.words),
        ("TYPENAME", type_name, types.words),
        ("TITLE", title, titles.words),
    )
    return [Column(name, EsriType.STRING, values, words=words) for name, values, words in named]


def _times(state: Shown) -> list[Column]:
    rows = state.rows
    opened, closed, is_closed = rows.opened.copy(), state.closed.copy(), state.is_closed.copy()
    opened[rows.dirt == Dirt.OPENED_1899] = _DAY_1899
    opened[rows.dirt == Dirt.OPENED_9999] = _DAY_9999
    backwards = rows.dirt == Dirt.CLOSED_BEFORE_OPENED
    closed[backwards] = rows.opened[backwards] - 2 * DAY
    closed[rows.dirt == Dirt.CLOSED_WITHOUT_DATE] = NEVER
    is_closed[rows.dirt == Dirt.OPEN_WITH_DATE] = False
    return [
        _date("OPENEDDATETIME", opened, rows.dirt != Dirt.OPENED_NULL),
        Column("CASESTATUS", EsriType.INTEGER, (~is_closed).astype(np.int32)),
        _date("CLOSEDDATETIME", closed, closed != NEVER),
        _date("LastUpdateDate", state.last_update, state.last_update != NEVER),
    ]


def _date(name: str, values: NDArray[np.int64], known: NDArray[np.bool_]) -> Column:
    return Column(name, EsriType.DATE, np.where(known, values, 0), known)


def _points(state: Shown, places: Places) -> Points:
    place = state.place
    located = np.maximum(place, 0)
    longitude = np.where(place >= 0, places.longitude[located], 0.0)
    latitude = np.where(place >= 0, places.latitude[located], 0.0)
    outside = place == Location.OUTSIDE
    longitude[outside], latitude[outside] = _OUTSIDE
    return Points(
        longitude=longitude,
        latitude=latitude,
        absent=place == Location.ABSENT,
        null=place == Location.NULL,
        empty=place == Location.NAN,
    )


def _coordinates(points: Points) -> list[Column]:
    x, y = to_web_mercator(points.longitude, points.latitude)
    y[points.latitude == 0] = 0.0  # the logarithm is not exactly zero there
    return [
        Column("XCOORD", EsriType.DOUBLE, x.round(4)),
        Column("YCOORD", EsriType.DOUBLE, y.round(4)),
    ]
