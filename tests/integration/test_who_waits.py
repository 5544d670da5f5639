"""Times to close of a year that is not over, held against what became of its requests.

The stand-in city draws every life whole, its future included, so that the outcome is known.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from mpls311.sandbox import City
from mpls311.sandbox.city.tempers import TEMPERS
from tests.support.city_requests import published, take_for_requests
from tests.support.dbt_warehouse import Built, Warehouse, copy_of

YEAR = 2026
DAYS = (date(YEAR, 1, 20), date(YEAR, 3, 31), date(YEAR, 6, 30), date(YEAR, 11, 20))
LONG_AFTER = date(YEAR + 3, 1, 1)
SHARES = {"median_hours": 0.5, "p90_hours": 0.9}

EVERYTHING = "everything"


@dataclass(frozen=True)
class Group:
    """Requests as they were on a day; hours, infinite for what is never closed."""

    closed_or_waiting: Any
    is_closed: Any
    outcome: Any
    mart: Mapping[str, float]
    """What the mart says of them; nan where it says nothing."""

    def curve(self) -> tuple[Any, Any, Any]:
        """The curve of Kaplan and Meier: when it falls, to what, with what error (Greenwood)."""
        instants, falls = np.unique(self.closed_or_waiting[self.is_closed], return_counts=True)
        earlier = np.searchsorted(np.sort(self.closed_or_waiting), instants)
        at_risk = len(self.closed_or_waiting) - earlier
        left = np.cumprod(1 - falls / at_risk)
        with np.errstate(divide="ignore", invalid="ignore"):
            error = left * np.sqrt(np.cumsum(falls / (at_risk * (at_risk - falls))))
        return instants, left, np.nan_to_num(error)

    def percentile(self, share: float) -> float:
        """When that share does not wait any longer; nan if that is not reached."""
        instants, left, _ = self.curve()
        reached = instants[left <= 1 - share + 1e-9]
        return float(reached[0]) if len(reached) else math.nan

    def became(self, share: float) -> float:
        """The same of the outcome, by nearest rank."""
        return float(np.sort(self.outcome)[math.ceil(round(share * len(self.outcome), 6)) - 1])

    def is_plausible(self, share: float) -> bool:
        """Whether the outcome lies within the 95 % interval that was known on the day."""
        instants, left, error = self.curve()
        at = np.searchsorted(instants, self.became(share), side="right") - 1
        return bool(abs(left[at] - (1 - share)) <= 1.96 * error[at]) if at >= 0 else False


Seen = Mapping[tuple[int, str], Group]
"""By the number of the edition and the type, or everything."""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, empty_build: tuple[Warehouse, Built]) -> Seen:
    """Every day of every temper, as years of one warehouse."""
    warehouse = copy_of(empty_build[0], tmp_path_factory.mktemp("who_waits"))
    editions, outcomes = [], []
    for temper in TEMPERS:
        outcome = published(City(as_of=LONG_AFTER, temper=temper), YEAR)
        for day in DAYS:
            edition = published(City(as_of=day, temper=temper), YEAR, called=len(editions) + 1)
            # Of what the city deletes later, nobody knows the outcome.
            editions.append(edition.filter(pc.is_in(edition["case_id"], outcome["case_id"])))
            outcomes.append(outcome.append_column("edition", [[len(editions)] * len(outcome)]))
    take_for_requests(warehouse, *editions)
    built = warehouse.build(
        "--full-refresh",
        "--select=rpt_time_to_close",
        "--exclude-resource-type",
        "test",
        "unit_test",
    )
    assert built.success, built.statuses
    with duckdb.connect(warehouse.path) as connection:
        connection.register("outcomes", pa.concat_tables(outcomes))
        rows = connection.execute(
            """
            select
                requests.open_year, requests.type_name,
                coalesce(time_to_close_seconds, waiting_seconds) / 3600 as closed_or_waiting,
                not is_open as is_closed,
                case when closed is null then 'infinity'::double
                    else date_diff('second', outcomes.opened, closed) / 3600 end as outcome
            from mpls_311_production.rpt_requests as requests
            inner join outcomes
                on requests.case_id = outcomes.case_id and requests.open_year = outcomes.edition
            where not requests.is_information_only and closed_or_waiting is not null
            """
        ).fetch_df()
        mart = connection.execute(
            f"""
            select open_year, coalesce(type_name, '{EVERYTHING}') as name, {", ".join(SHARES)}
            from mpls_311_production.rpt_time_to_close
            where grain in ('year', 'year_type') and not is_information_only
            """
        ).fetch_df()
    groups = [*rows.groupby(["open_year", "type_name"])]
    groups += [((year, EVERYTHING), whole) for year, whole in rows.groupby("open_year")]
    says = mart.set_index(["open_year", "name"])
    return {
        key: Group(*(group[name].to_numpy() for name in rows.columns[2:]), says.loc[key].to_dict())
        for key, group in groups
    }


def test_the_whole_is_what_became_of_it(seen: Seen) -> None:
    """Without who waits, the median of January was 21.9 hours instead of 32.0."""
    wholes = [(number, group) for (number, name), group in seen.items() if name == EVERYTHING]
    assert len(wholes) == len(DAYS) * len(TEMPERS)
    for number, whole in wholes:
        for name, share in SHARES.items():
            # On a day in January few requests are as old as the 90th percentile, and where they are
            # closed in batches, those few are fewer still.
            is_early = (number - 1) % len(DAYS) == 0 and name == "p90_hours"
            assert whole.mart[name] == pytest.approx(
                whole.became(share), rel=0.1 if is_early else 0.05
            )


def test_nine_types_in_ten_are_what_was_to_be_expected(seen: Seen) -> None:
    types = [
        group
        for (_, name), group in seen.items()
        if name != EVERYTHING and len(group.outcome) >= 100
    ]
    for share in SHARES.values():
        reached = [group for group in types if not math.isnan(group.percentile(share))]
        assert len(reached) > 100
        assert sum(group.is_plausible(share) for group in reached) >= 0.9 * len(reached)


def test_the_mart_says_what_another_survival_curve_says(seen: Seen) -> None:
    assert len(seen) > 400
    for key, group in seen.items():
        for name, share in SHARES.items():
            expected = pytest.approx(group.percentile(share), rel=1e-12, nan_ok=True)
            assert group.mart[name] == expected, key
