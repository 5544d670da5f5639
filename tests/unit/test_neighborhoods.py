"""Polygons as a layer serves them become borders, or a sentence that says why not."""

from typing import Any

import pyarrow as pa
import pytest

from mpls311.schemas import NeighborhoodVertex, arrow_schema
from mpls311.schemas.neighborhoods import UnusableNeighborhoodsError, borders_of

RINGS = pa.list_(pa.list_(pa.list_(pa.float64())))
SQUARE = [[-93.3, 44.9], [-93.3, 45.0], [-93.2, 45.0], [-93.2, 44.9], [-93.3, 44.9]]
HOLE = [[-93.28, 44.92], [-93.26, 44.92], [-93.26, 44.94], [-93.28, 44.92]]


def served(*features: tuple[Any, str | None, Any], number: pa.DataType | None = None) -> pa.Table:
    ids, names, rings = zip(*features, strict=True)
    return pa.table(
        {
            "OBJECTID": pa.array(range(1, len(ids) + 1), pa.int64()),
            "BDNUM": pa.array(ids, number or pa.string()),
            "BDNAME": pa.array(names, pa.string()),
            "geometry_rings": pa.array(rings, RINGS),
        }
    )


def test_rings_and_corners_are_numbered_within_a_neighborhood() -> None:
    borders = borders_of(
        served(
            ("66", "Armatage", [SQUARE, HOLE]), ("7", "Hale", [HOLE]), ("66", "Armatage", [HOLE])
        )
    )

    assert borders.schema == arrow_schema(NeighborhoodVertex)
    rows = borders.to_pylist()
    assert [(row["neighborhood_id"], row["ring"], row["vertex"]) for row in rows] == [
        *((66, 1, vertex) for vertex in range(1, 6)),
        *((66, 2, vertex) for vertex in range(1, 5)),
        *((7, 1, vertex) for vertex in range(1, 5)),
        *((66, 3, vertex) for vertex in range(1, 5)),
    ]
    assert rows[1] == {
        "neighborhood_id": 66,
        "neighborhood_name": "Armatage",
        "community_name": None,
        "ring": 1,
        "vertex": 2,
        "longitude": -93.3,
        "latitude": 45.0,
    }


def test_a_community_that_the_layer_names_is_kept() -> None:
    layer = served(("1", "A", [SQUARE])).append_column("COMMUNITY", pa.array(["North"]))

    assert set(borders_of(layer)["community_name"].to_pylist()) == {"North"}


def test_numbers_may_be_numbers_and_polygons_missing() -> None:
    layer = served((4, "A", [SQUARE]), (5, "B", None), (6, "C", []), number=pa.int32())

    assert set(borders_of(layer)["neighborhood_id"].to_pylist()) == {4}


def test_no_layer_has_no_borders() -> None:
    assert borders_of(pa.table({})) == arrow_schema(NeighborhoodVertex).empty_table()


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (served(("1", "A", [SQUARE])).drop_columns(["BDNAME"]), "has no BDNAME"),
        (served(("1", "A", [SQUARE])).drop_columns(["geometry_rings"]), "has no geometry_rings"),
        (served(("W1", "A", [SQUARE])), "W1"),
        (served(("1", None, [SQUARE])), "neighborhood_name"),
        (served(("1", "A", [[[-10383934.6, 5614523.8], [0.0, 0.0]]])), "longitude"),
        (served(("1", "A", [[[-93.3], [-93.2]]])), "polygons"),
    ],
)
def test_a_layer_of_something_else_is_refused(layer: pa.Table, said: str) -> None:
    with pytest.raises(UnusableNeighborhoodsError, match=r"source\.neighborhoods_service") as error:
        borders_of(layer)
    assert said in str(error.value)
