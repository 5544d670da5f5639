"""Which pages to ask for, decided before any is asked for.

A plan is a value: pure functions make it from the object ids of a layer, or, for a layer that
will not list its ids, from its row count. Ranges cut from the ids that really exist are exact,
free of any order, and as cheap at the end of a layer as at its start; offsets are none of that
and serve only where nothing else does.
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
        expected: Number of rows the page must bring.
        object_ids: The ids it must bring, ascending and distinct; None on an offset page.

    """

    lo: int
    hi: int
    expected: int
    object_ids: ObjectIds | None = field(default=None, compare=False, repr=False)

    def split(self) -> tuple["Page", "Page"]:
        """Halve the page at its median row.

        Raises:
            ValueError: The page holds a single row.

        """
        if self.expected < 2:
            raise ValueError("a page of one row cannot be split")
        middle = self.expected // 2
        if self.object_ids is None:
            return _positions(self.lo, self.lo + middle), _positions(self.lo + middle, self.hi + 1)
        return _range(self.object_ids[:middle]), _range(self.object_ids[middle:])

    def parameters(self, where: str, object_id_field: str) -> dict[str, str]:
        """Query parameters that select this page out of the rows that meet `where`."""
        if self.object_ids is None:
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
    """Pages that together hold every row once; `rows` is their sum."""

    pages: tuple[Page, ...] = ()

    @property
    def rows(self) -> int:
        """Number of rows the plan covers."""
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
    return Page(lo=start, hi=stop - 1, expected=stop - start)
