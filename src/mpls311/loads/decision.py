"""What to do about a year: nothing, take up a pending load, or read rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from mpls311.loads.history import LoadHistory
from mpls311.loads.load import Load
from mpls311.loads.manifests import Mode


@dataclass(frozen=True)
class Edition:
    """What tells one publication of a layer from another.

    Attributes:
        edit_date: The layer's dataLastEditDate, milliseconds since 1970; None where it has none.
        count: Rows the service counts in the layer; None where it refuses to.

    """

    edit_date: int | None
    count: int | None


@dataclass(frozen=True)
class Decision:
    """What to do about one year, and why."""

    action: Literal["unchanged", "resume", "incremental", "full"]
    reason: str
    since: datetime | None = None
    """For incremental: ask for rows opened or updated at or after this instant."""
    overdue_since: datetime | None = None
    """For a full read that nothing but its age asks for: when the last one was."""


def decide(
    history: LoadHistory,
    year: int,
    edition: Edition,
    *,
    mode: Mode,
    now: datetime,
    overlap: timedelta,
    full_every: timedelta,
) -> Decision:
    """Decide how to bring a year up to date.

    A layer's edit date is the time of its publication, not of its rows, so it only ever says
    "the same publication" when it is equal, and only as long as the count is equal too; a layer
    without one is never unchanged. An update without a stamp is invisible to an incremental read,
    which is why a year is read in full now and then, whatever the edit date says.

    Args:
        history: What was loaded before.
        year: The year of the layer.
        edition: What the layer is now.
        mode: `full` re-reads whatever the history says.
        now: The time of the read.
        overlap: How far before the watermark an incremental read begins.
        full_every: How old the last full read may grow.
    """
    pending = history.pending_of(year)
    if pending and _is_of(pending, edition) and mode in (pending.ingested.mode, "incremental"):
        standing = "is held back, in" if pending.is_held else "takes up"
        return Decision("resume", f"{standing} {pending.load_id}")
    if mode == "full":
        return Decision("full", "asked for")
    last_full = history.last_full_read(year)
    if last_full is None:
        was_read = history.last_full(year) is not None
        return Decision("full", "a load was withdrawn" if was_read else "first read")
    # What is pending is of an edition that was taken back: a read takes its place.
    stands_still = pending is None and _is_of(history.published(year)[-1], edition)
    if now - last_full > full_every:
        reason = f"last full read is over {full_every / timedelta(days=1):g} days old"
        return Decision("full", reason, overdue_since=last_full if stands_still else None)
    if stands_still:
        return Decision("unchanged", "same edition as the last load")
    watermark = history.watermark(year)
    if watermark is None:
        return Decision("full", "no rows so far")
    return Decision("incremental", "newer edition", since=watermark - overlap)


def one_overdue(decisions: Mapping[int, Decision]) -> dict[int, Decision]:
    """Of the years that stand still and are overdue, leave the oldest one to this run.

    So that years which were loaded together are not all read again on one day.
    """
    waiting = {
        year: decision.overdue_since
        for year, decision in decisions.items()
        if decision.overdue_since
    }
    first = min(waiting, key=lambda year: (waiting[year], year), default=None)
    later = Decision("unchanged", "same edition as the last load; its full read waits its turn")
    return {
        year: later if year in waiting and year != first else decision
        for year, decision in decisions.items()
    }


def is_read_in_full(history: LoadHistory, year: int, mode: Mode) -> bool:
    """Whether `decide` will say `full` whatever the layer turns out to be."""
    asked_for = mode == "full" or history.last_full(year) is None
    return asked_for and history.pending_of(year) is None


def _is_of(load: Load, edition: Edition) -> bool:
    ingested = load.ingested
    counted = ingested.layer_count
    if counted is None and ingested.mode == "full":
        counted = ingested.service_count
    counts = {counted, edition.count} - {None}
    return (
        edition.edit_date is not None
        and ingested.edit_date_after == edition.edit_date
        and len(counts) < 2
    )
