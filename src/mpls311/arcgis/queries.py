"""The questions a reader puts to a feature layer."""

import json
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np

from mpls311.arcgis.decode import DecodedPage, decode
from mpls311.arcgis.errors import ArcGISError, ServiceError, is_of_the_question
from mpls311.arcgis.json_objects import parse_object
from mpls311.arcgis.layer import FeatureLayer
from mpls311.arcgis.plan import ObjectIds, Page, distinct
from mpls311.arcgis.replies import CountReply, ExtentReply, IdsReply, IdStatistics
from mpls311.arcgis.throttle import Share
from mpls311.arcgis.transport import Meter, Transport, together

T = TypeVar("T")

log = logging.getLogger(__name__)

EVERYTHING = "1=1"
"""The condition that all rows meet."""


@dataclass(frozen=True)
class Listing:
    """What a layer says it holds of the rows that meet a condition.

    Attributes:
        object_ids: Of these rows, ascending and distinct, int64.
        count: How many it counts; None where it refuses to.
        cost: What it took to ask.

    """

    object_ids: ObjectIds
    count: int | None
    cost: Meter


async def fetch_layer(transport: Transport, url: str, meter: Meter) -> FeatureLayer:
    """Read the metadata of the layer at `url`."""
    url = layer_url(url)
    body = await transport.fetch(url, {"f": "json"}, partial(parse_object, url=url), meter)
    return FeatureLayer.from_json(url, body)


async def fetch_listing(transport: Transport, url: str, where: str) -> Listing | None:
    """Ask the layer at `url` for the object ids and the count of the rows that meet `where`.

    Returns:
        None where they cannot be had: the read will ask again, and knows what that means.

    """
    url, cost = f"{layer_url(url)}/query", Meter()
    try:
        ids, count = await together(
            fetch_object_ids(transport, url, where, cost),
            otherwise_none(fetch_count(transport, url, where, cost)),
        )
    except ArcGISError:
        return None
    return Listing(ids, count, cost)


async def otherwise_none(question: Coroutine[Any, Any, T]) -> T | None:
    """The answer to a question; None where another one may be answered in its place."""
    try:
        return await question
    except ArcGISError as exc:
        if not is_of_the_question(exc):
            raise
        log.info("Does without: %s", exc)
        return None


async def fetch_count(transport: Transport, url: str, where: str, meter: Meter) -> int:
    """Ask the query resource at `url` how many rows meet `where`."""
    asked = {"where": where, "returnCountOnly": "true", "f": "json"}
    return await transport.fetch(url, asked, partial(_count, url=url), meter)


async def fetch_object_ids(transport: Transport, url: str, where: str, meter: Meter) -> ObjectIds:
    """Ask the query resource at `url` for the object ids of all rows that meet `where`.

    No record limit applies to them.
    """
    asked = {"where": where, "returnIdsOnly": "true", "f": "json"}
    return await transport.fetch(url, asked, partial(_object_ids, url=url), meter)


async def fetch_statistics(
    transport: Transport, layer: FeatureLayer, where: str, meter: Meter
) -> IdStatistics:
    """Ask for the number of rows that meet `where`, their least and their greatest object id."""
    statistics = [
        {
            "statisticType": kind,
            "onStatisticField": layer.object_id_field,
            "outStatisticFieldName": f"id_{kind}",
        }
        for kind in ("count", "min", "max")
    ]
    asked = {"where": where, "outStatistics": json.dumps(statistics), "f": "json"}
    return await transport.fetch(
        layer.query_url, asked, partial(_statistics, url=layer.query_url), meter
    )


async def fetch_page(
    transport: Transport,
    layer: FeatureLayer,
    where: str,
    page: Page,
    meter: Meter,
    share: Share | None = None,
) -> DecodedPage:
    """Ask for the columns of one page, geometry in degrees (WGS 84).

    The layer has taken the same condition for its ids and its count, so a plain refusal may
    pass: services have been seen to refuse one query in many. It is asked about once more.
    """
    parameters = {
        "outFields": layer.out_fields,
        "returnGeometry": "true" if layer.geometry_columns else "false",
        "outSR": "4326",
        "f": "json",
        **page.parameters(where, layer.object_id_field),
    }
    if layer.result_type:
        parameters["resultType"] = layer.result_type
    ask = partial(
        transport.fetch, layer.query_url, parameters, partial(decode, layer=layer), meter, share
    )
    try:
        return await ask()
    except ServiceError as exc:
        if type(exc) is not ServiceError or exc.retriable:
            raise
    meter.retries += 1
    return await ask()


async def has_places(
    transport: Transport, layer: FeatureLayer, where: str, page: Page, meter: Meter
) -> bool | None:
    """Ask whether rows of a page have a place; None where the service does not tell."""
    if page.is_offset:
        return None
    asked = {
        **page.parameters(where, layer.object_id_field),
        "returnExtentOnly": "true",
        "outSR": "4326",
        "f": "json",
    }
    return await otherwise_none(
        transport.fetch(layer.query_url, asked, partial(_has_extent, url=layer.query_url), meter)
    )


def layer_url(url: str) -> str:
    """The address of a layer, without a query or a slash at its end."""
    return url.partition("?")[0].rstrip("/")


def _count(body: bytes, url: str) -> int:
    return CountReply.of(parse_object(body, url), url).count


def _object_ids(body: bytes, url: str) -> ObjectIds:
    listed = IdsReply.of(parse_object(body, url), url).object_ids
    try:
        return distinct(np.array(listed, dtype=np.int64))
    except OverflowError:
        raise ServiceError(
            "lists object ids of more than 64 bits: tell the layer's owner.", url=url
        ) from None


def _statistics(body: bytes, url: str) -> IdStatistics:
    return IdStatistics.of(parse_object(body, url), url)


def _has_extent(body: bytes, url: str) -> bool:
    extent = ExtentReply.of(parse_object(body, url), url).extent
    return extent is not None and isinstance(extent.get("xmin"), int | float)
