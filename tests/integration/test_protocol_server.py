"""A feature server over layers that somebody made by hand, and over whatever goes wrong."""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import IncompleteRead
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pyarrow as pa
import pytest

from mpls311.sandbox.protocol import (
    CUT_OFF,
    RESET,
    Answer,
    EsriType,
    Fault,
    Handler,
    RowLayer,
    asking,
    capabilities,
    editing,
    error,
    failing_above,
    feature,
    gzipped,
    in_place_of,
    serve,
    status,
)
from mpls311.sandbox.protocol import Request as Asked

FIELDS = {"FID": EsriType.OID, "Title": EsriType.STRING, "Opened": EsriType.DATE}
NOON = int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp() * 1000)


@pytest.fixture
def layer() -> RowLayer:
    here = {"x": -93.28047149607914, "y": 44.95553322115808}
    rows = [feature(here, FID=n, Title=f"row {n}", Opened=NOON + n * 1000) for n in (3, 1, 2)]
    return RowLayer("Requests", rows, FIELDS)


def ask(url: str, **parameters: Any) -> Any:
    """The JSON of an answer; `url` is that of a layer, or of its query if there is a condition."""
    path = f"{url}/query" if parameters else url
    with urlopen(f"{path}?{urlencode({'f': 'json', **parameters})}") as response:
        return json.load(response)


@contextmanager
def served(layer: RowLayer, *faults: Fault) -> Iterator[str]:
    with serve([layer], faults=faults) as server:
        yield server.url_of("Requests")


def ids(reply: Any) -> list[int]:
    return [row["attributes"]["FID"] for row in reply["features"]]


class TestHandMadeLayers:
    def test_conditions_order_and_fields_work_as_on_any_layer(self, layer: RowLayer) -> None:
        with served(layer) as url:
            since = "Opened >= TIMESTAMP '2026-03-01 12:00:02' AND title LIKE 'row%'"
            reply = ask(url, where=since, outFields="title", outSR=4326, orderByFields="FID DESC")
            assert reply["features"] == [
                {"attributes": {"Title": f"row {n}"}, "geometry": layer.rows[0]["geometry"]}
                for n in (3, 2)
            ]
            assert reply["objectIdFieldName"] == "FID"
            assert ask(url, where="Title = 'row 1'", returnCountOnly="true") == {"count": 1}
            listed = ask(url, where="1=1", returnIdsOnly="true")
            assert sorted(listed["objectIds"]) == [1, 2, 3]
            asked = [{"statisticType": "max", "onStatisticField": "Opened"}]
            [most] = ask(url, where="1=1", outStatistics=json.dumps(asked))["features"]
            assert most["attributes"] == {"max_Opened": NOON + 3000}

    def test_the_extent_of_rows_with_a_place(self, layer: RowLayer) -> None:
        layer.rows += [feature({"x": -93.0, "y": 46.0}, FID=4), feature(FID=5)]
        asked = {"returnExtentOnly": "true", "outSR": 4326}
        with served(layer) as url:
            whole = ask(url, where="1=1", **asked)["extent"]
            none = ask(url, where="FID = 5", **asked)["extent"]
        assert (whole["xmax"], whole["ymax"]) == (-93.0, 46.0)
        assert whole["xmin"] == layer.rows[0]["geometry"]["x"]
        assert none["xmin"] == "NaN"

    def test_metadata_describe_it_and_are_kept_to(self, layer: RowLayer) -> None:
        with served(layer) as url:
            assert ask(url) == layer.metadata
            assert ask(url)["objectIdField"] == "FID"
            layer.metadata |= {"maxRecordCount": 2, "objectIdField": "fid"}
            del layer.metadata["editingInfo"]
            assert ask(url) == layer.metadata
            page = ask(url, where="1=1", outFields="*")
            assert (len(page["features"]), page["exceededTransferLimit"]) == (2, True)
            assert page["objectIdFieldName"] == "fid"
            layer.metadata["standardMaxRecordCount"] = 3
            for supported, rows in ((False, 2), (True, 3)):
                can = capabilities(supportsQueryWithResultType=supported)
                layer.metadata["advancedQueryCapabilities"] = can
                page = ask(url, where="1=1", resultType="standard")
                assert len(page["features"]) == rows
            layer.metadata["fields"] = layer.metadata["fields"][:1]
            assert "error" in ask(url, where="Title = 'row 1'")

    def test_rows_may_change_while_it_is_served(self, layer: RowLayer) -> None:
        with served(layer) as url:
            layer.rows.append(feature(FID=9))
            layer.rows[0]["attributes"]["Title"] = "changed"
            assert ask(url, where="FID > 8", outFields="*")["features"] == [feature(FID=9)]
            assert ask(url, where="Title = 'changed'", returnCountOnly="true") == {"count": 1}
            layer.rows = []
            assert ask(url, where="1=1")["features"] == []

    @pytest.mark.parametrize("odd", ["", "N/A", 1e30, [1], {"a": None}, None])
    def test_values_that_do_not_suit_their_field_are_served_as_they_are(
        self, layer: RowLayer, odd: Any
    ) -> None:
        layer.rows[0]["attributes"]["Opened"] = odd
        with served(layer) as url:
            page = ask(url, where="1=1", outFields="*", orderByFields="FID")
            assert [row["attributes"]["Opened"] for row in page["features"]][2] == odd
            assert ask(url, where="Opened IS NULL", returnCountOnly="true") == {"count": 1}
            assert ids(ask(url, where="Opened > DATE '2026-01-01'", outFields="FID")) != [3]

    def test_what_a_feature_leaves_out_stays_out(self, layer: RowLayer) -> None:
        layer.rows = [{"attributes": {"FID": 1}}, {"attributes": {"FID": 2}, "geometry": None}]
        with served(layer) as url:
            page = ask(url, where="1=1", outFields="FID,Title", orderByFields="FID")
            assert page["features"] == layer.rows

    def test_places_are_projected_unless_degrees_are_asked_for(self, layer: RowLayer) -> None:
        here = list(layer.rows[0]["geometry"].values())
        ring = [here, [-93.0, 45.1], [-93.1, 45.0], here]
        layer.rows[1]["geometry"] = {"rings": [ring]}
        with served(layer) as url:
            point = ask(url, where="FID = 3")["features"][0]["geometry"]
            assert (point["x"], point["y"]) == pytest.approx(
                (-10383934.5879, 5614523.8163), abs=1e-4
            )
            [corner, *_] = ask(url, where="FID = 1")["features"][0]["geometry"]["rings"][0]
            assert corner == pytest.approx([-10383934.5879, 5614523.8163], abs=1e-4)
            assert (
                "geometry" not in ask(url, where="FID = 3", returnGeometry="false")["features"][0]
            )

    def test_a_table_has_no_geometry(self, layer: RowLayer) -> None:
        layer.metadata |= {"geometryType": None, "type": "Table"}
        with serve([layer]) as server:
            page = ask(server.url_of("Requests"), where="FID = 1", outFields="FID")
            assert page["features"] == [{"attributes": {"FID": 1}}]
            assert "geometryType" not in page
            service = ask(f"{server.services_url}/Requests/FeatureServer")
            assert (service["layers"], [table["id"] for table in service["tables"]]) == ([], [0])

    def test_an_arrow_table_is_a_layer(self) -> None:
        table = pa.table(
            {
                "OBJECTID": [1, 2],
                "OPENED": pa.array([NOON * 1000, None], pa.timestamp("us", "UTC")),
                "STATUS": pa.array([0, 1], pa.int16()),
                "TITLE": ["Pothole", None],
                "geometry_x": [-93.0, None],
                "geometry_y": [45.0, None],
            }
        )
        layer = RowLayer.of_arrow("Requests", table)
        assert [field["type"] for field in layer.metadata["fields"]] == [
            EsriType.OID,
            EsriType.DATE,
            EsriType.INTEGER,
            EsriType.STRING,
        ]
        assert layer.rows == [
            feature({"x": -93.0, "y": 45.0}, OBJECTID=1, OPENED=NOON, STATUS=0, TITLE="Pothole"),
            feature(OBJECTID=2, OPENED=None, STATUS=1, TITLE=None),
        ]


def test_layers_are_where_their_addresses_say(layer: RowLayer) -> None:
    other = RowLayer("Others", [], FIELDS)
    layers = {"Requests": layer, "City/Old/MapServer/2": other, "City/Old/MapServer/3": layer}
    with serve(layers) as server:
        root = server.services_url
        assert server.url_of("City/Old/MapServer/2") == f"{root}/City/Old/MapServer/2"
        assert ask(f"{root}/city/old/mapserver/2") == other.metadata
        assert ask(f"{root}/City/Old/MapServer/3", where="FID = 1", returnCountOnly="true")
        numbers = [found["id"] for found in ask(f"{root}/City/Old/MapServer")["layers"]]
        assert numbers == [2, 3]
        assert ask(root)["services"] == [
            {"name": "Requests", "type": "FeatureServer"},
            {"name": "City/Old", "type": "MapServer"},
        ]
        del layers["Requests"]
        assert ask(f"{root}/Requests/FeatureServer/0")["error"]["message"] == "Invalid URL"


async def unique_ids(request: Asked, handler: Handler) -> Answer:
    """List ids as text, under another name."""
    answer = await handler(request)
    if request.kind != "ids":
        return answer
    return Answer.of({"uniqueIds": [str(number) for number in answer.reply["objectIds"]]})


class TestFaults:
    """What field reports tell of real servers: each is one declaration."""

    @pytest.mark.parametrize(
        ("fault", "asked", "seen"),
        [
            (
                editing("page", lambda reply: reply.pop("fields")),
                {},
                lambda reply: "fields" not in reply,
            ),
            (
                asking("page", outSR="102100"),
                {"outSR": 4326},
                lambda reply: (
                    reply["spatialReference"]["wkid"] == 102100
                    and reply["features"][0]["geometry"]["x"] < -1e7
                ),
            ),
            (
                asking("page", returnGeometry="false"),
                {"outSR": 4326},
                lambda reply: "geometry" not in reply["features"][0],
            ),
            (
                asking("page", where="FID < 0"),
                {"where": "Opened > TIMESTAMP '2026-01-01 00:00:00'"},
                lambda reply: reply["features"] == [],
            ),
            (
                in_place_of("count", error(400, "Failed to execute query.")),
                {"returnCountOnly": "true"},
                lambda reply: reply["error"]["code"] == 400,
            ),
            (
                unique_ids,
                {"returnIdsOnly": "true"},
                lambda reply: sorted(reply["uniqueIds"]) == ["1", "2", "3"],
            ),
            (
                failing_above(2),
                {},
                lambda reply: reply["error"]["code"] == 500,
            ),
            (
                failing_above(2),
                {"resultRecordCount": "2"},
                lambda reply: len(reply["features"]) == 2,
            ),
            (
                editing("count", lambda reply: reply.update(count=1_000_000)),
                {"returnCountOnly": "true"},
                lambda reply: reply["count"] == 1_000_000,
            ),
            (
                editing("ids", lambda reply: reply["objectIds"].append(1)),
                {"returnIdsOnly": "true"},
                lambda reply: sorted(reply["objectIds"]) == [1, 1, 2, 3],
            ),
            (
                in_place_of("page", Answer('{"where":"Zürich"}'.encode("latin-1"))),
                {},
                UnicodeDecodeError,
            ),
            (
                in_place_of("page", Answer(b"<html>Request Rejected</html>")),
                {},
                json.JSONDecodeError,
            ),
            (in_place_of("page", status(503, Retry_After="7")), {}, HTTPError),
            (in_place_of("page", CUT_OFF), {}, IncompleteRead),
            (in_place_of("page", RESET), {}, ConnectionResetError),
        ],
    )
    def test_each_is_a_declaration(
        self, layer: RowLayer, fault: Fault, asked: dict[str, Any], seen: Any
    ) -> None:
        with served(layer, fault) as url:
            if isinstance(seen, type):
                with pytest.raises(seen) as caught:
                    ask(url, where="1=1", **asked)
                if isinstance(caught.value, HTTPError):
                    caught.value.close()
            else:
                assert seen(ask(url, **{"where": "1=1", "outFields": "*", **asked}))
            assert ask(url) == layer.metadata

    def test_several_in_turn_and_then_good_answers(self, layer: RowLayer) -> None:
        script = in_place_of("count", error(500, "busy"), None, Answer.of({"count": -1}))
        with served(layer, script) as url:
            replies = [ask(url, where="1=1", returnCountOnly="true") for _ in range(4)]
        assert [reply.get("count") for reply in replies] == [None, 3, -1, 3]

    def test_the_first_fault_is_outermost(self, layer: RowLayer) -> None:
        def add(number: int) -> Fault:
            return editing("count", lambda reply: reply.update(count=reply["count"] * 10 + number))

        with served(layer, add(1), add(2)) as url:
            assert ask(url, where="1=1", returnCountOnly="true") == {"count": 321}

    def test_faults_may_change_while_it_is_served(self, layer: RowLayer) -> None:
        with serve([layer]) as server:
            url = server.url_of("Requests")
            server.faults.append(in_place_of("metadata", error(499, "Token Required")))
            assert ask(url)["error"]["code"] == 499
            server.faults.clear()
            assert ask(url) == layer.metadata
            assert server.requests == {"error": 1, "metadata": 1}

    def test_headers_and_packed_bodies_go_out_as_they_are(self, layer: RowLayer) -> None:
        packed = gzipped(b'{"count":7}' + random.Random(1).randbytes(2_000))
        moved = status(302, Location="/login")
        with served(layer, in_place_of("count", packed), in_place_of("metadata", moved)) as url:
            counting = f"{url}/query?where=1%3D1&returnCountOnly=true"
            with urlopen(Request(counting, headers={"Accept-Encoding": "gzip"})) as response:
                assert response.headers["Content-Encoding"] == "gzip"
                assert response.read() == packed.body
            with pytest.raises(HTTPError) as caught:
                ask(url)
            assert caught.value.url.endswith("/login")
            caught.value.close()

    def test_a_body_without_end_ends_with_the_client(self, layer: RowLayer) -> None:
        def endless() -> Iterator[bytes]:
            while True:
                yield b" " * 1000

        with served(layer, in_place_of("page", Answer(endless()))) as url:
            with urlopen(Request(f"{url}/query?where=1%3D1")) as response:
                assert len(response.read(50_000)) == 50_000
            assert ask(url) == layer.metadata
