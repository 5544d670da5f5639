"""Tables for people: whole at every width, and counts that mean what their heads say."""

from io import StringIO

import pytest
from rich.console import Console, RenderableType

from mpls311.loads import LoadHistory, verdict
from mpls311.reasons import in_words
from mpls311.summary import repairs, status_table, summary_table
from tests.support.made import ingested, look, validated, whole

FULL, INCREMENT, PENDING = ingested(9), ingested(5, mode="incremental"), ingested(1)
NOTHING = LoadHistory()


def drawn(table: RenderableType, width: int = 80) -> str:
    console = Console(file=StringIO(), width=width)
    console.print(table)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def summary(before: LoadHistory, after: LoadHistory, width: int = 80) -> str:
    return drawn(summary_table(before, after, verdict(before, after), 2.0), width)


@pytest.mark.parametrize("width", range(40, 130, 10))
def test_a_narrow_terminal_loses_columns_and_no_digit(width: int) -> None:
    history = LoadHistory([*whole(FULL), PENDING, validated(PENDING, new=1_234_567)])

    for text in (summary(NOTHING, history, width), drawn(status_table(history), width)):
        assert "…" not in text
        assert all(len(line) <= width for line in text.splitlines())
        assert "2023  " in text
    assert "1,234,567" in summary(NOTHING, history, width)
    assert "Rejected" in drawn(status_table(history), 60)
    assert "Retr." in summary(NOTHING, history, 120)


def test_looks_are_no_loads() -> None:
    before = LoadHistory(whole(FULL))
    looked = before.plus(look(1), look(1, year=2022))

    assert "2 looks, nothing new in 2.0 s" in summary(before, looked)
    both = looked.plus(*whole(ingested(1, year=2021)))
    assert "1 load; 2 looks, nothing new in 2.0 s" in summary(before, both)
    assert "1 load in 2.0 s" in summary(NOTHING, before)


def test_rejected_is_what_is_in_quarantine_for_the_year() -> None:
    year = [*whole(FULL), *whole(INCREMENT)]
    assert LoadHistory(year).quarantined(2023) == 2

    pending = [*year, PENDING, validated(PENDING, rejected=7)]
    assert LoadHistory(pending).quarantined(2023) == 7
    more = ingested(1, mode="incremental")
    assert LoadHistory([*year, more, validated(more)]).quarantined(2023) == 3


def test_times_say_their_zone() -> None:
    assert "Times are UTC" in drawn(status_table(LoadHistory(whole(FULL))))


def test_reasons_are_told_in_words_at_the_end() -> None:
    found = validated(
        FULL,
        rejected_for={"open_datetime_missing": 1},
        repaired_for={"location_zero": 1200, "closed_datetime_absurd": 2, "zip_unreadable": 1},
    )
    after = LoadHistory([FULL, found])

    assert list(repairs(NOTHING, after)) == [
        "Rejected: 1 without an opening time.",
        "Repaired: 1,200 without a place (0, 0); 2 with an impossible closed time; 1 with an "
        "unreadable zip.",
    ]
    assert list(repairs(after, after)) == []
    assert in_words({"something_new": 3}) == "3 something new"
