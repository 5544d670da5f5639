"""Whole, proven reads of ArcGIS feature layers.

    async with ArcGISClient(ClientSettings(concurrency=8)) as client:
        layer = await client.layer("https://.../Public_311_2024/FeatureServer/0")
        print(layer.name, await client.count(layer, "STATUS = 1"), "open")
        report = await client.read(layer, "1=1", Path("2024.parquet"))
        print(report.rows, "rows in", report.requests, "requests")
    pq.read_table("2024.parquet")  # columns and types as the layer declares them

On the command line: `python -m mpls311.arcgis describe URL`, `... read URL FILE.parquet`.

A read is planned before it starts and checked against its plan before it counts; what a
service does meanwhile ends either in exactly the right rows or in an `ArcGISError` that says
what to do. The package knows neither Kedro nor pandas nor any particular layer.
"""

from mpls311.arcgis.client import ArcGISClient
from mpls311.arcgis.decode import decode_page
from mpls311.arcgis.describe import Description
from mpls311.arcgis.errors import (
    AccessDeniedError,
    ArcGISError,
    ContradictionError,
    DeadlineError,
    IgnoredQueryError,
    LayerNotFoundError,
    SchemaDriftError,
    ServiceError,
    ThrottledError,
    TornReadError,
    TransportError,
    unwrap,
)
from mpls311.arcgis.layer import FeatureLayer, Field, without_misfits
from mpls311.arcgis.plan import Page, PagePlan, plan_offsets, plan_pages, plan_ranges
from mpls311.arcgis.queries import Listing
from mpls311.arcgis.read import ReadReport
from mpls311.arcgis.settings import ClientSettings

__all__ = [
    "AccessDeniedError",
    "ArcGISClient",
    "ArcGISError",
    "ClientSettings",
    "ContradictionError",
    "DeadlineError",
    "Description",
    "FeatureLayer",
    "Field",
    "IgnoredQueryError",
    "LayerNotFoundError",
    "Listing",
    "Page",
    "PagePlan",
    "ReadReport",
    "SchemaDriftError",
    "ServiceError",
    "ThrottledError",
    "TornReadError",
    "TransportError",
    "decode_page",
    "plan_offsets",
    "plan_pages",
    "plan_ranges",
    "unwrap",
    "without_misfits",
]
