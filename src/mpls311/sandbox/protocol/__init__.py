"""An ArcGIS FeatureServer on loopback over any layers, with any faults.

    from mpls311.sandbox.protocol import EsriType, RowLayer, asking, feature, serve

    layer = RowLayer("Requests", [feature({"x": -93.2, "y": 44.9}, OBJECTID=1, TITLE="Pothole")],
                     {"OBJECTID": EsriType.OID, "TITLE": EsriType.STRING}, maxRecordCount=500)
    with serve([layer], faults=[asking("page", outSR="102100")]) as server:
        print(server.url_of("Requests"))
        layer.rows.append(feature(OBJECTID=2, TITLE=None))
        del layer.metadata["editingInfo"]

It knows nothing of any city.
"""

from mpls311.sandbox.protocol.columns import Column, EsriType, Points, Polygons
from mpls311.sandbox.protocol.content import Feature, Table
from mpls311.sandbox.protocol.exchange import Answer, Request, error
from mpls311.sandbox.protocol.faults import (
    CUT_OFF,
    RESET,
    Fault,
    Handler,
    Script,
    asking,
    delaying,
    editing,
    failing_above,
    gzipped,
    in_place_of,
    status,
)
from mpls311.sandbox.protocol.layer import Layer, RowLayer, TableLayer, feature
from mpls311.sandbox.protocol.metadata import capabilities, field
from mpls311.sandbox.protocol.server import FeatureServer, serve

__all__ = [
    "CUT_OFF",
    "RESET",
    "Answer",
    "Column",
    "EsriType",
    "Fault",
    "Feature",
    "FeatureServer",
    "Handler",
    "Layer",
    "Points",
    "Polygons",
    "Request",
    "RowLayer",
    "Script",
    "Table",
    "TableLayer",
    "asking",
    "capabilities",
    "delaying",
    "editing",
    "error",
    "failing_above",
    "feature",
    "field",
    "gzipped",
    "in_place_of",
    "serve",
    "status",
]
