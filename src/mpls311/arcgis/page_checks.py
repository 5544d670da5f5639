"""Whether a page carries what was asked for: the fields, the columns, degrees, and places."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mpls311.arcgis.errors import SchemaDriftError
from mpls311.arcgis.json_objects import member
from mpls311.arcgis.layer import FeatureLayer
from mpls311.arcgis.replies import SpatialReference

_WGS84 = 4326
_MOST_DEGREES = 180


def check_fields(fields: Any, layer: FeatureLayer) -> None:
    """Compare the field list that comes with a page, if one does, with the metadata."""
    listed = {}
    for item in fields if isinstance(fields, list) else ():
        if isinstance(item, Mapping) and isinstance(item.get("name"), str):
            listed[item["name"]] = item.get("type")
    if not listed:
        return
    for field in layer.fields:
        found = listed.get(field.name)
        if found != field.type:
            what = "misses" if found is None else f"has type {found} for"
            raise SchemaDriftError(
                f"answers with a page that {what} the field {field.name}, which the layer declares "
                f"as {field.type}: the layer was changed, read it again from the start.",
                url=layer.query_url,
                column=field.name,
                declared=field.type,
                found=str(found or "nothing"),
            )


def check_reference(reference: object, geometry: Sequence[pa.Array], layer: FeatureLayer) -> None:
    """Require degrees of a page with places: by what it says, and by its coordinates."""
    if all(part.null_count == len(part) for part in geometry):
        return
    told = SpatialReference.of(reference if isinstance(reference, Mapping) else {}, layer.query_url)
    wkids = [wkid for wkid in (told.latest_wkid, told.wkid) if wkid is not None]
    if wkids and _WGS84 not in wkids:
        found = f"wkid {wkids[0]}"
    elif not _could_be_degrees(geometry):
        found = f"coordinates of {_MOST_DEGREES} and more"
    else:
        return
    raise SchemaDriftError(
        f"answers with {found} where degrees were asked for (wkid {_WGS84}): the service ignores "
        "outSR, ask its owner to publish the layer in that spatial reference.",
        url=layer.query_url,
        column="geometry",
        declared=f"wkid {_WGS84}",
        found=found,
    )


def _could_be_degrees(geometry: Sequence[pa.Array]) -> bool:
    """Whether one coordinate at least could be degrees; 0 is a place in any reference."""
    least = []
    for part in geometry:
        numbers = part
        while pa.types.is_list(numbers.type):
            numbers = numbers.flatten()
        limits = pc.min_max(numbers).as_py()
        if limits["min"] is None:
            continue
        if limits["min"] >= -_MOST_DEGREES and limits["max"] <= _MOST_DEGREES:
            return True
        sizes = pc.abs(numbers)
        least.append(pc.min(sizes.filter(pc.greater(sizes, 1e-6))).as_py())
    return any(size is None or size <= _MOST_DEGREES for size in least)


def check_carried(table: pa.Table, features: Iterable[Any], layer: FeatureLayer) -> bool:
    """Require of each column without a value that one feature at least has it, if as null.

    Returns:
        Whether one feature at least has a geometry, if only an empty one.

    Raises:
        SchemaDriftError: No feature has the column.

    """
    empty = {name for name in table.column_names if table[name].null_count == table.num_rows}
    without = empty - {layer.object_id_field, *layer.geometry_names}
    needs_geometry = bool(layer.geometry_names) and empty.issuperset(layer.geometry_names)
    if not table.num_rows or not (without or needs_geometry):
        return True
    for feature in features:
        without -= member(feature, "attributes").keys()
        needs_geometry = needs_geometry and not _has_geometry(feature, layer)
        if not (without or needs_geometry):
            return True
    if without:
        names = ", ".join(sorted(without))
        raise SchemaDriftError(
            f"answers with {table.num_rows} features, none of which has {names}: the layer lists "
            "what it does not serve, or was changed; tell its owner.",
            url=layer.query_url,
            column=names,
            declared="a field of the layer",
            found="nothing",
        )
    return False


def _has_geometry(feature: Any, layer: FeatureLayer) -> bool:
    if not isinstance(feature, Mapping) or "geometry" not in feature:
        return False
    shape = feature["geometry"]
    return not shape or (isinstance(shape, Mapping) and bool(shape.keys() & layer.geometry_columns))
