"""Look at the layers of all years, before it is decided which are read."""

import asyncio
import logging
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass

from mpls311.arcgis import (
    ArcGISClient,
    ArcGISError,
    FeatureLayer,
    LayerNotFoundError,
    Listing,
    TransportError,
    unwrap,
)
from mpls311.errors import UserError
from mpls311.parameters import SourceSettings
from mpls311.schemas import check_source_schema

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Look:
    """A layer, and either its count or, if it is certain that they will be read, its rows listed.

    Attributes:
        requests: What it took, the listing apart, which its read counts.

    """

    layer: FeatureLayer
    count: int | None = None
    listing: Listing | None = None
    requests: int = 1


def check_schemas(layers: Iterable[FeatureLayer]) -> None:
    """Hold the layers against the columns that this project knows, and warn of new ones.

    Raises:
        UserError: Some have drifted; all of them are told.
    """
    problems = []
    for layer in layers:
        try:
            new = check_source_schema(
                layer.arrow_schema,
                layer.name,
                layer.object_id_field,
                has_geometry=layer.geometry_type is not None,
            )
        except UserError as exc:
            problems.append(exc)
            continue
        if new:
            log.warning(
                "%s has columns this project does not know: %s. They are kept in extras.",
                layer.name,
                ", ".join(new),
            )
    if problems:
        raise UserError.of(problems)


async def look_at_layers(
    client: ArcGISClient,
    years: Sequence[int],
    certain: Container[int],
    *,
    must_exist: bool,
    source: SourceSettings,
) -> dict[int, Look]:
    """Look at the layer of each year, all at once.

    Args:
        client: Asks.
        years: The years to look at.
        certain: Those that will be read in full, whatever the look says.
        must_exist: Whether a year that the service does not have is an error.
        source: Where the layers are.

    Raises:
        UserError: Layers are missing or cannot be seen, all of which are told; or the service is
            unreachable.
    """
    looks: dict[int, asyncio.Task[Look | ArcGISError]] = {}
    try:
        async with asyncio.TaskGroup() as group:
            for year in years:
                looks[year] = group.create_task(
                    _look_at(client, source.layer_url(year), is_certain=year in certain)
                )
    except BaseExceptionGroup as exc:
        raise as_user_error(unwrap(exc)) from exc
    found, missing, problems = {}, [], []
    for year, task in looks.items():
        match task.result():
            case LayerNotFoundError():
                missing.append(year)
            case ArcGISError() as problem:
                problems.append(problem)
            case look:
                found[year] = look
    if problems:
        raise UserError.of(problems)
    if missing:
        names = ", ".join(map(str, missing))
        if must_exist or not found:
            raise UserError(
                f"The service at {source.services_url} has no layer for {names}. "
                "Leave out what is not published yet, or give the service's name of that year "
                "in source.service_names."
            )
        log.warning("No layer for %s: not published yet.", names)
    return found


async def _look_at(client: ArcGISClient, url: str, *, is_certain: bool) -> Look | ArcGISError:
    """What is there, or why it cannot be seen.

    Raises:
        TransportError: Not even a connection was made, which is no matter of one layer.
    """
    try:
        if is_certain:
            layer, listing = await client.layer_and_listing(url)
            return Look(layer, listing=listing)
        layer, count = await client.layer_and_count(url)
        return Look(layer, count, requests=2)
    except ArcGISError as exc:
        if isinstance(exc, TransportError) and exc.unreachable:
            raise
        return exc


def as_user_error(exc: Exception) -> UserError:
    """An error of the source as a sentence for the person who started the run.

    Raises:
        Exception: `exc`, if it is none of the source.
    """
    if not isinstance(exc, ArcGISError):
        raise exc
    if isinstance(exc, TransportError) and exc.unreachable:
        return UserError(
            f"{exc} Or try the stand-in city, which needs no network: kedro run --env demo"
        )
    return UserError(str(exc))
