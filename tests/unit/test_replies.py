"""Metadata, counts and object ids are input: typed, or refused in one sentence."""

import json
from typing import Any

import pytest

from mpls311.arcgis import ArcGISError, FeatureLayer, ServiceError
from mpls311.arcgis.json_objects import parse_object
from mpls311.arcgis.queries import _count, _object_ids
from mpls311.arcgis.spelling import epoch_ms, whole

URL = "https://example.test/rest/services/Requests/FeatureServer/0"
NAN = float("nan")


def layer_of(**members: Any) -> FeatureLayer:
    body = {
        "name": "requests",
        "objectIdField": "OBJECTID",
        "geometryType": "esriGeometryPoint",
        "fields": [
            {"name": "OBJECTID", "type": "esriFieldTypeOID"},
            {"name": "TITLE", "type": "esriFieldTypeString"},
        ],
        "maxRecordCount": 2000,
    }
    spelled = json.dumps(body | members).encode()
    return FeatureLayer.from_json(URL, parse_object(spelled, URL))


@pytest.mark.parametrize(
    ("limit", "read"),
    [
        ("500", 500),
        (500.0, 500),
        (" 500 ", 500),
        (1e12, 32_000),
        (1_000_000, 32_000),
        *[(odd, 1000) for odd in (-1, 0, None, NAN, 1e300, 0.5, "many", "", True, [], {}, [500])],
    ],
)
def test_a_limit_is_a_number_of_rows_or_not_there(limit: object, read: int) -> None:
    assert layer_of(maxRecordCount=limit).page_limit == read
    standard = {"supportsQueryWithResultType": True}
    layer = layer_of(
        maxRecordCount=1000, standardMaxRecordCount=limit, advancedQueryCapabilities=standard
    )
    assert layer.page_limit == read


@pytest.mark.parametrize(
    ("date", "read"),
    [
        (1_700_000_000_123, 1_700_000_000_123),
        (1_700_000_000_123.0, 1_700_000_000_123),
        ("1700000000123", 1_700_000_000_123),
        (1_700_000_000, 1_700_000_000_000),
        ("2023-11-14T22:13:20Z", 1_700_000_000_000),
        ("2023-11-14 16:13:20-06:00", 1_700_000_000_000),
        ("2023-11-14", 1_699_920_000_000),
        *[(odd, None) for odd in (NAN, [], {}, [1], "yesterday", "", -1, 0, 1e17, True, None)],
    ],
)
def test_an_edit_date_is_a_moment_or_not_there(date: object, read: int | None) -> None:
    assert layer_of(editingInfo={"dataLastEditDate": date}).data_last_edit_date == read
    info = {"lastEditDate": 7, "dataLastEditDate": date}
    assert layer_of(editingInfo=info).data_last_edit_date == (read or 7)


@pytest.mark.parametrize("odd", [[], [1], "text", 5, None, True])
@pytest.mark.parametrize("member", ["editingInfo", "advancedQueryCapabilities", "extent"])
def test_what_is_no_object_counts_as_left_out(member: str, odd: object) -> None:
    layer = layer_of(**{member: odd})

    assert layer.data_last_edit_date is None
    assert not layer.supports_pagination
    assert layer.wkid is None


@pytest.mark.parametrize(
    ("reference", "wkid"),
    [
        ({"wkid": 102100, "latestWkid": 3857}, 3857),
        ({"wkid": "102100"}, 102100),
        ({"wkt": "PROJCS[]"}, None),
        ([], None),
    ],
)
def test_the_spatial_reference_of_a_layer(reference: object, wkid: int | None) -> None:
    assert layer_of(extent={"spatialReference": reference}).wkid == wkid


@pytest.mark.parametrize(
    "members",
    [
        {"fields": {}},
        {"fields": "OBJECTID"},
        {"fields": [None]},
        {"fields": ["OBJECTID"]},
        {"fields": [{"name": "OBJECTID"}]},
        {"fields": [{"type": "esriFieldTypeOID"}]},
        {"fields": [{"name": None, "type": "esriFieldTypeOID"}]},
        {"fields": [{"name": 5, "type": "esriFieldTypeOID"}]},
        {"fields": [{"name": "OBJECTID", "type": ["esriFieldTypeOID"]}]},
        {"geometryType": 5},
        {"geometryType": ["esriGeometryPoint"]},
        {"objectIdField": "FID"},
    ],
)
def test_what_has_no_safe_default_is_refused_in_a_sentence(members: dict[str, Any]) -> None:
    with pytest.raises(ServiceError, match=f"^{URL} [^\n]+\\.$"):
        layer_of(**members)


@pytest.mark.parametrize("named", ["objectid", "ObjectId", None, "", 5, ["OBJECTID"], {}])
def test_the_object_id_field_in_any_letter_case_or_by_its_type(named: object) -> None:
    assert layer_of(objectIdField=named).object_id_field == "OBJECTID"


@pytest.mark.parametrize("count", [12, "12", 12.0, 0])
def test_a_count(count: object) -> None:
    assert _count(json.dumps({"count": count}).encode(), URL) == int(str(count).partition(".")[0])


@pytest.mark.parametrize("count", [True, -1, 1.5, "many", None, NAN, [12], {}, 1e12, 10**400])
def test_what_is_no_count(count: object) -> None:
    with pytest.raises(ServiceError, match="count"):
        _count(json.dumps({"count": count}).encode(), URL)


@pytest.mark.parametrize(
    ("reply", "ids"),
    [
        ({"objectIds": [3, 1, 2, 1]}, [1, 2, 3]),
        ({"objectIds": ["3", "1"]}, [1, 3]),
        ({"objectIds": [3, "1", 2.0]}, [1, 2, 3]),
        ({"objectIds": [-5, 2**63 - 1]}, [-5, 2**63 - 1]),
        ({"objectIds": None}, []),
        ({"objectIds": []}, []),
        ({"uniqueIds": [7]}, [7]),
        ({"uniqueIds": ["7"], "objectIds": None}, [7]),
    ],
)
def test_object_ids(reply: dict[str, Any], ids: list[int]) -> None:
    assert _object_ids(json.dumps(reply).encode(), URL).tolist() == ids


@pytest.mark.parametrize(
    "reply",
    [
        *({"objectIds": ids} for ids in ([1.5], [True], [1, False], [None], ["a"], "12", {}, 5)),
        {"objectIds": [1, 2**63]},
        {"objectIds": [10**400]},
        {"uniqueIds": ["{00000000-0000-0000-0000-000000000000}"]},
        {"features": []},
        {},
    ],
)
def test_what_is_no_list_of_object_ids(reply: dict[str, Any]) -> None:
    with pytest.raises(ServiceError, match=r"[Ii]ds"):
        _object_ids(json.dumps(reply).encode(), URL)


@pytest.mark.parametrize("spell", [whole, epoch_ms])
@pytest.mark.parametrize("odd", [None, True, [], {}, "x", 1.5, NAN, float("inf"), "inf", "²"])
def test_what_is_no_number_is_a_type_or_value_error(spell: Any, odd: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        spell(odd)


def test_a_text_of_a_server_does_nothing_to_a_terminal() -> None:
    exc = ArcGISError("said '\x1b]0;gotcha\x07 \r\n\x9b \u202e\ud800'", url="http://a\n")

    assert str(exc) == (r"http://a\n said '\x1b]0;gotcha\x07 \r\n\x9b \u202e\ud800'")
    assert str(ArcGISError(exc.what)) == exc.what
    assert str(ArcGISError("café 😀 \\n")) == "café 😀 \\n"
    assert layer_of(name="a\x1b[2Jb").name == r"a\x1b[2Jb"


@pytest.mark.parametrize(
    ("domain", "read"),
    [
        ({"codedValues": [{"name": "Open", "code": 1}, {"name": "Shut", "code": 0.0}]}, "1 0"),
        ({"codedValues": [{"name": "Pothole", "code": "PH"}, {"name": "", "code": ""}]}, "PH "),
        ({"codedValues": [{"name": 3, "code": 1}, {"code": 2}, 3, {"name": "x", "code": 4}]}, "4"),
        ({"codedValues": [{"name": "x", "code": code} for code in (None, [], True, 0.5)]}, None),
        ({"type": "range", "range": [0, 9]}, None),
        *[(odd, None) for odd in (None, 3, "PH", [], {"codedValues": {"PH": "Pothole"}})],
    ],
)
def test_what_codes_stand_for(domain: object, read: str | None) -> None:
    oid = {"name": "OBJECTID", "type": "esriFieldTypeOID"}
    titled = {"name": "TITLE", "type": "esriFieldTypeString", "domain": domain}

    _, field = layer_of(fields=[oid, titled]).fields

    assert [code for code, _ in field.coded_values] == ([] if read is None else read.split(" "))
