"""Guards: what is plausible row by row, and nonsense as a year.

A layer that is published empty, halved, or with the rows of another city serves flawless rows.
What gives it away is the year as it would stand after the load, against the year as it stands.
A load is never judged alone: a day may bring what a year must not.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from mpls311.loads.load import Load
from mpls311.loads.manifests import Held, Released, Standing, Validated
from mpls311.schemas import ServiceRequest
from mpls311.schemas.drift import missing_columns

PLACE = "geometry_x"
"""A case has a place if it has a value here."""

_UNREADABLE = "_unreadable"


class Limits(BaseModel):
    """How much of a load, or of a year, may be odd before a person has to look."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_rejected_share: Annotated[float, Field(ge=0, le=1)]
    """Of the rows of a load: quarantined, or with a value that does not fit its column."""
    min_rejected: Annotated[int, Field(ge=0)]
    """So many rows are never too many."""
    max_affected_share: Annotated[float, Field(ge=0, le=1)]
    """Of the live cases of a year: deleted, or more than before without a place, repaired for one
    reason, or served in several rows. All of them are always too many."""
    min_affected: Annotated[int, Field(ge=0)]
    """So many cases, if not all of them, are never too many; and of so few a share says nothing."""


def implausible(
    validated: Validated,
    before: Standing | None,
    after: Standing,
    limits: Limits,
    *,
    has_geometry: bool = True,
) -> tuple[str, ...]:
    """Why a person should look at a load before it is staged; nothing if there is no reason to.

    Args:
        validated: What came of its rows.
        before: The year as it is published; None before its first load.
        after: The year as it would stand after the load.
        limits: What is too much.
        has_geometry: Whether the layer says that its rows have a place.
    """
    found = [*_unusable(validated, limits)]
    if before is None or not before.cases:
        return (*found, *_empty_from_the_start(after, limits, has_geometry))
    deleted = len(validated.deleted)
    if deleted == before.cases or _too_many(deleted, before.cases, limits):
        found.append(f"{deleted:,} of {before.cases:,} live cases would be marked deleted")
    if after.cases:
        found += _odd_as_a_year(before, after, limits)
    return tuple(found)


def judge(
    load: Load, reasons: tuple[str, ...], now: datetime, *, accept: bool
) -> Held | Released | None:
    """What becomes of a pending load that nobody has released yet.

    Args:
        load: The load, as the manifests tell it.
        reasons: What is implausible about it, or why it cannot be read at all.
        now: The time to record.
        accept: Whether a person releases the load of its year. That can mean only one that they
            could look at: held by an earlier run, with its rows in the lake.
    """
    what: dict[str, Any] = {
        "load_id": load.load_id,
        "source_year": load.source_year,
        "ended_at": now,
    }
    if not reasons:
        return Released(**what, by="limits") if load.is_held else None
    if accept and load.is_held and load.validated:
        return Released(**what, by="accept")
    return None if load.is_held else Held(**what, reasons=reasons)


def _unusable(validated: Validated, limits: Limits) -> Iterator[str]:
    total = validated.accepted + validated.rejected
    most = max(limits.min_rejected, limits.max_rejected_share * total)
    if validated.rejected > most:
        why = ", ".join(f"{count:,} {code}" for code, count in validated.rejected_for.items())
        yield f"{validated.rejected:,} of {total:,} rows were rejected ({why})"
    for code, count in validated.repaired_for.items():
        if code.endswith(_UNREADABLE) and count > most:
            yield f"{count:,} of {total:,} rows had a value that does not fit ({code})"


def _empty_from_the_start(after: Standing, limits: Limits, has_geometry: bool) -> Iterator[str]:
    if after.cases <= limits.min_affected:
        return
    there = {"object_id", *(name for name, count in after.filled.items() if count)}
    if empty := missing_columns(ServiceRequest, there, has_geometry=has_geometry):
        yield f"none of {after.cases:,} cases has a value in {', '.join(empty)}"


def _odd_as_a_year(before: Standing, after: Standing, limits: Limits) -> Iterator[str]:
    without_place = [each.cases - each.filled.get(PLACE, 0) for each in (before, after)]
    lacks = {"would have no place": without_place}
    for code, count in after.repaired.items():
        if not code.endswith(_UNREADABLE):
            lacks[f"would be repaired for {code}"] = [before.repaired.get(code, 0), count]
    for what, (was, would_be) in lacks.items():
        if _is_news(was, before.cases, would_be, after.cases, limits):
            yield (
                f"{would_be:,} of {after.cases:,} cases {what} (now {was:,} of {before.cases:,})"
            )
    rows = [each.cases + each.duplicates for each in (before, after)]
    if _is_news(before.duplicates, rows[0], after.duplicates, rows[1], limits):
        yield (
            f"{after.duplicates:,} of {rows[1]:,} rows would merge into the case of another "
            f"(now {before.duplicates:,} of {rows[0]:,})"
        )
    emptied = [
        name for name, count in before.filled.items() if count and not after.filled.get(name)
    ]
    if emptied:
        yield f"no case would have a value in {', '.join(emptied)} any more"


def _too_many(count: float, of: int, limits: Limits) -> bool:
    return count > max(limits.min_affected, limits.max_affected_share * of)


def _is_news(was: int, of: int, would_be: int, of_then: int, limits: Limits) -> bool:
    """Whether far more of a year would have what is wrong than its published share tells.

    A share that was there before is how the city's data is: one request in five has no place.
    """
    if would_be == of_then:
        return was < of
    return of > limits.min_affected and _too_many(would_be - was / of * of_then, of_then, limits)
