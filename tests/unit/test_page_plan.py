"""The page plan holds every row once, whatever the ids look like."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpls311.arcgis import Page, PagePlan, plan_offsets, plan_pages, plan_ranges

ids_lists = st.lists(st.integers(min_value=-(2**62), max_value=2**62), max_size=300)
clustered = st.lists(st.integers(min_value=0, max_value=120), max_size=300)
limits = st.integers(min_value=1, max_value=90)


def held(page: Page) -> list[int]:
    """List the ids of a page."""
    assert page.object_ids is not None
    return [int(oid) for oid in page.object_ids]


def assert_whole(pages: tuple[Page, ...], ids: list[int], limit: int) -> None:
    assert [oid for page in pages for oid in held(page)] == sorted(set(ids))
    for page in pages:
        assert 1 <= page.expected == len(held(page)) <= limit
        assert (page.lo, page.hi) == (held(page)[0], held(page)[-1])
    for left, right in pairwise(pages):
        assert left.hi < right.lo


@given(ids=ids_lists | clustered, limit=limits)
def test_ranges_cover_every_distinct_id_exactly_once_in_order(ids: list[int], limit: int) -> None:
    plan = plan_pages(np.array(ids, dtype=np.int64), limit)

    assert_whole(plan.pages, ids, limit)
    assert plan.rows == len(set(ids))
    assert len(plan.pages) == -(-len(set(ids)) // limit)


@given(ids=st.lists(st.integers(0, 10**9), min_size=2, max_size=200, unique=True))
def test_halves_are_whole_down_to_single_rows(ids: list[int]) -> None:
    pieces = list(plan_pages(np.array(ids), len(ids)).pages)
    singles: list[Page] = []
    while pieces:
        piece = pieces.pop(0)
        if piece.expected == 1:
            singles.append(piece)
            continue
        left, right = piece.split()
        assert abs(left.expected - right.expected) <= 1
        pieces[:0] = [left, right]

    assert_whole(tuple(singles), ids, 1)


@given(count=st.integers(0, 5000), limit=st.integers(1, 700))
def test_offsets_cover_every_position_exactly_once_in_order(count: int, limit: int) -> None:
    plan = plan_offsets(count, limit)

    positions = [spot for page in plan.pages for spot in range(page.lo, page.hi + 1)]
    assert positions == list(range(count))
    assert all(page.expected == page.hi - page.lo + 1 <= limit for page in plan.pages)


@given(count=st.integers(2, 500))
def test_offset_halves_cover_their_page(count: int) -> None:
    (page,) = plan_offsets(count, count).pages

    left, right = page.split()

    assert (left.lo, left.hi + 1, right.hi) == (page.lo, right.lo, page.hi)
    assert left.expected + right.expected == count


def test_nothing_to_read_is_an_empty_plan() -> None:
    assert plan_pages(np.array([], dtype=np.int64), 10) == PagePlan()
    assert plan_offsets(0, 10) == PagePlan()
    assert PagePlan().rows == 0


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one row, not 0"):
        plan_pages(np.array([1]), 0)
    with pytest.raises(ValueError, match="at least one row, not -1"):
        plan_offsets(5, -1)


def test_a_single_row_cannot_be_split() -> None:
    (page,) = plan_pages(np.array([7]), 10).pages

    with pytest.raises(ValueError, match="one row"):
        page.split()


def test_the_plan_does_not_follow_later_changes_of_its_input() -> None:
    ids = np.array([3, 1, 2])
    plan = plan_pages(ids, 10)

    ids[:] = 0

    assert held(plan.pages[0]) == [1, 2, 3]
    with pytest.raises(ValueError, match="read-only"):
        plan.pages[0].object_ids[0] = 9  # type: ignore[index]


def test_range_parameters_bracket_the_condition() -> None:
    (page,) = plan_pages(np.array([5, 9]), 10).pages

    assert page.parameters("A = 1 OR B = 2", "FID") == {
        "where": "(A = 1 OR B = 2) AND FID >= 5 AND FID <= 9"
    }


@given(
    bounds=st.tuples(st.integers(-(2**63), 2**63 - 1), st.integers(0, 10**6)),
    count=st.integers(0, 10**5),
    limit=st.integers(1, 3000),
)
def test_ranges_of_numbers_cover_all_of_them_once(
    bounds: tuple[int, int], count: int, limit: int
) -> None:
    lo, hi = bounds[0], bounds[0] + bounds[1]
    pages = list(plan_ranges(lo, hi, count, limit).pages)
    assert bool(pages) == bool(count)
    covered = lo
    while pages:
        page = pages.pop(0)
        if page.expected > 1 and len(pages) < 5:
            pages[:0] = page.split()
            continue
        assert page.is_range
        assert (page.lo, page.span) == (covered, page.hi - page.lo + 1)
        assert 1 <= page.expected <= min(limit, page.span)
        covered = page.hi + 1
    assert covered == (hi + 1 if count else lo)


def test_offset_parameters_name_an_order() -> None:
    page = plan_offsets(25, 10).pages[1]

    assert page.parameters("A = 1", "FID") == {
        "where": "A = 1",
        "orderByFields": "FID",
        "resultOffset": str(page.lo),
        "resultRecordCount": str(page.expected),
    }
