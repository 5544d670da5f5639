"""The Data Package that describes an export (specs.frictionlessdata.io)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from mpls311.contracts import Column, Contract
from mpls311.loads import LoadHistory, verdict
from mpls311.parameters import STAND_IN_CITY

_TYPES = {
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
    "float64": "number",
    "int64": "integer",
    "string": "string",
    "timestamp": "datetime",
}
"""Types of contracts -> types of Table Schema."""


@dataclass(frozen=True)
class Exported:
    """What was written of a mart."""

    contract: Contract
    rows: int


def resource_name(mart: str) -> str:
    """What the files of a mart are called: `requests`, of rpt_requests."""
    return mart.removeprefix("rpt_")


def data_package(history: LoadHistory, exported: Iterable[Exported]) -> dict[str, Any]:
    """The content of datapackage.json.

    Args:
        history: The manifests, which say where the rows are from and how far they reach.
        exported: What was written of each mart.
    """
    made_up = STAND_IN_CITY in history.source_ids
    return {
        "name": "mpls311",
        "title": f"Minneapolis 311{' (made-up data)' if made_up else ''}",
        "description": " ".join(_told(history, made_up)),
        "created": f"{max(manifest.ended_at for manifest in history.manifests):%Y-%m-%dT%H:%M:%SZ}",
        "sources": [
            {"title": f"Requests of {load.source_year}", "path": load.ingested.layer_url}
            for year in history.years
            for load in history.published(year)[-1:]
        ],
        "resources": [resource for each in exported for resource in _resources(each)],
    }


def _told(history: LoadHistory, made_up: bool) -> Iterator[str]:
    if made_up:
        yield "Nothing in it is real: these are the requests of a stand-in city."
    else:
        yield "Service requests of the City of Minneapolis, as its feature layers serve them."
        yield "The terms of use are the city's: https://opendata.minneapolismn.gov."
    marks = [mark for year in history.years if (mark := history.watermark(year))]
    yield f"It reaches to {max(marks):%Y-%m-%d %H:%M} UTC."
    yield "Requests that the city has no more are left out."
    yield "Times are UTC but for those called local, which are what clocks in Minneapolis said."
    yield from verdict(history, history).sentences


def _resources(exported: Exported) -> Iterator[dict[str, Any]]:
    contract = exported.contract
    name = resource_name(contract.name)
    yield {
        "name": name,
        "path": f"{name}.csv",
        "profile": "tabular-data-resource",
        "description": contract.description,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "rows": exported.rows,
        "schema": _schema(contract),
    }
    yield {
        "name": f"{name}-parquet",
        "path": f"{name}.parquet",
        # Its columns and types are in the file itself.
        "type": "file",
        "description": f"The rows of {name}.csv, with their types.",
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
    }


def _schema(contract: Contract) -> dict[str, Any]:
    schema: dict[str, Any] = {"fields": [_field(column) for column in contract.columns]}
    required = {column.name for column in contract.columns if column.is_required}
    if not contract.key:
        return schema
    # No part of a primary key may be missing; of a unique key it may.
    if required.issuperset(contract.key):
        return schema | {"primaryKey": list(contract.key)}
    return schema | {"uniqueKeys": [list(contract.key)]}


def _field(column: Column) -> dict[str, Any]:
    field = {
        "name": column.name,
        "type": _TYPES[column.data_type],
        "description": column.description,
    }
    return field | ({"constraints": {"required": True}} if column.is_required else {})
