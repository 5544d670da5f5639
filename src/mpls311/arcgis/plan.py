"""Which pages to ask for, decided before any is asked for.

A plan is a value: pure functions make it from the object ids of a layer; or, for a layer that will
not list its ids, from the least and the greatest of them, or from its row count. Ranges cut from
the ids that really exist are exact, free of any order, and as cheap at the end of a layer as at its
start; ranges of numbers may hold fewer rows than they could, or more than a page does; offsets need
an order and serve only where nothing else does.
"""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

ObjectIds = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Page:
    """One query's worth of rows.

    Attributes:
        lo: First object id of a range, or first position (from 0) of an offset page.
        hi: Last object id or position, inclusive.
        expected: Number of rows the page must bring; of a range of numbers, the most it may.
        object_ids: The ids it must bring, ascending and distinct; None where they are not known.
        is_offset: Whether `lo` and `hi` are positions.

    """

    lo: int
    hi: int
    expected: int
    object_ids: ObjectIds | None = field(default=None, compare=False, repr=False)
    is_offset: bool = False

    @property
    def is_range(self) -> bool:
        """Whether nobody knows how many ids there are from `lo` to `hi`."""
        return self.object_ids is None and not self.is_offset

    @property
    def span(self) -> int:
        """How many object ids or positions there can be."""
        return self.hi - self.lo + 1

    @property
    def is_single(self) -> bool:
        """Whether no more than one row can be in it."""
        return (self.span if self.is_range else self.expected) < 2

    def split(self) -> tuple["Page", "Page"]:
        """Halve the page at its median row, or a range of numbers at its middle.

        Raises:
            ValueError: The page cannot hold more than a single row.

        """
        if self.is_single:
            raise ValueError("a page of one row cannot be split")
        if self.object_ids is not None:
            middle = self.expected // 2
            return _range(self.object_ids[:middle]), _range(self.object_ids[middle:])
        middle = self.lo + self.span // 2
        if self.is_offset:
            return _positions(self.lo, middle), _positions(middle, self.hi + 1)
        return (
            _numbers(self.lo, middle - 1, self.expected),
            _numbers(middle, self.hi, self.expected),
        )

    def parameters(self, where: str, object_id_field: str) -> dict[str, str]:
        """Query parameters that select this page out of the rows that meet `where`."""
        if self.is_offset:
            return {
                "where": where,
                "orderByFields": object_id_field,
                "resultOffset": str(self.lo),
                "resultRecordCount": str(self.expected),
            }
        bounds = f"{object_id_field} >= {self.lo} AND {object_id_field} <= {self.hi}"
        return {"where": f"({where}) AND {bounds}"}


@dataclass(frozen=True)
class PagePlan:
    """Pages that together hold every row once."""

    pages: tuple[Page, ...] = ()

    @property
    def rows(self) -> int:
        """Number of rows the plan covers; of ranges of numbers, the most they may hold."""
        return sum(page.expected for page in self.pages)


def plan_pages(object_ids: ObjectIds, page_limit: int) -> PagePlan:
    """Cut object ids into ranges of at most `page_limit` rows.

    Args:
        object_ids: In any order, with or without repeats, as sparse as they come.
        page_limit: Most rows a page may hold.

    Returns:
        Disjoint pages in ascending order that cover every distinct id once; none for no ids.

    Raises:
        ValueError: `page_limit` is less than 1.

    """
    ids = distinct(object_ids).view()
    ids.setflags(write=False)
    cuts = _cuts(ids.size, page_limit)
    return PagePlan(tuple(_range(ids[start:stop]) for start, stop in pairwise(cuts)))


def plan_ranges(lo: int, hi: int, count: int, page_limit: int) -> PagePlan:
    """Cut the numbers from `lo` to `hi` into as many ranges as `count` rows need at least.

    Raises:
        ValueError: `page_limit` is less than 1.

    """
    pages = max(1, len(_cuts(count, page_limit)) - 1) if count else 0
    cuts = [lo + (hi - lo + 1) * number // pages for number in range(pages + 1)] if pages else []
    return PagePlan(
        tuple(
            _numbers(start, stop - 1, page_limit) for start, stop in pairwise(cuts) if start < stop
        )
    )


def plan_offsets(count: int, page_limit: int) -> PagePlan:
    """Cut `count` ordered rows into pages by position; raises as `plan_pages` does."""
    cuts = _cuts(count, page_limit)
    return PagePlan(tuple(_positions(start, stop) for start, stop in pairwise(cuts)))


def distinct(object_ids: ObjectIds) -> ObjectIds:
    """Sort ids and drop repeats; the array itself if there is nothing to do, as is usual."""
    ids = np.asarray(object_ids, dtype=np.int64)
    return ids if np.all(ids[1:] > ids[:-1]) else np.unique(ids)


def _cuts(rows: int, page_limit: int) -> list[int]:
    """Borders of pages of nearly equal size, so that none is left with a few rows."""
    if page_limit < 1:
        raise ValueError(f"a page must hold at least one row, not {page_limit}")
    pages = -(-rows // page_limit)
    return [rows * number // pages for number in range(pages + 1)] if pages else []


def _range(ids: ObjectIds) -> Page:
    return Page(lo=int(ids[0]), hi=int(ids[-1]), expected=int(ids.size), object_ids=ids)


def _positions(start: int, stop: int) -> Page:
    return Page(lo=start, hi=stop - 1, expected=stop - start, is_offset=True)


def _numbers(lo: int, hi: int, page_limit: int) -> Page:
    return Page(lo=lo, hi=hi, expected=min(hi - lo + 1, page_limit))
