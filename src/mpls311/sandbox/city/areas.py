"""The areas of the stand-in city: its outline cut into 87 neighbourhoods, and into 13 wards.

Areas and names are made up, and a ward ends where no neighbourhood does. The layers have the fields
of the city's own, and that of the neighbourhoods one more that says the community, which the real
one leaves to the reader.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mpls311.sandbox.city.layers import RecordLimits, layer_of
from mpls311.sandbox.city.places import OUTLINE
from mpls311.sandbox.protocol import Column, EsriType, Polygons, Table, TableLayer

NEIGHBORHOODS, WARDS = "Minneapolis_Neighborhoods", "WARDS"
"""The names of the services."""

Corners = NDArray[np.float64]
"""A ring, n x 2 in degrees, without its first corner repeated."""

_SHEAR = 0.7
"""A degree of longitude in degrees of latitude, so far north."""
_SLANT = 0.12
_EDITED = 1_577_836_800_000
_COMMUNITIES = {
    "Old Mills": 9,
    "Harbor": 6,
    "Prairie": 8,
    "Lake District": 9,
    "Uplands": 7,
    "Meadows": 8,
    "Rail Yards": 6,
    "Orchards": 9,
    "Bluffs": 8,
    "Garden City": 9,
    "Eastgate": 8,
}
_WORDS = (
    "Alder", "Aster", "Bluebird", "Bobolink", "Bulrush", "Catbird", "Clover", "Cottonwood",
    "Cowslip", "Dogwood", "Finch", "Grackle", "Hawthorn", "Hazel", "Heron", "Juniper", "Killdeer",
    "Larkspur", "Marigold", "Nuthatch", "Oriole", "Pasque", "Plover", "Sedge", "Sumac", "Swallow",
    "Tamarack", "Warbler", "Yarrow",
)  # fmt: skip
_ENDINGS = ("Hollow", "Landing", "Terrace")
_NUMBER_OF_WARDS = 13


@lru_cache(maxsize=1)
def neighborhoods() -> TableLayer:
    """Return the layer; it is the same for every seed and day."""
    communities = _cut(np.array(OUTLINE), list(_COMMUNITIES.values()))
    areas = [area for part, size in communities for area, _ in _cut(part, [1] * size)]
    of_area = np.repeat(np.arange(len(_COMMUNITIES)), list(_COMMUNITIES.values()))
    names = [f"{word} {ending}" for ending in _ENDINGS for word in _WORDS]
    ids = np.arange(1, len(areas) + 1)
    columns = (
        Column("OBJECTID", EsriType.OID, ids),
        Column.of("BDNAME", EsriType.STRING, names),
        Column.of("BDNUM", EsriType.STRING, [str(number) for number in ids]),
        Column.of("COMMUNITY", EsriType.STRING, np.array(list(_COMMUNITIES))[of_area].tolist()),
    )
    return _layer(NEIGHBORHOODS, columns, areas)


@lru_cache(maxsize=1)
def wards() -> TableLayer:
    """Return the layer; it is the same for every seed and day."""
    areas = [area for area, _ in _cut(np.array(OUTLINE), [1] * _NUMBER_OF_WARDS, slant=-3 * _SLANT)]
    numbers = np.arange(1, len(areas) + 1)
    columns = (
        Column("OBJECTID", EsriType.OID, numbers),
        Column.of("Ward", EsriType.STRING, [str(number) for number in numbers]),
    )
    return _layer(WARDS, columns, areas)


def _layer(service: str, columns: tuple[Column, ...], areas: list[Corners]) -> TableLayer:
    rings = [np.vstack([area, area[:1]]).round(6) for area in areas]
    table = Table(columns, Polygons(tuple((ring,) for ring in rings)))
    return layer_of(service, table, _EDITED, RecordLimits(2_000, 4_000, supports_result_type=True))


def _cut(ring: Corners, sizes: list[int], slant: float = _SLANT) -> list[tuple[Corners, int]]:
    """Cut an area into parts whose areas are as their sizes, in the order of the sizes."""
    if len(sizes) == 1:
        return [(ring, sizes[0])]
    half = len(sizes) // 2
    first, second = _split(ring, sum(sizes[:half]) / sum(sizes), slant)
    return _cut(first, sizes[:half], slant) + _cut(second, sizes[half:], slant)


def _split(ring: Corners, share: float, slant: float) -> tuple[Corners, Corners]:
    """Cut across the longer side, a little askew, so that the first part has that share."""
    width, height = np.ptp(ring, axis=0) * (_SHEAR, 1.0)
    across = np.array([1.0, slant]) if width > height else np.array([-slant, 1.0])
    along = ring @ across
    low, high = along.min(), along.max()
    for _ in range(40):
        middle = (low + high) / 2
        if _area(_below(ring, along - middle)) < share * _area(ring):
            low = middle
        else:
            high = middle
    return _below(ring, along - low), _below(ring, low - along)


def _below(ring: Corners, side: NDArray[np.float64]) -> Corners:
    """Return the part of a ring where `side`, which is linear in place, is not positive."""
    corners: list[Corners] = []
    for here in range(len(ring)):
        there = (here + 1) % len(ring)
        if side[here] <= 0:
            corners.append(ring[here])
        if (side[here] <= 0) != (side[there] <= 0):
            share = side[here] / (side[here] - side[there])
            corners.append(ring[here] + share * (ring[there] - ring[here]))
    return np.array(corners)


def _area(ring: Corners) -> float:
    x, y = ring.T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)
