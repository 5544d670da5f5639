"""Look at every layer of the source, and say where it is not what models and limits take it for."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from statistics import median

import pyarrow as pa
import pyarrow.compute as pc

from mpls311.arcgis import (
    ArcGISClient,
    ArcGISError,
    ClientSettings,
    Description,
    LayerNotFoundError,
    ServiceError,
    TransportError,
    without_misfits,
)
from mpls311.cleaning import clean
from mpls311.errors import UserError
from mpls311.parameters import SourceSettings
from mpls311.schemas import ServiceRequest, check_source_schema, source_columns
from mpls311.schemas.areas import UnusableAreasError, check_areas
from mpls311.schemas.models import EARLIEST
from mpls311.years import Years, city_today

_ATTEMPTS = 3
_DEADLINE = 600.0  # seconds
_WEB_MERCATOR = (3857, 102100)
_SMALL_PAGE = 1_000  # rows
_MOST_REJECTED = 0.1  # of a sample of a hundred; of a whole layer it is a parameter


@dataclass(frozen=True)
class Finding:
    """A sentence about a layer; `is_trouble` if a run would stop at it or go wrong."""

    text: str
    is_trouble: bool = True


@dataclass(frozen=True)
class Contact:
    """What came of a look at one layer; without a description if it could not be seen."""

    title: str
    url: str
    findings: tuple[Finding, ...]
    description: Description | None = None

    @property
    def rows(self) -> int | None:
        """How many rows the layer has, if that is known."""
        return self.description.count if self.description else None


Judge = Callable[[ArcGISClient, Description], AsyncIterator[Finding]]


async def look(source: SourceSettings) -> list[Contact]:
    """Look at every layer of a source, all under its one limit of requests.

    Raises:
        UserError: The service cannot be reached.
    """
    settings = ClientSettings(
        concurrency=source.concurrency,
        attempts=_ATTEMPTS,
        deadline=_DEADLINE,
        proxies=not source.is_on_this_machine,
    )
    years = Years("all").resolve(source.today or city_today())
    async with ArcGISClient(settings) as client:
        looks = [
            _look(client, str(year), source.layer_url(year), partial(_requests, year))
            for year in years
        ]
        looks += [
            _look(client, f"{kind}s", url, partial(_areas, kind))
            for kind, url in source.area_urls.items()
        ]
        return _compared(await asyncio.gather(*looks))


def _compared(contacts: Sequence[Contact]) -> list[Contact]:
    """Note the years that are far smaller than the others; the newest one still grows."""
    years = [contact for contact in contacts if contact.title.isdecimal()]
    usual = median([contact.rows for contact in years if contact.rows] or [0])
    small = Finding(f"it has less than half of the {usual:,.0f} rows of other years", False)
    return [
        replace(contact, findings=(*contact.findings, small))
        if contact in years[:-1] and contact.rows and contact.rows < usual / 2
        else contact
        for contact in contacts
    ]


async def _look(client: ArcGISClient, title: str, url: str, judge: Judge) -> Contact:
    try:
        description = await client.describe(url)
        findings = [*_any_layer(description)]
        findings += [finding async for finding in judge(client, description)]
        return Contact(title, url, tuple(findings), description)
    except LayerNotFoundError:
        missing = "no such layer is published: name it in the source's parameters, or wait for it"
        return Contact(title, url, (Finding(missing),))
    except ArcGISError as exc:
        if isinstance(exc, TransportError) and exc.unreachable:
            raise UserError(str(exc)) from exc
        return Contact(title, url, (Finding(exc.what),))


def _any_layer(found: Description) -> list[Finding]:
    findings = [Finding(clause, is_trouble=False) for clause in found.odd]
    if found.fault:
        findings.append(Finding(found.fault))
    if found.way is None:
        findings.append(Finding("it answers no question by which all rows could be found"))
    elif found.way != "ids":
        findings.append(Finding(f"it is read by {found.way}, not by object ids", is_trouble=False))
    if not found.count:
        findings.append(Finding("it has no rows, or does not say how many"))
    if found.layer.page_limit < _SMALL_PAGE:
        served = f"it serves {found.layer.page_limit:,} rows at once, so a read takes long"
        findings.append(Finding(served, is_trouble=False))
    return findings


async def _requests(year: int, client: ArcGISClient, found: Description) -> AsyncIterator[Finding]:
    layer = found.layer
    try:
        new = check_source_schema(
            layer.arrow_schema,
            "The layer",
            layer.object_id_field,
            has_geometry=layer.geometry_type is not None,
        )
    except UserError as exc:
        yield Finding(str(exc))
        return
    if new:
        kept = f"it has fields that this project does not know, kept in extras: {', '.join(new)}"
        yield Finding(kept, is_trouble=False)
    if layer.geometry_type is None:
        yield Finding("it is a table, so no row has a place on the map", is_trouble=False)
    elif layer.wkid not in (*_WEB_MERCATOR, None):
        metres = "its coordinate columns are taken for metres of EPSG:3857 all the same"
        yield Finding(f"it is kept in wkid {layer.wkid}; {metres}", is_trouble=False)
    if found.sample is not None:
        for finding in _cleaned(found.sample, year, layer.object_id_field):
            yield finding
    if trouble := await _undated(client, found):
        yield Finding(trouble)


def _cleaned(sample: pa.Table, year: int, object_id_field: str) -> list[Finding]:
    """What cleaning makes of a few rows."""
    served, misfits = without_misfits(sample)
    rows = clean(
        served,
        source_year=year,
        load_id="",
        loaded_at=datetime.now(UTC),
        object_id_field=object_id_field,
        misfits=misfits,
    )
    findings = []
    for what, codes in (
        ("rejected", rows.rejected["reasons"]),
        ("repaired", rows.accepted["repairs"].drop_null()),
    ):
        if not len(codes):
            continue
        each = pc.list_flatten(pc.split_pattern(codes, ","))
        listed = ", ".join(sorted(pc.unique(each).to_pylist()))
        is_trouble = what == "rejected" and len(codes) > _MOST_REJECTED * sample.num_rows
        findings.append(
            Finding(f"of the first {sample.num_rows} rows some are {what} for {listed}", is_trouble)
        )
    return findings


async def _undated(client: ArcGISClient, found: Description) -> str | None:
    """How the layer fails of a condition on a date, which every increment is."""
    names = source_columns(ServiceRequest, found.layer.arrow_schema.names)
    where = f"{names['open_datetime']} >= TIMESTAMP '{EARLIEST:%Y-%m-%d %H:%M:%S}'"
    try:
        dated = await client.count(found.layer, where)
    except ServiceError as exc:
        return f"it refuses conditions on dates, so every read is a full one ({exc.what})"
    if not dated and found.count:
        return f"no row meets the condition {where}, so every read is a full one"
    return None


async def _areas(kind: str, _client: ArcGISClient, found: Description) -> AsyncIterator[Finding]:
    if found.sample is None:
        return
    try:
        check_areas(kind, without_misfits(found.sample)[0])
    except UnusableAreasError as exc:
        yield Finding(str(exc))
