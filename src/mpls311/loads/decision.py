"""What to do about a year: nothing, take up a pending load, or read rows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from mpls311.loads.history import Load, LoadHistory
from mpls311.loads.manifests import Mode


@dataclass(frozen=True)
class Decision:
    """What to do about one year, and why."""

    action: Literal["unchanged", "resume", "incremental", "full"]
    reason: str
    since: datetime | None = None
    """For incremental: ask for rows opened or updated at or after this instant."""


def decide(
    history: LoadHistory,
    year: int,
    edit_date: int | None,
    *,
    mode: Mode,
    now: datetime,
    overlap: timedelta,
    full_every: timedelta,
) -> Decision:
    """Decide how to bring a year up to date.

    A layer's edit date is the time of its publication, not of its rows, so it only ever says
    "the same publication" when it is equal; a layer without one is never unchanged. An update
    without a stamp is invisible to an incremental read, which is why a year is read in full now
    and then, unless its last full read was of this very publication.

    Args:
        history: What was loaded before.
        year: The year of the layer.
        edit_date: The layer's dataLastEditDate now, milliseconds since 1970.
        mode: `full` re-reads whatever the history says.
        now: The time of the read.
        overlap: How far before the watermark an incremental read begins.
        full_every: How old the last full read may grow.
    """
    pending = history.pending_of(year)
    if (
        pending
        and _same_edition(pending, edit_date)
        and mode in (pending.ingested.mode, "incremental")
    ):
        return Decision("resume", f"takes up {pending.load_id}")
    if mode == "full":
        return Decision("full", "asked for")
    last_full = history.last_full(year)
    if last_full is None:
        return Decision("full", "first read")
    full_is_due = now - last_full.ingested.job_start > full_every
    covered = last_full if full_is_due else history.published(year)[-1]
    if _same_edition(covered, edit_date):
        return Decision("unchanged", "same edition as the last load")
    if full_is_due:
        days = full_every / timedelta(days=1)
        return Decision("full", f"last full read is over {days:g} days old")
    watermark = history.watermark(year)
    if watermark is None:
        return Decision("full", "no rows so far")
    return Decision("incremental", "newer edition", since=watermark - overlap)


def is_read_in_full(history: LoadHistory, year: int, mode: Mode) -> bool:
    """Whether `decide` will say `full` whatever the edit date of the layer turns out to be."""
    asked_for = mode == "full" or history.last_full(year) is None
    return asked_for and history.pending_of(year) is None


def _same_edition(load: Load, edit_date: int | None) -> bool:
    return edit_date is not None and load.ingested.edit_date_after == edit_date
