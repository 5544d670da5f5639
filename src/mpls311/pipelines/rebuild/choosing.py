"""Which loads a warehouse is rebuilt from, and what it lacks for want of others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from mpls311.errors import UserError
from mpls311.lake import LakeFiles, intact
from mpls311.loads import Load, LoadHistory, Withdrawn
from mpls311.years import CITY_TIME


@dataclass(frozen=True)
class Chosen:
    """What a warehouse is rebuilt from.

    Attributes:
        loads: Published loads whose files are what was written.
        lacking: Years that cannot be told without the others; a full read makes them good.
        unseen: Deleted cases by year that only the others could show.

    """

    loads: tuple[Load, ...]
    lacking: tuple[int, ...] = ()
    unseen: tuple[tuple[int, tuple[int, ...]], ...] = ()


def history_until(history: LoadHistory, until: date | str) -> LoadHistory:
    """The history as it was at the end of a day in Minneapolis, or after the run of a load.

    Raises:
        UserError: No such load was published.
    """
    if isinstance(until, date):
        midnight = datetime.combine(until + timedelta(days=1), time(), CITY_TIME)
        return history.as_of(midnight.astimezone(UTC))
    load = _published(history, until, "rebuild.until")
    of_the_run = (
        each.published.ended_at
        for each in history.loads
        if each.published and each.ingested.job_start == load.ingested.job_start
    )
    return history.as_of(max(of_the_run))


def withdrawal(history: LoadHistory, load_id: str, now: datetime) -> Withdrawn:
    """The manifest that says that a load does not count any more.

    Raises:
        UserError: No such load was published.
    """
    load = _published(history, load_id, "rebuild.without")
    return Withdrawn(load_id=load_id, source_year=load.source_year, ended_at=now)


def _published(history: LoadHistory, load_id: str, asked: str) -> Load:
    for load in history.loads:
        if load.load_id == load_id and load.published:
            return load
    raise UserError(
        f"{asked}={load_id}: no load of that id is published. The loads are in the column load_id "
        "of mpls_311_staging.track_load, where status is published."
    )


def choose(history: LoadHistory, service_requests: LakeFiles) -> Chosen:
    """Verify the files of all published loads, and see whether the years can do without some.

    A year can do without whatever is older than a full read of it, save for deleted cases.

    Raises:
        UserError: Nothing was ever published, or nothing of it is as it was written.
    """
    published = tuple(load for load in history.loads if load.published)
    if not (published or history.damaged):
        raise UserError("No load was ever published: run `kedro run` first.")
    loads: list[Load] = []
    lacking: list[int] = []
    unseen: list[tuple[int, tuple[int, ...]]] = []
    for year in sorted({*history.years, *(damage.source_year for damage in history.damaged)}):
        of_year = history.published(year)
        good = tuple(intact(of_year, service_requests))
        full = max((load.load_id for load in good if load.ingested.mode == "full"), default="")
        bad = [load for load in of_year if load not in good]
        lost = [load.load_id for load in bad]
        lost += [
            each.load_id for each in history.damaged if each.is_lost and each.source_year == year
        ]
        loads += good
        if any(load_id > full for load_id in lost):
            lacking.append(year)
        elif cases := _only_in(bad, good, service_requests):
            unseen.append((year, cases))
    if not loads:
        raise UserError(f"No file of a published load is what was written. {read_again(lacking)}")
    return Chosen(tuple(loads), tuple(lacking), tuple(unseen))


def read_again(years: Sequence[int]) -> str:
    """How years that cannot be rebuilt are made good."""
    return f"Read them again: kedro run --params years={'+'.join(map(str, years))},mode=full"


def _only_in(
    bad: Sequence[Load], good: Sequence[Load], service_requests: LakeFiles
) -> tuple[int, ...]:
    """Cases that some loads marked as deleted, and others do not know."""
    marked: list[int] = [case for load in bad if load.validated for case in load.validated.deleted]
    cases = np.unique(np.array(marked, dtype=np.int64))
    for load in good:
        if load.validated and cases.size:
            rows = service_requests.read(load.validated.file, ["case_id"])
            cases = np.setdiff1d(cases, rows["case_id"].to_numpy())
    return tuple(cases.tolist())
