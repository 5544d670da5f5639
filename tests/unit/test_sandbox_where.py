"""The where evaluator of the stand-in city against a plain reading of SQL, row by row."""

import operator
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpls311.sandbox.protocol import Column, EsriType, Points, Table
from mpls311.sandbox.protocol.where import InvalidWhereError, matches

Row = dict[str, Any]
Test = Callable[[Row], bool | None]
Clause = tuple[str, Test]

FIRST = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp() * 1000)
HOUR = 3_600_000
WORDS = ("", " Pothole", "Graffiti - Open311", "It's 100% full_up", "Pothole")
NUMBERS = [None, -3, 0, 1, 201000824527]
INSTANTS = [None, -2_209_161_600_000, FIRST, FIRST + HOUR, FIRST + 30 * HOUR]

ROWS: list[Row] = [
    {
        "OBJECTID": position + 7,
        "CASEID": NUMBERS[position % 5],
        "Opened": INSTANTS[(position // 5) % 5],
        "TypeName": WORDS[(position // 3) % 5],
        "XCOORD": (position % 4) - 1.5,
    }
    for position in range(75)
]


def make_table() -> Table:
    def numbers(name: str) -> tuple[np.ndarray, np.ndarray]:
        known = np.array([row[name] is not None for row in ROWS])
        return np.array([row[name] or 0 for row in ROWS]), known

    nothing = np.zeros(len(ROWS))
    no_mask = np.zeros(len(ROWS), dtype=bool)
    codes = np.array([WORDS.index(row["TypeName"]) for row in ROWS])
    return Table(
        (
            Column("OBJECTID", EsriType.OID, np.array([row["OBJECTID"] for row in ROWS])),
            Column("CASEID", EsriType.BIG_INTEGER, *numbers("CASEID")),
            Column("Opened", EsriType.DATE, *numbers("Opened")),
            Column("TypeName", EsriType.STRING, codes, words=WORDS),
            Column("XCOORD", EsriType.DOUBLE, np.array([row["XCOORD"] for row in ROWS])),
        ),
        Points(nothing, nothing, no_mask, no_mask, no_mask),
    )


TABLE = make_table()
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def timestamp(instant: int) -> str:
    return f"TIMESTAMP '{datetime.fromtimestamp(instant / 1000, UTC):%Y-%m-%d %H:%M:%S}'"


def values_of(field: str) -> st.SearchStrategy[tuple[Any, str]]:
    """Constants for a field: the value, and how it is written."""
    if field == "TypeName":
        return st.sampled_from([*WORDS, "Potholes"]).map(lambda text: (text, quoted(text)))
    if field == "Opened":
        hours = st.integers(-40, 60).map(lambda n: FIRST + n * HOUR)
        return hours.map(lambda instant: (instant, timestamp(instant)))
    if field == "XCOORD":
        return st.sampled_from([-1.5, -0.25, 0.5, 1]).map(lambda x: (x, str(x)))
    return st.sampled_from([-3, 0, 1, 9, 20, 201000824527, 10**20]).map(lambda n: (n, str(n)))


def known(field: str, test: Callable[[Any], bool]) -> Test:
    return lambda row: None if row[field] is None else test(row[field])


@st.composite
def leaves(draw: st.DrawFn) -> Clause:
    field = draw(st.sampled_from(list(ROWS[0])))
    spelled = draw(st.sampled_from([field, field.lower(), field.upper()]))
    constant = values_of(field)
    form = draw(st.sampled_from(["compare", "reversed", "in", "between", "null", "always"]))
    if form in ("compare", "reversed"):
        sign = draw(st.sampled_from(list(OPERATORS)))
        value, text = draw(constant)
        if form == "reversed":
            return f"{text} {sign} {spelled}", known(field, lambda v: OPERATORS[sign](value, v))
        return f"{spelled} {sign} {text}", known(field, lambda v: OPERATORS[sign](v, value))
    if form == "in":
        negation = draw(st.sampled_from(["", "NOT "]))
        choices = draw(st.lists(constant, min_size=1, max_size=4))
        texts = ", ".join(text for _, text in choices)
        wanted = {value for value, _ in choices}
        clause = f"{spelled} {negation}IN ({texts})"
        return clause, known(field, lambda v: (v in wanted) is (negation == ""))
    if form == "between":
        (low, low_text), (high, high_text) = draw(constant), draw(constant)
        clause = f"{spelled} BETWEEN {low_text} AND {high_text}"
        return clause, known(field, lambda v: low <= v <= high)
    if form == "null":
        if draw(st.booleans()):
            return f"{spelled} IS NULL", lambda row: row[field] is None
        return f"{spelled} IS NOT NULL", lambda row: row[field] is not None
    return draw(st.sampled_from([("1=1", lambda row: True), ("1 = 2", lambda row: False)]))


def negated(test: Test) -> Test:
    def result(row: Row) -> bool | None:
        value = test(row)
        return None if value is None else not value

    return result


def both(left: Test, right: Test) -> Test:
    def result(row: Row) -> bool | None:
        values = {left(row), right(row)}
        return False if False in values else None if None in values else True

    return result


def combined(inner: st.SearchStrategy[Clause]) -> st.SearchStrategy[Clause]:
    either = st.tuples(inner, inner)
    return st.one_of(
        inner.map(lambda c: (f"NOT ({c[0]})", negated(c[1]))),
        either.map(lambda p: (f"({p[0][0]}) AND ({p[1][0]})", both(p[0][1], p[1][1]))),
        either.map(
            lambda p: (
                f"({p[0][0]}) or ({p[1][0]})",
                negated(both(negated(p[0][1]), negated(p[1][1]))),
            )
        ),
    )


def found(clause: str) -> list[int]:
    return TABLE["OBJECTID"].values[matches(TABLE, clause)].tolist()


@given(st.recursive(leaves(), combined, max_leaves=6))
def test_clause_selects_the_rows_for_which_it_is_true(clause: Clause) -> None:
    text, test = clause
    assert found(text) == [row["OBJECTID"] for row in ROWS if test(row) is True]


def test_and_binds_tighter_than_or() -> None:
    expected = [r["OBJECTID"] for r in ROWS if r["XCOORD"] == 0.5 or r["OBJECTID"] == 8]
    assert found("XCOORD = 0.5 OR XCOORD = -0.5 AND OBJECTID = 8") == expected


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("%Open311", {"Graffiti - Open311"}),
        ("%othole", {" Pothole", "Pothole"}),
        ("_Pothole", {" Pothole"}),
        ("%100\\%%", set()),
        ("It''s%", {"It's 100% full_up"}),
        ("pothole", set()),
        ("", {""}),
    ],
)
def test_like_knows_percent_and_underscore_and_case(pattern: str, words: set[str]) -> None:
    expected = [row["OBJECTID"] for row in ROWS if row["TypeName"] in words]
    assert found(f"TypeName LIKE '{pattern}'") == expected
    rest = [row["OBJECTID"] for row in ROWS if row["TypeName"] not in words]
    assert found(f"TypeName NOT LIKE '{pattern}'") == rest


@pytest.mark.parametrize(
    "literal",
    [
        "DATE '2024-01-01'",
        "date '2024-01-01 00:00:00'",
        "TIMESTAMP '2024-01-01 00:00:00'",
        "timestamp '2024-01-01 00:00:00.000'",
    ],
)
def test_date_literals_are_utc(literal: str) -> None:
    expected = [row["OBJECTID"] for row in ROWS if row["Opened"] == FIRST]
    assert found(f"opened = {literal}") == expected
    assert expected


def test_fields_of_one_kind_can_be_compared() -> None:
    expected = [
        r["OBJECTID"] for r in ROWS if r["CASEID"] is not None and r["CASEID"] > r["XCOORD"]
    ]
    assert found("CASEID > XCOORD") == expected


@pytest.mark.parametrize(
    "clause",
    [
        "Opened > 1704067200000",
        "Opened > '2024-01-01'",
        "Opened = TIMESTAMP 'yesterday'",
        "Opened = TIMESTAMP '2024-13-01 00:00:00'",
        "CASEID = '201000824527'",
        "TypeName = 5",
        "TypeName IN ('Pothole', 5)",
        "Ward = 3",
        "layer.CASEID = 3",
        "CASEID",
        "1",
        "CASEID = ",
        "= 3",
        "CASEID LIKE '2%'",
        "TypeName LIKE TypeName",
        "TypeName ILIKE 'p%'",
        "UPPER(TypeName) = 'POTHOLE'",
        "CASEID + 1 = 2",
        "CASEID IN (SELECT 1)",
        "CASEID IN ()",
        "CASEID BETWEEN SYMMETRIC 3 AND 1",
        "TypeName LIKE ANY ('Pothole')",
        "CASEID IN (OBJECTID)",
        "CASEID IS TRUE",
        "EXISTS (SELECT 1)",
        "1=1; DROP TABLE requests",
        "1=1 ORDER BY CASEID",
        "__import__('os').getpid() = 1",
        "Opened > CURRENT_TIMESTAMP",
        "TypeName = 'open",
    ],
)
def test_what_is_not_supported_is_refused(clause: str) -> None:
    with pytest.raises(InvalidWhereError):
        matches(TABLE, clause)
