"""The stand-in city's areas cover it, and are nobody else's."""

import csv
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mpls311.sandbox.city.areas import neighborhoods, wards
from mpls311.sandbox.city.places import OUTLINE, Places
from mpls311.sandbox.protocol import Polygons, TableLayer

SEED = Path(__file__).parents[2] / "dbt" / "seeds" / "mpls_311_neighborhoods.csv"


def rings(layer: TableLayer) -> list[NDArray[np.float64]]:
    geometry = layer.table.geometry
    assert isinstance(geometry, Polygons)
    assert all(len(polygon) == 1 for polygon in geometry.rings)
    return [polygon[0] for polygon in geometry.rings]


def texts(name: str) -> list[str]:
    column = neighborhoods().table[name]
    return [column.words[position] for position in column.values]


def area(ring: NDArray[np.float64]) -> float:
    x, y = ring.T
    return float(abs(x[:-1] @ y[1:] - y[:-1] @ x[1:]) / 2)


def inside(ring: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray:
    result = np.zeros(len(x), dtype=bool)
    for (x1, y1), (x2, y2) in pairwise(ring):
        if y1 != y2:
            result ^= ((y1 > y) != (y2 > y)) & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return result


@pytest.mark.parametrize("layer", [neighborhoods(), wards()], ids=lambda layer: layer.name)
def test_every_address_lies_in_exactly_one_area(layer: TableLayer) -> None:
    places = Places.of_city(311)
    x, y = places.longitude[:5_000], places.latitude[:5_000]

    found = np.sum([inside(ring, x, y) for ring in rings(layer)], axis=0)

    assert (found == 1).mean() > 0.999


@pytest.mark.parametrize("layer", [neighborhoods(), wards()], ids=lambda layer: layer.name)
def test_the_areas_are_the_city(layer: TableLayer) -> None:
    areas = [area(ring) for ring in rings(layer)]

    outline = area(np.array([*OUTLINE, OUTLINE[0]]))
    assert abs(sum(areas) / outline - 1) < 1e-3
    assert max(areas) < 3 * min(areas)


def test_wards_end_where_no_neighborhood_does() -> None:
    column = wards().table["Ward"]
    assert [column.words[position] for position in column.values] == [
        str(number) for number in range(1, 14)
    ]
    places = Places.of_city(311)
    x, y = places.longitude[:5_000], places.latitude[:5_000]
    number_of_wards = np.array(
        [
            sum(inside(ward, x[there], y[there]).any() for ward in rings(wards()))
            for neighborhood in rings(neighborhoods())
            if (there := inside(neighborhood, x, y)).any()
        ]
    )

    assert (number_of_wards > 1).mean() > 0.3


def test_names_and_numbers_are_its_own() -> None:
    with SEED.open(newline="") as file:
        real = {name for row in csv.DictReader(file) for name in row.values()}

    assert sorted(map(int, texts("BDNUM"))) == list(range(1, 88))
    assert len(set(texts("BDNAME"))) == 87
    assert len(set(texts("COMMUNITY"))) == 11
    assert not (set(texts("BDNAME")) | set(texts("COMMUNITY"))) & real
