"""The stand-in city on the wire: metadata, the query operation, and the life of the server."""

import json
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from datetime import date
from typing import Any
from urllib.request import urlopen

import aiohttp
import pytest

from mpls311.sandbox import City, FeatureServer, serve
from mpls311.sandbox.__main__ import main

AS_OF = date(2026, 11, 20)
ROWS_PER_YEAR = 3_000
YEAR = 2016  # 1,000 rows a page, 16,000 with resultType=standard
Ask = Callable[..., Coroutine[Any, Any, dict[str, Any]]]


@pytest.fixture(scope="module")
def city() -> City:
    return City(rows_per_year=ROWS_PER_YEAR, as_of=AS_OF)


@pytest.fixture(scope="module")
def server(city: City) -> Iterator[FeatureServer]:
    with serve(city) as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def ask(server: FeatureServer, session: aiohttp.ClientSession) -> Ask:
    """Return a function that sends a request and gives the JSON of its HTTP 200 reply."""

    async def ask(path: str, *, method: str = "GET", **parameters: Any) -> dict[str, Any]:
        url = f"{server.services_url}{path}"
        sent = {"f": "json", **{name: str(value) for name, value in parameters.items()}}
        options = {"params": sent} if method == "GET" else {"data": sent}
        async with session.request(method, url, **options) as response:  # type: ignore[arg-type]
            assert response.status == 200
            assert response.content_type == "application/json"
            reply: dict[str, Any] = await response.json()
            return reply

    return ask


@pytest.fixture
def query(ask: Ask) -> Ask:
    """Return the same for the query operation of one layer, all rows by default."""

    async def query(*, year: int = YEAR, method: str = "GET", **parameters: Any) -> dict[str, Any]:
        parameters = {"where": "1=1", **parameters}
        path = f"/Public_311_{year}/FeatureServer/0/query"
        return await ask(path, method=method, **parameters)

    return query


def object_ids(reply: dict[str, Any]) -> list[int]:
    return [feature["attributes"]["OBJECTID"] for feature in reply["features"]]


def assert_invalid_query(reply: dict[str, Any], detail: str = "") -> None:
    assert set(reply) == {"error"}
    assert reply["error"]["code"] == 400
    assert reply["error"]["message"] == "Cannot perform query. Invalid query parameters."
    assert detail in reply["error"]["details"][0]


async def pages(query: Ask, **parameters: Any) -> list[dict[str, Any]]:
    result = [await query(resultOffset=0, **parameters)]
    while result[-1].get("exceededTransferLimit"):
        read = sum(len(page["features"]) for page in result)
        result.append(await query(resultOffset=read, **parameters))
    return result


class TestMetadata:
    async def test_listing_names_the_neighborhoods_and_every_year(self, ask: Ask) -> None:
        names = [service["name"] for service in (await ask(""))["services"]]
        years = [f"Public_311_{year}" for year in range(2015, 2027)]
        assert names == ["Minneapolis_Neighborhoods", "WARDS", *years]

    async def test_service_names_its_layer(self, ask: Ask) -> None:
        reply = await ask("/Public_311_2024/FeatureServer")
        assert [layer["id"] for layer in reply["layers"]] == [0]

    async def test_layer(self, ask: Ask, city: City) -> None:
        reply = await ask("/Public_311_2024/FeatureServer/0")
        assert reply["type"] == "Feature Layer"
        assert reply["geometryType"] == "esriGeometryPoint"
        assert reply["objectIdField"] == "OBJECTID"
        assert (reply["maxRecordCount"], reply["standardMaxRecordCount"]) == (16_000, 32_000)
        assert reply["advancedQueryCapabilities"]["supportsQueryWithResultType"] is True
        assert reply["advancedQueryCapabilities"]["supportsPagination"] is True
        assert reply["extent"]["spatialReference"] == {"wkid": 102100, "latestWkid": 3857}
        assert reply == city.layer(2024).metadata
        assert reply["editingInfo"]["dataLastEditDate"] is not None
        types = {field["name"]: field["type"] for field in reply["fields"]}
        assert types == {
            "CASEID": "esriFieldTypeBigInteger",
            "OBJECTID": "esriFieldTypeOID",
            "SUBJECTNAME": "esriFieldTypeString",
            "REASONNAME": "esriFieldTypeString",
            "TYPENAME": "esriFieldTypeString",
            "TITLE": "esriFieldTypeString",
            "OPENEDDATETIME": "esriFieldTypeDate",
            "CASESTATUS": "esriFieldTypeInteger",
            "CLOSEDDATETIME": "esriFieldTypeDate",
            "LastUpdateDate": "esriFieldTypeDate",
            "XCOORD": "esriFieldTypeDouble",
            "YCOORD": "esriFieldTypeDouble",
            "IsAccessibilityRelated": "esriFieldTypeString",
        }
        assert [field["name"] for field in reply["fields"] if not field["nullable"]] == ["OBJECTID"]

    async def test_paths_are_found_in_any_case(self, ask: Ask) -> None:
        upper = await ask("/PUBLIC_311_2024/featureserver/0/")
        assert upper == await ask("/Public_311_2024/FeatureServer/0")

    @pytest.mark.parametrize(
        "path",
        [
            "/Public_311_1999/FeatureServer/0",
            "/Public_311_2027/FeatureServer/0/query",
            "/Public_311_2024/FeatureServer/1",
            "/Public_311_2024/MapServer/0",
            "/Anything",
        ],
    )
    async def test_what_does_not_exist_is_an_error_in_http_200(self, ask: Ask, path: str) -> None:
        reply = await ask(path, where="1=1")
        expected = {"code": 400, "message": "Invalid URL", "details": ["Invalid URL"]}
        assert reply == {"error": expected}

    async def test_pjson_says_the_same_as_json(self, ask: Ask) -> None:
        path = "/Public_311_2024/FeatureServer/0"
        assert await ask(path, f="pjson") == await ask(path)

    @pytest.mark.parametrize("output", ["html", "pbf", "geojson", ""])
    async def test_other_formats_are_refused(self, ask: Ask, output: str) -> None:
        assert (await ask("/Public_311_2024/FeatureServer/0", f=output))["error"]["code"] == 400


class TestRows:
    async def test_a_row_is_that_of_the_city(self, query: Ask, city: City) -> None:
        table = city.layer(2024).table
        object_id = table["OBJECTID"].values[100].item()
        reply = await query(year=2024, where=f"OBJECTID = {object_id}", outFields="*", outSR=4326)
        attributes = {}
        for column in table:
            known, value = column.known_mask()[100], column.values[100]
            value = column.words[value] if column.words else value.item()
            attributes[column.name] = value if known else None
        x, y = table.geometry.longitude[100], table.geometry.latitude[100]
        assert reply["features"] == [{"attributes": attributes, "geometry": {"x": x, "y": y}}]
        assert [field["name"] for field in reply["fields"]] == [column.name for column in table]
        assert reply["spatialReference"]["wkid"] == 4326

    async def test_rows_without_a_point(self, query: Ask) -> None:
        reply = await query(year=2025, where="XCOORD = 0", outFields="XCOORD,YCOORD", outSR=4326)
        spellings = Counter(
            str(tuple(row["geometry"].values()) if row["geometry"] else None)
            if "geometry" in row
            else "absent"
            for row in reply["features"]
        )
        assert spellings.keys() == {"(0, 0)", "None", "absent", "('NaN', 'NaN')"}
        assert spellings["('NaN', 'NaN')"] == 1
        assert {tuple(row["attributes"].values()) for row in reply["features"]} == {(0, 0)}

    async def test_web_mercator_is_the_default(self, query: Ask) -> None:
        where = "XCOORD < -10000000 AND YCOORD > 5600000"
        shown = {"where": where, "outFields": "XCOORD,YCOORD", "orderByFields": "OBJECTID"}
        replies = [await query(**shown, **sr) for sr in ({}, {"outSR": 3857}, {"outSR": 102100})]
        assert replies[0]["features"] == replies[1]["features"] == replies[2]["features"]
        for row in replies[0]["features"]:
            assert row["geometry"]["x"] == pytest.approx(row["attributes"]["XCOORD"], abs=1e-4)
            assert row["geometry"]["y"] == pytest.approx(row["attributes"]["YCOORD"], abs=1e-4)

    async def test_fields_and_geometry_can_be_left_out(self, query: Ask) -> None:
        reply = await query(
            where="1=1", outFields="typename, CASEID", returnGeometry="false", resultRecordCount=3
        )
        assert len(reply["features"]) == 3
        assert all(
            list(row) == ["attributes"] and list(row["attributes"]) == ["TYPENAME", "CASEID"]
            for row in reply["features"]
        )

    async def test_an_empty_result_has_no_fields(self, query: Ask) -> None:
        reply = await query(where="OBJECTID < 0", outFields="*")
        assert reply["features"] == []
        assert "fields" not in reply
        assert "exceededTransferLimit" not in reply

    async def test_object_ids_choose_rows(self, query: Ask) -> None:
        wanted = (await query(returnIdsOnly="true"))["objectIds"][:5]
        reply = await query(objectIds=",".join(map(str, wanted)), where="", method="POST")
        assert sorted(object_ids(reply)) == sorted(wanted)

    async def test_post_answers_as_get_does(self, query: Ask) -> None:
        asked = {
            "where": "OPENEDDATETIME >= TIMESTAMP '2016-06-01 00:00:00' AND TYPENAME <> 'Pothole'",
            "outFields": "*",
            "orderByFields": "OPENEDDATETIME DESC, OBJECTID",
            "resultRecordCount": 50,
        }
        got = await query(**asked)
        assert len(got["features"]) == 50
        assert await query(method="POST", **asked) == got

    async def test_compression_is_a_matter_of_asking(self, server: FeatureServer) -> None:
        url = f"{server.services_url}/Public_311_{YEAR}/FeatureServer/0/query"
        asked = {"where": "1=1", "outFields": "*", "f": "json"}
        bodies = {}
        async with aiohttp.ClientSession(auto_decompress=False) as session:
            for encoding in ("gzip", "identity"):
                headers = {"Accept-Encoding": encoding}
                async with session.get(url, params=asked, headers=headers) as response:
                    bodies[response.headers.get("Content-Encoding")] = await response.read()
        assert bodies.keys() == {"gzip", None}
        assert len(bodies["gzip"]) < 0.4 * len(bodies[None])
        assert len(json.loads(bodies[None])["features"]) == 1_000


class TestPaging:
    async def test_ordered_pages_give_each_row_once(self, query: Ask, city: City) -> None:
        result = await pages(query, orderByFields="OBJECTID ASC")
        ids = [i for page in result for i in object_ids(page)]
        assert ids == sorted(city.layer(YEAR).table["OBJECTID"].values.tolist())
        assert [len(page["features"]) for page in result[:-1]] == [1_000, 1_000]
        assert [page.get("exceededTransferLimit") for page in result] == [True, True, None]

    async def test_pages_without_order_overlap(self, query: Ask, city: City) -> None:
        ids = Counter(i for page in await pages(query) for i in object_ids(page))
        everything = set(city.layer(YEAR).table["OBJECTID"].values.tolist())
        assert ids.total() == len(everything)
        assert max(ids.values()) > 1
        assert everything - ids.keys()

    async def test_rows_without_order_are_unsorted(self, query: Ask) -> None:
        ids = object_ids(await query(where="OBJECTID > 0", resultRecordCount=100))
        assert ids != sorted(ids)

    async def test_ties_of_an_order_are_in_no_order(self, query: Ask) -> None:
        result = await pages(query, orderByFields="CASESTATUS")
        ids = Counter(i for page in result for i in object_ids(page))
        assert max(ids.values()) > 1

    @pytest.mark.parametrize(
        ("year", "asked", "rows"),
        [
            (2016, {}, 1_000),
            (2016, {"resultRecordCount": 5_000}, 1_000),
            (2016, {"resultRecordCount": 10}, 10),
            (2016, {"resultType": "none"}, 1_000),
            (2016, {"resultType": "standard", "resultRecordCount": 2_000}, 2_000),
            (2015, {"resultType": "standard"}, 1_000),
            (2017, {"resultType": "standard", "resultRecordCount": 30_000}, 2_000),
        ],
    )
    async def test_limits_hold(
        self, query: Ask, year: int, asked: dict[str, Any], rows: int
    ) -> None:
        reply = await query(year=year, **asked)
        assert len(reply["features"]) == rows
        assert reply["exceededTransferLimit"] is True

    async def test_a_page_that_just_fits_exceeds_nothing(self, query: Ask) -> None:
        count = (await query(returnCountOnly="true"))["count"]
        asked = {"resultType": "standard", "resultRecordCount": count}
        assert "exceededTransferLimit" not in await query(**asked)
        assert "exceededTransferLimit" in await query(**asked | {"resultRecordCount": count - 1})

    async def test_order_by_several_fields(self, query: Ask) -> None:
        reply = await query(
            resultType="standard",
            outFields="*",
            orderByFields="subjectname desc, CLOSEDDATETIME ASC, OBJECTID DESC",
        )
        rows = [row["attributes"] for row in reply["features"]]
        assert len(rows) > 2_000
        expected = sorted(rows, key=lambda row: -row["OBJECTID"])
        expected.sort(key=lambda row: row["CLOSEDDATETIME"] or float("-inf"))
        expected.sort(key=lambda row: row["SUBJECTNAME"], reverse=True)
        assert rows == expected


class TestSummaries:
    async def test_count_and_ids_know_no_limit(self, query: Ask, city: City) -> None:
        expected = city.layer(YEAR).table["OBJECTID"].values.tolist()
        ids = await query(returnIdsOnly="true")
        assert ids["objectIdFieldName"] == "OBJECTID"
        assert sorted(ids["objectIds"]) == sorted(expected)
        assert await query(returnCountOnly="true") == {"count": len(expected)}

    async def test_distinct_values(self, query: Ask) -> None:
        asked = {"outFields": "SUBJECTNAME,CASESTATUS", "returnGeometry": "false"}
        every = await query(resultType="standard", **asked)
        distinct = await query(returnDistinctValues="true", **asked)
        rows = [tuple(row["attributes"].values()) for row in distinct["features"]]
        assert set(rows) == {tuple(row["attributes"].values()) for row in every["features"]}
        assert len(rows) == len(set(rows)) > 12
        counted = await query(returnDistinctValues="true", returnCountOnly="true", **asked)
        assert counted == {"count": len(rows)}
        assert_invalid_query(await query(returnDistinctValues="true", outFields="TITLE"))

    async def test_statistics(self, query: Ask) -> None:
        reply = await query(resultType="standard", outFields="*", where="CASESTATUS = 0")
        rows = [row["attributes"] for row in reply["features"]]
        closed = [row["CLOSEDDATETIME"] for row in rows if row["CLOSEDDATETIME"] is not None]
        wanted = [
            ("min", "OBJECTID", min(row["OBJECTID"] for row in rows)),
            ("max", "closeddatetime", max(closed)),
            ("count", "CLOSEDDATETIME", len(closed)),
            ("max", "SUBJECTNAME", max(row["SUBJECTNAME"] for row in rows)),
            ("sum", "CASESTATUS", 0),
            ("avg", "XCOORD", pytest.approx(sum(row["XCOORD"] for row in rows) / len(rows))),
        ]
        definitions = [
            {"statisticType": kind, "onStatisticField": field, "outStatisticFieldName": f"s{n}"}
            for n, (kind, field, _) in enumerate(wanted)
        ]
        asked = {"where": "CASESTATUS = 0", "outStatistics": json.dumps(definitions)}
        (feature,) = (await query(**asked))["features"]
        assert feature["attributes"] == {f"s{n}": value for n, (*_, value) in enumerate(wanted)}
        nothing = await query(**asked | {"where": "OBJECTID < 0"})
        values = nothing["features"][0]["attributes"]
        assert list(values.values()) == [None, None, 0, None, None, None]


@pytest.mark.parametrize(
    ("asked", "detail"),
    [
        ({"where": ""}, "'where' parameter is required"),
        ({"where": "OPENEDDATETIME > 1700000000000"}, "date"),
        ({"where": "Ward = 3"}, "Invalid field: Ward"),
        ({"where": "1=1; DROP TABLE requests"}, "'where' parameter is invalid"),
        ({"outFields": "CASEID,Ward"}, "Invalid field: Ward"),
        ({"orderByFields": "Ward"}, "orderByFields"),
        ({"orderByFields": "CASEID SIDEWAYS"}, "orderByFields"),
        ({"resultOffset": "-1"}, "resultOffset"),
        ({"resultRecordCount": "many"}, "resultRecordCount"),
        ({"resultType": "tile"}, "resultType"),
        ({"returnGeometry": "maybe"}, "returnGeometry"),
        ({"outSR": "26915"}, "outSR"),
        ({"objectIds": "1,x"}, "objectIds"),
        ({"geometry": "0,0,1,1"}, "geometry"),
        ({"groupByFieldsForStatistics": "TITLE"}, "groupByFieldsForStatistics"),
        ({"outStatistics": "[1]"}, "outStatistics"),
        ({"outStatistics": "not JSON"}, "outStatistics"),
        ({"outStatistics": '[{"statisticType":"sum","onStatisticField":"TITLE"}]'}, "sum"),
    ],
)
async def test_an_invalid_query_is_an_error_in_http_200(
    query: Ask, asked: dict[str, str], detail: str
) -> None:
    assert_invalid_query(await query(**asked), detail)


class TestServer:
    async def test_requests_are_counted_by_kind(self, city: City) -> None:
        with serve(city) as server:
            root = f"{server.services_url}/Public_311_2024/FeatureServer/0"
            asked = [
                ("", {}),
                ("", {}),
                ("/query", {"where": "1=1", "returnCountOnly": "true"}),
                ("/query", {"where": "1=1", "returnIdsOnly": "true"}),
                ("/query", {"where": "CASESTATUS = 1"}),
                ("/query", {"where": "nonsense"}),
            ]
            async with aiohttp.ClientSession() as session:
                for path, parameters in asked:
                    params = {"f": "json", **parameters}
                    async with session.get(root + path, params=params) as response:
                        await response.read()
            assert server.requests == {"metadata": 2, "count": 1, "ids": 1, "page": 1, "error": 1}

    async def test_latency_delays_every_answer(self, city: City) -> None:
        with serve(city, latency_ms=60_000) as server:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(0.2)) as session:
                with pytest.raises(TimeoutError):
                    await session.get(server.services_url, params={"f": "json"})
            assert not server.requests

    async def test_stop_and_start_again_on_the_same_port(
        self, city: City, session: aiohttp.ClientSession
    ) -> None:
        server = serve(city).start()
        url = server.services_url
        server.stop()
        server.stop()
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(url)
        with server:
            assert server.services_url == url
            async with session.get(url, params={"f": "json"}) as response:
                assert len((await response.json())["services"]) == 14

    def test_a_port_that_is_taken(self, city: City, server: FeatureServer) -> None:
        port = int(server.services_url.split(":")[2].split("/")[0])
        with pytest.raises(OSError, match=str(port)):
            serve(city, port=port).start()

    def test_it_does_not_keep_a_process_alive(self) -> None:
        program = (
            "from mpls311.sandbox import City, serve\n"
            "print(serve(City(rows_per_year=200)).start().services_url)"
        )
        command = [sys.executable, "-W", "error", "-c", program]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        assert done.stdout.startswith("http://127.0.0.1:")
        assert done.stderr == ""

    def test_serving_it_alone(self) -> None:
        options = ["--rows-per-year=300", "--as-of=2017-06-01", "--seed=5", "--latency-ms=1"]
        command = [sys.executable, "-W", "error", "-m", "mpls311.sandbox", *options]
        pipe = subprocess.PIPE
        with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            with urlopen(f"{url}?f=json") as response:
                services = json.load(response)["services"]
            process.send_signal(signal.SIGINT)
            _, complaints = process.communicate(timeout=60)
        assert [service["name"] for service in services][-1] == "Public_311_2017"
        assert len(services) == 5
        assert (process.returncode, complaints) == (0, "")

    @pytest.mark.parametrize(
        "option", ["--rows-per-year=0", "--as-of=2015-01-01", "--as-of=yesterday", "--seed=-1"]
    )
    def test_wrong_options_are_refused_in_a_sentence(
        self, option: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit):
            main([option])
        assert "error: " in capsys.readouterr().err
