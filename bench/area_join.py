"""How long it takes to find 100,000 places in the stand-in city's areas, by dbt's SQL.

python -m bench.area_join
"""

import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from dbt.contracts.graph.manifest import Manifest

from mpls311.sandbox.city.areas import neighborhoods, wards
from mpls311.sandbox.city.places import OUTLINE, within_outline
from mpls311.sandbox.protocol import Polygons, TableLayer
from mpls311.schemas import ServiceRequest, arrow_schema
from mpls311.schemas.areas import borders_of
from tests.support.dbt_warehouse import Warehouse, dbt, request

PLACES = 100_000


def places() -> np.ndarray:
    """Distinct points all over the city."""
    rng = np.random.default_rng(311)
    west, south = np.min(OUTLINE, axis=0)
    east, north = np.max(OUTLINE, axis=0)
    points = rng.uniform((west, south), (east, north), (3 * PLACES, 2)).round(6)
    return points[within_outline(points)][:PLACES]


def layer(served: TableLayer, *fields: str) -> pa.Table:
    """A layer of the stand-in city as the client would decode it."""
    table = served.table
    columns = {
        name: [table[name].words[position] for position in table[name].values] for name in fields
    }
    assert isinstance(table.geometry, Polygons), "areas are polygons"
    rings = [[ring.tolist() for ring in polygon] for polygon in table.geometry.rings]
    return pa.table(columns | {"geometry_rings": rings})


def main() -> None:
    """Measure once."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder, "mpls_311.duckdb")
        patch.setenv("MPLS311_DUCKDB", str(path))
        manifest = dbt(path.parent, "parse").result
        assert isinstance(manifest, Manifest)
        warehouse = Warehouse(path, manifest)
        warehouse.stage()
        row = request(1) | dict.fromkeys(
            ("open_datetime", "closed_datetime", "last_update_datetime", "loaded_at"),
            datetime(2024, 1, 1, tzinfo=UTC),
        )
        points = places()
        rows = pa.Table.from_pylist([row] * len(points), schema=arrow_schema(ServiceRequest))
        for name, column in (
            ("case_id", np.arange(1, len(points) + 1)),
            ("geometry_x", points[:, 0]),
            ("geometry_y", points[:, 1]),
        ):
            field = rows.schema.get_field_index(name)
            rows = rows.set_column(field, rows.schema.field(name), pa.array(column))
        warehouse.table("raw_mpls_311data").save(rows)
        areas = {
            "neighborhood": layer(neighborhoods(), "BDNUM", "BDNAME", "COMMUNITY"),
            "ward": layer(wards(), "Ward"),
        }
        warehouse.table("raw_areas").save(borders_of(areas))
        built = warehouse.build("--select=+int_place_areas", "--exclude-resource-type=test")
        assert built.success, built.statuses
        started = time.perf_counter()
        ((found,),) = warehouse.query(
            "select count(*) from mpls_311_production_internal.int_place_areas"
        )
        seconds = time.perf_counter() - started
    sys.stdout.write(f"{len(points):,} places, {found:,} of them in an area, in {seconds:.2f} s\n")


if __name__ == "__main__":
    main()
