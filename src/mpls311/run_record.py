"""One line of JSON at the end of a run, for what watches it."""

import os
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from mpls311.loads import Ingested, LoadHistory, Unchanged, Verdict
from mpls311.loads.verdict import NOTHING, PARTLY, WELL

VARIABLE = "MPLS311_RUN_RECORD"
"""Where the line goes: the path of a file, to which it is appended, or - for the output."""
LATE = timedelta(hours=26)
"""What the city published must be in the marts by then: a day and a run."""
SILENT = timedelta(days=7)
"""A city that has published nothing for so long has likely stopped to."""
REMINDER_DAYS = 7

Severity = Literal["INFO", "WARNING", "ERROR"]
Outcome = Literal["well", "partly", "nothing"]

_OUTCOMES: dict[int, Outcome] = {WELL: "well", NOTHING: "nothing", PARTLY: "partly"}
_LOOKS = (Ingested, Unchanged)


class RunRecord(BaseModel):
    """How a run ended and how old things are.

    Attributes:
        severity: ERROR if nothing was published or something is late, WARNING if a year is
            stopped or the source is silent.
        message: The same for every record, to be found by.
        verdict: well, partly (years failed or are held, others did not) or nothing.
        published: Years.
        source_age_hours: Since the newest edit of any layer.
        lag_hours: Since the edit of the oldest edition that was read and is not in the marts,
            held ones apart; 0 if there is none.
        stopped: A sentence for each year whose newer data is not in the marts.
        news: Those of them that are new in this run, and again every seven days; or why the run
            failed as a whole. Empty if there is nothing to tell today.

    """

    model_config = ConfigDict(frozen=True)

    severity: Severity
    message: Literal["run ended"] = "run ended"
    verdict: Outcome
    published: tuple[int, ...] = ()
    source_age_hours: float | None = None
    lag_hours: float | None = None
    stopped: tuple[str, ...] = ()
    news: str = ""


def record_of(
    verdict: Verdict, before: LoadHistory, after: LoadHistory, now: datetime
) -> RunRecord:
    """What a run that came to its end leaves behind.

    Args:
        verdict: That of the run.
        before: The history when it began.
        after: The history at its end.
        now: The time.
    """
    seen = {m.source_year: m.edit_date_before for m in after.manifests if isinstance(m, _LOOKS)}
    ages = _ages(seen.values(), now)
    lags = _ages((load.ingested.edit_date_after for load in after.publishable), now)
    age, lag = min(ages, default=None), max(lags, default=timedelta())
    is_silent = age is not None and age > SILENT
    severity: Severity = "INFO"
    if verdict.exit_code == NOTHING or lag > LATE:
        severity = "ERROR"
    elif verdict.sentences or is_silent:
        severity = "WARNING"
    return RunRecord(
        severity=severity,
        verdict=_OUTCOMES[verdict.exit_code],
        published=verdict.published,
        source_age_hours=None if age is None else _hours(age),
        lag_hours=_hours(lag),
        stopped=verdict.sentences,
        news=" ".join(
            year.sentence
            for year in verdict.years
            if year.sentence and _is_news(before, after, year.year, now)
        ),
    )


def record_of_failure(told: str) -> RunRecord:
    """What a run that failed as a whole leaves behind: why."""
    return RunRecord(severity="ERROR", verdict="nothing", news=told)


def write_record(record: RunRecord) -> None:
    """Write the line where `MPLS311_RUN_RECORD` says; nowhere if it does not."""
    line = record.model_dump_json() + "\n"
    match os.environ.get(VARIABLE, ""):
        case "":
            pass
        case "-":
            sys.stdout.write(line)
            sys.stdout.flush()
        case path:
            with Path(path).open("a", encoding="utf-8") as file:
                file.write(line)


def _is_news(before: LoadHistory, after: LoadHistory, year: int, now: datetime) -> bool:
    """Whether a year was stopped by this run, or a whole number of weeks ago."""
    since = _stopped_since(after, year)
    if since is None or since != _stopped_since(before, year):
        return True
    days = (now.date() - since.date()).days
    return days > 0 and days % REMINDER_DAYS == 0


def _stopped_since(history: LoadHistory, year: int) -> datetime | None:
    load = history.pending_of(year)
    held = load.held if load and load.is_held else None
    causes = [cause.ended_at for cause in (held, history.unread(year)) if cause]
    return max(causes, default=None)


def _ages(edited: Iterable[int | None], now: datetime) -> Iterator[timedelta]:
    """How long ago layers were edited, from their own milliseconds since 1970."""
    for milliseconds in edited:
        if milliseconds is not None:
            yield now - datetime.fromtimestamp(milliseconds / 1000, UTC)


def _hours(length: timedelta) -> float:
    return round(length.total_seconds() / 3600, 1)
