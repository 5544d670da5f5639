"""What a layer is, how it can be read, and what is odd about it, for a few small requests."""

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from mpls311.arcgis.decode import DecodedPage
from mpls311.arcgis.errors import ArcGISError, SchemaDriftError, is_of_the_question
from mpls311.arcgis.layer import MISFITS, FeatureLayer
from mpls311.arcgis.plan import ObjectIds, Page, plan_offsets, plan_pages
from mpls311.arcgis.queries import (
    EVERYTHING,
    fetch_count,
    fetch_layer,
    fetch_object_ids,
    fetch_page,
    fetch_statistics,
    otherwise_none,
)
from mpls311.arcgis.read import Way
from mpls311.arcgis.replies import IdStatistics
from mpls311.arcgis.transport import Meter, Transport, together

WAYS = {
    "ids": "its object ids",
    "ranges": "ranges between the least and the greatest object id",
    "offsets": "offsets in the order of its object ids",
    None: "nothing: it answers no question that would find all rows",
}
"""How a read finds the rows, in words."""

_SAMPLE = 100  # rows
_SINGLE = "esriFieldTypeSingle"


@dataclass(frozen=True)
class Description:
    """A layer as a person who is to read it wants to know it.

    Attributes:
        layer: Its metadata.
        count: Its rows, by whatever question it answers; None if by none.
        way: How a read will find them; None if it cannot.
        fault: What a read will fail of, as the few rows that were asked for did.
        odd: What else looks wrong or costs more than it should, a clause each.
        sample: These rows, as they will be in a file; None where there are none.
        requests: What it took to find out.

    """

    layer: FeatureLayer
    count: int | None
    way: Way | None
    fault: str | None
    odd: tuple[str, ...]
    sample: pa.Table | None
    requests: int


async def describe(transport: Transport, url: str) -> Description:
    """Look at the layer at `url`: its metadata, count, ids, statistics and a few rows."""
    meter = Meter()
    layer = await fetch_layer(transport, url, meter)
    query = (transport, layer.query_url, EVERYTHING, meter)
    count, ids, found = await together(
        otherwise_none(fetch_count(*query)),
        otherwise_none(fetch_object_ids(*query)),
        otherwise_none(fetch_statistics(transport, layer, EVERYTHING, meter)),
    )
    way = _way(layer, count, ids, found)
    odd = [*_odd_metadata(layer), *_odd_answers(count, ids, found)]
    page, answer, fault = _sample(layer, ids), None, None
    if page:
        try:
            answer = await fetch_page(transport, layer, EVERYTHING, page, meter)
            odd += _odd_rows(answer)
        except ArcGISError as exc:
            if not (isinstance(exc, SchemaDriftError) or is_of_the_question(exc)):
                raise
            fault = exc.what.rstrip(".")
    if count is None:
        count = found.id_count if found else int(ids.size) if ids is not None else None
    sample = answer.table if answer else None
    return Description(layer, count, way, fault, tuple(odd), sample, meter.requests)


def _way(
    layer: FeatureLayer, count: int | None, ids: ObjectIds | None, found: IdStatistics | None
) -> Way | None:
    if ids is not None and count in (None, ids.size):
        return "ids"
    if found is not None and count in (None, found.id_count):
        return "ranges"
    can = layer.supports_pagination and layer.supports_order_by
    return "offsets" if can and (count is not None or found is not None) else None


def _sample(layer: FeatureLayer, ids: ObjectIds | None) -> Page | None:
    """A few rows to look at: the first, in whatever way they can be had."""
    rows = min(_SAMPLE, layer.page_limit)
    plan = plan_offsets(rows, rows) if ids is None else plan_pages(ids[:rows], rows)
    return plan.pages[0] if plan.pages else None


def _odd_metadata(layer: FeatureLayer) -> Iterator[str]:
    date = layer.data_last_edit_date
    if date is None:
        yield "it keeps no edit date, so nobody can know that it has not changed"
    elif date > dt.datetime.now(dt.UTC).timestamp() * 1000:
        yield "its edit date lies in the future"
    if layer.geometry_type and not layer.geometry_columns:
        yield f"its geometry, {layer.geometry_type}, is not read"
    unknown = [f"{field.name} ({field.type})" for field in layer.fields if not field.is_known]
    if unknown:
        yield f"types that are not known, kept as JSON text: {', '.join(unknown)}"
    if single := [field.name for field in layer.fields if field.type == _SINGLE]:
        yield f"numbers of seven digits at most, whatever they count: {', '.join(single)}"
    spelled = Counter(field.name.lower() for field in layer.fields)
    if twice := [name for name, times in spelled.items() if times > 1]:
        yield f"more than one field named {', '.join(twice)}"


def _odd_answers(
    count: int | None, ids: ObjectIds | None, found: IdStatistics | None
) -> Iterator[str]:
    if count is None:
        yield "it refuses to count its rows"
    elif not count:
        yield "it has no rows"
    if ids is None:
        yield "it refuses to list its object ids"
    elif count not in (None, ids.size):
        yield f"it lists {ids.size:,} object ids and counts {count:,} rows"
    if found is not None and count not in (None, found.id_count):
        yield f"it counts {count:,} rows, and {found.id_count:,} by statistics"


def _odd_rows(answer: DecodedPage) -> Iterator[str]:
    rows = answer.table.num_rows
    if not answer.has_geometry:
        yield f"none of {rows} rows has a geometry"
    empty = [name for name in answer.table.column_names if answer.table[name].null_count == rows]
    if rows and empty:
        yield f"no value in the first {rows} rows: {', '.join(empty)}"
    if MISFITS.name in answer.table.column_names:
        texts = answer.table[MISFITS.name].drop_null().to_pylist()
        odd = {name: text for each in texts for name, text in json.loads(each).items()}
        for name, text in odd.items():
            yield f"a value of {name} that does not fit its type: {text[:80]!r}"
