"""However much a layer refuses, it is read in the way that is left, and proven as ever."""

import asyncio
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from mpls311.arcgis import (
    AccessDeniedError,
    ArcGISClient,
    ArcGISError,
    ClientSettings,
    ContradictionError,
    IgnoredQueryError,
    ReadReport,
    ServiceError,
    ThrottledError,
    TornReadError,
)
from mpls311.sandbox.protocol import Answer, Handler, Request, asking, status
from tests.support.lying_service import LyingService, Reply, feature, features, refusal
from tests.support.waiting import no_waiting

ROWS = 130
SPARSE = [-(10**12), -7, *range(0, 100, 3), *range(5000, 5060), 2**53 + 1]


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with no_waiting(2):
        yield


async def read(service: LyingService, folder: Path, **settings: Any) -> ReadReport:
    async with service.running(), ArcGISClient(ClientSettings(concurrency=2, **settings)) as client:
        layer, listing = await client.layer_and_listing(service.url)
        return await client.read(layer, "1=1", folder / "rows.parquet", listing=listing)


def assert_exact(service: LyingService, folder: Path, report: ReadReport) -> None:
    served = [row["attributes"] for row in service.rows]
    table = pq.read_table(folder / "rows.parquet", columns=["OBJECTID", "TITLE"])
    assert sorted(zip(*table.to_pydict().values(), strict=True)) == sorted(
        (row["OBJECTID"], row["TITLE"]) for row in served
    )
    assert report.rows == report.count == report.layer_count == len(served)


def refusing(*kinds: str, answer: Any = None) -> Callable[[str, Any, Reply], Any]:
    """A lie that refuses some kinds of requests."""
    answer = answer or refusal(400, "Cannot perform query.")

    def lie(kind: str, _query: object, reply: Reply) -> Any:
        return answer if kind in kinds else reply

    return lie


REFUSALS: dict[str, Any] = {
    "400": refusal(400, "Cannot perform query."),
    "400 of other words": refusal(400, "Failed to execute query."),
    "500": refusal(500, "Error performing query operation"),
    "501": refusal(501, "Pas pris en charge"),
    "no code": {"error": "no"},
    "HTTP 400": status(400, "<html>Bad Request</html>"),
    "HTTP 503": status(503),
    "HTML": b"<html>oops</html>",
    "nothing": b"",
    "no JSON": b'{"objectIds":[1,2,}',
    "another answer": {"features": []},
    "an empty object": {},
}


@pytest.mark.parametrize("answer", REFUSALS.values(), ids=REFUSALS)
@pytest.mark.parametrize(
    ("refused", "way"),
    [
        ((), "ids"),
        (("count",), "ids"),
        (("count", "statistics"), "ids"),
        (("ids",), "ranges"),
        (("ids", "count"), "ranges"),
        (("ids", "statistics"), "offsets"),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, tuple) else value,
)
async def test_the_next_way_is_taken_whatever_the_refusal(
    tmp_path: Path, refused: Collection[str], way: str, answer: Any
) -> None:
    service = LyingService(features(range(ROWS)), refusing(*refused, answer=answer))

    report = await read(service, tmp_path)

    assert_exact(service, tmp_path, report)
    assert report.read_by == way


async def test_an_answer_that_never_comes(tmp_path: Path) -> None:
    async def hang(request: Request, handler: Handler) -> Answer:
        if request.kind == "ids":
            await asyncio.Event().wait()
        return await handler(request)

    service = LyingService(features(range(ROWS)))
    service.faults.append(hang)
    async with service.running(), ArcGISClient(ClientSettings(timeout=0.2)) as client:
        layer = await client.layer(service.url)
        report = await client.read(layer, "1=1", tmp_path / "rows.parquet")

    assert_exact(service, tmp_path, report)
    assert report.read_by == "ranges"


@pytest.mark.parametrize(
    "ids",
    [[], [5], [7, 8], SPARSE, range(-50, 50), [0, 10**15]],
    ids=["none", "one", "two", "sparse", "negative", "far apart"],
)
async def test_ranges_of_any_ids(tmp_path: Path, ids: Collection[int]) -> None:
    service = LyingService(features(ids), refusing("ids"))

    report = await read(service, tmp_path)

    assert_exact(service, tmp_path, report)
    assert report.read_by == "ranges"
    assert service.requests["page"] <= 40 * (1 + len(ids) // 20)


async def test_a_cap_that_is_not_admitted_is_not_read_by_ranges(tmp_path: Path) -> None:
    def lie(kind: str, query: Mapping[str, str], reply: Reply) -> Reply:
        if kind == "ids":
            return refusal(400, "no")
        if kind == "page":
            del reply["features"][7:]
            reply["exceededTransferLimit"] = False
        return reply

    service = LyingService(features(range(ROWS)), lie)
    report = await read(service, tmp_path)

    assert_exact(service, tmp_path, report)
    assert report.read_by == "offsets"


@pytest.mark.parametrize(
    "wrong",
    [
        {"id_count": ROWS, "id_min": 3, "id_max": 129},
        {"id_count": ROWS, "id_min": 0, "id_max": 60},
        {"id_count": 7, "id_min": 0, "id_max": 129},
        {"id_count": ROWS, "id_min": None, "id_max": None},
        {"id_count": ROWS, "id_min": 129, "id_max": 0},
        {"id_count": "many"},
        {},
    ],
)
async def test_statistics_that_lie(tmp_path: Path, wrong: Reply) -> None:
    def lie(kind: str, _query: object, reply: Reply) -> Reply:
        if kind == "ids":
            return refusal(400, "no")
        return {"features": [{"attributes": wrong}]} if kind == "statistics" else reply

    service = LyingService(features(range(ROWS)), lie)
    report = await read(service, tmp_path)

    assert_exact(service, tmp_path, report)
    assert report.read_by == "offsets"


async def test_statistics_in_another_spelling(tmp_path: Path) -> None:
    def lie(kind: str, _query: object, reply: Reply) -> Reply:
        if kind == "statistics":
            (row,) = reply["features"]
            row["attributes"] = {
                name.upper(): float(value) for name, value in row["attributes"].items()
            }
        return refusal(400, "no") if kind == "ids" else reply

    service = LyingService(features(range(ROWS)), lie)

    assert (await read(service, tmp_path)).read_by == "ranges"


@pytest.mark.parametrize(
    ("lost", "way"), [((), "ids"), ((5,), "ranges"), ((0, 129), "ranges")], ids=str
)
async def test_ids_that_leave_rows_out(tmp_path: Path, lost: Collection[int], way: str) -> None:
    def lie(kind: str, _query: object, reply: Reply) -> Reply:
        if kind == "ids":
            reply["objectIds"] = [oid for oid in reply["objectIds"] if oid not in lost]
        return reply

    service = LyingService(features(range(ROWS)), lie)
    report = await read(service, tmp_path)

    assert_exact(service, tmp_path, report)
    assert (report.read_by, report.torn_reads) == (way, 2 if lost else 0)


async def test_pages_that_are_served_by_offset_alone(tmp_path: Path) -> None:
    def lie(kind: str, query: Mapping[str, str], reply: Reply) -> Reply:
        is_range = kind == "page" and "resultoffset" not in query
        return refusal(400, "Unable to perform query.") if is_range else reply

    service = LyingService(features(range(ROWS)), lie)
    report = await read(service, tmp_path)

    assert_exact(service, tmp_path, report)
    assert report.read_by == "offsets"


@pytest.mark.parametrize("answer", REFUSALS.values(), ids=REFUSALS)
@pytest.mark.parametrize("refused", ["none", "ids", "ids and statistics"])
async def test_a_page_refused_above_some_size_is_halved(
    tmp_path: Path, refused: str, answer: Any
) -> None:
    def lie(kind: str, _query: object, reply: Reply) -> Any:
        if kind in refused:
            return refusal(400, "no")
        if kind == "page" and len(reply["features"]) > 8:
            return answer
        return reply

    service = LyingService(features(range(ROWS)), lie)
    if answer in (REFUSALS["no JSON"], REFUSALS["another answer"], REFUSALS["an empty object"]):
        with pytest.raises(ArcGISError):  # these are no refusals
            await read(service, tmp_path)
        return
    report = await read(service, tmp_path)

    assert_exact(service, tmp_path, report)
    ways = {"none": "ids", "ids": "ranges", "ids and statistics": "offsets"}
    assert report.read_by == ways[refused]


@pytest.mark.parametrize(
    ("refused", "way"), [((), "ids"), (("statistics",), "ids"), (("ids",), "ranges")], ids=str
)
async def test_without_a_count_as_many_is_not_the_same(
    tmp_path: Path, refused: Collection[str], way: str
) -> None:
    """What the plan is made from lacks a row at first, and meanwhile another one vanishes."""
    lacking = {"ids": {"objectIds": list(range(ROWS - 1))}, "statistics": {"id_max": ROWS - 2}}

    def lie(kind: str, _query: object, reply: Reply) -> Reply:
        if kind == "count" or kind in refused:
            return refusal(400, "no")
        if kind == way or (way, kind) == ("ranges", "statistics"):
            if service.requests[kind] == 1 and kind == "ids":
                return reply | lacking[kind]
            if service.requests[kind] == 1:
                reply["features"][0]["attributes"] |= lacking[kind] | {"id_count": ROWS - 1}
        if kind == "page" and service.requests["page"] == ROWS // 20:
            service.rows = service.rows[1:]
        return reply

    service = LyingService(features(range(ROWS)), lie)
    report = await read(service, tmp_path)

    assert_exact(service, tmp_path, report)
    assert (report.read_by, report.torn_reads) == (way, 1)


class TestContradictions:
    async def test_repeated_ids_of_a_joined_view(self, tmp_path: Path) -> None:
        rows = [*features(range(100)), *features(range(10))]

        said = r"contradicts itself \(it lists 100 object ids and counts 110 rows\), and its edit"
        with pytest.raises(ContradictionError, match=said):
            await read(LyingService(rows), tmp_path)

        assert os.listdir(tmp_path) == []

    @pytest.mark.parametrize("count", [0, 129, 131, 10**9])
    async def test_a_count_out_of_a_cache(self, tmp_path: Path, count: int) -> None:
        def lie(kind: str, _query: object, reply: Reply) -> Reply:
            return {"count": count} if kind == "count" else reply

        with pytest.raises(ContradictionError, match=f"lists 130 object ids and counts {count} "):
            await read(LyingService(features(range(ROWS)), lie), tmp_path)

    async def test_rows_left_out_of_pages(self, tmp_path: Path) -> None:
        def lie(kind: str, _query: object, reply: Reply) -> Reply:
            if kind == "page":
                reply["features"] = [
                    row for row in reply["features"] if row["attributes"]["OBJECTID"] != 33
                ]
            return reply

        with pytest.raises(ContradictionError, match="1 of 1 rows vanished"):
            await read(LyingService(features(range(ROWS)), lie), tmp_path)

    async def test_without_an_edit_date_the_figures_tell(self, tmp_path: Path) -> None:
        service = LyingService([*features(range(100)), *features(range(10))])
        del service.metadata["editingInfo"]

        with pytest.raises(ContradictionError, match="lists 100 object ids and counts 110 rows"):
            await read(service, tmp_path)

    async def test_figures_that_move_are_of_a_layer_that_changes(self, tmp_path: Path) -> None:
        def lie(kind: str, _query: object, reply: Reply) -> Reply:
            return {"count": service.requests["count"]} if kind == "count" else reply

        service = LyingService(features(range(ROWS)), lie)
        del service.metadata["editingInfo"]

        with pytest.raises(TornReadError, match="was read 3 times in vain: it changed"):
            await read(service, tmp_path)

    async def test_one_wrong_answer_is_none(self, tmp_path: Path) -> None:
        def lie(kind: str, _query: object, reply: Reply) -> Reply:
            return {"count": 3} if kind == "count" and service.requests["count"] == 1 else reply

        service = LyingService(features(range(ROWS)), lie)
        report = await read(service, tmp_path)

        assert_exact(service, tmp_path, report)
        assert (report.read_by, report.torn_reads) == ("ids", 1)


class TestWhatIsFinal:
    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            (refusal(499, "Token Required"), AccessDeniedError),
            (refusal(429, "Too many requests"), ThrottledError),
        ],
    )
    @pytest.mark.parametrize("refused", ["ids", "count", "page"])
    async def test_these_say_nothing_about_the_way(
        self, tmp_path: Path, refused: str, answer: Reply, kind: type[ArcGISError]
    ) -> None:
        service = LyingService(features(range(ROWS)), refusing(refused, answer=answer))

        with pytest.raises(kind):
            await read(service, tmp_path)
        assert service.requests["statistics"] == 0

    async def test_a_condition_that_is_ignored(self, tmp_path: Path) -> None:
        service = LyingService(features(range(ROWS)))
        service.faults.append(asking("page", where="1=1"))

        with pytest.raises(IgnoredQueryError, match="ignores part of the query"):
            await read(service, tmp_path)

    async def test_a_condition_that_is_refused_in_every_question(self, tmp_path: Path) -> None:
        service = LyingService(
            features(range(ROWS)),
            refusing("ids", "count", "statistics", "page", answer=refusal(400, "'where' invalid")),
        )

        with pytest.raises(ServiceError, match="'where' invalid") as caught:
            await read(service, tmp_path)
        assert caught.value.code == 400
        assert sum(service.requests.values()) <= 12

    async def test_a_layer_that_can_do_nothing(self, tmp_path: Path) -> None:
        service = LyingService(features(range(ROWS)), refusing("ids", "statistics"))
        service.metadata["advancedQueryCapabilities"] = {}

        with pytest.raises(ServiceError, match="can neither list its object ids"):
            await read(service, tmp_path)

    async def test_pages_too_small_for_so_many_rows(self, tmp_path: Path) -> None:
        def lie(kind: str, _query: object, reply: Reply) -> Reply:
            return {"count": 10**9} if kind == "count" else reply

        service = LyingService(
            [feature(0)],
            lambda kind, query, reply: (
                refusal(400, "no") if kind in ("ids", "statistics") else lie(kind, query, reply)
            ),
        )

        with pytest.raises(ServiceError, match="counts 1000000000 rows and serves 20 at once"):
            await read(service, tmp_path)
