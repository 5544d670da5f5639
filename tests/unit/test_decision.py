"""What is done about a year, case by case."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from mpls311.loads import (
    Decision,
    Edition,
    LoadHistory,
    Manifest,
    decide,
    is_read_in_full,
    one_overdue,
)
from mpls311.loads.manifests import Mode
from tests.support.made import NOW, days, failed, ingested, load_id, look, validated, whole

WATERMARK = NOW - days(1)
LATER = NOW - timedelta(hours=1)


def decision(
    *loads: tuple[Manifest, ...],
    edition: int | None,
    count: int | None = 3,
    mode: Mode = "incremental",
    **changes: Any,
) -> Decision:
    history = LoadHistory(manifest for load in loads for manifest in load)
    settings: dict[str, Any] = {"now": NOW, "overlap": days(2), "full_every": days(30)}
    return decide(history, 2023, Edition(edition, count), mode=mode, **(settings | changes))


def full(day: int, edition: int | None, watermark: datetime | None = WATERMARK) -> Any:
    return whole(ingested(day, edition=edition), watermark)


def incremental(day: int, edition: int | None, watermark: datetime | None = LATER) -> Any:
    return whole(ingested(day, mode="incremental", edition=edition), watermark)


def pending(day: int, edition: int | None, mode: Mode = "full") -> Any:
    return (ingested(day, edition=edition, mode=mode),)


@pytest.mark.parametrize(
    ("loads", "edition", "mode", "action"),
    [
        pytest.param([], 5, "incremental", "full", id="first read"),
        pytest.param([], None, "incremental", "full", id="first read, no edit date"),
        pytest.param([full(3, 5)], 5, "incremental", "unchanged", id="same edition"),
        pytest.param([full(3, 5)], 6, "incremental", "incremental", id="newer edition"),
        pytest.param([full(3, 5)], 4, "incremental", "incremental", id="edit date went back"),
        pytest.param([full(3, 5)], None, "incremental", "incremental", id="no edit date"),
        pytest.param([full(3, None)], None, "incremental", "incremental", id="never one"),
        pytest.param([full(3, None)], 5, "incremental", "incremental", id="edit date is new"),
        pytest.param(
            [full(9, 5), incremental(3, 6)], 6, "incremental", "unchanged", id="same as increment"
        ),
        pytest.param(
            [full(9, 5), incremental(3, 6)], 5, "incremental", "incremental", id="as the full one"
        ),
        pytest.param([full(31, 5)], 6, "incremental", "full", id="full read is due"),
        pytest.param([full(30, 5)], 6, "incremental", "incremental", id="due tomorrow"),
        pytest.param([full(31, 5)], 5, "incremental", "full", id="due, same edition"),
        pytest.param(
            [full(31, 5), incremental(3, 6)], 6, "incremental", "full", id="due, same as increment"
        ),
        pytest.param(
            [full(31, 5), incremental(3, 6)], 5, "incremental", "full", id="due, as full one"
        ),
        pytest.param([full(31, None)], None, "incremental", "full", id="due, no edit date"),
        pytest.param([full(3, 5)], 5, "full", "full", id="full asked for"),
        pytest.param([full(3, 5, None)], 5, "incremental", "unchanged", id="empty, same edition"),
        pytest.param([full(3, 5, None)], 6, "incremental", "full", id="empty until now"),
        pytest.param([pending(1, 5)], 5, "incremental", "resume", id="pending"),
        pytest.param([pending(1, 5)], 5, "full", "resume", id="pending full, full asked for"),
        pytest.param([pending(1, 5)], 6, "incremental", "full", id="pending of another edition"),
        pytest.param([pending(1, None)], None, "incremental", "full", id="pending, no edit date"),
        pytest.param(
            [full(3, 5), pending(1, 6, "incremental")],
            6,
            "incremental",
            "resume",
            id="pending increment",
        ),
        pytest.param(
            [full(3, 5), pending(1, 6, "incremental")],
            6,
            "full",
            "full",
            id="pending increment, full asked for",
        ),
        pytest.param(
            [full(3, 5), pending(1, 6, "incremental")],
            7,
            "incremental",
            "incremental",
            id="pending increment of another edition",
        ),
        pytest.param(
            [full(3, 5), pending(1, 6)],
            5,
            "incremental",
            "incremental",
            id="pending was taken back",
        ),
        pytest.param(
            [pending(3, 5), pending(1, 6)], 5, "incremental", "full", id="superseded is not resumed"
        ),
    ],
)
def test_a_year(loads: list[Any], edition: int | None, mode: Mode, action: str) -> None:
    found = decision(*loads, edition=edition, mode=mode)

    assert found.action == action
    assert found.reason
    assert (found.since is not None) == (action == "incremental")


@pytest.mark.parametrize(
    ("loads", "mode", "certain"),
    [
        pytest.param([], "incremental", True, id="first read"),
        pytest.param([full(3, 5)], "full", True, id="asked for"),
        pytest.param([full(3, 5)], "incremental", False, id="maybe unchanged"),
        pytest.param([full(31, 5)], "incremental", False, id="due, maybe unchanged"),
        pytest.param([pending(1, 5)], "incremental", False, id="maybe taken up"),
        pytest.param([pending(1, 5)], "full", False, id="asked for, maybe taken up"),
    ],
)
def test_a_full_read_may_be_certain_before_the_layer_is_seen(
    loads: list[Any], mode: Mode, certain: bool
) -> None:
    history = LoadHistory(manifest for load in loads for manifest in load)
    decisions = [decision(*loads, edition=edition, mode=mode) for edition in (None, 4, 5, 6)]

    assert is_read_in_full(history, 2023, mode) is certain
    # One that is overdue may have to wait for another year.
    assert all(d.action == "full" and not d.overdue_since for d in decisions) is certain


@pytest.mark.parametrize(
    ("counted", "service_count", "mode", "count", "action"),
    [
        pytest.param(3, 3, "full", 3, "unchanged", id="same count"),
        pytest.param(3, 3, "full", 4, "incremental", id="another count"),
        pytest.param(3, 3, "full", None, "unchanged", id="no count now"),
        pytest.param(None, 3, "full", 3, "unchanged", id="that of the full read"),
        pytest.param(None, 3, "full", 4, "incremental", id="not that of the full read"),
        pytest.param(None, 1, "incremental", 9, "unchanged", id="a window counts nothing"),
    ],
)
def test_the_same_edit_date_needs_the_same_count(
    counted: int | None, service_count: int, mode: Mode, count: int | None, action: str
) -> None:
    load = ingested(3, edition=5, mode=mode).model_copy(
        update={"layer_count": counted, "service_count": service_count}
    )

    assert decision(full(9, 4), whole(load), edition=5, count=count).action == action


def test_a_full_look_counts_as_a_full_read() -> None:
    looked = look(10, mode="full")

    assert decision(full(40, 5), (looked,), edition=5).action == "unchanged"
    assert decision(full(40, 5), (look(10),), edition=5).action == "full"
    assert decision(full(45, 5), (look(31, mode="full"),), edition=5).action == "full"
    history = LoadHistory([*full(40, 5), looked])
    assert history.last_full_read(2023) == looked.job_start


def test_of_the_years_that_stand_still_one_is_read_again_in_a_run() -> None:
    due = {year: Decision("full", "old", overdue_since=NOW - days(40 + year)) for year in (1, 3, 2)}
    others = {4: Decision("full", "asked for"), 5: Decision("unchanged", "same")}

    left = one_overdue(due | others)

    assert {year: d.action for year, d in left.items()} == {
        1: "unchanged",
        2: "unchanged",
        3: "full",
        4: "full",
        5: "unchanged",
    }
    assert one_overdue(others) == others


def test_an_incremental_read_begins_before_the_newest_watermark() -> None:
    found = decision(full(9, 5), incremental(3, 6), edition=7, overlap=days(3))

    assert found.since == LATER - days(3)


@pytest.mark.parametrize("further", [False, True], ids=["ingested", "failed"])
def test_the_pending_load_itself_is_taken_up(further: bool) -> None:
    manifest = ingested(1, edition=5)
    later = (validated(manifest), failed(manifest)) if further else ()
    found = decision((manifest, *later), edition=5)

    assert found.action == "resume"
    assert found.reason == f"takes up {load_id(1)}"


def test_other_years_do_not_matter() -> None:
    found = decision(whole(ingested(3, year=2022, edition=5)), edition=5)

    assert (found.action, found.reason) == ("full", "first read")


def test_the_age_of_a_full_read_may_be_part_of_a_day() -> None:
    found = decision(full(1, 5), edition=6, full_every=timedelta(hours=12))

    assert found == Decision("full", "last full read is over 0.5 days old")
