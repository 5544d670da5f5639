"""What makes a read whole: pure checks of pages and of the layer around them."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from mpls311.arcgis.decode import DecodedPage
from mpls311.arcgis.errors import (
    ContradictionError,
    IgnoredQueryError,
    SchemaDriftError,
    TornReadError,
)
from mpls311.arcgis.layer import FeatureLayer
from mpls311.arcgis.plan import ObjectIds, Page, distinct
from mpls311.arcgis.replies import IdStatistics


@dataclass(frozen=True)
class Edition:
    """A layer at one moment, and how many of its rows met the condition."""

    layer: FeatureLayer
    count: int


def ids_of(table: pa.Table, layer: FeatureLayer) -> ObjectIds:
    """Take the object ids out of a page, in the order they came."""
    column = table[layer.object_id_field].combine_chunks()
    ids: ObjectIds = np.from_dlpack(column).view(np.int64)  # to_numpy would import pandas
    return ids


def is_complete(page: Page, answer: DecodedPage, layer: FeatureLayer) -> bool:
    """Compare the rows that came with those the plan expects.

    Returns:
        True for exactly the expected rows; False for some of them and no others: the service
        may have cut the page short, so its halves should be asked for.

    Raises:
        TornReadError: Rows vanished from, or appeared in, the page since the plan was made.
        IgnoredQueryError: Rows from outside the page came: the service ignores its bounds.

    """
    found = np.sort(ids_of(answer.table, layer))
    if page.is_range:
        return _is_whole_range(page, found, answer, layer)
    if _is_exact(page, found):
        return True
    _check_bounds(page, found, layer)
    if page.object_ids is not None:
        once = distinct(found)
        repeats = found.size - once.size
        strangers = once.size - np.isin(once, page.object_ids).sum()
        if strangers or repeats:
            raise _torn(layer, f"{strangers} rows appeared and {repeats} came twice in one page")
    if page.is_single or (not found.size and not answer.exceeded_transfer_limit):
        raise _torn(layer, f"{page.expected - found.size} of {page.expected} rows vanished")
    return False


def check_count(layer: FeatureLayer, listed: int, count: int) -> None:
    """Require that the layer lists as many object ids, or knows of as many, as it counts rows.

    Raises:
        TornReadError: It does not, with both figures.

    """
    if listed != count:
        raise _torn(layer, f"it lists {listed} object ids and counts {count} rows")


def check_listed_again(before: ObjectIds, after: ObjectIds, layer: FeatureLayer) -> None:
    """Require that the layer lists the object ids after a read that it listed before.

    Raises:
        TornReadError: It lists others, whatever their number.

    """
    others = np.setxor1d(before, after).size
    if others:
        raise _torn(layer, f"it lists {others} object ids before or after, and not both times")


def check_span(before: IdStatistics, after: IdStatistics, layer: FeatureLayer) -> None:
    """Require that the number, the least and the greatest of the object ids are as before.

    Raises:
        TornReadError: One of them is not.

    """
    if before != after:
        told = [f"{it.id_count} from {it.id_min} to {it.id_max}" for it in (before, after)]
        raise _torn(layer, f"its object ids are {told[0]} before, {told[1]} after")


def check_distinct(ids: ObjectIds, layer: FeatureLayer) -> None:
    """Require that no object id came on two pages.

    Raises:
        TornReadError: Some did, so others are missing.

    """
    repeats = ids.size - distinct(ids).size
    if repeats:
        raise _torn(layer, f"{repeats} of {ids.size} rows came on more than one page")


def check_end(following: int, rows: int, layer: FeatureLayer) -> None:
    """Require that no row follows those that were read in order.

    Raises:
        TornReadError: The layer has more than it counted.

    """
    if following:
        raise _torn(layer, f"it counted {rows} rows and has more")


def check_unmoved(before: Edition, rows: int, after: Edition) -> None:
    """Require that the layer is the same before and after, and has as many rows as were read.

    Raises:
        TornReadError: It is not, or has not; with the figures.

    """
    moved = []
    if not before.count == rows == after.count:
        moved.append(f"{before.count} rows counted before, {rows} read, {after.count} after")
    dates = before.layer.data_last_edit_date, after.layer.data_last_edit_date
    if dates[0] != dates[1]:
        moved.append(f"edit date {dates[0]} before, {dates[1]} after")
    if before.layer.fields != after.layer.fields:
        moved.append("its fields changed")
    if moved:
        raise _torn(before.layer, "; ".join(moved))


def check_edition(layer: FeatureLayer, edit_date: int | None) -> None:
    """Require that the layer still is the edition of `edit_date`, if one is given.

    Raises:
        TornReadError: Another edition has been published since.

    """
    if edit_date is not None and layer.data_last_edit_date != edit_date:
        raise TornReadError(
            f"was edited since its edit date {edit_date} (now "
            f"{layer.data_last_edit_date}): read the new edition.",
            url=layer.url,
        )


def contradiction(layer: FeatureLayer, torn: TornReadError) -> ContradictionError:
    """The error for a read that was torn though the layer stood still."""
    return ContradictionError(
        f"contradicts itself ({torn.figures}), and its edit date has not moved: tell its owner, "
        "what it answers cannot all be true.",
        url=layer.url,
    )


def without_geometry(layer: FeatureLayer, rows: int) -> SchemaDriftError:
    """The error for rows with places whose geometry did not come."""
    return SchemaDriftError(
        f"answers with {rows} features, none of which has a geometry that is a "
        f"{layer.geometry_type}, as the layer declares: it may be a fault of the service, tell "
        "the layer's owner.",
        url=layer.query_url,
        column="geometry",
        declared=str(layer.geometry_type),
        found="nothing",
    )


def _is_whole_range(page: Page, found: ObjectIds, answer: DecodedPage, layer: FeatureLayer) -> bool:
    _check_bounds(page, found, layer)
    repeats = found.size - distinct(found).size
    if repeats:
        raise _torn(layer, f"{repeats} rows came twice in one page")
    is_whole = found.size == page.span or (
        found.size < page.expected and not answer.exceeded_transfer_limit
    )
    if page.is_single and not is_whole:
        raise _torn(layer, "a page of one row brought none and said that there are more")
    return is_whole


def _is_exact(page: Page, found: ObjectIds) -> bool:
    if page.object_ids is None:
        return bool(found.size == page.expected)
    return np.array_equal(found, page.object_ids)


def _check_bounds(page: Page, found: ObjectIds, layer: FeatureLayer) -> None:
    if page.is_offset:
        outside = max(0, found.size - page.expected)
    else:
        outside = int(np.count_nonzero((found < page.lo) | (found > page.hi)))
    if outside:
        raise IgnoredQueryError(
            f"returns {outside} rows from outside the page that was asked for: "
            "it ignores part of the query, so it cannot be read completely.",
            url=layer.query_url,
        )


def _torn(layer: FeatureLayer, what: str) -> TornReadError:
    return TornReadError(
        f"changed while it was read ({what}): run it again when its publisher has finished.",
        url=layer.url,
        figures=what,
    )
