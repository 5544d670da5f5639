"""The JSON that describes the services, a service and its layers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mpls311.sandbox.protocol.columns import EsriType
from mpls311.sandbox.protocol.projection import WEB_MERCATOR, spatial_reference

Field = dict[str, Any]
"""A field as the metadata of a layer describe it."""

_CURRENT_VERSION = 12
_SQL_TYPES = {EsriType.STRING: "sqlTypeNVarchar"}
_LENGTHS = {EsriType.STRING: 255, EsriType.DATE: 8}
_OF_LAYER_ONLY = ("editable", "nullable")


def field(name: str, esri_type: str, **members: Any) -> Field:
    """Describe a field; all but the object id may be null."""
    described: Field = {
        "name": name,
        "type": str(esri_type),
        "alias": name,
        "sqlType": _SQL_TYPES.get(esri_type, "sqlTypeOther"),  # type: ignore[call-overload]
        "domain": None,
        "defaultValue": None,
    }
    if esri_type in _LENGTHS:
        described["length"] = _LENGTHS[EsriType(esri_type)]
    nullable = esri_type != EsriType.OID
    return {**described, "editable": nullable, "nullable": nullable, **members}


def in_replies(described: Field) -> Field:
    """Return a field as the replies to queries describe it."""
    return {name: value for name, value in described.items() if name not in _OF_LAYER_ONLY}


def layer_metadata(name: str, fields: Sequence[Field], **members: Any) -> dict[str, Any]:
    """Describe a layer with points, 2,000 rows a page; `members` say what is otherwise."""
    object_id = next((f["name"] for f in fields if f["type"] == EsriType.OID), None)
    return {
        "currentVersion": _CURRENT_VERSION,
        "id": 0,
        "name": name,
        "type": "Feature Layer",
        "displayField": fields[-1]["name"] if fields else "",
        "description": "",
        "copyrightText": "",
        "defaultVisibility": True,
        "editingInfo": {},
        "dateFieldsTimeReference": {"timeZone": "UTC", "respectsDaylightSaving": False},
        "supportsStatistics": True,
        "supportsAdvancedQueries": True,
        "advancedQueryCapabilities": capabilities(),
        "geometryType": "esriGeometryPoint",
        "hasZ": False,
        "hasM": False,
        "extent": None,
        "objectIdField": object_id,
        "globalIdField": "",
        "uniqueIdField": {"name": object_id, "isSystemMaintained": True},
        "fields": list(fields),
        "maxRecordCount": 2_000,
        "standardMaxRecordCount": 2_000,
        "standardMaxRecordCountNoGeometry": 2_000,
        "maxRecordCountFactor": 1,
        "supportedQueryFormats": "JSON",
        "hasStaticData": False,
        "capabilities": "Query",
    } | members


def capabilities(**members: bool) -> dict[str, bool]:
    """What queries of a layer can do; `members` say what is otherwise."""
    return {
        "supportsPagination": True,
        "supportsOrderBy": True,
        "supportsDistinct": True,
        "supportsStatistics": True,
        "supportsQueryWithResultType": False,
        "supportsCountDistinct": False,
        "supportsHavingClause": False,
        "supportsReturningQueryExtent": True,
        "supportsPaginationOnAggregatedQueries": False,
        "supportsSqlExpression": False,
        "supportsMaxRecordCountFactor": False,
    } | members


def services(paths: Iterable[str]) -> dict[str, Any]:
    """Return the root listing of services, each given as `<name>/FeatureServer`."""
    split = (path.rpartition("/") for path in dict.fromkeys(paths))
    return {
        "currentVersion": _CURRENT_VERSION,
        "services": [{"name": name, "type": kind} for name, _, kind in split],
    }


def service(layers: Mapping[int, Mapping[str, Any]], **members: Any) -> dict[str, Any]:
    """Describe a service by the metadata of its layers; `members` say what is otherwise."""
    first = next(iter(layers.values()))
    listed = [
        {"id": number, "name": layer["name"], "type": layer["type"]}
        for number, layer in layers.items()
    ]
    return {
        "currentVersion": _CURRENT_VERSION,
        "serviceDescription": "",
        "hasVersionedData": False,
        "maxRecordCount": first.get("maxRecordCount"),
        "supportedQueryFormats": "JSON",
        "capabilities": "Query",
        "spatialReference": spatial_reference(WEB_MERCATOR),
        "initialExtent": first.get("extent"),
        "layers": [layer for layer in listed if layer["type"] != "Table"],
        "tables": [layer for layer in listed if layer["type"] == "Table"],
    } | members
