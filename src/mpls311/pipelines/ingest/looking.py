"""Look at the layers of all years, before it is decided which are read."""

import asyncio
import logging
from collections.abc import Container, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mpls311.arcgis import (
    ArcGISClient,
    ArcGISError,
    DeadlineError,
    FeatureLayer,
    LayerNotFoundError,
    Listing,
    TransportError,
    unwrap,
)
from mpls311.cleaning import FUTURE_TOLERANCE
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


async def look_at_layers(
    client: ArcGISClient,
    years: Sequence[int],
    certain: Container[int],
    loaded: Container[int],
    *,
    must_exist: bool,
    source: SourceSettings,
) -> tuple[dict[int, Look], dict[int, UserError]]:
    """Look at the layer of each year, all at once.

    Args:
        client: Asks.
        years: The years to look at.
        certain: Those that will be read in full, whatever the look says.
        loaded: Those that the service had once.
        must_exist: Whether a year that the service never had is an error.
        source: Where the layers are.

    Returns:
        What was seen; and for the other years why nothing was, or nothing that can be read. A
        year that the service does not have yet is in neither.

    Raises:
        UserError: A year that must exist never did, or there is none at all; or what failed is no
            matter of one year.
    """
    tasks: dict[int, asyncio.Task[Look | Exception]] = {}
    try:
        async with asyncio.TaskGroup() as group:
            for year in years:
                tasks[year] = group.create_task(
                    _look_at(client, source.layer_url(year), is_certain=year in certain)
                )
    except BaseExceptionGroup as exc:
        raise as_user_error(unwrap(exc)) from exc
    looks, failures, missing = {}, {}, []
    for year, task in tasks.items():
        match task.result():
            case Look() as look:
                looks[year] = look
            case LayerNotFoundError() if year not in loaded:
                missing.append(year)
            case problem:
                failures[year] = as_user_error(problem)
    if missing:
        names = ", ".join(map(str, missing))
        if must_exist or not (looks or failures):
            raise UserError(
                f"The service at {source.services_url} has no layer for {names}. "
                "Leave out what is not published yet, or give the service's name of that year "
                "in source.service_names."
            )
        log.warning("No layer for %s: not published yet.", names)
    return looks, failures


async def _look_at(client: ArcGISClient, url: str, *, is_certain: bool) -> Look | Exception:
    """What is there, or why it cannot be seen or used.

    Raises:
        ArcGISError: What failed is no matter of one layer.
    """
    try:
        if is_certain:
            layer, listing = await client.layer_and_listing(url)
            look = Look(layer, listing=listing)
        else:
            layer, count = await client.layer_and_count(url)
            look = Look(layer, count, requests=2)
        _check_schema(layer)
        _check_clock(layer)
    except (ArcGISError, UserError) as exc:
        if is_shared(exc):
            raise
        return exc
    return look


def _check_schema(layer: FeatureLayer) -> None:
    """Hold a layer against the columns that this project knows, and warn of new ones.

    Raises:
        UserError: It has drifted.
    """
    new = check_source_schema(
        layer.arrow_schema,
        layer.name,
        layer.object_id_field,
        has_geometry=layer.geometry_type is not None,
    )
    if new:
        log.warning(
            "%s has columns this project does not know: %s. They are kept in extras.",
            layer.name,
            ", ".join(new),
        )


def _check_clock(layer: FeatureLayer) -> None:
    """Hold the clock against the edit date of a layer.

    Where the clock is behind, new requests are rejected as of the future, and so earlier ones of
    the same cases count as deleted.

    Raises:
        UserError: The edit date is yet to come, by more than clocks and time zones differ.
    """
    edited = layer.data_last_edit_date
    if edited is not None and edited > (datetime.now(UTC) + FUTURE_TOLERANCE).timestamp() * 1000:
        date = datetime.fromtimestamp(edited / 1000, UTC).date()
        raise UserError(
            f"{layer.name} was edited on {date}, which for the clock of this machine is yet to "
            "come. Set the clock (`date` says what it shows), or tell the city if theirs is wrong."
        )


def is_shared(exc: Exception) -> bool:
    """Whether what failed is no matter of one layer: no connection was made, or time is over."""
    unreachable = isinstance(exc, TransportError) and exc.unreachable
    return unreachable or isinstance(exc, DeadlineError)


def as_user_error(exc: Exception) -> UserError:
    """An error of the source as a sentence for the person who started the run.

    Raises:
        Exception: `exc`, if it is none of the source.
    """
    if isinstance(exc, UserError):
        return exc
    if not isinstance(exc, ArcGISError):
        raise exc
    if isinstance(exc, TransportError) and exc.unreachable:
        return UserError(
            f"{exc} Or try the stand-in city, which needs no network: kedro run --env demo"
        )
    return UserError(str(exc))
