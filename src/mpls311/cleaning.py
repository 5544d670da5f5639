"""From rows as the service serves them to accepted and quarantined rows, with reasons.

A row without a usable case id or opening time is quarantined. Everything else that is wrong is
put to null and named in `repairs`. No row is dropped. The rules, by code:

    case_id_unusable        null, not a whole number, or not positive          quarantined
    open_datetime_missing   null                                               quarantined
    open_datetime_absurd    before 2000, or over two days after the read       quarantined
    *_datetime_absurd       the same for closing and last update               set to null
    blank_text              a text of blanks only                              set to null
    trimmed_text            blanks around a text                               trimmed
    case_status_unknown     neither 0 (closed) nor 1 (open)                    set to null
    location_zero           0, 0: the city's mark for "no location"            set to null
    location_outside_city   outside the box around the city                    set to null
    coordinates_outside_city  Web Mercator columns outside that box            set to null
    *_unreadable            a value that does not fit the type of its column;
                            it is in extras                                    set to null
    open_datetime_unreadable  the same for the opening time                    quarantined

Of a text that the layer serves in codes, the row has the name, and its extras have the code; a code
that the layer does not explain is kept as it is.

Rows with no geometry and no coordinates at all need no repair: about one real row in five has
no location.
"""

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mpls311.schemas import (
    QuarantinedRow,
    ServiceRequest,
    arrow_schema,
    coded_values,
    source_columns,
)
from mpls311.schemas.models import (
    EARLIEST,
    EASTINGS,
    LATITUDES,
    LONGITUDES,
    NORTHINGS,
)

FUTURE_TOLERANCE = timedelta(days=2)
"""How far a time may lie after the read: clocks differ, and so do time zones."""

_LOCATION = ("coord_x", "coord_y", "geometry_x", "geometry_y")
_LOAD_COLUMNS = ("object_id", "source_year", "load_id", "loaded_at", "content_hash", "deleted_at")
BUSINESS_COLUMNS = tuple(
    name for name in arrow_schema(ServiceRequest).names if name not in _LOAD_COLUMNS
)
"""The columns that say something about the request, not about how it was read."""


@dataclass(frozen=True)
class CleanedRows:
    """The outcome for one batch; `accepted.num_rows + rejected.num_rows` = rows given."""

    accepted: pa.Table
    """Rows with the Arrow schema of ServiceRequest."""
    rejected: pa.Table
    """Rows with the Arrow schema of QuarantinedRow."""


def acceptable(rows: pa.Table, *, loaded_at: datetime) -> pa.Array:
    """The case ids of the rows that `clean` accepts, with repeats.

    Args:
        rows: As for `clean`; only the fields of case_id and open_datetime are looked at.
        loaded_at: As for `clean`.
    """
    batch = _Batch(rows, source_columns(ServiceRequest, rows.column_names), loaded_at)
    batch.judge()
    return batch.columns["case_id"].filter(pc.is_null(batch.rejections.joined()))


def clean(
    rows: pa.Table,
    *,
    source_year: int,
    load_id: str,
    loaded_at: datetime,
    object_id_field: str | None = None,
    misfits: pa.ChunkedArray | None = None,
) -> CleanedRows:
    """Clean a batch of rows as served by a feature layer.

    Args:
        rows: Source column names and types, as checked by `check_source_schema`.
        source_year: The year of the layer.
        load_id: The load that read the rows.
        loaded_at: When that load began; times are judged against it.
        object_id_field: What the layer names as its object id, as for `source_columns`.
        misfits: Per row, values that do not fit the type of their field and are null in `rows`:
            a JSON object of texts by field, or null.
    """
    fields = source_columns(ServiceRequest, rows.column_names, object_id_field)
    odd = _parsed(misfits)
    batch = _Batch(rows, fields, loaded_at, odd)
    batch.judge()
    batch.note_unreadable()
    batch.clean_texts()
    batch.clean_times()
    batch.clean_status()
    batch.clean_location()
    load = {
        "extras": _extras(batch.unknown, odd),
        "repairs": batch.repairs.joined(),
        "source_year": pa.repeat(pa.scalar(source_year, pa.int64()), rows.num_rows),
        "load_id": pa.repeat(pa.scalar(load_id), rows.num_rows),
        "loaded_at": pa.repeat(pa.scalar(loaded_at, pa.timestamp("us", "UTC")), rows.num_rows),
        "deleted_at": pa.nulls(rows.num_rows, pa.timestamp("us", "UTC")),
    }
    columns = {**batch.columns, **load}
    columns["content_hash"] = content_hash(columns)
    reasons = batch.rejections.joined()
    accepted = pc.is_null(reasons)
    schema = arrow_schema(ServiceRequest)
    table = pa.table([columns[name] for name in schema.names], names=schema.names)
    return CleanedRows(
        accepted=table.filter(accepted).cast(schema),
        rejected=_quarantined(rows, columns, reasons, odd),
    )


class _Reasons:
    """Codes per row: several rules can hit the same row."""

    def __init__(self) -> None:
        self._codes: list[pa.Array] = []

    def add(self, code: str, hit: pa.Array) -> None:
        self._codes.append(pc.if_else(hit, f"{code},", ""))

    def joined(self) -> pa.Array:
        """Comma-separated codes per row, null where no rule hit."""
        text = pc.utf8_rtrim(pc.binary_join_element_wise(*self._codes, ""), ",")
        return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


class _Batch:
    """The columns of a batch under their new names, and the reasons collected on the way."""

    def __init__(
        self,
        rows: pa.Table,
        fields: Mapping[str, str],
        loaded_at: datetime,
        odd: Mapping[int, dict[str, str]] = {},
    ) -> None:
        self._unreadable = {
            column: _mask(rows.num_rows, hit)
            for column, field in fields.items()
            if (hit := [position for position, texts in (odd or {}).items() if field in texts])
        }
        self.repairs = _Reasons()
        self.rejections = _Reasons()
        self._latest = pd.Timestamp(loaded_at) + FUTURE_TOLERANCE
        self._served = {
            column: rows.column(field).combine_chunks() for column, field in fields.items()
        }
        self.unknown = rows.drop_columns(list(fields.values()))
        """What the columns do not say: other fields, and the codes whose names they hold."""
        for column, field in fields.items():
            if names := coded_values(rows.schema.field(field)):
                self._decode(column, field, names)
        self.columns: dict[str, pa.Array] = {
            field.name: _cast(self._served[field.name], field.type)
            if field.name in self._served
            else pa.nulls(rows.num_rows, field.type)
            for field in arrow_schema(ServiceRequest)
        }

    def _decode(self, column: str, field: str, names: Mapping[str, str]) -> None:
        """Put names for the codes of a text; a code without one stays."""
        if not pa.types.is_string(arrow_schema(ServiceRequest).field(column).type):
            return
        codes = self._served[column]
        texts = codes.cast(pa.string())
        position = pc.index_in(texts, pa.array(list(names)))
        found = pa.array(list(names.values())).take(position)
        self._served[column] = pc.coalesce(found, texts)
        named = pc.if_else(pc.is_valid(found), codes, pa.scalar(None, codes.type))
        self.unknown = self.unknown.append_column(field, named)

    def judge(self) -> None:
        """Find the rows to reject: without a usable case id, or opening time."""
        usable = pc.fill_null(pc.greater(self.columns["case_id"], 0), False)
        self.rejections.add("case_id_unusable", pc.invert(usable))
        self._set_null("case_id", pc.invert(usable))
        opened = self.columns["open_datetime"]
        missing, unreadable = pc.is_null(opened), self._unreadable.get("open_datetime")
        if unreadable is not None:
            self.rejections.add("open_datetime_unreadable", unreadable)
            missing = pc.and_not(missing, unreadable)
        self.rejections.add("open_datetime_missing", missing)
        self.rejections.add("open_datetime_absurd", self._absurd(opened))

    def note_unreadable(self) -> None:
        """Name what is null already, because it does not fit its column."""
        for column, hit in self._unreadable.items():
            if column not in ("case_id", "open_datetime"):
                self.repairs.add(f"{column}_unreadable", hit)

    def clean_texts(self) -> None:
        blank = trimmed = None
        for name in self._served:
            text = self.columns[name]
            if not pa.types.is_string(text.type):
                continue
            bare = pc.utf8_trim_whitespace(text)
            is_blank = pc.fill_null(pc.equal(bare, ""), False)
            is_trimmed = pc.and_not(pc.fill_null(pc.not_equal(bare, text), False), is_blank)
            blank = is_blank if blank is None else pc.or_(blank, is_blank)
            trimmed = is_trimmed if trimmed is None else pc.or_(trimmed, is_trimmed)
            self.columns[name] = bare
            self._set_null(name, is_blank)
        self.repairs.add("blank_text", blank)
        self.repairs.add("trimmed_text", trimmed)

    def clean_times(self) -> None:
        for name in ("closed_datetime", "last_update_datetime"):
            absurd = self._absurd(self.columns[name])
            self.repairs.add(f"{name}_absurd", absurd)
            self._set_null(name, absurd)

    def clean_status(self) -> None:
        status = self.columns["case_status"]
        known = pc.is_in(status, value_set=pa.array([0, 1, None], pa.int64()))
        # A number that is no whole number is null by now, and yet not missing.
        misread = pc.and_(pc.is_valid(self._served.get("case_status", status)), pc.is_null(status))
        self.repairs.add("case_status_unknown", pc.or_(pc.invert(known), misread))
        self._set_null("case_status", pc.invert(known))

    def clean_location(self) -> None:
        for name in _LOCATION:
            self._set_null(name, pc.fill_null(pc.is_nan(self.columns[name]), False))
        zero_place = self._clean_point(
            ("geometry_x", LONGITUDES), ("geometry_y", LATITUDES), outside="location_outside_city"
        )
        zero_coordinates = self._clean_point(
            ("coord_x", EASTINGS), ("coord_y", NORTHINGS), outside="coordinates_outside_city"
        )
        self.repairs.add("location_zero", pc.or_(zero_place, zero_coordinates))

    def _clean_point(
        self,
        x_rule: tuple[str, Mapping[str, float]],
        y_rule: tuple[str, Mapping[str, float]],
        *,
        outside: str,
    ) -> pa.Array:
        """Null what is not in the city; return where it was the mark for "no location"."""
        (x_name, x_range), (y_name, y_range) = x_rule, y_rule
        x, y = self.columns[x_name], self.columns[y_name]
        # A published point can be a hair off zero after a change of projection.
        zero = pc.fill_null(pc.and_(pc.less(pc.abs(x), 1e-6), pc.less(pc.abs(y), 1e-6)), False)
        inside = pc.fill_null(pc.and_(_within(x, x_range), _within(y, y_range)), False)
        empty = pc.and_(pc.is_null(x), pc.is_null(y))
        self.repairs.add(outside, pc.and_not(pc.and_not(pc.invert(inside), zero), empty))
        self._set_null(x_name, pc.invert(inside))
        self._set_null(y_name, pc.invert(inside))
        return zero

    def _absurd(self, instants: pa.Array) -> pa.Array:
        early = pc.less(instants, pa.scalar(EARLIEST, instants.type))
        late = pc.greater(instants, pa.scalar(self._latest, instants.type))
        return pc.fill_null(pc.or_(early, late), False)

    def _set_null(self, name: str, hit: pa.Array) -> None:
        column = self.columns[name]
        self.columns[name] = pc.if_else(hit, pa.scalar(None, column.type), column)


def _within(values: pa.Array, limits: Mapping[str, float]) -> pa.Array:
    return pc.and_(
        pc.greater_equal(values, limits["min_value"]), pc.less_equal(values, limits["max_value"])
    )


def _cast(column: pa.Array, target: pa.DataType) -> pa.Array:
    """To the target type; a number that is not whole becomes null where an integer is meant."""
    if pa.types.is_integer(target) and pa.types.is_floating(column.type):
        whole = pc.equal(column, pc.floor(column))
        exact = pc.less(pc.abs(column), 2.0**53)
        usable = pc.fill_null(pc.and_(whole, exact), False)
        column = pc.if_else(usable, column, pa.scalar(None, column.type))
    return column.cast(target)


def _parsed(misfits: pa.ChunkedArray | None) -> dict[int, dict[str, str]]:
    """The texts by field, by the position of their row."""
    texts = [] if misfits is None else misfits.to_pylist()
    return {position: json.loads(text) for position, text in enumerate(texts) if text}


def _mask(rows: int, positions: Collection[int]) -> pa.Array:
    mask = np.zeros(rows, dtype=bool)
    mask[list(positions)] = True
    return pa.array(mask)


def _extras(unknown: pa.Table, odd: Mapping[int, dict[str, str]]) -> pa.Array:
    if not unknown.column_names and not odd:
        return pa.nulls(unknown.num_rows, pa.string())
    documents = _json_documents(unknown, odd)
    return pa.array([None if text == "{}" else text for text in documents], pa.string())


def _json_documents(rows: pa.Table, odd: Mapping[int, dict[str, str]]) -> list[str]:
    """Each row as a JSON object without its nulls, and with what does not fit it as text."""
    # Arrow can spell every instant it can hold; Python's datetime ends with the year 9999.
    readable = {
        name: column.cast(pa.string()) if pa.types.is_temporal(column.type) else column
        for name, column in zip(rows.column_names, rows.columns, strict=True)
    }
    records = pa.table(readable).to_pylist() if readable else [{}] * rows.num_rows
    return [
        json.dumps(
            {k: _json_value(v) for k, v in record.items() if v is not None} | odd.get(position, {}),
            sort_keys=True,
        )
        for position, record in enumerate(records)
    ]


def _json_value(value: object) -> object:
    # JSON has no NaN and no infinity.
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _quarantined(
    rows: pa.Table,
    columns: Mapping[str, pa.Array],
    reasons: pa.Array,
    odd: Mapping[int, dict[str, str]],
) -> pa.Table:
    hit = pc.is_valid(reasons)
    positions = np.flatnonzero(hit)
    odd_of = {new: odd[old] for new, old in enumerate(positions.tolist()) if old in odd}
    schema = arrow_schema(QuarantinedRow)
    return (
        pa.table(
            {
                **{
                    name: columns[name].filter(hit)
                    for name in ("case_id", "object_id", "source_year", "load_id")
                },
                "reasons": reasons.filter(hit),
                "row": pa.array(_json_documents(rows.filter(hit), odd_of), pa.string()),
            }
        )
        .select(schema.names)
        .cast(schema)
    )


def content_hash(columns: Mapping[str, pa.Array]) -> pa.Array:
    """A 64-bit hash per row over the business columns, as signed integers."""
    total = np.full(len(columns["case_id"]), 0x345678, dtype=np.uint64)
    for name in BUSINESS_COLUMNS:
        total = (total * np.uint64(1_000_003)) ^ _column_hash(columns[name])
    return pa.array(total.view(np.int64))


def _column_hash(column: pa.Array) -> NDArray[np.uint64]:
    if pa.types.is_string(column.type):
        # Distinct texts are few, and hashing text is what costs.
        encoded = column.dictionary_encode(null_encoding="encode")
        texts = pc.fill_null(encoded.dictionary, "\0").to_numpy(zero_copy_only=False)
        hashes = pd.util.hash_array(texts.astype(object))
        return np.asarray(hashes[encoded.indices.to_numpy(zero_copy_only=False)])
    if pa.types.is_floating(column.type):
        numbers = pc.fill_null(column, float("nan"))
    else:
        numbers = pc.fill_null(column.cast(pa.int64()), pa.scalar(-(2**63), pa.int64()))
    return np.asarray(pd.util.hash_array(numbers.to_numpy()))
