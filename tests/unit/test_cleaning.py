"""Dirty rows become accepted or quarantined ones, with every repair named and no row lost."""

import json
import math
import re
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mpls311 import cleaning
from mpls311.cleaning import acceptable, clean
from mpls311.schemas import QuarantinedRow, ServiceRequest, arrow_schema, check_source_schema
from tests.support.made import INSTANT, NOW, load_id, row, served

YEAR_10000 = 253_402_322_400_000_000
"""The last second of 9999 in Minneapolis and one more, in microseconds UTC."""

REPAIRS: dict[str, tuple[dict[str, Any], ...]] = {
    "closed_datetime_absurd": (
        {"CLOSEDDATETIME": datetime(1899, 12, 30, tzinfo=UTC)},
        {"CLOSEDDATETIME": datetime(9999, 12, 31, tzinfo=UTC)},
        {"CLOSEDDATETIME": YEAR_10000},
        {"CLOSEDDATETIME": NOW + timedelta(days=2, seconds=1)},
    ),
    "last_update_datetime_absurd": (
        {"LastUpdateDate": datetime(1899, 12, 30, tzinfo=UTC)},
        {"LastUpdateDate": datetime(2099, 1, 1, tzinfo=UTC)},
    ),
    "blank_text": ({"TITLE": "   "}, {"SUBJECTNAME": ""}, {"TYPENAME": "\t\n"}),
    "trimmed_text": ({"REASONNAME": " Sidewalks"}, {"IsAccessibilityRelated": "No "}),
    "case_status_unknown": ({"CASESTATUS": 2}, {"CASESTATUS": -1}),
    "location_zero": (
        {"geometry_x": 0.0, "geometry_y": 0.0},
        {"geometry_x": -1e-9, "geometry_y": 1e-12},
        {"XCOORD": 0.0, "YCOORD": 0.0, "geometry_x": None, "geometry_y": None},
    ),
    "location_outside_city": (
        {"geometry_x": -93.25, "geometry_y": 46.0},
        {"geometry_x": 44.97, "geometry_y": -93.25},
        {"geometry_x": None},
        {"geometry_y": math.nan},
        {"geometry_x": math.inf},
    ),
    "coordinates_outside_city": ({"XCOORD": 500_000.0}, {"YCOORD": None}, {"YCOORD": math.nan}),
}
REJECTIONS: dict[str, tuple[dict[str, Any], ...]] = {
    "case_id_unusable": tuple(
        {"CASEID": value} for value in (None, 1.5, 0.0, -7.0, math.nan, math.inf, 1e300)
    ),
    "open_datetime_missing": ({"OPENEDDATETIME": None},),
    "open_datetime_absurd": (
        {"OPENEDDATETIME": datetime(1999, 12, 31, 23, 59, tzinfo=UTC)},
        {"OPENEDDATETIME": NOW + timedelta(days=2, seconds=1)},
        {"OPENEDDATETIME": YEAR_10000},
    ),
}
NULLED = {
    "closed_datetime_absurd": ("closed_datetime",),
    "last_update_datetime_absurd": ("last_update_datetime",),
    "case_status_unknown": ("case_status",),
    "location_zero": ("geometry_x", "geometry_y"),
    "location_outside_city": ("geometry_x", "geometry_y"),
    "coordinates_outside_city": ("coord_x", "coord_y"),
}


def cases(codes: dict[str, tuple[dict[str, Any], ...]]) -> list[Any]:
    return [
        pytest.param(code, change, id=f"{code}-{number}")
        for code, changes in codes.items()
        for number, change in enumerate(changes)
    ]


def cleaned(*rows: dict[str, Any], **types: pa.DataType) -> cleaning.CleanedRows:
    table = served(*rows, **types)
    return clean(table, source_year=2026, load_id=load_id(0, 2026), loaded_at=NOW)


def accepted(**changes: Any) -> dict[str, Any]:
    """Return the one row that a flawless row with these changes becomes."""
    outcome = cleaned(row(**changes))
    assert outcome.rejected.num_rows == 0
    [only] = outcome.accepted.to_pylist()
    return dict(only)


def content_hash(**changes: Any) -> int:
    return int(accepted(**changes)["content_hash"])


def no_constant(name: str) -> None:
    raise AssertionError(f"{name} is not JSON")


def parsed(document: str) -> dict[str, Any]:
    return dict(json.loads(document, parse_constant=no_constant))


def test_a_flawless_row_keeps_its_values_under_new_names() -> None:
    only = accepted(IsAccessibilityRelated="No")

    assert only | {"content_hash": 0} == {
        "case_id": 201_000_824_527,
        "object_id": 1,
        "subject_name": "Streets",
        "reason_name": "Street Maintenance",
        "type_name": "Pothole",
        "title": "Pothole",
        "open_datetime": datetime(2026, 5, 1, 15, tzinfo=UTC),
        "closed_datetime": datetime(2026, 5, 3, 6, tzinfo=UTC),
        "last_update_datetime": datetime(2026, 5, 3, 7, tzinfo=UTC),
        "case_status": 0,
        "is_accessibility_related": "No",
        "coord_x": -10_380_000.0,
        "coord_y": 5_610_000.0,
        "geometry_x": -93.25,
        "geometry_y": 44.97,
        "extras": None,
        "repairs": None,
        "source_year": 2026,
        "load_id": load_id(0, 2026),
        "loaded_at": NOW,
        "content_hash": 0,
        "deleted_at": None,
    }


def test_every_documented_code_has_a_case() -> None:
    listed = re.findall(r"^    (\*?[a-z_]+)  ", cleaning.__doc__ or "", re.MULTILINE)
    documented = {code for code in listed if not code.startswith("*")}
    documented |= {"closed_datetime_absurd", "last_update_datetime_absurd"}
    # What an odd value becomes is tested below.
    documented -= {"open_datetime_unreadable"}

    assert {"*_datetime_absurd", "*_unreadable"} <= set(listed)
    assert REPAIRS.keys() | REJECTIONS.keys() == documented


@pytest.mark.parametrize(("code", "change"), cases(REPAIRS))
def test_a_repair_is_named(code: str, change: dict[str, Any]) -> None:
    only = accepted(**change)

    assert only["repairs"] == code
    assert [only[name] for name in NULLED.get(code, ())] == [None] * len(NULLED.get(code, ()))


@pytest.mark.parametrize(("code", "change"), cases(REJECTIONS))
def test_a_rejection_is_named(code: str, change: dict[str, Any]) -> None:
    outcome = cleaned(row(**change))

    assert outcome.accepted.num_rows == 0
    [only] = outcome.rejected.to_pylist()
    assert only["reasons"] == code
    assert (only["object_id"], only["source_year"], only["load_id"]) == (1, 2026, load_id(0, 2026))


def test_a_fraction_is_no_case_status() -> None:
    [only] = cleaned(row(CASESTATUS=0.5), CASESTATUS=pa.float64()).accepted.to_pylist()

    assert (only["case_status"], only["repairs"]) == (None, "case_status_unknown")


def test_coordinates_at_zero_are_named_beside_a_good_location() -> None:
    only = accepted(XCOORD=0.0, YCOORD=0.0)

    assert (only["coord_x"], only["coord_y"], only["repairs"]) == (None, None, "location_zero")
    assert (only["geometry_x"], only["geometry_y"]) == (-93.25, 44.97)


def test_two_zero_points_are_one_repair() -> None:
    zeros = dict.fromkeys(("XCOORD", "YCOORD", "geometry_x", "geometry_y"), 0.0)

    assert accepted(**zeros)["repairs"] == "location_zero"


@pytest.mark.parametrize("nothing", [None, math.nan], ids=["null", "nan"])
def test_a_row_without_any_location_needs_no_repair(nothing: float | None) -> None:
    only = accepted(XCOORD=None, YCOORD=None, geometry_x=nothing, geometry_y=nothing)

    assert (only["geometry_x"], only["geometry_y"], only["repairs"]) == (None, None, None)


def test_several_codes_are_joined() -> None:
    assert accepted(CASESTATUS=9, TITLE=" ")["repairs"] == "blank_text,case_status_unknown"
    [rejected] = cleaned(row(CASEID=None, OPENEDDATETIME=None)).rejected.to_pylist()
    assert rejected["reasons"] == "case_id_unusable,open_datetime_missing"


def test_texts_are_trimmed_and_blanks_are_null() -> None:
    only = accepted(TITLE="\u00a0Pothole \t", TYPENAME="  ", SUBJECTNAME=None)

    assert (only["title"], only["type_name"], only["subject_name"]) == ("Pothole", None, None)
    assert only["repairs"] == "blank_text,trimmed_text"


def test_times_at_the_limits_are_kept() -> None:
    first = datetime(2000, 1, 1, tzinfo=UTC)
    last = NOW + timedelta(days=2)
    only = accepted(OPENEDDATETIME=first, CLOSEDDATETIME=last, LastUpdateDate=last)

    assert (only["open_datetime"], only["closed_datetime"]) == (first, last)
    assert only["repairs"] is None


def test_times_stay_utc_to_the_microsecond() -> None:
    instant = datetime(2026, 3, 8, 8, 30, 0, 123456, tzinfo=UTC)
    outcome = cleaned(row(OPENEDDATETIME=instant, CLOSEDDATETIME=None))

    assert outcome.accepted.schema.field("open_datetime").type == INSTANT
    assert outcome.accepted["open_datetime"].to_pylist() == [instant]


def test_a_layer_without_the_optional_column_gives_nulls() -> None:
    assert "IsAccessibilityRelated" not in served(row()).column_names
    assert accepted()["is_accessibility_related"] is None


def test_unknown_columns_are_kept_as_json() -> None:
    table = served(
        row(Ward=None, Bin="3", Since=NOW),
        row(Ward=None, Bin=None, Since=None),
        Since=INSTANT,
    )
    outcome = clean(table, source_year=2026, load_id="x", loaded_at=NOW)
    first, second = outcome.accepted["extras"].to_pylist()

    assert parsed(first).keys() == {"Bin", "Since"}
    assert parsed(first)["Bin"] == "3"
    assert parsed(first)["Since"].startswith("2026-06-01 12:00:00")
    assert second is None


@pytest.mark.parametrize(
    ("value", "kind"),
    [(math.nan, pa.float64()), (math.inf, pa.float64()), (YEAR_10000, INSTANT)],
    ids=["nan", "infinity", "year 10000"],
)
def test_extras_are_json_whatever_the_value(value: float, kind: pa.DataType) -> None:
    outcome = cleaned(row(Odd=value, Bin="3"), Odd=kind)

    assert parsed(outcome.accepted["extras"][0].as_py())["Bin"] == "3"


@pytest.mark.parametrize(
    "change",
    [{"XCOORD": math.nan}, {"YCOORD": math.inf}, {"CLOSEDDATETIME": YEAR_10000}],
    ids=["nan", "infinity", "year 10000"],
)
def test_a_quarantined_row_is_json_whatever_its_values(change: dict[str, Any]) -> None:
    outcome = cleaned(row(CASEID=1.5, **change))

    document = parsed(outcome.rejected["row"][0].as_py())
    assert document["CASEID"] == 1.5
    assert document["OPENEDDATETIME"].startswith("2026-05-01 15:00:00")
    assert document.keys() == row().keys()


def test_a_quarantined_row_keeps_a_usable_case_id() -> None:
    rejected = cleaned(row(OPENEDDATETIME=None), row(CASEID=0.0)).rejected

    assert rejected["case_id"].to_pylist() == [201_000_824_527, None]


@pytest.mark.parametrize("kind", [pa.float64(), pa.int64()], ids=str)
def test_a_case_id_may_come_as_any_number(kind: pa.DataType) -> None:
    outcome = cleaned(row(CASEID=201_000_824_527), CASEID=kind)

    assert outcome.accepted["case_id"].to_pylist() == [201_000_824_527]


@pytest.mark.parametrize("extra", [{}, {"Ward": "3"}], ids=["known columns", "a new column"])
def test_an_empty_batch_stays_empty(extra: dict[str, str]) -> None:
    table = served(row(**extra)).slice(0, 0)
    outcome = clean(table, source_year=2026, load_id="x", loaded_at=NOW)

    assert outcome.accepted.schema == arrow_schema(ServiceRequest)
    assert outcome.rejected.schema == arrow_schema(QuarantinedRow)
    assert (outcome.accepted.num_rows, outcome.rejected.num_rows) == (0, 0)


def test_chunks_of_a_batch_do_not_matter() -> None:
    halves = pa.concat_tables([served(row()), served(row(CASEID=5.0))])
    outcome = clean(halves, source_year=2026, load_id="x", loaded_at=NOW)

    assert outcome.accepted["case_id"].to_pylist() == [201_000_824_527, 5]


def test_the_hash_ignores_how_a_row_was_read() -> None:
    other = clean(
        served(row(OBJECTID=77)),
        source_year=2025,
        load_id="another",
        loaded_at=NOW + timedelta(days=9),
    )

    assert other.accepted["content_hash"].to_pylist() == [content_hash()]


@pytest.mark.parametrize(
    "change",
    [
        {"CASEID": 5.0},
        {"SUBJECTNAME": None},
        {"REASONNAME": "Sidewalks"},
        {"TYPENAME": "Street Maintenance", "REASONNAME": "Pothole"},
        {"TITLE": "pothole"},
        {"OPENEDDATETIME": datetime(2026, 5, 1, 15, 1, tzinfo=UTC)},
        {"CLOSEDDATETIME": None},
        {"LastUpdateDate": datetime(2026, 5, 3, 7, 0, 0, 1, tzinfo=UTC)},
        {"CASESTATUS": 1},
        {"IsAccessibilityRelated": "Yes"},
        {"XCOORD": -10_380_000.5},
        {"geometry_y": None, "geometry_x": None},
        {"Ward": "3"},
    ],
    ids=lambda change: ",".join(change),
)
def test_the_hash_sees_every_change(change: dict[str, Any]) -> None:
    assert content_hash(**change) != content_hash()


texts = st.sampled_from([None, "", "  ", " Graffiti", "Pothole", "Pothole ", "Schnee", "雪"])
instants = st.none() | st.sampled_from(
    [
        datetime(1899, 12, 30, tzinfo=UTC),
        datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC),
        datetime(2000, 1, 1, tzinfo=UTC),
        datetime(2026, 5, 5, 5, 5, tzinfo=UTC),
        NOW + timedelta(days=2),
        NOW + timedelta(days=2, microseconds=1),
        datetime(2099, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, tzinfo=UTC),
    ]
)


def numbers(*usual: float) -> st.SearchStrategy[float | None]:
    return st.none() | st.sampled_from([*usual, 0.0, math.nan]) | st.floats(width=64)


dirty_rows = st.fixed_dictionaries(
    {
        "CASEID": numbers(1.0, 201_000_824_527.0, 2.0**53, 1.5, -1.0),
        "SUBJECTNAME": texts,
        "REASONNAME": texts,
        "TYPENAME": texts,
        "TITLE": texts,
        "OPENEDDATETIME": instants,
        "CLOSEDDATETIME": instants,
        "LastUpdateDate": instants,
        "CASESTATUS": st.sampled_from([None, 0, 1, 2, -1]),
        "XCOORD": numbers(-10_380_000.0),
        "YCOORD": numbers(5_610_000.0),
        "geometry_x": numbers(-93.25, -93.4),
        "geometry_y": numbers(44.97, 45.15),
        "IsAccessibilityRelated": texts,
        "Ward": texts,
    }
)
batches = st.lists(dirty_rows, max_size=12).map(
    lambda rows: [one | {"OBJECTID": number} for number, one in enumerate(rows)]
)


def is_usable(one: dict[str, Any]) -> bool:
    case, opened = one["CASEID"], one["OPENEDDATETIME"]
    if case is None or not math.isfinite(case) or opened is None:
        return False
    whole = case == int(case) and 0 < case < 2**53
    return whole and datetime(2000, 1, 1, tzinfo=UTC) <= opened <= NOW + timedelta(days=2)


@settings(max_examples=60)
@given(batch=batches)
def test_every_row_is_accepted_or_rejected_and_what_is_accepted_fits_the_model(
    batch: list[dict[str, Any]],
) -> None:
    outcome = cleaned(*batch)

    usable = [one["OBJECTID"] for one in batch if is_usable(one)]
    unusable = [one["OBJECTID"] for one in batch if not is_usable(one)]
    assert outcome.accepted["object_id"].to_pylist() == usable
    assert outcome.rejected["object_id"].to_pylist() == unusable
    ServiceRequest.validate(outcome.accepted.to_pandas(types_mapper=pd.ArrowDtype), lazy=True)
    QuarantinedRow.validate(outcome.rejected.to_pandas(types_mapper=pd.ArrowDtype), lazy=True)
    assert outcome.accepted.schema == arrow_schema(ServiceRequest)
    assert outcome.rejected.schema == arrow_schema(QuarantinedRow)


@settings(max_examples=60)
@given(batch=batches)
def test_a_value_that_is_put_to_null_is_named(batch: list[dict[str, Any]]) -> None:
    names = {
        "CLOSEDDATETIME": "closed_datetime",
        "LastUpdateDate": "last_update_datetime",
        "CASESTATUS": "case_status",
        "TITLE": "title",
    }
    for result in cleaned(*batch).accepted.to_pylist():
        origin = batch[result["object_id"]]
        lost = [
            source
            for source, name in names.items()
            if origin[source] is not None and result[name] is None
        ]
        assert not lost or result["repairs"], lost


@settings(max_examples=30)
@given(batch=batches, shuffle=st.randoms())
def test_the_hash_does_not_depend_on_the_batch(
    batch: list[dict[str, Any]], shuffle: Random
) -> None:
    def hashes(rows: list[dict[str, Any]]) -> dict[int, int]:
        table = cleaned(*rows).accepted
        return dict(
            zip(table["object_id"].to_pylist(), table["content_hash"].to_pylist(), strict=True)
        )

    shuffled = batch[:]
    shuffle.shuffle(shuffled)
    alone = {number: code for one in batch for number, code in hashes([one]).items()}

    assert hashes(batch) == hashes(shuffled) == alone


def test_hashes_of_many_rows_are_distinct() -> None:
    table = cleaned(*(row(CASEID=float(case)) for case in range(1, 5001))).accepted

    assert pc.count_distinct(table["content_hash"]).as_py() == 5000


def test_what_is_acceptable_needs_two_columns_only() -> None:
    rows = served(
        row(CASEID=1.0),
        row(CASEID=2.0, OPENEDDATETIME=None),
        row(CASEID=0.0),
        row(CASEID=3.0, CASESTATUS=7),
        row(CASEID=1.0),
    ).select(["OPENEDDATETIME", "CASEID"])

    assert acceptable(rows, loaded_at=NOW).to_pylist() == [1, 3, 1]
    assert acceptable(rows.slice(0, 0), loaded_at=NOW).to_pylist() == []


def test_an_object_id_of_another_name_leaves_its_usual_name_to_the_extras() -> None:
    table = served(row(OBJECTID=5)).append_column("FID", pa.array([77], pa.int64()))

    outcome = clean(table, source_year=2026, load_id="x", loaded_at=NOW, object_id_field="FID")

    [only] = outcome.accepted.to_pylist()
    assert (only["object_id"], parsed(only["extras"])) == (77, {"OBJECTID": 5})


def test_a_value_that_does_not_fit_costs_itself_or_its_row() -> None:
    table = served(
        row(CASEID=1.0),
        row(CASEID=2.0, CLOSEDDATETIME=None, TITLE=None),
        row(CASEID=3.0, OPENEDDATETIME=None),
        row(CASEID=None),
        row(CASEID=5.0, Ward=None),
    )
    misfits = pa.array(
        [
            None,
            '{"CLOSEDDATETIME": "N/A", "TITLE": "7"}',
            '{"OPENEDDATETIME": "1e17"}',
            '{"CASEID": "twelve"}',
            '{"Ward": "[3]"}',
        ]
    )

    outcome = clean(table, source_year=2026, load_id="x", loaded_at=NOW, misfits=misfits)

    assert [
        (one["case_id"], one["repairs"], one["extras"]) for one in outcome.accepted.to_pylist()
    ] == [
        (1, None, None),
        (
            2,
            "title_unreadable,closed_datetime_unreadable",
            '{"CLOSEDDATETIME": "N/A", "TITLE": "7"}',
        ),
        (5, None, '{"Ward": "[3]"}'),
    ]
    rejected = outcome.rejected.to_pylist()
    assert [one["reasons"] for one in rejected] == ["open_datetime_unreadable", "case_id_unusable"]
    assert parsed(rejected[0]["row"])["OPENEDDATETIME"] == "1e17"
    assert parsed(rejected[1]["row"])["CASEID"] == "twelve"


@pytest.mark.parametrize(
    ("kind", "codes", "left"),
    [
        (pa.string(), ["3", "9", None], "9"),
        (pa.int16(), [3, 9, None], "9"),
        (pa.float64(), [3.0, 9.5, None], "9.5"),
    ],
    ids=str,
)
def test_a_code_becomes_its_name_and_stays_in_extras(
    kind: pa.DataType, codes: list[Any], left: str
) -> None:
    table = served(*(row(TYPENAME=code, Ward="7") for code in codes), TYPENAME=kind)
    names = json.dumps({"3": " Pothole", "4": "Graffiti"})
    column = table.schema.field("TYPENAME").with_metadata({"coded_values": names})
    coded = table.set_column(table.schema.get_field_index("TYPENAME"), column, table["TYPENAME"])

    check_source_schema(coded.schema, "Public_311_2026")
    outcome = clean(coded, source_year=2026, load_id="x", loaded_at=NOW).accepted

    assert outcome["type_name"].to_pylist() == ["Pothole", left, None]
    assert [parsed(text) for text in outcome["extras"].to_pylist()] == [
        {"TYPENAME": codes[0], "Ward": "7"},
        {"Ward": "7"},
        {"Ward": "7"},
    ]


def test_a_known_number_with_names_stays_a_number() -> None:
    table = served(row(CASESTATUS=1))
    at = table.schema.get_field_index("CASESTATUS")
    names = {"coded_values": json.dumps({"0": "Closed", "1": "Open"})}
    coded = table.set_column(at, table.schema.field(at).with_metadata(names), table["CASESTATUS"])

    [only] = clean(coded, source_year=2026, load_id="x", loaded_at=NOW).accepted.to_pylist()

    assert (only["case_status"], only["extras"]) == (1, None)
