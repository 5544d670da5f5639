"""The five questions a reader puts to a feature layer."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from mpls311.arcgis.decode import DecodedPage, decode, parse_object
from mpls311.arcgis.errors import ServiceError
from mpls311.arcgis.layer import FeatureLayer
from mpls311.arcgis.plan import ObjectIds, Page, distinct
from mpls311.arcgis.throttle import Share
from mpls311.arcgis.transport import Meter, Transport


async def fetch_layer(transport: Transport, url: str, meter: Meter) -> FeatureLayer:
    """Read the metadata of the layer at `url`."""
    url = url.partition("?")[0].rstrip("/")
    body = await transport.fetch(url, {"f": "json"}, partial(parse_object, url=url), meter)
    return FeatureLayer.from_json(url, body)


async def fetch_count(transport: Transport, layer: FeatureLayer, where: str, meter: Meter) -> int:
    """Ask how many rows meet `where`."""
    asked = {"where": where, "returnCountOnly": "true", "f": "json"}
    return await transport.fetch(layer.query_url, asked, partial(_count, layer=layer), meter)


async def fetch_object_ids(
    transport: Transport, layer: FeatureLayer, where: str, meter: Meter
) -> ObjectIds:
    """Ask for the object ids of all rows that meet `where`; no record limit applies to it."""
    asked = {"where": where, "returnIdsOnly": "true", "f": "json"}
    return await transport.fetch(layer.query_url, asked, partial(_object_ids, layer=layer), meter)


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


def _count(body: bytes, layer: FeatureLayer) -> int:
    count = _member(body, "count", layer)
    if not isinstance(count, int):
        raise _no_answer(layer, "count", count)
    return count


def _object_ids(body: bytes, layer: FeatureLayer) -> ObjectIds:
    listed = _member(body, "objectIds", layer)
    try:
        return distinct(np.array(listed or [], dtype=np.int64))
    except (TypeError, ValueError, OverflowError) as exc:
        raise _no_answer(layer, "objectIds", listed) from exc


def _member(body: bytes, key: str, layer: FeatureLayer) -> Any:
    reply = parse_object(body, layer.query_url)
    if key not in reply:
        raise _no_answer(layer, key, reply)
    return reply[key]


def _no_answer(layer: FeatureLayer, key: str, reply: object) -> ServiceError:
    return ServiceError(
        f"{layer.query_url} answers {str(reply)[:80]!r} where {key} was asked for: "
        "check that the url names one layer, as in .../FeatureServer/0.",
        url=layer.query_url,
    )
