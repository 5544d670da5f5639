"""The JSON that describes the services, a service and its layer."""

from __future__ import annotations

from typing import Any, Final

from .city import City, service_name
from .layer import Layer
from .neighborhoods import neighborhoods
from .table import Column, EsriType

OBJECT_ID_FIELD: Final = "OBJECTID"
WEB_MERCATOR: Final = 102100
_CURRENT_VERSION: Final = 12
_EXTENT: Final = {"xmin": -10390000.0, "ymin": 5603000.0, "xmax": -10374000.0, "ymax": 5630000.0}
_SQL_TYPES: Final = {EsriType.STRING: "sqlTypeNVarchar"}
_STRING_LENGTH: Final = 255


def spatial_reference(wkid: int) -> dict[str, int]:
    """Return the spatial reference as replies name it."""
    return {"wkid": wkid, "latestWkid": 3857 if wkid == WEB_MERCATOR else wkid}


def services(city: City) -> dict[str, Any]:
    """Return the root listing."""
    names = [neighborhoods().name, *(service_name(year) for year in city.years)]
    return {
        "currentVersion": _CURRENT_VERSION,
        "services": [{"name": name, "type": "FeatureServer"} for name in names],
    }


def service(layer: Layer) -> dict[str, Any]:
    """Describe a feature service with its only layer."""
    return {
        "currentVersion": _CURRENT_VERSION,
        "serviceDescription": "A layer of a made-up city",
        "hasVersionedData": False,
        "maxRecordCount": layer.limits.maximum,
        "supportedQueryFormats": "JSON",
        "capabilities": "Query",
        "spatialReference": spatial_reference(WEB_MERCATOR),
        "initialExtent": {**_EXTENT, "spatialReference": spatial_reference(WEB_MERCATOR)},
        "layers": [{"id": 0, "name": layer.name, "type": "Feature Layer"}],
        "tables": [],
    }


def feature_layer(layer: Layer) -> dict[str, Any]:
    """Describe the layer."""
    edited = layer.data_last_edit_date
    return {
        "currentVersion": _CURRENT_VERSION,
        "id": 0,
        "name": layer.name,
        "type": "Feature Layer",
        "displayField": layer.table.columns[-1].name,
        "description": "Synthetic rows in the shape of the city's own",
        "copyrightText": "",
        "defaultVisibility": True,
        "editingInfo": {
            "lastEditDate": edited,
            "schemaLastEditDate": edited,
            "dataLastEditDate": edited,
        },
        "dateFieldsTimeReference": {"timeZone": "UTC", "respectsDaylightSaving": False},
        "supportsStatistics": True,
        "supportsAdvancedQueries": True,
        "advancedQueryCapabilities": _capabilities(layer),
        "geometryType": layer.table.geometry_type,
        "hasZ": False,
        "hasM": False,
        "extent": {**_EXTENT, "spatialReference": spatial_reference(WEB_MERCATOR)},
        "objectIdField": OBJECT_ID_FIELD,
        "globalIdField": "",
        "uniqueIdField": {"name": OBJECT_ID_FIELD, "isSystemMaintained": True},
        "fields": [
            {**field(column), "editable": column.nullable, "nullable": column.nullable}
            for column in layer.table
        ],
        "maxRecordCount": layer.limits.maximum,
        "standardMaxRecordCount": layer.limits.standard,
        "standardMaxRecordCountNoGeometry": layer.limits.standard,
        "maxRecordCountFactor": 1,
        "supportedQueryFormats": "JSON",
        "hasStaticData": False,
        "capabilities": "Query",
    }


def field(column: Column) -> dict[str, Any]:
    """Describe a field as query replies and the layer do."""
    described: dict[str, Any] = {
        "name": column.name,
        "type": column.type.value,
        "alias": column.name,
        "sqlType": _SQL_TYPES.get(column.type, "sqlTypeOther"),
        "domain": None,
        "defaultValue": None,
    }
    if column.type is EsriType.STRING:
        described["length"] = _STRING_LENGTH
    if column.type is EsriType.DATE:
        described["length"] = 8
    return described


def error(code: int, message: str, *details: str) -> dict[str, Any]:
    """Return an error object, which is served with HTTP status 200."""
    return {"error": {"code": code, "message": message, "details": list(details)}}


def _capabilities(layer: Layer) -> dict[str, bool]:
    return {
        "supportsPagination": True,
        "supportsOrderBy": True,
        "supportsDistinct": True,
        "supportsStatistics": True,
        "supportsQueryWithResultType": layer.limits.supports_result_type,
        "supportsCountDistinct": False,
        "supportsHavingClause": False,
        "supportsReturningQueryExtent": False,
        "supportsPaginationOnAggregatedQueries": False,
        "supportsSqlExpression": False,
        "supportsMaxRecordCountFactor": False,
    }
