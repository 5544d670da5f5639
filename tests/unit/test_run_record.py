"""What is left for those who watch: how a run ended, and what is worth a mail today."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from mpls311.loads import LoadHistory, Manifest, NotRead, verdict
from mpls311.run_record import RunRecord, record_of, record_of_failure, write_record
from tests.support.made import NOW, days, held, ingested, load_id, look, released, validated, whole


def edited(before: timedelta) -> int:
    return int((NOW - before).timestamp() * 1000)


OLD = whole(ingested(9, edition=edited(days(9))), NOW - days(9))
NEW = ingested(1, mode="incremental", edition=edited(days(1)))
HELD = (NEW, validated(NEW), held(NEW))


def record(before: list[Manifest], *added: Manifest, later: float = 0) -> RunRecord:
    """The record of a run that added manifests, some days after NOW."""
    then, now = LoadHistory(before), LoadHistory([*before, *added])
    return record_of(verdict(then, now, [2023]), then, now, NOW + days(later))


def not_read(day: int) -> NotRead:
    start = NOW - days(day)
    return NotRead(
        load_id=load_id(day), source_year=2023, source_id="city", mode="incremental",
        job_start=start, ended_at=start, message="it is private.",
    )  # fmt: skip


def test_a_run_that_published_has_nothing_to_tell() -> None:
    published = whole(NEW, NOW - days(1))

    assert record([*OLD], *published) == RunRecord(
        severity="INFO", verdict="well", published=(2023,), source_age_hours=24, lag_hours=0
    )


@pytest.mark.parametrize("trouble", [HELD, (not_read(1),)])
def test_a_year_that_stops_is_told_once_and_every_week(trouble: tuple[Manifest, ...]) -> None:
    at_first = record([*OLD], *trouble)
    assert at_first.severity == ("WARNING" if trouble is HELD else "ERROR")
    assert at_first.news == at_first.stopped[0]
    told = [
        later for later in range(16) if record([*OLD, *trouble], later=later).news
    ]  # a day after the trouble, NOW, is day 0
    assert told == [6, 13]


def test_a_year_that_stops_for_another_reason_is_told_again() -> None:
    assert record([*OLD, *HELD], not_read(0)).news
    assert not record([*OLD, *HELD, released(NEW)]).news


def test_the_lag_is_that_of_what_was_edited_and_is_not_published() -> None:
    pending = record([*OLD, NEW, validated(NEW)])
    assert (pending.lag_hours, pending.severity) == (24, "INFO")
    late = record([*OLD, NEW, validated(NEW)], later=0.1)
    assert (late.lag_hours, late.severity) == (26.4, "ERROR")
    # Of what is held a person has been told.
    assert record([*OLD, *HELD], later=3).lag_hours == 0


def test_the_source_is_silent_when_no_layer_was_edited_for_a_week() -> None:
    standing = [*OLD, look(0, edition=edited(days(9)))]
    assert record(standing).severity == "WARNING"
    assert record(standing).source_age_hours == 9 * 24
    other = whole(ingested(2, year=2022, edition=edited(days(2))), NOW)
    assert record([*standing, *other]).severity == "INFO"


def test_a_run_that_fails_as_a_whole_says_why() -> None:
    failed = record_of_failure("No network.")

    assert (failed.severity, failed.verdict, failed.news) == ("ERROR", "nothing", "No network.")


def test_a_record_is_one_line_where_it_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = record_of_failure("Two\nlines.")
    write_record(failed)
    assert capsys.readouterr().out == ""
    monkeypatch.setenv("MPLS311_RUN_RECORD", "-")
    write_record(failed)
    (line,) = capsys.readouterr().out.splitlines()
    monkeypatch.setenv("MPLS311_RUN_RECORD", str(tmp_path / "runs.jsonl"))
    write_record(failed)
    write_record(failed)
    assert (tmp_path / "runs.jsonl").read_text().splitlines() == [line, line]
    assert json.loads(line)["news"] == "Two\nlines."
