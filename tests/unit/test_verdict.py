"""The verdict is told from the histories before and after a run alone."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from mpls311.commands import Commands
from mpls311.loads import LoadHistory, Manifest, NotRead, verdict
from tests.support.made import NOW, days, held, ingested, load_id, look, released, validated, whole

OLD = whole(ingested(9), NOW - days(9))
NEW = ingested(1, mode="incremental")


def not_read(day: float, *, year: int = 2023, message: str = "it is private.") -> NotRead:
    start: datetime = NOW - days(day)
    return NotRead(
        load_id=load_id(int(day), year),
        source_year=year,
        source_id="city",
        mode="incremental",
        job_start=start,
        ended_at=start + timedelta(seconds=1),
        message=message,
    )


HELD = (NEW, validated(NEW), held(NEW))
OTHER = whole(ingested(1, year=2022), NOW - days(1))


@pytest.mark.parametrize(
    ("added", "years", "code"),
    [
        ([], [2023], 0),
        ([look(1)], [2023], 0),
        ([NEW], [2023], 0),
        ([not_read(1)], [2023], 1),
        ([not_read(1), *OTHER], [2022, 2023], 3),
        ([not_read(1), look(1, year=2022)], [2022, 2023], 3),
        (HELD, [2023], 3),
        ([*HELD, *OTHER], [2022], 3),  # held by this run, though it was not asked for
        ([*HELD, released(NEW)], [2023], 0),
        ([not_read(2), look(1)], [2023], 0),
        ([not_read(2), NEW], [2023], 0),
    ],
)
def test_the_exit_code(added: list[Manifest], years: list[int], code: int) -> None:
    before = LoadHistory([*OLD, *whole(ingested(9, year=2022))])

    assert verdict(before, before.plus(*added), years).exit_code == code


@pytest.mark.parametrize("trouble", [[not_read(1)], HELD])
def test_what_stands_counts_only_for_the_years_that_are_looked_at(trouble: list[Manifest]) -> None:
    standing = LoadHistory([*OLD, *trouble])

    of_others = verdict(standing, standing.plus(*OTHER), [2022])
    assert (of_others.exit_code, len(of_others.sentences)) == (0, 1)
    assert verdict(standing, standing, [2023]).exit_code != 0


def test_a_year_that_fails_while_its_pending_load_is_published_is_no_total_loss() -> None:
    pending = LoadHistory([*OLD, NEW])
    after = pending.plus(not_read(0), *whole(NEW)[1:])

    judged = verdict(pending, after, [2023])
    assert (judged.exit_code, judged.published) == (3, (2023,))


@pytest.mark.parametrize(
    ("manifests", "sentence"),
    [
        (
            [*OLD, *HELD],
            "2023 as of 2026-05-23; newer data was held back because 500 of 500 cases would be "
            "marked deleted.",
        ),
        (HELD, "2023 is not in the marts; its data was held back because 500 of 500 cases"),
        ([*OLD, not_read(1)], "2023 as of 2026-05-23; it could not be read: it is private."),
        (
            [*OLD, *HELD, not_read(0)],
            "marked deleted; it could not be read: it is private.",
        ),
    ],
)
def test_the_sentence_says_how_far_the_marts_reach_and_why(
    manifests: list[Any], sentence: str
) -> None:
    history = LoadHistory(manifests)

    [told] = verdict(history, history).sentences
    assert sentence in told


def test_the_years_of_the_run_come_last() -> None:
    before = LoadHistory([not_read(2, year=2024), not_read(2, year=2025)])

    [first, *_, last] = verdict(before, before.plus(not_read(1, year=2023)), [2024]).sentences
    assert (first[:4], last[:4]) == ("2025", "2024")


def test_the_sentence_of_a_held_year_ends_with_what_to_type_if_a_release_can_help() -> None:
    def told(*manifests: Manifest) -> str:
        history = LoadHistory([*OLD, *manifests])
        [sentence] = verdict(history, history, advice=Commands(environment="demo")).sentences
        return sentence

    assert told(*HELD).endswith(
        "release the load: `kedro run --env demo --params years=2023,validation.accept=2023`"
    )
    assert "release" not in told(NEW, held(NEW))
    assert "release" not in told(not_read(1))


def test_what_stopped_a_year_is_advised_in_the_environment() -> None:
    message = "Read it again: kedro run --params years=2023,mode=full"
    history = LoadHistory([not_read(1, message=message)])

    [sentence] = verdict(history, history, advice=Commands(environment="demo")).sentences
    assert "kedro run --env demo --params years=2023,mode=full" in sentence
