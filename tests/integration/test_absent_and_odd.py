"""What no feature carries is drift, and what one value carries wrongly costs one value."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from mpls311.arcgis import (
    ArcGISClient,
    ClientSettings,
    ReadReport,
    SchemaDriftError,
    TransportError,
)
from tests.support.lying_service import LyingService, Reply, feature, features
from tests.support.waiting import no_waiting

ATTEMPTS = 4


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with no_waiting(ATTEMPTS):
        yield


async def read(service: LyingService, folder: Path, where: str = "1=1") -> ReadReport:
    async with service.running(), ArcGISClient(ClientSettings(concurrency=2)) as client:
        layer = await client.layer(service.url)
        return await client.read(layer, where, folder / "rows.parquet")


def of_pages(change: Callable[[Reply], Any]) -> Callable[[str, Any, Reply], Any]:
    """A lie about the features of every page."""

    def lie(kind: str, _query: object, reply: Reply) -> Any:
        if kind == "page":
            for each in reply["features"]:
                change(each)
        return reply

    return lie


def no_extent(lie: Callable[[str, Any, Reply], Any]) -> Callable[[str, Any, Reply], Any]:
    """The same lie of a service that does not tell of extents."""
    return lambda kind, query, reply: {} if kind == "extent" else lie(kind, query, reply)


class TestAbsent:
    async def test_a_column_that_no_feature_of_a_page_has(self, tmp_path: Path) -> None:
        def lie(kind: str, query: Mapping[str, str], reply: Reply) -> Reply:
            if kind == "page" and "OBJECTID >= 20 " in query["where"]:
                reply.pop("fields")
                for each in reply["features"]:
                    del each["attributes"]["TITLE"]
            return reply

        with pytest.raises(SchemaDriftError, match="20 features, none of which has TITLE"):
            await read(LyingService(features(range(60)), lie), tmp_path)

    async def test_null_is_not_absent(self, tmp_path: Path) -> None:
        rows = [feature(oid, TITLE=None, OPENED=None) for oid in range(60)]

        report = await read(LyingService(rows), tmp_path)

        assert report.rows == 60
        assert pq.read_table(tmp_path / "rows.parquet")["TITLE"].null_count == 60

    @pytest.mark.parametrize("rows", [1, 60])
    async def test_a_geometry_that_is_left_out(self, tmp_path: Path, rows: int) -> None:
        service = LyingService(features(range(rows)), of_pages(lambda each: each.pop("geometry")))

        with pytest.raises(SchemaDriftError, match="none of which has a geometry"):
            await read(service, tmp_path)

    async def test_a_geometry_of_other_members(self, tmp_path: Path) -> None:
        def rename(each: Reply) -> None:
            each["geometry"] = {"longitude": each["geometry"]["x"]}

        with pytest.raises(SchemaDriftError, match="none of which has a geometry"):
            await read(LyingService(features(range(60)), of_pages(rename)), tmp_path)

    async def test_a_geometry_left_out_where_no_extent_is_told(self, tmp_path: Path) -> None:
        lie = no_extent(of_pages(lambda each: each.pop("geometry")))

        with pytest.raises(SchemaDriftError, match="60 features, none of which has a geometry"):
            await read(LyingService(features(range(60)), lie), tmp_path)

    async def test_a_geometry_left_out_of_a_few_rows_and_of_all_others(
        self, tmp_path: Path
    ) -> None:
        lie = no_extent(of_pages(lambda each: each.pop("geometry")))

        with pytest.raises(SchemaDriftError, match="5 features, none of which has a geometry"):
            await read(LyingService(features(range(60)), lie), tmp_path, "OBJECTID < 5")

    @pytest.mark.parametrize("others", [3, 60])
    async def test_a_few_rows_without_a_place(self, tmp_path: Path, others: int) -> None:
        """Others have one; or there are too few to tell."""
        rows = features(range(others))
        for row in rows[:5]:
            del row["geometry"]
        service = LyingService(rows, no_extent(lambda _kind, _query, reply: reply))

        assert (await read(service, tmp_path, "OBJECTID < 5")).rows == min(5, others)

    @pytest.mark.parametrize("tells", [True, False], ids=["extent", "no extent"])
    async def test_rows_without_a_place(self, tmp_path: Path, tells: bool) -> None:
        rows = features(range(60))
        for row in rows[:20]:
            del row["geometry"]  # a whole page

        service = LyingService(rows)
        if not tells:
            service.lie = no_extent(service.lie)

        assert (await read(service, tmp_path)).rows == 60
        assert service.requests["extent"] == 1

    async def test_a_layer_whose_every_geometry_is_null(self, tmp_path: Path) -> None:
        rows = [feature(oid) | {"geometry": None} for oid in range(60)]
        service = LyingService(rows)

        assert (await read(service, tmp_path)).rows == 60
        assert service.requests["extent"] == 0

    async def test_a_table_has_no_geometry(self, tmp_path: Path) -> None:
        service = LyingService(features(range(30)))
        del service.metadata["geometryType"]

        assert (await read(service, tmp_path)).rows == 30
        assert pq.read_schema(tmp_path / "rows.parquet").names[-1] == "STATUS"

    @pytest.mark.parametrize("told", [True, False])
    async def test_an_answer_in_another_reference(self, tmp_path: Path, told: bool) -> None:
        def lie(kind: str, _query: object, reply: Reply) -> Reply:
            if kind == "page":
                reply["spatialReference"] = {"wkid": 102100, "latestWkid": 3857} if told else None
                for each in reply["features"]:
                    each["geometry"] = {"x": -10_383_934.5, "y": 5_614_523.8}
            return reply

        with pytest.raises(SchemaDriftError, match=r"wkid 3857|coordinates of 180 and more"):
            await read(LyingService(features(range(60)), lie), tmp_path)


class TestOddValues:
    async def test_each_costs_only_itself(self, tmp_path: Path) -> None:
        rows = features(range(20_100))
        rows[20_050]["attributes"] |= {"OPENED": 10**17, "STATUS": 99999}  # on the last page
        rows[20_060]["attributes"]["OPENED"] = "N/A"
        rows[20_070]["attributes"]["TITLE"] = 311
        service = LyingService(rows)
        service.metadata["maxRecordCount"] = 1000

        report = await read(service, tmp_path)

        assert report.misfits == {"OPENED": 2, "STATUS": 1}
        assert os.listdir(tmp_path) == ["rows.parquet"]
        table = pq.read_table(tmp_path / "rows.parquet").sort_by("OBJECTID")
        assert table.schema.names[-1] == "misfits"
        assert table["OBJECTID"].to_pylist() == list(range(20_100))
        odd = {
            row["OBJECTID"]: json.loads(row["misfits"])
            for row in table.to_pylist()
            if row["misfits"]
        }
        assert odd == {
            20_050: {"OPENED": str(10**17), "STATUS": "99999"},
            20_060: {"OPENED": "N/A"},
        }
        assert table["OPENED"].null_count == 2
        assert table["TITLE"][20_070].as_py() == "311"

    async def test_a_file_without_any_has_no_such_column(self, tmp_path: Path) -> None:
        report = await read(LyingService(features(range(30))), tmp_path)

        assert report.misfits == {}
        names = pq.read_schema(tmp_path / "rows.parquet").names
        assert names == report.layer.arrow_schema.names

    async def test_they_are_found_again_in_the_journal(self, tmp_path: Path) -> None:
        service = LyingService([feature(oid, OPENED="N/A" if oid == 3 else 0) for oid in range(60)])
        async with service.running(), ArcGISClient(ClientSettings(concurrency=2)) as client:
            layer = await client.layer(service.url)
            for resumed in (0, 60):
                report = await client.read(
                    layer, "1=1", tmp_path / "rows.parquet", journal=tmp_path / "pages"
                )
                assert (report.resumed, report.misfits) == (resumed, {"OPENED": 1})

    @pytest.mark.parametrize(
        ("bytes_", "title"), [(b"tab\there", "tab\there"), (b"caf\xe9", "caf\ufffd")]
    )
    async def test_text_that_strict_parsers_refuse(
        self, tmp_path: Path, bytes_: bytes, title: str
    ) -> None:
        def lie(kind: str, _query: object, reply: Reply) -> Any:
            return json.dumps(reply).encode().replace(b"row 5", bytes_) if kind == "page" else reply

        service = LyingService(features(range(20)), lie)
        report = await read(service, tmp_path)

        assert (service.requests["page"], report.retries) == (1, 0)
        titles = pq.read_table(tmp_path / "rows.parquet").sort_by("OBJECTID")["TITLE"]
        assert titles[5].as_py() == title

    async def test_a_whole_body_that_is_no_json_is_asked_for_once_more(
        self, tmp_path: Path
    ) -> None:
        def lie(kind: str, _query: object, reply: Reply) -> Any:
            body = json.dumps(reply).encode()
            return body.replace(b"row 5", b'row "5"') if kind == "page" else body

        service = LyingService(features(range(20)), lie)
        with pytest.raises(TransportError, match=r"is not JSON.*tell the layer's owner"):
            await read(service, tmp_path)

        assert service.requests["page"] == 2

    async def test_a_body_that_was_whole_the_second_time(self, tmp_path: Path) -> None:
        def lie(kind: str, _query: object, reply: Reply) -> Any:
            first = kind == "page" and service.requests["page"] == 1
            return b'{"features":[{]}' if first else reply

        service = LyingService(features(range(20)), lie)

        assert (await read(service, tmp_path)).retries == 1
