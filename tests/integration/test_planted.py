"""What is planted into a year is told as such on the page, and of a quiet year nothing is."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from mpls311.loads import LoadHistory
from mpls311.parameters import ChangeSettings
from mpls311.pipelines.report.nodes import collect_answers
from mpls311.pipelines.report.payload import payload
from mpls311.pipelines.report.tables import MARTS
from mpls311.sandbox import City
from tests.support.city_requests import published, take_for_requests
from tests.support.dbt_warehouse import Built, Warehouse, copy_of
from tests.support.made import BASE

YEARS = range(2022, 2027)
AS_OF = date(2026, 11, 20)
SLOW = "Abandoned Vehicle"
MANY = "Pothole"
MODELS = (
    "rpt_time_to_close rpt_changes rpt_service_targets rpt_service rpt_weeks rpt_backlog "
    "rpt_backlog_types"
)


@dataclass(frozen=True)
class Shown:
    """What the page shows of a city."""

    data: dict[str, Any]

    def rows(self, table: str) -> pd.DataFrame:
        """A table, its types by their names."""
        rows = pd.DataFrame(self.data["tables"][table])
        names = [name for _, name in self.data["types"]]
        return rows.assign(type=rows["type"].map(names.__getitem__)) if "type" in rows else rows

    def of_type(self, table: str, name: str) -> pd.DataFrame:
        rows = self.rows(table)
        return rows[rows["type"] == name]


def more_of_a_type(rows: pa.Table, number: int) -> pa.Table:
    """So many requests more in the last whole week."""
    [kind] = rows.filter(pc.equal(rows["type_name"], MANY)).slice(0, 1).to_pylist()
    opened = datetime(2026, 11, 15, 12, tzinfo=UTC)
    added = [
        kind | {"case_id": -position, "opened": opened + timedelta(hours=position), "closed": None}
        for position in range(1, number + 1)
    ]
    return pa.concat_tables([rows, pa.Table.from_pylist(added, schema=rows.schema)])


def shown(warehouse: Warehouse, changes: str, more: int) -> Shown:
    city = City(rows_per_year=20_000, as_of=AS_OF, changes=changes)
    rows = pa.concat_tables(published(city, year) for year in YEARS)
    take_for_requests(warehouse, more_of_a_type(rows, more))
    built = warehouse.build(
        "--full-refresh", "--select", MODELS, "--exclude-resource-type", "test", "unit_test"
    )
    assert built.success, built.statuses
    with duckdb.connect(warehouse.path, read_only=True) as connection:
        marts = {
            name: connection.execute(f"select * from {schema}.{name}").fetch_df()
            for name in MARTS
            for schema in ["mpls_311_staging" if name == "raw_areas" else "mpls_311_production"]
        }
    quality = pd.DataFrame({"source_year": YEARS, "case_count": 1})
    settings = ChangeSettings.model_validate(BASE["changes"])
    marts["rpt_data_quality"] = quality.reindex(columns=marts["rpt_data_quality"].columns)
    return Shown(payload(collect_answers(LoadHistory(), settings, **marts)))


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory, empty_build: tuple[Warehouse, Built]) -> Shown:
    return shown(copy_of(empty_build[0], tmp_path_factory.mktemp("quiet")), "", 0)


@pytest.fixture(scope="module")
def loud(tmp_path_factory: pytest.TempPathFactory, empty_build: tuple[Warehouse, Built]) -> Shown:
    warehouse = copy_of(empty_build[0], tmp_path_factory.mktemp("loud"))
    return shown(warehouse, f"{SLOW} x4 from 2026-01-01", 60)


def test_of_a_quiet_city_nothing_is_told(quiet: Shown) -> None:
    types = quiet.rows("type")

    assert set(types["open_year"]) == {0, *YEARS}
    assert types["worse"].notna().sum() > 100
    assert not types["worse"].fillna(0).any()
    assert quiet.rows("week")["expected_count"].notna().sum() > 100
    assert not quiet.rows("week")["is_unusual"].any()


def test_a_slow_down_is_told_of_its_type_and_year_alone(loud: Shown) -> None:
    types = loud.rows("type")
    worse = types[types["worse"].fillna(0) != 0]

    assert worse[["type", "open_year", "worse"]].to_numpy().tolist() == [[SLOW, 2026, 1]]
    assert worse["change"].item() == pytest.approx(3, rel=0.4)


def test_an_anomaly_is_told_of_its_week_alone(loud: Shown, quiet: Shown) -> None:
    week = loud.rows("week")

    assert loud.data["lastWeek"] == ["2026-11-12", "2026-11-18"]
    assert week.loc[week["is_unusual"] == 1, "type"].tolist() == [MANY]
    now, before = (told.of_type("week", MANY).iloc[0] for told in (loud, quiet))
    assert now["request_count"] == before["request_count"] + 60 > now["high"]
    assert now["expected_count"] == before["expected_count"]


def test_a_backlog_grows_where_it_is_planted(loud: Shown, quiet: Shown) -> None:
    def months(told: Shown, name: str) -> "pd.Series[int]":
        return told.of_type("backlogMonth", name).groupby("as_of_date")["open_count"].sum()

    slow, usual = months(loud, SLOW), months(quiet, SLOW)
    last = loud.data["asOfDates"].index("2025-12-31")
    assert slow[: last + 1].equals(usual[: last + 1])
    assert (slow[last + 2 :] > usual[last + 2 :]).all()
    now, before = (told.of_type("backlogType", SLOW).iloc[0] for told in (loud, quiet))
    assert now["open_count"] == slow.iloc[-1] > 1.5 * before["open_count"]
    assert months(loud, "Graffiti complaint / reporting").equals(
        months(quiet, "Graffiti complaint / reporting")
    )


def test_the_number_of_service_falls_and_waits_are_longer(loud: Shown, quiet: Shown) -> None:
    def share(told: Shown, year: int) -> float:
        rows = told.rows("service")
        return float(
            rows[(rows["open_year"] == year) & rows["open_month"].isna()]["share_within"].item()
        )

    assert share(loud, 2026) < share(quiet, 2026) - 0.002
    assert share(loud, 2025) == pytest.approx(share(quiet, 2025), abs=0.0002)
    of_all = [told.of_type("wait", SLOW).iloc[0] for told in (loud, quiet)]
    assert of_all[0]["median_hours"] > 2 * of_all[1]["median_hours"]
