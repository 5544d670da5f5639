"""From the polygons of the city's layers of areas to the corners of their borders."""

from collections.abc import Mapping

import pandas as pd
import pandera.errors
import pyarrow as pa
import pyarrow.compute as pc

from mpls311.errors import UserError
from mpls311.schemas.arrow import arrow_schema
from mpls311.schemas.drift import missing_columns, source_columns
from mpls311.schemas.models import AreaVertex

RINGS = "geometry_rings"
"""The column that holds a polygon: a list of rings of longitudes and latitudes."""

_CALLED_BY_NUMBER = ("ward",)
"""The kinds of areas whose name is their number, whatever else their layer calls them."""


class UnusableAreasError(UserError):
    """A layer cannot be read as areas of its kind."""


def borders_of(layers: Mapping[str, pa.Table]) -> pa.Table:
    """The corners of every ring of every area, in the order of the layers.

    Args:
        layers: By the kind of their areas, polygon layers as they are served, with the fields that
            AreaVertex names.

    Returns:
        A table with the Arrow schema of AreaVertex.

    Raises:
        UnusableAreasError: A layer lacks a field or has none of the shapes it should.
    """
    borders = [_borders_of(kind, rows) for kind, rows in sorted(layers.items())]
    return pa.concat_tables([arrow_schema(AreaVertex).empty_table(), *borders])


def check_areas(kind: str, rows: pa.Table) -> pa.Table:
    """The same of a layer that is read for the first time.

    Raises:
        UnusableAreasError: It has no borders that AreaVertex allows.
    """
    borders = borders_of({kind: rows})
    try:
        AreaVertex.validate(borders.to_pandas(types_mapper=pd.ArrowDtype), lazy=True)
    except pandera.errors.SchemaErrors as exc:
        case = exc.failure_cases.iloc[0]
        raise _unusable(kind, f"{case['column']} fails {case['check']}") from exc
    return borders


def _borders_of(kind: str, rows: pa.Table) -> pa.Table:
    found = set(source_columns(AreaVertex, rows.column_names))
    if kind in _CALLED_BY_NUMBER:
        found.add("area_name")
    missing = list(missing_columns(AreaVertex, found).values())
    if missing := missing + [RINGS] * (RINGS not in rows.column_names):
        raise UnusableAreasError(
            f"The {kind} layer has no {', '.join(missing)}: name the right layer in "
            f"source.areas.{kind}, or none at all (null)."
        )
    try:
        return _vertices(kind, rows).cast(arrow_schema(AreaVertex))
    except (ValueError, pa.ArrowException) as exc:
        raise _unusable(kind, str(exc).partition("\n")[0]) from exc


def _unusable(kind: str, why: str) -> UnusableAreasError:
    return UnusableAreasError(
        f"The {kind} layer does not hold numbered polygons around the city: {why}. Look at its "
        f"rows, or leave it out: source.areas.{kind} null."
    )


def _vertices(kind: str, rows: pa.Table) -> pa.Table:
    rings = rows[RINGS].combine_chunks()
    features = pc.list_parent_indices(rings)
    corners = pc.list_flatten(rings)
    positions = pc.list_flatten(corners)
    ring = pc.list_parent_indices(corners)
    feature = features.take(ring)
    columns: dict[str, pa.Array] = {
        column: rows[field].combine_chunks().take(feature)
        for column, field in source_columns(AreaVertex, rows.column_names).items()
    }
    columns.setdefault("community_name", pa.nulls(len(ring), pa.string()))
    # Numbers may be spelled as text, as BDNUM is in the city's own downloads.
    number = columns["area_id"].cast(pa.string())
    if kind in _CALLED_BY_NUMBER:
        columns["area_name"] = pc.binary_join_element_wise(kind.capitalize(), number, " ")
    columns["area_id"] = number.cast(pa.int64())
    numbers = pd.DataFrame({"area": columns["area_id"], "ring": ring})
    columns |= {
        "area_kind": pa.repeat(kind, len(ring)),
        # An area may be drawn as several features.
        "ring": pa.array(numbers.groupby("area")["ring"].rank("dense").astype("int64")),
        "vertex": pa.array(numbers.groupby("ring").cumcount() + 1),
        "longitude": pc.list_element(positions, 0),
        "latitude": pc.list_element(positions, 1),
    }
    return pa.table(columns).select(arrow_schema(AreaVertex).names)
