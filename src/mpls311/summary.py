"""Tables for people: what a run did, and where every year stands."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from rich import box, get_console
from rich.console import RenderableType
from rich.table import Table

from mpls311.loads import Load, LoadHistory, Unchanged, Verdict


def summary_table(
    before: LoadHistory, after: LoadHistory, verdict: Verdict, seconds: float
) -> RenderableType:
    """What happened between two states of a lake: one line per load that got further.

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
    table = _table(
        "Year", "Load", "Rows", "New", "Updated", "Deleted", "Rejected", "MB", "Req.",
        "Retr.", "Sec.", texts=2,
    )  # fmt: skip
    for _, cells in sorted(lines):
        table.add_row(*cells)
    pending = any(not load.published and not load.is_held for load in touched)
    note = "; * still pending" if pending else ""
    read = [load.published.bytes_processed for load in touched if load.published]
    # Every load of a run carries the cost of all of it.
    cost = next((f"; BigQuery processed {b / 1e6:,.1f} MB" for b in read if b is not None), "")
    table.caption = f"{_counted(len(looks) + len(touched), 'load')} in {seconds:.1f} s{cost}{note}"
    return table


def status_table(history: LoadHistory) -> RenderableType:
    """Where every year stands: last full read, watermark, pending load, rejected rows."""
    if not history.years:
        return "No load exists yet: run `kedro run` first."
    table = _table("Year", "Last full read", "Watermark", "Pending", "Rejected", texts=4)
    for year in history.years:
        pending = history.pending_of(year)
        validated = [load.validated for load in history.of_year(year) if load.validated]
        table.add_row(
            str(year),
            _time(history.last_full_read(year)),
            _time(history.watermark(year)),
            f"{pending.load_id} ({pending.state})" if pending else "",
            f"{sum(v.rejected for v in validated[-1:]):,}",
        )
    return table


def print_sentences(sentences: Iterable[str]) -> None:
    """Say what a person should know last, as of each year that is stopped; a paragraph each."""
    for sentence in sentences:
        get_console().print(sentence, markup=False, highlight=False, soft_wrap=True)


def _table(*headers: str, texts: int) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        caption_justify="left",
    )
    for position, header in enumerate(headers):
        table.add_column(header, justify="left" if position < texts else "right", no_wrap=True)
    return table


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
