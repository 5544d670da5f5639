"""The warehouse held against what the lake gives."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from mpls311.check.cases import NewestCases
from mpls311.check.findings import Report, full_read, some
from mpls311.loads import LoadHistory

_REBUILD = "kedro run --pipeline rebuild"

Counts = dict[str, tuple[int, int]]
"""Live and deleted cases by load."""


@dataclass(frozen=True)
class Warehouse:
    """What is checked of a warehouse.

    Attributes:
        tracked: The load tracking table.
        stored: `source_year`, `load_id`, `case_count` and `deleted_count` of the rows of layers.

    """

    tracked: pd.DataFrame
    stored: pd.DataFrame

    @property
    def published(self) -> set[str]:
        """Loads that it says are published."""
        return set(self.tracked.loc[self.tracked["status"] == "published", "load_id"])

    @property
    def counts(self) -> dict[int, Counts]:
        """Live and deleted cases by year and load."""
        counts: dict[int, Counts] = defaultdict(dict)
        for row in self.stored.itertuples():
            deleted = int(row.deleted_count)
            counts[int(row.source_year)][str(row.load_id)] = int(row.case_count) - deleted, deleted
        return counts


def check_warehouse(
    warehouse: Warehouse,
    history: LoadHistory,
    cases: Mapping[int, NewestCases | None],
    report: Report,
) -> None:
    """Look at which loads the warehouse has, and at how many cases of each.

    Args:
        warehouse: What to look at.
        history: What the manifests say.
        cases: What `check_lake` gives.
        report: Gets the findings.
    """
    published = {load.load_id for load in history.loads if load.published}
    damaged = {damage.load_id for damage in history.damaged}
    lacking = published - warehouse.published
    if lacking:
        report.find(f"The warehouse lacks {some(sorted(lacking))}", _REBUILD)
    for load_id in sorted(warehouse.published - published - damaged):
        year = int(load_id.rpartition("-")[2])
        what = f"The warehouse has {load_id} as published, and the lake has no manifest of it"
        report.find(what, full_read(year), _REBUILD)
    counts = warehouse.counts
    for year in sorted({*counts, *cases}):
        there, told = counts.get(year, {}), cases.get(year)
        if strangers := sorted(there.keys() - published - damaged):
            what = f"{year}: the warehouse has rows of {some(strangers)}, which is not published"
            report.find(what, "kedro run", _REBUILD)
        elif told and there != told.counts() and not lacking & {*told.counts()}:
            report.find(_difference(year, there, told.counts()), _REBUILD)


def _difference(year: int, there: Counts, told: Counts) -> str:
    (live, deleted), (live_told, deleted_told) = (
        tuple(map(sum, zip(*counts.values(), strict=True))) or (0, 0) for counts in (there, told)
    )
    return (
        f"{year}: the warehouse has {live:,} live and {deleted:,} deleted cases, the lake "
        f"{live_told:,} and {deleted_told:,}, or of other loads"
    )
