"""What `trials.scanned` counts of a statement in BigQuery."""

import pytest
from sqlglot import exp

from trials.scanned import Table, Warehouse, parsed

CASES = {"case_id": 80.0, "year": 80.0, "type_name": 300.0, "extras": 1000.0}
WHOLE = sum(CASES.values())
SHARES = {2024: 0.5, 2025: 0.3, 2026: 0.2}


@pytest.fixture
def warehouse() -> Warehouse:
    stored = Table(CASES, partitioned_by="year", shares=SHARES)
    view = parsed("select *, case_id > 0 as is_known from `p`.`d`.`cases`")
    over_it = parsed("select year, type_name, is_known from d.named")
    assert isinstance(view, exp.Query)
    assert isinstance(over_it, exp.Query)
    tables = {
        "d.cases": stored,
        "d.cases__dbt_tmp": Table(CASES).times(0.01),
        "d.flat": Table(CASES),
    }
    return Warehouse(tables, {"d.named": view, "d.short": over_it})


@pytest.mark.parametrize(
    ("statement", "read"),
    [
        ("select type_name from `p`.`d`.`flat` where case_id = 1", 380),
        ("with all_of_it as (select * from d.flat) select year from all_of_it", 80),
        ("select a.year from d.flat as a join d.flat as b on a.case_id = b.case_id", 160),
        ("select year from d.flat where 0 < (select max(case_id) from d.flat as other)", 160),
        ("select count(*) from d.flat", 0),
        ("select * from (select * from d.flat) where false limit 0", 0),
        ("create or replace table p.d.made as (select year from d.flat)", 80),
        ("insert into d.cases (year) select year from d.flat", 80),
        ("insert into d.flat (case_id) values (1)", 0),
        ("delete from d.flat where case_id = 1", 80 + WHOLE),
    ],
)
def test_columns_that_are_referred_to_count_once(
    statement: str, read: float, warehouse: Warehouse
) -> None:
    assert sum(warehouse.scanned(statement).values()) == read


def test_a_view_reads_what_it_is_asked_for_of_its_tables(warehouse: Warehouse) -> None:
    assert warehouse.scanned("select type_name from d.short") == {"d.cases": 300}
    assert warehouse.scanned("select is_known, year from d.short") == {"d.cases": 160}
    assert warehouse.scanned("create or replace view d.other as select * from d.short") == {}


@pytest.mark.parametrize(
    ("condition", "share"),
    [
        ("c.year in (2025, 2026)", 0.5),
        ("(c.year = 2026) and c.type_name = ''", 0.2),
        ("c.year in (select year from d.cases__dbt_tmp)", 1),
        ("c.year = 2026 or c.year is null", 1),
        ("c.year in (1999)", 0),
    ],
)
def test_literals_leave_partitions_out(condition: str, share: float, warehouse: Warehouse) -> None:
    found = warehouse.scanned(f"select extras, year, type_name from d.cases as c where {condition}")
    assert found["d.cases"] == pytest.approx(1380 * share)


MERGE = """
    merge into `p`.`d`.`cases` as target
    using (select * from `p`.`d`.`cases__dbt_tmp123456`) as source
    on (target.year in (2026)) and (target.case_id = source.case_id)
    {}
    when not matched then insert (case_id, year) values (case_id, year)
"""


def test_a_merge_reads_its_partitions_twice_over(warehouse: Warehouse) -> None:
    """What it compares, and then all columns; one that inserts only, what it compares."""
    compared = {"d.cases": 160 * 0.2, "d.cases__dbt_tmp": WHOLE * 0.01}
    assert warehouse.scanned(MERGE.format("")) == pytest.approx(compared)
    updates = MERGE.format("when matched then update set year = source.year")
    both = {**compared, "d.cases": (160 + WHOLE) * 0.2}
    assert warehouse.scanned(updates) == pytest.approx(both)


def test_what_is_not_known_to_be_free_is_refused(warehouse: Warehouse) -> None:
    with pytest.raises(NotImplementedError):
        warehouse.scanned("update d.flat set year = 1 where true")
