"""Load ids sort by age, manifests survive JSON, and a history says how far each load got."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mpls311.loads import (
    LoadHistory,
    Manifest,
    Unchanged,
    Validated,
    Withdrawn,
    mint_load_id,
    parse_manifest,
)
from tests.support.made import (
    NOW,
    days,
    failed,
    held,
    ingested,
    lake_file,
    load_id,
    look,
    published,
    released,
    validated,
    whole,
)

instants = st.datetimes(
    min_value=datetime(2015, 1, 1),
    max_value=datetime(2099, 1, 1),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-6)), timezone(timedelta(hours=9))]),
)


def unchanged(day: int) -> Unchanged:
    return Unchanged(
        load_id=load_id(day),
        source_year=2023,
        ended_at=NOW - days(day) + timedelta(seconds=1),
        source_id="city",
        mode="incremental",
        job_start=NOW - days(day),
        edit_date_before=1,
        max_record_count=2000,
        requests=1,
        retries=0,
        bytes=0,
    )


def test_a_load_id_is_its_utc_time_and_year() -> None:
    now = datetime(2026, 11, 24, 3, 51, 0, 123_999, tzinfo=UTC)

    assert mint_load_id(2023, now) == "20261124T035100123Z-2023"
    assert mint_load_id(2023, now.astimezone(timezone(timedelta(hours=-6)))) == (
        "20261124T035100123Z-2023"
    )


@given(clock=st.lists(instants, min_size=2, max_size=8))
def test_load_ids_rise_whatever_the_clock_does(clock: list[datetime]) -> None:
    minted: list[str] = []
    for now in clock:
        minted.append(mint_load_id(2023, now, minted[-1] if minted else None))

    assert minted == sorted(set(minted))


@given(first=instants, later=st.integers(1, 10**9))
def test_load_ids_sort_by_time(first: datetime, later: int) -> None:
    second = first + timedelta(milliseconds=later)

    assert mint_load_id(2023, first) < mint_load_id(2023, second)


@given(now=instants)
def test_the_clock_is_believed_where_it_runs_ahead(now: datetime) -> None:
    before = mint_load_id(2023, now - timedelta(milliseconds=1))

    assert mint_load_id(2023, now, before) == mint_load_id(2023, now)


FULL = ingested(3)
RICH = validated(
    FULL,
    deleted=(1, 2),
    rejected_for={"case_id_unusable": 1},
    repaired_for={"blank_text": 4},
    new_columns=("Ward",),
    quarantine=lake_file("2023/q.parquet", 1),
    candidate_watermark=NOW - timedelta(microseconds=1),
)
MANIFESTS: Sequence[Manifest] = (
    FULL,
    ingested(2, mode="incremental", edition=None),
    RICH,
    validated(FULL, candidate_watermark=None),
    published(FULL),
    published(FULL, None),
    held(FULL),
    released(FULL),
    failed(FULL),
    unchanged(1),
)


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: manifest.phase)
def test_a_manifest_survives_json(manifest: Manifest) -> None:
    assert parse_manifest(manifest.model_dump_json().encode()) == manifest


@given(
    deleted=st.lists(st.integers(1, 2**53)),
    repaired=st.dictionaries(st.text(min_size=1), st.integers(0, 10**7)),
    mark=st.none() | instants,
)
def test_what_a_validation_found_survives_json(
    deleted: list[int], repaired: dict[str, int], mark: datetime | None
) -> None:
    manifest = validated(
        FULL, deleted=tuple(deleted), repaired_for=repaired, candidate_watermark=mark
    )
    again = parse_manifest(manifest.model_dump_json().encode())

    assert again == manifest
    assert isinstance(again, Validated)


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: manifest.phase)
def test_an_unknown_field_is_refused(manifest: Manifest) -> None:
    document = json.loads(manifest.model_dump_json()) | {"colour": "red"}

    with pytest.raises(ValidationError, match="colour"):
        parse_manifest(json.dumps(document).encode())


@pytest.mark.parametrize(
    "change", [{"phase": "staged"}, {"ended_at": "2026-06-01T12:00:00"}, {"load_id": None}], ids=str
)
def test_what_is_no_manifest_is_refused(change: dict[str, object]) -> None:
    document = json.loads(FULL.model_dump_json()) | change

    with pytest.raises(ValidationError):
        parse_manifest(json.dumps(document).encode())


@pytest.mark.parametrize(
    ("further", "state"),
    [
        ([], "ingested"),
        ([validated(FULL)], "validated"),
        ([validated(FULL), held(FULL)], "held"),
        ([validated(FULL), held(FULL), released(FULL)], "validated"),
        ([validated(FULL), failed(FULL)], "failed"),
        ([validated(FULL), failed(FULL), published(FULL)], "published"),
    ],
    ids=["ingested", "validated", "held", "released", "failed", "published"],
)
def test_a_load_has_the_furthest_state(further: list[Manifest], state: str) -> None:
    history = LoadHistory([*further, FULL])

    [load] = history.loads
    assert (load.state, load.load_id, load.source_year) == (state, FULL.load_id, 2023)
    assert (history.pending_of(2023) is None) == (state == "published")


def test_a_load_without_its_ingest_manifest_does_not_exist() -> None:
    history = LoadHistory([validated(FULL), published(FULL)])

    assert (history.loads, history.years, history.watermark(2023)) == ((), (), None)


def test_only_the_newest_load_of_a_year_is_pending() -> None:
    old, new, other = ingested(3), ingested(2), ingested(4, year=2022)
    history = LoadHistory([new, old, validated(old), other])

    assert [load.load_id for load in history.pending] == [other.load_id, new.load_id]
    assert history.pending_of(2021) is None


def test_a_held_load_is_pending_but_not_published_until_it_is_released() -> None:
    other = ingested(4, year=2022)
    history = LoadHistory([FULL, validated(FULL), held(FULL), other, validated(other)])

    assert [load.source_year for load in history.pending] == [2022, 2023]
    assert [load.source_year for load in history.publishable] == [2022]
    assert [load.source_year for load in history.plus(released(FULL)).publishable] == [2022, 2023]


def test_a_year_whose_load_was_merged_in_vain_is_staged_whole() -> None:
    first = whole(ingested(9))
    merged = ingested(5, mode="incremental")
    newer = ingested(2, mode="incremental")
    history = LoadHistory([*first, merged, validated(merged), failed(merged)])
    superseded = history.plus(newer, validated(newer))

    assert (history.remade_years, [load.load_id for load in history.to_stage]) == (
        (),
        [merged.load_id],
    )
    assert superseded.remade_years == (2023,)
    assert [load.load_id for load in superseded.to_stage] == [first[0].load_id, newer.load_id]
    assert superseded.plus(published(newer)).remade_years == ()


def test_a_file_that_a_full_read_stands_for_is_not_staged_again() -> None:
    bad, full = whole(ingested(9)), ingested(7)
    assert bad[1].phase == "validate"
    full = full.model_copy(update={"replaces": (bad[1].file.name,)})
    merged, newer = ingested(5), ingested(2)
    history = LoadHistory([*bad, *whole(full), merged, validated(merged), newer, validated(newer)])

    assert history.remade_years == (2023,)
    assert [load.load_id for load in history.to_stage] == [full.load_id, newer.load_id]


def test_a_year_is_staged_whole_when_a_guard_holds_what_came_after_the_failure() -> None:
    merged, newer, other = ingested(5), ingested(2), ingested(2, year=2022)
    history = LoadHistory(
        [*whole(ingested(9)), merged, validated(merged), newer, validated(newer), held(newer)]
    )

    assert (history.remade_years, history.to_stage) == ((2023,), ())
    to_stage = history.plus(other, validated(other)).to_stage
    assert [load.load_id for load in to_stage] == [load_id(9), other.load_id]


def test_a_load_that_was_never_validated_or_released_was_never_merged() -> None:
    stopped, newer = ingested(5), ingested(2)
    for found in ([], [validated(stopped), held(stopped)]):
        assert LoadHistory([stopped, *found, newer, validated(newer)]).remade_years == ()


def test_a_superseded_load_stays_out_once_a_newer_one_is_published() -> None:
    history = LoadHistory([ingested(3), *whole(ingested(2))])

    assert history.pending == ()
    assert [load.load_id for load in history.published(2023)] == [load_id(2)]


def test_a_look_that_found_nothing_is_no_load() -> None:
    history = LoadHistory([*whole(ingested(3)), unchanged(1)])

    assert len(history.loads) == 1
    assert history.unchanged == (unchanged(1),)
    assert history.pending == ()
    assert history.newest_id(2023) == load_id(1)


def test_the_watermark_moves_with_published_loads_only() -> None:
    first, second = ingested(5), ingested(3, mode="incremental")
    history = LoadHistory(whole(first, NOW - days(5)))
    read = history.plus(second, validated(second, candidate_watermark=NOW), failed(second))

    assert LoadHistory([first, validated(first)]).watermark(2023) is None
    assert history.watermark(2023) == read.watermark(2023) == NOW - days(5)
    assert read.plus(published(second, NOW)).watermark(2023) == NOW
    assert read.watermark(2022) is None


def test_a_year_is_held_by_its_last_full_load_and_those_after() -> None:
    loads = [
        ingested(9),
        ingested(8, mode="incremental"),
        ingested(7),
        ingested(6, mode="incremental"),
        ingested(5, mode="incremental"),
    ]
    history = LoadHistory(manifest for load in loads for manifest in whole(load))
    history = history.plus(ingested(4), validated(ingested(4)))

    last_full = history.last_full(2023)
    assert last_full is not None
    assert last_full.load_id == load_id(7)
    held = [load.load_id for load in history.since_last_full(2023)]
    assert held == [load_id(7), load_id(6), load_id(5)]


def test_without_a_full_load_nothing_holds_a_year() -> None:
    history = LoadHistory(whole(ingested(3, mode="incremental")))

    assert (history.last_full(2023), history.since_last_full(2023)) == (None, ())


def test_the_newest_id_counts_every_manifest_of_the_year() -> None:
    history = LoadHistory([ingested(3), ingested(1, year=2022), validated(ingested(2))])

    assert history.newest_id(2023) == load_id(2)
    assert history.newest_id(2022) == load_id(1, 2022)
    assert history.newest_id(2021) is None


def test_sources_that_were_mixed_show() -> None:
    history = LoadHistory([ingested(3), ingested(2, source="stand-in-city")])

    assert history.source_ids == {"city", "stand-in-city"}


@given(order=st.permutations(MANIFESTS))
def test_the_order_of_manifests_does_not_matter(order: list[Manifest]) -> None:
    distinct = {(manifest.load_id, manifest.phase): manifest for manifest in MANIFESTS}
    ordered = [manifest for manifest in order if manifest in distinct.values()]

    assert LoadHistory(ordered).manifests == LoadHistory(distinct.values()).manifests


def test_a_history_can_be_told_as_it_stood() -> None:
    first, second = whole(ingested(5)), whole(ingested(3, mode="incremental"))
    gone = Withdrawn(load_id=load_id(3), source_year=2023, ended_at=NOW)
    history = LoadHistory([*first, *second, gone])

    assert history.as_of(NOW - days(4)).loads == LoadHistory(first).loads
    assert history.as_of(NOW - days(1)).loads == LoadHistory([*first, *second]).loads
    assert history.as_of(NOW).loads == LoadHistory(first).loads


def test_without_a_load_its_year_was_not_read_in_full_and_an_older_one_is_not_pending() -> None:
    gone = Withdrawn(load_id=load_id(3), source_year=2023, ended_at=NOW)
    history = LoadHistory([*whole(ingested(5)), ingested(4), *whole(ingested(3))])

    withdrawn = history.plus(gone, look(1, mode="full"))
    assert (withdrawn.last_full_read(2023), withdrawn.pending) == (None, ())
    assert withdrawn.newest_id(2023) == load_id(1)
    again = withdrawn.plus(*whole(ingested(0)))
    assert again.last_full_read(2023) == NOW


def test_a_history_is_not_changed_by_a_longer_one() -> None:
    history = LoadHistory([FULL])
    longer = history.plus(validated(FULL))

    assert (len(history), len(longer)) == (1, 2)
    assert history.loads[0].validated is None
