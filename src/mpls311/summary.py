"""Tables for people: what a run did, and where every year stands."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from rich import get_console
from rich.console import RenderableType

from mpls311.loads import Load, LoadHistory, Unchanged, Verdict
from mpls311.narrowing import Column, NarrowingTable
from mpls311.reasons import in_words

_SUMMARY = (
    Column("Year", is_text=True),
    Column("Load", is_text=True),
    Column("Rows", 5),
    Column("New", 2),
    Column("Updated", 1),
    Column("Deleted", 4),
    Column("Rejected", 3),
    Column("MB", 7),
    Column("Req.", 8),
    Column("Retr.", 9),
    Column("Sec.", 6),
)
_STATUS = (
    Column("Year", is_text=True),
    Column("Last full read", 3, is_text=True),
    Column("Watermark", 1, is_text=True),
    Column("Pending", is_text=True),
    Column("Load", 9, is_text=True),
    Column("Rejected", 2),
)


def summary_table(
    before: LoadHistory, after: LoadHistory, verdict: Verdict, seconds: float
) -> RenderableType:
    """What happened between two states of a lake: one line per load that got further, or look.

    Args:
        before: The history when the run began.
        after: The history at its end.
        verdict: What it was about; a year that is stopped has a line too.
        seconds: How long the run took.
    """
    states = {load.load_id: load.state for load in before.loads}
    known = {look.load_id for look in before.unchanged}
    looks = [look for look in after.unchanged if look.load_id not in known]
    touched = [load for load in after.loads if states.get(load.load_id) != load.state]
    lines = [(look.source_year, _unchanged_cells(look)) for look in looks]
    lines += [(load.source_year, _load_cells(load)) for load in touched]
    told = {year for year, _ in lines}
    lines += [
        (year.year, (str(year.year), year.state.replace("_", " ")))
        for year in verdict.years
        if year.concerns and year.sentence and (year.state == "not_read" or year.year not in told)
    ]
    if not lines:
        return f"No load changed its state, in {seconds:.1f} s."
    pending = any(not load.published and not load.is_held for load in touched)
    note = "; * still pending" if pending else ""
    read = [load.published.bytes_processed for load in touched if load.published]
    # Every load of a run carries the cost of all of it.
    cost = next((f"; BigQuery processed {b / 1e6:,.1f} MB" for b in read if b is not None), "")
    done = [_counted(len(touched), "load")] if touched or not looks else []
    done += [f"{_counted(len(looks), 'look')}, nothing new"] if looks else []
    caption = f"{'; '.join(done)} in {seconds:.1f} s{cost}{note}"
    return NarrowingTable(_SUMMARY, [cells for _, cells in sorted(lines)], caption)


def repairs(before: LoadHistory, after: LoadHistory) -> Iterator[str]:
    """What was wrong with the rows that a run validated, a line each."""
    known = {load.load_id for load in before.loads if load.validated}
    new = [load.validated for load in after.loads if load.load_id not in known and load.validated]
    for what, counted in (
        ("Rejected", [each.rejected_for for each in new]),
        ("Repaired", [each.repaired_for for each in new]),
    ):
        if counts := sum((Counter(each) for each in counted), Counter[str]()):
            yield f"{what}: {in_words(counts)}."


def status_table(history: LoadHistory) -> RenderableType:
    """Where every year stands: last full read, watermark, pending load, rejected rows."""
    if not history.years:
        return "No load exists yet: run `kedro run` first."
    rows = []
    for year in history.years:
        pending = history.pending_of(year)
        rows.append(
            (
                str(year),
                _time(history.last_full_read(year)),
                _time(history.watermark(year)),
                pending.state if pending else "",
                pending.load_id if pending else "",
                f"{history.quarantined(year):,}",
            )
        )
    return NarrowingTable(_STATUS, rows, "Times are UTC; rejected rows are in quarantine.")


def print_sentences(sentences: Iterable[str]) -> None:
    """Say what a person should know last, as of each year that is stopped; a paragraph each."""
    for sentence in sentences:
        get_console().print(sentence, markup=False, highlight=False, soft_wrap=True)


def _load_cells(load: Load) -> Sequence[str]:
    ingested, validated = load.ingested, load.validated
    mode = "full" if ingested.mode == "full" else "incr."
    name = "held" if load.is_held else mode if load.published else f"{mode}*"
    counts = (
        (validated.new, validated.updated, len(validated.deleted), validated.rejected)
        if validated
        else ()
    )
    return (
        str(load.source_year),
        name,
        f"{ingested.rows:,}",
        *("unknown" if count is None else f"{count:,}" for count in counts),
        *([""] * (4 - len(counts))),
        f"{ingested.bytes / 1e6:.1f}",
        f"{ingested.requests:,}",
        f"{ingested.retries:,}",
        f"{(ingested.ended_at - ingested.job_start).total_seconds():.1f}",
    )


def _unchanged_cells(look: Unchanged) -> Sequence[str]:
    seconds = (look.ended_at - look.job_start).total_seconds()
    return (
        str(look.source_year), "unchanged", "0", "", "", "", "", "0.0", str(look.requests),
        str(look.retries), f"{seconds:.1f}",
    )  # fmt: skip


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


def _time(instant: datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M}" if instant else "never"
