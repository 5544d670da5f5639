"""Page bodies become tables of the declared types, or the error that says why not."""

import datetime as dt
import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mpls311.arcgis import (
    AccessDeniedError,
    FeatureLayer,
    LayerNotFoundError,
    SchemaDriftError,
    ServiceError,
    ThrottledError,
    TornReadError,
    TransportError,
    decode_page,
    unwrap,
)
from mpls311.arcgis.decode import decode
from mpls311.arcgis.errors import UnreadableError, error_from_reply
from mpls311.arcgis.layer import MISFITS

URL = "https://example.test/rest/services/Requests/FeatureServer/0"

TYPES = {
    "OBJECTID": "esriFieldTypeOID",
    "BIG": "esriFieldTypeBigInteger",
    "INT": "esriFieldTypeInteger",
    "SMALL": "esriFieldTypeSmallInteger",
    "REAL": "esriFieldTypeDouble",
    "SINGLE": "esriFieldTypeSingle",
    "TEXT": "esriFieldTypeString",
    "WHEN": "esriFieldTypeDate",
    "DAY": "esriFieldTypeDateOnly",
    "TIME": "esriFieldTypeTimeOnly",
}
VALUES = {
    "OBJECTID": 1,
    "BIG": 201000824527,
    "INT": 0,
    "SMALL": -3,
    "REAL": 44.5,
    "SINGLE": 0.25,
    "TEXT": "café 😀",
    "WHEN": 1_700_000_000_123,
    "DAY": "2024-02-29",
    "TIME": "06:00:00",
}
DECODED = VALUES | {
    "WHEN": dt.datetime(2023, 11, 14, 22, 13, 20, 123000, tzinfo=dt.UTC),
    "DAY": dt.date(2024, 2, 29),
}
POINT = {"x": -93.25, "y": 44.95}


def layer_of(types: dict[str, str] = TYPES, **members: Any) -> FeatureLayer:
    body = {
        "name": "requests",
        "objectIdField": "OBJECTID",
        "geometryType": "esriGeometryPoint",
        "fields": [{"name": name, "type": kind} for name, kind in types.items()],
        "maxRecordCount": 2000,
    }
    return FeatureLayer.from_json(URL, body | members)


def body_of(*features: dict[str, Any] | None, **members: Any) -> bytes:
    fields = [{"name": name, "type": kind, "alias": name} for name, kind in TYPES.items()]
    reply = {"objectIdFieldName": "OBJECTID", "fields": fields, **members, "features": features}
    return json.dumps(reply).encode()


def feature(geometry: Any = POINT, **values: Any) -> dict[str, Any]:
    return {"attributes": VALUES | values, "geometry": geometry}


LAYER = layer_of()


class TestPages:
    def test_every_type_comes_out_as_declared(self) -> None:
        table = decode_page(body_of(feature()), LAYER)

        assert table.schema == LAYER.arrow_schema
        assert table.to_pylist() == [DECODED | {"geometry_x": -93.25, "geometry_y": 44.95}]

    def test_nulls_and_missing_attributes_are_null(self) -> None:
        nulls = {"attributes": dict.fromkeys(VALUES) | {"OBJECTID": 1}, "geometry": None}
        bare = {"attributes": {"OBJECTID": 2}}

        table = decode_page(body_of(nulls, bare), LAYER)

        assert table["OBJECTID"].to_pylist() == [1, 2]
        assert all(table[name].null_count == 2 for name in table.column_names[1:])

    def test_members_nobody_asked_for_are_ignored(self) -> None:
        page = body_of(
            feature({"x": 1, "y": 2, "z": 3, "spatialReference": {"wkid": 4326}}, EXTRA=[1]),
            spatialReference={"wkid": 4326},
            transform={"scale": [1, 1]},
        )

        assert decode_page(page, LAYER)["geometry_x"].to_pylist() == [1.0]

    def test_an_empty_page_has_the_schema(self) -> None:
        table = decode_page(b'{"objectIdFieldName":"OBJECTID","features":[]}', LAYER)

        assert (table.num_rows, table.schema) == (0, LAYER.arrow_schema)

    def test_pretty_printing_and_a_byte_order_mark_change_nothing(self) -> None:
        pretty = json.dumps(json.loads(body_of(feature())), indent=2).encode()

        expected = decode_page(body_of(feature()), LAYER)

        assert decode_page(b"\n" + pretty + b"\n", LAYER) == expected
        assert decode_page(b"\xef\xbb\xbf" + pretty, LAYER) == expected

    def test_a_table_without_geometry_has_no_geometry_columns(self) -> None:
        table = decode_page(
            b'{"features":[{"attributes":{"OBJECTID":4}}]}',
            layer_of({"OBJECTID": "esriFieldTypeOID"}, geometryType=None),
        )

        assert table.to_pylist() == [{"OBJECTID": 4}]

    def test_polygons_are_lists_of_rings_of_positions(self) -> None:
        polygons = layer_of({"OBJECTID": "esriFieldTypeOID"}, geometryType="esriGeometryPolygon")
        square, hole = [[0, 0], [0, 4.5], [4.5, 4.5], [0, 0]], [[1, 1], [2, 1], [2, 2], [1, 1]]
        features = [
            {"attributes": {"OBJECTID": 1}, "geometry": {"rings": [square, hole]}},
            {"attributes": {"OBJECTID": 2}, "geometry": None},
            {"attributes": {"OBJECTID": 3}},
        ]
        spelled_oddly = [features[0] | {"attributes": {"OBJECTID": "1"}}, *features[1:]]

        for served in (features, spelled_oddly):
            table = decode_page(json.dumps({"features": served}).encode(), polygons)
            assert table.schema == polygons.arrow_schema
            assert table["geometry_rings"].to_pylist() == [[square, hole], None, None]

    def test_the_transfer_limit_flag_is_kept(self) -> None:
        flagged = body_of(feature(), exceededTransferLimit=True)
        odd = body_of(feature(INT="7"), exceededTransferLimit=True)

        assert [decode(page, LAYER).exceeded_transfer_limit for page in (flagged, odd)] == [
            True,
            True,
        ]
        assert not decode(body_of(feature()), LAYER).exceeded_transfer_limit

    def test_a_large_page_is_decoded_whole(self) -> None:
        rows = [feature(OBJECTID=oid, TEXT="x" * 500) for oid in range(5000)]

        assert decode_page(body_of(*rows), LAYER)["OBJECTID"].to_pylist() == list(range(5000))


class TestTolerance:
    @pytest.mark.parametrize(
        ("column", "spelled", "value"),
        [
            ("BIG", "201000824527", 201000824527),
            ("BIG", 201000824527.0, 201000824527),
            ("BIG", "9007199254740993", 9007199254740993),
            ("INT", "7.0", 7),
            ("SMALL", "-3", -3),
            ("REAL", "44.5", 44.5),
            ("WHEN", 1_700_000_000_123.0, DECODED["WHEN"]),
            ("WHEN", "-1000", dt.datetime(1969, 12, 31, 23, 59, 59, tzinfo=dt.UTC)),
            ("WHEN", "2023-11-14T16:13:20.123-06:00", DECODED["WHEN"]),
            ("DAY", 20240229, DECODED["DAY"]),
            ("TEXT", "cut \ud83d", "cut \ufffd"),
        ],
    )
    def test_spellings_of_servers_are_understood(
        self, column: str, spelled: Any, value: Any
    ) -> None:
        table = decode_page(body_of(feature(), feature(**{column: spelled})), LAYER)

        assert table.schema == LAYER.arrow_schema
        assert table[column].to_pylist() == [DECODED[column], value]

    @pytest.mark.parametrize("empty", [{"x": "NaN", "y": "NaN"}, {"x": float("nan")}, {}, None])
    def test_an_empty_point_is_null(self, empty: Any) -> None:
        table = decode_page(body_of(feature(empty), feature()), LAYER)

        assert table["geometry_x"].to_pylist() == [None, -93.25]
        assert table["geometry_y"].to_pylist() == [None, 44.95]

    def test_both_parsers_agree(self) -> None:
        rows = [feature(OBJECTID=1), feature(None, OBJECTID=2, TEXT=None), feature(OBJECTID=3)]

        strict = decode_page(body_of(*rows), LAYER)
        tolerant = decode_page(body_of(*rows, feature(OBJECTID="4")), LAYER)

        assert tolerant.slice(0, 3).to_pylist() == strict.to_pylist()

    def test_a_field_of_unknown_type_is_kept_as_json(self) -> None:
        layer = layer_of({"OBJECTID": "esriFieldTypeOID", "BLOB": "esriFieldTypeBlob"})
        rows = [{"OBJECTID": 1, "BLOB": {"a": [1]}}, {"OBJECTID": 2, "BLOB": "b"}, {"OBJECTID": 3}]
        page = json.dumps({"features": [{"attributes": row} for row in rows]}).encode()

        assert decode_page(page, layer)["BLOB"].to_pylist() == ['{"a": [1]}', '"b"', None]


class TestMisfits:
    @pytest.mark.parametrize(
        ("column", "value", "kept"),
        [
            ("INT", 1.5, "1.5"),
            ("INT", 3_000_000_000, "3000000000"),
            ("INT", True, "true"),
            ("SMALL", "many", "many"),
            ("SMALL", 99999, "99999"),
            ("BIG", 2**63, str(2**63)),
            ("REAL", "", ""),
            ("REAL", [1], "[1]"),
            ("SINGLE", 1e300, "1e+300"),
            ("TEXT", {"a": "é"}, '{"a": "\\u00e9"}'),
            ("TEXT", True, "true"),
            ("WHEN", "N/A", "N/A"),
            ("WHEN", "", ""),
            ("WHEN", "2024-01-01T06:00", "2024-01-01T06:00"),
            ("WHEN", 10**17, str(10**17)),
            ("DAY", "soon", "soon"),
            ("DAY", 2024022, "2024022"),
        ],
    )
    def test_a_value_that_fits_nothing_costs_only_itself(
        self, column: str, value: Any, kept: str
    ) -> None:
        table = decode_page(body_of(feature(), feature(**{column: value}), feature()), LAYER)

        assert table.schema.equals(LAYER.arrow_schema.append(MISFITS))
        before, odd, after = table.to_pylist()
        whole = DECODED | {"geometry_x": -93.25, "geometry_y": 44.95, "misfits": None}
        assert before == after == whole
        assert odd == whole | {column: None, "misfits": odd["misfits"]}
        assert json.loads(odd["misfits"]) == {column: kept}

    def test_each_column_of_a_row_has_its_own(self) -> None:
        table = decode_page(body_of(feature(), feature(WHEN="N/A", SMALL=99999)), LAYER)

        assert [text and json.loads(text) for text in table["misfits"].to_pylist()] == [
            None,
            {"SMALL": "99999", "WHEN": "N/A"},
        ]

    WRITTEN = ("5", "0.10", "1e3", "-1.0E+2", str(10**30), "12345678901234567890.5", "1e999")

    @pytest.mark.parametrize("written", WRITTEN)
    def test_a_number_in_a_text_column_is_kept_as_it_was_written(self, written: str) -> None:
        page = body_of(feature(), feature(TEXT="?")).replace(b'"?"', written.encode())

        table = decode_page(page, LAYER)

        assert table.schema == LAYER.arrow_schema
        assert table["TEXT"].to_pylist() == [VALUES["TEXT"], written]

    @pytest.mark.parametrize("written", WRITTEN[1:])
    def test_so_is_one_that_fits_nothing(self, written: str) -> None:
        page = body_of(feature(), feature(DAY="?")).replace(b'"?"', written.encode())

        assert json.loads(decode_page(page, LAYER)["misfits"][1].as_py()) == {"DAY": written}

    @pytest.mark.parametrize("x", ["west", [1], True, {}])
    def test_a_coordinate_that_is_none(self, x: Any) -> None:
        table = decode_page(body_of(feature(), feature({"x": x, "y": 44.95})), LAYER)

        assert table["geometry_x"].to_pylist() == [-93.25, None]
        assert [bool(text) for text in table["misfits"].to_pylist()] == [False, True]

    def test_a_polygon_of_another_shape(self) -> None:
        polygons = layer_of({"OBJECTID": "esriFieldTypeOID"}, geometryType="esriGeometryPolygon")
        square, flat = [[[0, 0], [0, 4.5], [4.5, 4.5], [0, 0]]], [[0, 0], [1, 1]]
        features = [
            {"attributes": {"OBJECTID": oid}, "geometry": {"rings": rings}}
            for oid, rings in enumerate((square, flat))
        ]

        table = decode_page(json.dumps({"features": features}).encode(), polygons)

        assert table["geometry_rings"].to_pylist() == [square, None]
        assert json.loads(table["misfits"][1].as_py()) == {"geometry_rings": "[[0, 0], [1, 1]]"}

    @pytest.mark.parametrize(
        ("served", "read", "kept"),
        [
            (b"a\tb\nc\x00", "a\tb\nc\x00", None),
            (b"\\x41 \\' \\\\x \\u00e9", "\\x41 \\' \\x é", None),
            (b"caf\xe9", "caf\ufffd", "caf\\xe9"),
            (b"\xff\xfe \xc3\xa9", "\ufffd\ufffd é", "\\xff\\xfe é"),
        ],
    )
    def test_a_text_that_strict_parsers_refuse(
        self, served: bytes, read: str, kept: str | None
    ) -> None:
        page = body_of(feature(), feature(TEXT="?")).replace(b'"?"', b'"' + served + b'"')

        table = decode_page(page, LAYER)

        assert table["TEXT"].to_pylist() == [VALUES["TEXT"], read]
        texts = table["misfits"].to_pylist() if kept else [None, "{}"]
        assert json.loads(texts[1]) == ({"TEXT": kept} if kept else {})

    def test_bytes_that_are_no_text_in_a_name(self) -> None:
        page = body_of(feature(), fields=[{"name": "?", "type": "esriFieldTypeOID"}])

        with pytest.raises(SchemaDriftError, match="misses the field OBJECTID"):
            decode_page(page.replace(b'"?"', b'"\x84"'), LAYER)

    def test_a_column_in_which_nothing_fits_is_drift(self) -> None:
        few = [feature(OBJECTID=oid, INT="x" * 10_000) for oid in range(10)]
        assert decode_page(body_of(*few), LAYER)["INT"].null_count == 10

        with pytest.raises(SchemaDriftError, match="'xxx") as caught:
            decode_page(body_of(*few, feature(INT="one more"), feature(INT=None)), LAYER)

        assert (caught.value.column, caught.value.declared) == ("INT", TYPES["INT"])
        assert len(str(caught.value)) < 400
        decode_page(body_of(*few, feature(INT="one more"), feature()), LAYER)

    def test_a_column_of_that_name_is_refused_when_another_is_needed(self) -> None:
        layer = layer_of(TYPES | {"misfits": "esriFieldTypeString"})
        assert decode_page(body_of(feature(misfits="a"), fields=[]), layer).num_rows == 1

        with pytest.raises(ServiceError, match="has a column misfits"):
            decode_page(body_of(feature(misfits="a", INT="x"), fields=[]), layer)


class TestDrift:
    @pytest.mark.parametrize("odd", [{}, {"INT": "7"}], ids=["strict", "tolerant"])
    def test_a_field_the_page_no_longer_lists_is_named(self, odd: dict[str, Any]) -> None:
        fields = [{"name": name, "type": kind} for name, kind in TYPES.items() if name != "TEXT"]

        with pytest.raises(SchemaDriftError, match="misses the field TEXT") as caught:
            decode_page(body_of(feature(**odd), fields=fields), LAYER)

        assert (caught.value.column, caught.value.found) == ("TEXT", "nothing")

    def test_a_field_of_another_type_is_named(self) -> None:
        fields = [
            {"name": name, "type": "esriFieldTypeString" if name == "INT" else kind}
            for name, kind in TYPES.items()
        ]

        with pytest.raises(SchemaDriftError, match="type esriFieldTypeString for the field INT"):
            decode_page(body_of(feature(), fields=fields), LAYER)

    @pytest.mark.parametrize("listed", [None, [], {}, "all", [None], [5], [{}]])
    @pytest.mark.parametrize("odd", [{}, {"INT": "7"}], ids=["strict", "tolerant"])
    def test_without_a_field_list_nothing_is_compared(self, odd: Any, listed: Any) -> None:
        assert decode_page(body_of(feature(**odd), fields=listed), LAYER).num_rows == 1

    @pytest.mark.parametrize("odd", [{}, {"INT": "7"}], ids=["strict", "tolerant"])
    @pytest.mark.parametrize("first", [{}, {"TEXT": None}], ids=["in some", "in the first"])
    def test_a_column_that_some_feature_has_may_be_null(self, odd: Any, first: Any) -> None:
        bare = {name: value for name, value in VALUES.items() if name != "TEXT"}
        row = {"attributes": bare | odd, "geometry": POINT}
        rows = [{"attributes": bare | odd | first, "geometry": POINT}, row, row]

        assert decode_page(body_of(*rows, feature(TEXT=None)), LAYER)["TEXT"].null_count == 4
        with pytest.raises(SchemaDriftError, match="none of which has TEXT") as caught:
            decode_page(body_of(row, row), LAYER)
        assert caught.value.column == "TEXT"

    def test_a_name_in_another_place_is_no_column(self) -> None:
        bare = {name: value for name, value in VALUES.items() if name != "TEXT"}
        rows = [{"attributes": bare | {"DAY": None, "TIME": '"TEXT":'}, "geometry": {"TEXT": 1}}]

        with pytest.raises(SchemaDriftError, match="none of which has TEXT"):
            decode_page(body_of(*rows, fieldAliases={"TEXT": "Text"}), LAYER)

    def test_a_first_feature_too_long_to_look_at(self) -> None:
        long = feature(TIME="x" * 100_000, DAY=None)

        assert decode_page(body_of(long), LAYER)["DAY"].null_count == 1

    @pytest.mark.parametrize("odd", [{}, {"INT": "7"}], ids=["strict", "tolerant"])
    @pytest.mark.parametrize(
        ("geometry", "has"),
        [
            (None, True),
            ({"x": "NaN", "y": "NaN"}, True),
            ({"x": None}, True),
            ({}, True),
            ("absent", False),
            ({"longitude": -93, "latitude": 45}, False),
            ([-93, 45], False),
        ],
    )
    def test_whether_a_page_has_a_geometry(self, odd: Any, geometry: Any, has: bool) -> None:
        rows = [feature(geometry, OBJECTID=oid, **odd) for oid in range(3)]
        if geometry == "absent":
            for row in rows:
                del row["geometry"]

        assert decode(body_of(*rows), LAYER).has_geometry is has
        assert decode(body_of(*rows, feature(None)), LAYER).has_geometry
        assert decode(body_of(), LAYER).has_geometry

    @pytest.mark.parametrize("odd", [{}, {"INT": "7"}], ids=["strict", "tolerant"])
    @pytest.mark.parametrize(
        ("reference", "point", "found"),
        [
            ({"wkid": 4326}, POINT, None),
            ({"wkid": 9999, "latestWkid": 4326}, POINT, None),
            ({"wkid": "4326"}, POINT, None),
            ({"wkt": "GEOGCS[...]"}, POINT, None),
            (None, POINT, None),
            ([], POINT, None),
            ({"wkid": 102100, "latestWkid": 3857}, POINT, "wkid 3857"),
            ({"wkid": "102100"}, POINT, "wkid 102100"),
            ({"wkid": 26915}, {"x": 0, "y": 0}, "wkid 26915"),
            ({"wkid": 4326}, {"x": -10_383_934.5, "y": 5_614_523.8}, "coordinates"),
            (None, {"x": 480_000, "y": 4_980_000}, "coordinates"),
            ({"wkid": 102100}, None, None),
        ],
    )
    def test_degrees_are_required(
        self, odd: Any, reference: Any, point: Any, found: str | None
    ) -> None:
        page = body_of(feature(point, **odd), feature(None), spatialReference=reference)

        if not found:
            assert decode_page(page, LAYER).num_rows == 2
            return
        with pytest.raises(SchemaDriftError, match=r"4326.*outSR") as caught:
            decode_page(page, LAYER)
        assert caught.value.found.startswith(found)

    def test_a_point_far_out_among_others_is_a_matter_of_its_row(self) -> None:
        page = body_of(feature({"x": -1e7, "y": 5e6}), feature(), feature({"x": 0, "y": 0}))

        assert decode_page(page, LAYER)["geometry_x"].to_pylist() == [-1e7, -93.25, 0]

    def test_degrees_are_required_of_polygons_too(self) -> None:
        polygons = layer_of({"OBJECTID": "esriFieldTypeOID"}, geometryType="esriGeometryPolygon")
        rings = [[[-1e7, 5e6], [-1.1e7, 5e6], [-1e7, 5.1e6], [-1e7, 5e6]]]
        rows = [{"attributes": {"OBJECTID": 1}, "geometry": {"rings": rings}}]

        with pytest.raises(SchemaDriftError, match="outSR"):
            decode_page(json.dumps({"features": rows}).encode(), polygons)

    @pytest.mark.parametrize("row", [None, {"attributes": None}, {"attributes": {}}, {}])
    def test_a_feature_without_an_object_id_is_refused(self, row: Any) -> None:
        with pytest.raises(ServiceError, match="without a OBJECTID"):
            decode_page(body_of(feature(), row), LAYER)


class TestBodies:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"   ",
            b"null",  # pyarrow.json crashes the process on this one
            b"[1]",
            b"<html><body>maintenance</body></html>",
            body_of(feature())[:-30],
            body_of(feature()) + b"{}",
            b'{"features":[]} null',
        ],
    )
    def test_what_is_not_one_json_object_is_worth_another_try(self, body: bytes) -> None:
        with pytest.raises(TransportError) as caught:
            decode_page(body, LAYER)

        assert caught.value.retriable
        assert caught.value.url == f"{URL}/query"

    def test_a_whole_body_that_is_no_json_is_told_from_one_that_was_cut(self) -> None:
        whole = body_of(feature()).replace(b'"TEXT": "caf', b'"TEXT": "c"af')

        with pytest.raises(UnreadableError, match="tell the layer's owner"):
            decode_page(whole, LAYER)
        with pytest.raises(TransportError) as caught:
            decode_page(whole[:-1], LAYER)
        assert type(caught.value) is TransportError

    @pytest.mark.parametrize(
        "body", [b"{}", b'{"layers":[]}', b'{"features":null}', b'{"features":{}}']
    )
    def test_a_reply_without_features_is_no_page(self, body: bytes) -> None:
        with pytest.raises(ServiceError, match="without features") as caught:
            decode_page(body, LAYER)

        assert not caught.value.retriable

    def test_an_error_object_is_raised_with_its_words(self) -> None:
        reply = {"code": 400, "message": "Cannot perform query.", "details": ["'where' is invalid"]}

        with pytest.raises(ServiceError) as caught:
            decode_page(json.dumps({"error": reply}).encode(), LAYER)

        exc = caught.value
        assert (exc.code, exc.message, exc.details) == (
            400,
            reply["message"],
            ("'where' is invalid",),
        )
        assert "check the condition" in str(exc)
        assert not exc.retriable


class TestErrorReplies:
    @pytest.mark.parametrize(
        ("code", "message", "kind", "retriable"),
        [
            (400, "Invalid URL", LayerNotFoundError, False),
            (404, "Service Public_311_2031 not found", LayerNotFoundError, False),
            (500, "Service Requests/FeatureServer not found", LayerNotFoundError, False),
            (400, "Field CASE not found", ServiceError, False),
            (400, "Unable to complete operation.", ServiceError, True),
            (400, "Invalid query parameters", ServiceError, False),
            (500, "Error performing query operation", ServiceError, True),
            (503, "Busy", ServiceError, True),
            (504, "Timeout", ServiceError, True),
            (401, "Unauthorized", AccessDeniedError, False),
            (403, "Forbidden", AccessDeniedError, False),
            (498, "Invalid token", AccessDeniedError, False),
            (499, "Token Required", AccessDeniedError, False),
            (429, "Too many requests", ThrottledError, True),
        ],
    )
    def test_each_kind_has_its_class(
        self, code: int, message: str, kind: type[Exception], retriable: bool
    ) -> None:
        exc = error_from_reply(URL, {"code": code, "message": message, "details": []})

        assert type(exc) is kind
        assert (exc.code, exc.retriable, exc.url) == (code, retriable, URL)

    @pytest.mark.parametrize("reply", ["boom", None, {}, {"code": "500"}, {"details": None}])
    def test_odd_error_objects_are_still_errors(self, reply: Any) -> None:
        assert isinstance(error_from_reply(URL, reply), ServiceError)

    @pytest.mark.parametrize(
        ("status", "error", "kind", "retriable"),
        [
            (429, "slow down", ThrottledError, True),
            (500, {"code": 400, "message": "Failed to execute query."}, TransportError, True),
            (503, {"code": 503, "message": "Busy"}, TransportError, True),
            (408, {"message": "Timeout"}, ServiceError, True),
            (404, {"code": 400, "message": "No such page"}, LayerNotFoundError, False),
            (403, {"message": "Forbidden"}, AccessDeniedError, True),
            (403, {"code": 403, "message": "No access"}, AccessDeniedError, False),
            (400, {"code": 429, "message": "Too many"}, ThrottledError, True),
            (400, {"code": 400, "message": "Invalid field"}, ServiceError, False),
        ],
    )
    def test_the_http_status_counts_as_well(
        self, status: int, error: Any, kind: type[Exception], retriable: bool
    ) -> None:
        exc = error_from_reply(URL, error, status=status)

        assert type(exc) is kind
        assert (exc.code, exc.retriable) == (status, retriable)
        assert f"answers with HTTP {status}" in str(exc)


class TestUnwrap:
    def test_the_first_error_of_this_package_wins(self) -> None:
        wanted = TornReadError("torn")
        inner = ExceptionGroup("inner", [ValueError("a"), wanted])

        assert unwrap(ExceptionGroup("outer", [KeyError("b"), inner, ServiceError("c")])) is wanted

    def test_without_one_the_first_exception_does(self) -> None:
        first = KeyError("b")

        assert unwrap(BaseExceptionGroup("x", [KeyboardInterrupt(), first])) is first

    def test_an_interrupt_stays_one(self) -> None:
        group = BaseExceptionGroup("x", [KeyboardInterrupt()])

        with pytest.raises(BaseExceptionGroup) as caught:
            unwrap(group)

        assert caught.value is group


class TestMetadata:
    @pytest.mark.parametrize(
        ("can", "limits", "expected"),
        [
            (True, (2000, 32000), ("standard", 32000)),
            (False, (2000, 32000), (None, 2000)),
            (True, (2000, None), (None, 2000)),
            (None, (None, None), (None, 1000)),
        ],
    )
    def test_the_page_limit_follows_the_result_type(
        self,
        can: bool | None,
        limits: tuple[int | None, int | None],
        expected: tuple[str | None, int],
    ) -> None:
        layer = layer_of(
            maxRecordCount=limits[0],
            standardMaxRecordCount=limits[1],
            standardMaxRecordCountNoGeometry=64000,
            advancedQueryCapabilities=None if can is None else {"supportsQueryWithResultType": can},
        )

        assert (layer.result_type, layer.page_limit) == expected

    @pytest.mark.parametrize(
        ("info", "date"),
        [
            ({"lastEditDate": 1, "dataLastEditDate": 2}, 2),
            ({"lastEditDate": 1}, 1),
            ({"lastEditDate": 1, "dataLastEditDate": None}, 1),
            ({"lastEditDate": None}, None),
            ({}, None),
            (None, None),
        ],
    )
    def test_the_edit_date_is_optional(self, info: Any, date: int | None) -> None:
        assert layer_of(editingInfo=info).data_last_edit_date == date

    def test_capabilities_of_older_servers_stand_at_the_top(self) -> None:
        layer = layer_of(supportsPagination=True, supportsOrderBy=True)

        assert (layer.supports_pagination, layer.supports_order_by) == (True, True)

    def test_the_object_id_field_is_found_by_its_type(self) -> None:
        assert layer_of(objectIdField=None).object_id_field == "OBJECTID"

    def test_the_shape_is_no_column(self) -> None:
        layer = layer_of(TYPES | {"SHAPE": "esriFieldTypeGeometry"})

        assert layer.arrow_schema == LAYER.arrow_schema

    @pytest.mark.parametrize(
        "members",
        [
            {"fields": None},
            {"fields": [], "objectIdField": None},
            {"fields": [{"name": "A", "type": "esriFieldTypeString"}], "objectIdField": None},
            {"fields": [{"name": "A"}]},
            {"objectIdField": "FID"},
            {"error": {"code": 500, "message": "Unable to complete operation."}},
        ],
    )
    def test_what_is_no_layer_with_rows_is_refused(self, members: dict[str, Any]) -> None:
        with pytest.raises(ServiceError, match=URL):
            layer_of(**members)

    def test_columns_of_one_name_are_refused(self) -> None:
        layer = layer_of(TYPES | {"geometry_x": "esriFieldTypeDouble"})

        with pytest.raises(ServiceError, match="more than one column named geometry_x"):
            _ = layer.arrow_schema

    def test_layers_are_values(self) -> None:
        assert layer_of() == LAYER
        assert hash(layer_of()) == hash(LAYER)
        assert replace(LAYER, data_last_edit_date=5) != LAYER


@pytest.mark.parametrize("make", [ServiceError, TransportError, ThrottledError, SchemaDriftError])
def test_errors_survive_a_process_border(make: Callable[..., Exception]) -> None:
    exc = make("sentence", url=URL)

    copy = pickle.loads(pickle.dumps(exc))

    assert (type(copy), str(copy), vars(copy)) == (type(exc), str(exc), vars(exc))
