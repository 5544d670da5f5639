"""From the polygons of the city's neighbourhood layer to the corners of their borders."""

import pandas as pd
import pandera.errors
import pyarrow as pa
import pyarrow.compute as pc

from mpls311.errors import UserError
from mpls311.schemas.arrow import arrow_schema
from mpls311.schemas.drift import missing_columns, source_columns
from mpls311.schemas.models import NeighborhoodVertex

RINGS = "geometry_rings"
"""The column that holds a polygon: a list of rings of longitudes and latitudes."""


class UnusableNeighborhoodsError(UserError):
    """A layer cannot be read as neighbourhoods."""


def borders_of(rows: pa.Table) -> pa.Table:
    """The corners of every ring of every neighbourhood, in the layer's order.

    Args:
        rows: A polygon layer as it is served, with the fields that NeighborhoodVertex names; no
            columns at all stand for no layer.

    Returns:
        A table with the Arrow schema of NeighborhoodVertex.

    Raises:
        UnusableNeighborhoodsError: The layer lacks a field or has none of the shapes it should.
    """
    schema = arrow_schema(NeighborhoodVertex)
    if not rows.column_names:
        return schema.empty_table()
    found = source_columns(NeighborhoodVertex, rows.column_names)
    missing = list(missing_columns(NeighborhoodVertex, found).values())
    if missing := missing + [RINGS] * (RINGS not in rows.column_names):
        raise UnusableNeighborhoodsError(
            f"The neighbourhood layer has no {', '.join(missing)}: name the right layer in "
            "source.neighborhoods_service, or none at all (null)."
        )
    try:
        borders = _vertices(rows).cast(schema)
        NeighborhoodVertex.validate(borders.to_pandas(types_mapper=pd.ArrowDtype), lazy=True)
    except (ValueError, pa.ArrowException, pandera.errors.SchemaErrors) as exc:
        raise UnusableNeighborhoodsError(
            "The neighbourhood layer does not hold numbered polygons around the city: "
            f"{_first_line(exc)}. Look at its rows, or leave it out: source.neighborhoods_service "
            "null."
        ) from exc
    return borders


def _vertices(rows: pa.Table) -> pa.Table:
    rings = rows[RINGS].combine_chunks()
    features = pc.list_parent_indices(rings)
    corners = pc.list_flatten(rings)
    positions = pc.list_flatten(corners)
    ring = pc.list_parent_indices(corners)
    feature = features.take(ring)
    columns: dict[str, pa.Array] = {
        column: rows[field].combine_chunks().take(feature)
        for column, field in source_columns(NeighborhoodVertex, rows.column_names).items()
    }
    columns.setdefault("community_name", pa.nulls(len(ring), pa.string()))
    # Numbers may be spelled as text, as BDNUM is in the city's own downloads.
    columns["neighborhood_id"] = columns["neighborhood_id"].cast(pa.string()).cast(pa.int64())
    numbers = pd.DataFrame({"neighborhood": columns["neighborhood_id"], "ring": ring})
    columns |= {
        # A neighbourhood may be drawn as several features.
        "ring": pa.array(numbers.groupby("neighborhood")["ring"].rank("dense").astype("int64")),
        "vertex": pa.array(numbers.groupby("ring").cumcount() + 1),
        "longitude": pc.list_element(positions, 0),
        "latitude": pc.list_element(positions, 1),
    }
    return pa.table(columns).select(arrow_schema(NeighborhoodVertex).names)


def _first_line(exc: Exception) -> str:
    if isinstance(exc, pandera.errors.SchemaErrors):
        case = exc.failure_cases.iloc[0]
        return f"{case['column']} fails {case['check']}"
    return str(exc).partition("\n")[0]
