"""What a review says of two editions of a mart."""

from typing import Any

import pandas as pd
import pyarrow as pa

from mpls311.contracts import keys_of_marts
from review.__main__ import report
from review.comparison import compare
from review.editions import Edition


def frame(**columns: list[Any]) -> pd.DataFrame:
    """Rows as datasets give them."""
    return pa.table(columns).to_pandas(types_mapper=pd.ArrowDtype)


class Table:
    def __init__(self, rows: pd.DataFrame) -> None:
        self._rows = rows

    def load(self) -> pd.DataFrame:
        return self._rows


def edition(*key: str, **marts: pd.DataFrame) -> Edition:
    return Edition(dict.fromkeys(marts, key), lambda mart: Table(marts[mart]))  # type: ignore[arg-type, return-value]


BEFORE = frame(grain=["month", "month", "year"], month=[1, 2, None], hours=[1.5, None, 2.0])


def test_nothing_is_said_of_the_same_rows_in_another_order() -> None:
    found = compare(BEFORE, BEFORE.iloc[::-1], ["grain", "month"])

    assert found.is_same
    assert not list(report(*[edition("grain", "month", m=BEFORE)] * 2))


def test_rows_are_told_apart_by_a_key_that_may_have_nulls() -> None:
    after = frame(grain=["month", "month", "year"], month=[1, 3, None], hours=[1.5, None, 9.0])
    found = compare(BEFORE, after, ["grain", "month"])

    assert (found.added, found.removed, found.changed) == (1, 1, 1)
    assert found.changed_rows == {"hours": 1}
    assert found.examples == [
        (
            {"grain": "year", "month": None, "hours": 2.0},
            {"grain": "year", "month": None, "hours": 9.0},
        ),
        ({"grain": "month", "month": 2, "hours": None}, None),
        (None, {"grain": "month", "month": 3, "hours": None}),
    ]


def test_a_null_differs_from_a_value_and_not_from_a_null() -> None:
    after = frame(grain=["month", "month", "year"], month=[1, 2, None], hours=[None, None, 2.0])

    assert compare(BEFORE, after, ["grain", "month"]).changed_rows == {"hours": 1}


def test_columns_come_go_and_change_their_type() -> None:
    before = frame(id=[1], gone=["x"], number=[7], load_id=["a"])
    after = frame(id=[1], number=["7"], new=[True], load_id=["b"])
    found = compare(before, after, ["id"], without=["load_id"])

    assert found.types == {
        "gone": ("varchar", None),
        "number": ("bigint", "varchar"),
        "new": (None, "boolean"),
    }
    # 7 is still 7.
    assert found.changed == 0


def test_without_a_key_that_both_have_whole_rows_are_compared() -> None:
    found = compare(frame(old=[1, 2], n=[5, 6]), frame(new=[1, 2], n=[5, 7]), ["new"])

    assert found.key == ["n"]
    assert (found.added, found.removed, found.changed) == (1, 1, 0)


def test_the_report_names_marts_columns_and_rows() -> None:
    one = frame(id=[1])
    before = edition("id", gone=one, kept=frame(id=[1, 2], n=[5, 6]), same=one)
    after = edition("id", new=frame(id=[1, 2]), kept=frame(id=[2, 3], n=[7, 8]), same=one)

    assert list(report(before, after)) == [
        "| mart | rows | added | removed | changed |",
        "| --- | --- | --- | --- | --- |",
        "| gone | 1 -> no such mart | | | |",
        "| new | new: 2 | | | |",
        "| kept | 2 | 1 | 1 | 1 |",
        "",
        "### kept",
        "",
        "- `n` differs in 1 of the rows that both have",
        "- id 2: `n` 6 -> 7",
        "- removed: id 1",
        "- added: id 3",
    ]


def test_keys_are_those_of_the_unique_tests_of_marts() -> None:
    def model(name: str, room: str = "marts") -> dict[str, Any]:
        return {"name": name, "resource_type": "model", "fqn": ["mpls_311", room, name]}

    def test(of: str, name: str, **kwargs: Any) -> dict[str, Any]:
        metadata = {"name": name, "kwargs": kwargs}
        return {"name": "", "resource_type": "test", "attached_node": of, "test_metadata": metadata}

    assert keys_of_marts(
        {
            "a": model("fact"),
            "b": model("report"),
            "c": model("open"),
            "d": model("step", "intermediate"),
            "t1": test("a", "not_null", column_name="month"),
            "t2": test("a", "unique", column_name="case_id"),
            "t3": test("a", "unique", column_name="other_id"),
            "t4": test("b", "unique_combination", columns=["year", "month"]),
            "t5": test("d", "unique", column_name="case_id"),
        }
    ) == {"fact": ("case_id",), "report": ["year", "month"], "open": ()}
