"""Polygons as a layer serves them become borders, or a sentence that says why not."""

from typing import Any

import pyarrow as pa
import pytest

from mpls311.schemas import AreaVertex, arrow_schema
from mpls311.schemas.areas import UnusableAreasError, borders_of, check_areas

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


def neighborhoods(layer: pa.Table) -> pa.Table:
    return check_areas("neighborhood", layer)


def test_rings_and_corners_are_numbered_within_a_neighborhood() -> None:
    borders = neighborhoods(
        served(
            ("66", "Armatage", [SQUARE, HOLE]), ("7", "Hale", [HOLE]), ("66", "Armatage", [HOLE])
        )
    )

    assert borders.schema == arrow_schema(AreaVertex)
    rows = borders.to_pylist()
    assert [(row["area_id"], row["ring"], row["vertex"]) for row in rows] == [
        *((66, 1, vertex) for vertex in range(1, 6)),
        *((66, 2, vertex) for vertex in range(1, 5)),
        *((7, 1, vertex) for vertex in range(1, 5)),
        *((66, 3, vertex) for vertex in range(1, 5)),
    ]
    assert rows[1] == {
        "area_kind": "neighborhood",
        "area_id": 66,
        "area_name": "Armatage",
        "community_name": None,
        "ring": 1,
        "vertex": 2,
        "longitude": -93.3,
        "latitude": 45.0,
    }


def test_a_community_that_the_layer_names_is_kept() -> None:
    layer = served(("1", "A", [SQUARE])).append_column("COMMUNITY", pa.array(["North"]))

    assert set(neighborhoods(layer)["community_name"].to_pylist()) == {"North"}


def test_numbers_may_be_numbers_and_polygons_missing() -> None:
    layer = served((4, "A", [SQUARE]), (5, "B", None), (6, "C", []), number=pa.int32())

    assert set(neighborhoods(layer)["area_id"].to_pylist()) == {4}


@pytest.mark.parametrize("field", ["BDNUM", "WARD", "Ward", "ward"])
@pytest.mark.parametrize("number", ["6", 6, 6.0])
def test_a_ward_is_its_number_whatever_the_field_is_called(field: str, number: object) -> None:
    layer = pa.table({field: [number], "geometry_rings": pa.array([[SQUARE]], RINGS)})
    named = layer.append_column("BDNAME", pa.array(["Council Member A. Bee"]))

    for borders in (borders_of({"ward": layer}), borders_of({"ward": named})):
        assert borders.schema == arrow_schema(AreaVertex)
        assert set(borders["area_id"].to_pylist()) == {6}
        assert set(borders["area_name"].to_pylist()) == {"Ward 6"}


def test_kinds_of_areas_have_numbers_of_their_own() -> None:
    layer = served(("1", "A", [SQUARE, HOLE]))

    borders = borders_of({"ward": layer.select(["BDNUM", "geometry_rings"]), "neighborhood": layer})

    keys = borders.select(["area_kind", "area_id", "ring", "vertex"]).to_pylist()
    assert len({tuple(key.values()) for key in keys}) == len(keys) == 2 * (5 + 4)


def test_a_ward_layer_without_a_number_is_refused() -> None:
    layer = served(("1", "A", [SQUARE])).drop_columns(["BDNUM"])

    with pytest.raises(
        UnusableAreasError, match=r"The ward layer has no BDNUM.*source\.areas\.ward"
    ):
        borders_of({"ward": layer})


def test_no_layer_has_no_borders() -> None:
    assert borders_of({}) == arrow_schema(AreaVertex).empty_table()


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (served(("1", "A", [SQUARE])).drop_columns(["BDNAME"]), "has no BDNAME"),
        (served(("1", "A", [SQUARE])).drop_columns(["geometry_rings"]), "has no geometry_rings"),
        (served(("W1", "A", [SQUARE])), "W1"),
        (served(("1", None, [SQUARE])), "area_name"),
        (served(("1", "A", [[[-10383934.6, 5614523.8], [0.0, 0.0]]])), "longitude"),
        (served(("1", "A", [[[-93.3], [-93.2]]])), "polygons"),
    ],
)
def test_a_layer_of_something_else_is_refused(layer: pa.Table, said: str) -> None:
    with pytest.raises(UnusableAreasError, match=r"source\.areas\.neighborhood") as error:
        neighborhoods(layer)
    assert said in str(error.value)
