"""Reads against a real server that misbehaves: exactly the right rows, or the right error."""

import asyncio
import datetime as dt
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import stamina

from mpls311.arcgis import (
    AccessDeniedError,
    ArcGISClient,
    ArcGISError,
    ClientSettings,
    ContradictionError,
    DeadlineError,
    IgnoredQueryError,
    LayerNotFoundError,
    ReadReport,
    SchemaDriftError,
    ServiceError,
    ThrottledError,
    TornReadError,
    TransportError,
    decode_page,
)
from mpls311.arcgis.throttle import Budget, Gate, Limit, parse_retry_after
from mpls311.sandbox.protocol import CUT_OFF, RESET, Answer, error, gzipped, status
from tests.support.fault_server import FaultServer, make_rows
from tests.support.waiting import no_waiting

ATTEMPTS = 4
IDS = [*range(1, 800, 3), *range(5000, 5180), 10**9]  # sparse, clustered, one far away


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with no_waiting(ATTEMPTS, cap=True):
        yield


@pytest.fixture
def server() -> FaultServer:
    return FaultServer(make_rows(IDS))


def client_of(**settings: Any) -> ArcGISClient:
    return ArcGISClient(ClientSettings(**settings))


async def read(server: FaultServer, path: Path, where: str = "1=1", **settings: Any) -> ReadReport:
    """Serve, read the whole layer, stop."""
    async with server.running(), client_of(**settings) as client:
        layer = await client.layer(server.url)
        return await client.read(layer, where, path / "rows.parquet")


def assert_exact(server: FaultServer, path: Path, report: ReadReport, rows: Any = None) -> None:
    """Require a file of every row of the server once, value by value, and no other file."""
    rows = server.rows if rows is None else rows
    table = pq.read_table(path / "rows.parquet")
    assert table.schema.equals(report.layer.arrow_schema)
    found = sorted(table.to_pylist(), key=lambda row: row["OBJECTID"])
    assert found == sorted((_as_read(row) for row in rows), key=lambda row: row["OBJECTID"])
    assert report.rows == report.count == len(rows)
    assert [file.name for file in path.iterdir()] == ["rows.parquet"]


def _as_read(row: dict[str, Any]) -> dict[str, Any]:
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    values = row["attributes"]
    point = row.get("geometry") or {}
    return {
        "OBJECTID": values["OBJECTID"],
        "TITLE": values["TITLE"],
        "OPENED": epoch + dt.timedelta(milliseconds=values["OPENED"]),
        "geometry_x": point.get("x"),
        "geometry_y": point.get("y"),
    }


def assert_empty(path: Path) -> None:
    """Require that nothing was left in a folder."""
    assert list(path.iterdir()) == []


async def fails(
    server: FaultServer, path: Path, kind: type[ArcGISError], **settings: Any
) -> ArcGISError:
    """Require that the read ends in exactly this kind of error and leaves no file behind."""
    with pytest.raises(kind) as caught:
        await read(server, path, **settings)
    assert type(caught.value) is kind
    assert caught.value.url.startswith(server.url)
    assert server.url in str(caught.value)
    assert_empty(path)
    return caught.value


class TestWholeReads:
    async def test_every_row_once_with_its_values(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        report = await read(server, tmp_path)

        assert_exact(server, tmp_path, report)
        assert report.pages == server.requests["page"] == -(-len(IDS) // 100)
        assert report.requests == sum(server.requests.values()) - 1  # the caller's layer()
        assert (report.retries, report.torn_reads) == (0, 0)
        assert (report.edit_date_before, report.edit_date_after) == (2, 2)
        assert report.where == "1=1"
        assert report.seconds > 0
        assert {request.headers["User-Agent"] for request in server.seen} == {"mpls311/0.1"}

    async def test_bytes_are_counted_as_they_come_over_the_wire(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        async with server.running(), client_of() as client:
            layer = await client.layer(server.url)
            before = server.bytes_sent
            report = await client.read(layer, "1=1", tmp_path / "rows.parquet")

            assert report.bytes == server.bytes_sent - before

    async def test_the_standard_result_type_makes_larger_pages(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        server.metadata["advancedQueryCapabilities"]["supportsQueryWithResultType"] = True

        report = await read(server, tmp_path)

        assert_exact(server, tmp_path, report)
        assert report.pages == -(-len(IDS) // 400)

    async def test_a_condition_selects(self, server: FaultServer, tmp_path: Path) -> None:
        odd = "R&D + 'façade' = 100%"
        server.rows[3]["attributes"]["TITLE"] = odd
        where = "TITLE = '{}'".format(odd.replace("'", "''"))

        report = await read(server, tmp_path, where)

        assert_exact(server, tmp_path, report, server.rows[3:4])

    async def test_a_long_condition_is_posted(self, server: FaultServer, tmp_path: Path) -> None:
        title = "long " * 500
        server.rows[4]["attributes"]["TITLE"] = title

        report = await read(server, tmp_path, f"TITLE = '{title}'")

        assert_exact(server, tmp_path, report, server.rows[4:5])
        posted = [request.kind for request in server.seen if request.method == "POST"]
        assert sorted(posted) == ["count", "count", "ids", "page"]

    async def test_nothing_to_read_is_an_empty_file_with_the_schema(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        server.rows = []  # objectIds is null then

        report = await read(server, tmp_path)

        assert_exact(server, tmp_path, report)
        assert report.pages == 0

    async def test_a_layer_without_edit_date_is_proven_by_ids_and_counts(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        del server.metadata["editingInfo"]

        report = await read(server, tmp_path)

        assert_exact(server, tmp_path, report)
        assert (report.edit_date_before, report.edit_date_after) == (None, None)

    async def test_a_table_is_read_without_geometry(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        server.metadata["geometryType"] = None

        await read(server, tmp_path)

        assert pq.read_schema(tmp_path / "rows.parquet").names == ["OBJECTID", "TITLE", "OPENED"]

    async def test_an_older_file_is_replaced_only_by_a_proven_one(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        (tmp_path / "rows.parquet").write_bytes(b"older")
        server.always["page"] = error(400, "Cannot perform query.")
        with pytest.raises(ServiceError):
            await read(server, tmp_path)
        del server.always["page"]
        assert (tmp_path / "rows.parquet").read_bytes() == b"older"

        assert_exact(server, tmp_path, await read(server, tmp_path))

    async def test_many_rows_fill_several_row_groups(self, tmp_path: Path) -> None:
        server = FaultServer(make_rows(range(70_000)))
        server.metadata["maxRecordCount"] = 20_000

        report = await read(server, tmp_path)

        assert report.rows == 70_000
        groups = pq.ParquetFile(tmp_path / "rows.parquet").metadata
        sizes = sorted(groups.row_group(i).num_rows for i in range(groups.num_row_groups))
        assert sum(sizes) == 70_000
        assert len(sizes) == 1 or sizes[-1] >= 16_384
        ids = pq.read_table(tmp_path / "rows.parquet")["OBJECTID"].to_pylist()
        assert sorted(ids) == list(range(70_000))

    async def test_small_questions(self, server: FaultServer) -> None:
        async with server.running(), client_of() as client:
            layer = await client.layer(server.url + "/?f=pjson")

            assert layer.url == server.url
            assert await client.count(layer) == len(IDS)
            again, listing = await client.layer_and_listing(server.url + "/?f=pjson")
            assert again == layer
            assert listing is not None
            ids = listing.object_ids
            assert (str(ids.dtype), ids.tolist()) == ("int64", sorted(IDS))
            assert (listing.count, listing.cost.requests) == (len(IDS), 2)
            _, listing = await client.layer_and_listing(server.url, "TITLE = 'none'")
            assert listing is not None
            assert listing.object_ids.tolist() == []

    async def test_reads_that_share_a_client_count_for_themselves(self, tmp_path: Path) -> None:
        one, two = FaultServer(make_rows(range(250))), FaultServer(make_rows(range(990)))
        one.add("page", error(500, "busy"), status(503))
        async with one.running(), two.running(), client_of() as client:
            layers = [await client.layer(server.url) for server in (one, two)]
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(client.read(layer, "1=1", tmp_path / f"{number}.parquet"))
                    for number, layer in enumerate(layers)
                ]
        first, second = (task.result() for task in tasks)

        assert (first.rows, first.retries, first.pages) == (250, 2, 3)
        assert (second.rows, second.retries, second.pages) == (990, 0, 10)
        assert first.requests == sum(one.requests.values()) - 1
        assert second.requests == sum(two.requests.values()) - 1

    async def test_progress_ends_at_the_rows_kept(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        server.before["metadata"] = lambda nth: server.edited(min(nth, 2))
        steps: list[int] = []
        async with server.running(), client_of() as client:
            layer = await client.layer(server.url)
            report = await client.read(
                layer, "1=1", tmp_path / "rows.parquet", on_rows=steps.append
            )

        assert report.torn_reads == 1
        assert sum(steps) == len(IDS)
        assert [step for step in steps if step < 0] == [-len(IDS)]


class TestConcurrency:
    async def test_the_limit_is_reached_and_never_passed(self, tmp_path: Path) -> None:
        server = FaultServer(make_rows(range(1200)))
        server.barrier = asyncio.Barrier(3)  # 12 pages, answered only three at a time

        report = await read(server, tmp_path, concurrency=3, values_in_memory=1)

        assert_exact(server, tmp_path, report)
        assert server.high_water == 3

    async def test_all_reads_of_a_client_share_the_limit(self, tmp_path: Path) -> None:
        server = FaultServer(make_rows(range(600)))
        server.barrier = asyncio.Barrier(4)  # 12 pages in all
        async with server.running(), client_of(concurrency=4) as client:
            layer = await client.layer(server.url)
            async with asyncio.TaskGroup() as group:
                for number in range(2):
                    group.create_task(client.read(layer, "1=1", tmp_path / f"{number}.parquet"))

        assert server.high_water == 4

    async def test_one_at_a_time_works(self, server: FaultServer, tmp_path: Path) -> None:
        report = await read(server, tmp_path, concurrency=1)

        assert_exact(server, tmp_path, report)
        assert server.high_water == 1


PASSING = {
    "error 500 in HTTP 200": error(500, "Error performing query operation"),
    "error 503 in HTTP 200": error(503, "Busy"),
    "error 429 in HTTP 200": error(429, "Too many requests"),
    "unable to complete": error(400, "Unable to complete operation."),
    "HTTP 500": status(500),
    "HTTP 502": status(502),
    "HTTP 503": status(503),
    "HTTP 503 with Retry-After": status(503, Retry_After="1"),
    "HTTP 504": status(504),
    "HTTP 408": status(408),
    "HTTP 429": status(429),
    "HTTP 429 with Retry-After": status(429, Retry_After="1"),
    "HTTP 429 with a date": status(429, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"),
    "reset": RESET,
    "cut off": CUT_OFF,
    "truncated": Answer(b'{"features":[{"attributes":{"OBJECTID":1'),
    "truncated gzip": gzipped(b'{"features":[]}', keep=20),
    "gzip that is none": gzipped(b'{"features":[]}', skip=4),
    "gzip of another body": gzipped(b"<html>down for maintenance</html>"),
    "another encoding": Answer(b"[]", headers={"Content-Encoding": "br"}),
    "HTML": Answer(b"<html>down for maintenance</html>"),
    "empty": Answer(b""),
    "null": Answer(b"null"),
}


class TestPassingTrouble:
    @pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
    @pytest.mark.parametrize("kind", ["count", "ids", "page"])
    async def test_it_is_waited_out(
        self, server: FaultServer, tmp_path: Path, kind: str, fault: Any
    ) -> None:
        server.add(kind, *[fault] * (ATTEMPTS - 1))

        report = await read(server, tmp_path, concurrency=1)

        assert_exact(server, tmp_path, report)
        assert report.retries == ATTEMPTS - 1
        assert report.torn_reads == 0

    async def test_every_kind_at_once(self, tmp_path: Path) -> None:
        server = FaultServer(make_rows(range(3000)))
        server.add("page", *(fault for bad in PASSING.values() for fault in (bad, None)))
        server.add("metadata", None, status(500), RESET)
        server.add("count", error(503, "Busy"), None, CUT_OFF)

        with stamina.set_testing(True, attempts=99):  # one page may meet most of them
            report = await read(server, tmp_path)

        assert_exact(server, tmp_path, report)
        assert report.requests == sum(server.requests.values()) - 1
        assert report.retries == len(PASSING) + 4
        assert not server.queues["page"]

    @pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
    async def test_for_ever_it_is_an_error(
        self, server: FaultServer, tmp_path: Path, fault: Any
    ) -> None:
        server.always["metadata"] = fault

        with pytest.raises((TransportError, ServiceError)) as caught:
            await read(server, tmp_path)

        assert caught.value.retriable
        assert server.url in str(caught.value)
        # aiohttp itself sends a GET once more when the connection breaks before any answer
        assert server.requests["metadata"] == ATTEMPTS * (2 if fault is RESET else 1)
        assert_empty(tmp_path)

    async def test_a_server_that_hangs_times_out(self, server: FaultServer, tmp_path: Path) -> None:
        server.barrier = asyncio.Barrier(2)  # the only page waits for a second one in vain
        server.rows = make_rows([1])

        exc = await fails(server, tmp_path, TransportError, timeout=0.2, attempts=2)

        assert "0.2 s" in str(exc)
        # By its object id, and by its position.
        assert [request.kind for request in server.seen].count("page") == 4

    async def test_the_deadline_ends_everything(self, server: FaultServer, tmp_path: Path) -> None:
        server.barrier = asyncio.Barrier(99)

        exc = await fails(server, tmp_path, DeadlineError, deadline=0.3)

        assert "deadline of 0.3 s" in str(exc)
        assert not exc.retriable

    async def test_an_address_nobody_listens_at_is_unreachable(self) -> None:
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{unused.getsockname()[1]}/FeatureServer/0"
            async with client_of() as client:
                with pytest.raises(TransportError, match="cannot be reached") as caught:
                    await client.layer(url)

        assert caught.value.unreachable

    async def test_an_address_that_is_none_is_refused_at_once(self) -> None:
        async with client_of() as client:
            with pytest.raises(TransportError, match="not an address") as caught:
                await client.layer("http:///nowhere")

        assert not caught.value.retriable


async def free_places(limit: Limit) -> int:
    """How often a limit can be entered at once."""
    free = 0
    with suppress(TimeoutError):
        while True:
            async with asyncio.timeout(0):
                await limit.__aenter__()
            free += 1
    for _ in range(free):
        await limit.__aexit__(None, None, None)
    return free


class TestBudget:
    async def test_it_is_never_exceeded_and_nobody_is_passed_over(self) -> None:
        budget, taken, order = Budget(10), 0, []

        async def work(number: int, size: int) -> None:
            nonlocal taken
            await budget.take(size)
            taken += size
            assert taken <= 10 or taken == size
            order.append(number)
            await asyncio.sleep(0)
            taken -= size
            budget.give_back(size)

        sizes = [4, 4, 4, 1, 25, 1, 10, 3]
        await asyncio.gather(*(work(number, size) for number, size in enumerate(sizes)))

        assert order == sorted(order)

    async def test_those_who_give_up_waiting_hold_nothing(self) -> None:
        budget = Budget(1)
        await budget.take(1)
        waiting = [asyncio.create_task(budget.take(1)) for _ in range(3)]
        await asyncio.sleep(0)
        budget.give_back(1)  # the first has its turn, and does not know it yet
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

        async with asyncio.timeout(1):
            await budget.take(1)


class TestThrottling:
    async def test_one_answer_holds_back_all_requests(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        """A rest longer than the deadline is an error at once, and nobody asks meanwhile."""
        server.barrier = asyncio.Barrier(2)
        server.always["page"] = status(429, Retry_After="7200")

        with stamina.set_testing(False):
            exc = await fails(server, tmp_path, ThrottledError, concurrency=2)

        assert exc.code == 429
        assert server.requests["page"] == 2  # of 5 pages: those that were under way

    @pytest.mark.parametrize("code", [429, 503])
    async def test_a_rest_is_wanted_inside_http_200_too(
        self, server: FaultServer, tmp_path: Path, code: int
    ) -> None:
        server.rows = make_rows(range(50))
        server.always["page"] = replace(error(code, "Slow down"), headers={"Retry-After": "7200"})

        with stamina.set_testing(False):
            exc = await fails(server, tmp_path, ThrottledError, concurrency=1)

        assert exc.retry_after == 7200
        assert server.requests["page"] == 1

    async def test_a_429_that_names_no_time_is_given_a_minute(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        server.always["page"] = status(429)

        with stamina.set_testing(False):
            await fails(server, tmp_path, ThrottledError, concurrency=1, deadline=59)

        assert server.requests["page"] == 1

    async def test_a_limit_halves_and_recovers(self) -> None:
        limit = Limit(4)
        await limit.__aenter__()
        limit.stumbled()
        await limit.__aexit__(None, None, None)  # withheld
        await limit.__aenter__()
        await limit.__aexit__(None, None, None)  # withheld
        assert await free_places(limit) == 2

        for _ in range(3):
            limit.answered()
        assert await free_places(limit) == 2
        limit.stumbled()
        for _ in range(4):
            limit.answered()
        assert await free_places(limit) == 4

    async def test_a_limit_of_one_stays_one(self) -> None:
        limit = Limit(1)
        limit.stumbled()
        async with limit:
            pass
        assert await free_places(limit) == 1

    async def test_a_tiny_rest_is_taken_for_real(self, server: FaultServer, tmp_path: Path) -> None:
        server.add("page", status(429, Retry_After="0.01"))
        with stamina.set_testing(False):
            report = await read(server, tmp_path, backoff_initial=0.001)

        assert_exact(server, tmp_path, report)
        assert report.retries == 1

    async def test_retries_can_be_switched_off(self, server: FaultServer, tmp_path: Path) -> None:
        server.add("metadata", status(503))
        stamina.set_active(False)
        try:
            await fails(server, tmp_path, TransportError)
        finally:
            stamina.set_active(True)

        assert server.requests["metadata"] == 1

    def test_the_gate_only_moves_forward(self) -> None:
        now = 100.0
        gate = Gate(lambda: now)
        assert gate.remaining == 0

        gate.hold(30)
        gate.hold(5)
        assert gate.remaining == 30

        now = 120.0
        assert gate.remaining == 10
        now = 131.0
        assert gate.remaining == 0

    @pytest.mark.parametrize(
        ("header", "seconds"),
        [
            (None, None),
            ("30", 30.0),
            ("0", 0.0),
            ("-5", 0.0),
            ("0.5", 0.5),
            ("Tue, 24 Nov 2026 12:01:30 GMT", 90.0),
            ("Tue, 24 Nov 2026 11:00:00 GMT", 0.0),
            ("soon", None),
            ("inf", None),
            ("nan", None),
        ],
    )
    def test_retry_after_is_seconds_or_a_date(
        self, header: str | None, seconds: float | None
    ) -> None:
        now = dt.datetime(2026, 11, 24, 12, 0, 0, tzinfo=dt.UTC)

        assert parse_retry_after(header, now) == seconds


class TestRefusals:
    @pytest.mark.parametrize(
        ("fault", "kind"),
        [
            (error(400, "Invalid URL"), LayerNotFoundError),
            (error(404, "Service Requests not found"), LayerNotFoundError),
            (status(404), LayerNotFoundError),
            (error(499, "Token Required"), AccessDeniedError),
            (error(498, "Invalid token"), AccessDeniedError),
            (status(401), AccessDeniedError),
            (status(403, '{"error":{"code":403,"message":"No"}}'), AccessDeniedError),
            (error(400, "Cannot perform query.", "'where' is invalid"), ServiceError),
            (status(400), ServiceError),
            (status(400, '{"error":{"code":400,"message":"Invalid URL"}}'), LayerNotFoundError),
            (Answer(b'{"layers":[]}'), ServiceError),
        ],
    )
    @pytest.mark.parametrize("request_kind", ["metadata", "count", "page"])
    async def test_they_are_final(
        self,
        server: FaultServer,
        tmp_path: Path,
        request_kind: str,
        fault: Any,
        kind: type[ArcGISError],
    ) -> None:
        server.rows = make_rows([1, 2])
        server.always[request_kind] = fault
        if kind is ServiceError and request_kind == "count":
            assert_exact(server, tmp_path, await read(server, tmp_path))  # by its object ids
            return

        await fails(server, tmp_path, kind)

        asked_otherwise = request_kind == "page" and kind is ServiceError
        assert (server.requests[request_kind] > 1) == asked_otherwise

    async def test_one_page_refused_among_many_is_asked_for_once_more(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        server.add("page", None, error(400, "Cannot perform query. Invalid query parameters."))

        report = await read(server, tmp_path)

        assert_exact(server, tmp_path, report)
        assert report.retries == 1

    @pytest.mark.parametrize(
        ("fault", "kind"),
        [
            (error(400, "Invalid URL"), LayerNotFoundError),
            (error(499, "Token Required"), AccessDeniedError),
        ],
    )
    async def test_a_layer_that_is_gone_is_not_read_by_offset(
        self, server: FaultServer, tmp_path: Path, fault: Any, kind: type[ArcGISError]
    ) -> None:
        server.always["ids"] = fault

        await fails(server, tmp_path, kind)

        assert server.requests["page"] == 0

    async def test_an_error_without_a_code_is_still_one(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        server.always["page"] = Answer(b'{"error":"boom"}')

        assert "boom" in str(await fails(server, tmp_path, ServiceError))


class TestPagesThatMustBeHalved:
    async def test_a_lower_cap_than_advertised(self, server: FaultServer, tmp_path: Path) -> None:
        server.page_cap = 30

        report = await read(server, tmp_path)

        assert_exact(server, tmp_path, report)
        assert report.torn_reads == 0

    async def test_a_lower_cap_that_is_not_admitted(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        server.page_cap, server.tells_when_capped = 30, False

        assert_exact(server, tmp_path, await read(server, tmp_path))

    async def test_pages_above_a_size_fail(self, server: FaultServer, tmp_path: Path) -> None:
        server.fails_above = 11

        report = await read(server, tmp_path)

        assert_exact(server, tmp_path, report)
        assert report.retries > 0

    async def test_only_single_rows_work(self, tmp_path: Path) -> None:
        server = FaultServer(make_rows([4, 8, 15, 16, 23, 42]))
        server.fails_above = 1

        report = await read(server, tmp_path)

        assert_exact(server, tmp_path, report)
        assert report.pages == 6

    @pytest.mark.parametrize("times", [1, 3])
    async def test_an_empty_page_that_says_there_is_more(
        self, server: FaultServer, tmp_path: Path, times: int
    ) -> None:
        server.add("page", *[Answer(b'{"features":[],"exceededTransferLimit":true}')] * times)

        report = await read(server, tmp_path)

        assert_exact(server, tmp_path, report)
        assert report.torn_reads == 0

    async def test_only_empty_pages_that_say_there_is_more(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        server.always["page"] = Answer(b'{"features":[],"exceededTransferLimit":true}')

        assert "rows vanished" in str(await fails(server, tmp_path, ContradictionError))

    async def test_pages_larger_than_advertised_are_not_asked_for(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        server.metadata["maxRecordCount"] = 7
        limit = server.metadata

        def serve_more(nth: int) -> None:
            server.metadata = {**limit, "maxRecordCount": 10_000}

        server.before["page"] = serve_more

        report = await read(server, tmp_path)

        assert_exact(server, tmp_path, report)
        assert report.pages == -(-len(IDS) // 7)

    async def test_what_one_page_taught_spares_the_others(self, tmp_path: Path) -> None:
        server = FaultServer(make_rows(range(20_000)))
        server.metadata["maxRecordCount"] = 2000
        server.page_cap = 500

        report = await read(server, tmp_path, concurrency=1)

        assert_exact(server, tmp_path, report)
        assert report.pages == 40
        assert server.requests["page"] - report.pages <= 5  # those asked before the first answer

    async def test_not_even_a_single_row_works(self, server: FaultServer, tmp_path: Path) -> None:
        server.fails_above = 0

        exc = await fails(server, tmp_path, ServiceError)

        assert exc.code == 500
        assert exc.retriable

    async def test_a_throttled_page_is_not_halved(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        server.rows = make_rows(range(50))
        server.always["page"] = status(429)

        await fails(server, tmp_path, ThrottledError)

        assert server.requests["page"] == ATTEMPTS


class TestOffsets:
    @pytest.fixture(autouse=True)
    def _refuse_ids(self, server: FaultServer) -> None:
        server.refuses_ids = server.refuses_statistics = True

    async def test_a_layer_that_lists_no_ids_is_read_by_offset(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        report = await read(server, tmp_path)

        assert_exact(server, tmp_path, report)
        asked = [request.parameters for request in server.seen]
        pages = [query for query in asked if "resultoffset" in query]
        assert len(pages) - 1 == report.pages == -(-len(IDS) // 100)  # one looks past the end
        assert {query["orderbyfields"] for query in pages} == {"OBJECTID"}

    async def test_offset_pages_are_halved_too(self, server: FaultServer, tmp_path: Path) -> None:
        server.page_cap = 40

        assert_exact(server, tmp_path, await read(server, tmp_path))

    async def test_a_count_that_is_too_low_is_seen(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        server.always["count"] = Answer(b'{"count":3}')

        exc = await fails(server, tmp_path, ContradictionError)

        assert "it counted 3 rows and has more" in str(exc)

    @pytest.mark.parametrize("missing", ["supportsPagination", "supportsOrderBy"])
    async def test_not_without_pagination_and_order(
        self, server: FaultServer, tmp_path: Path, missing: str
    ) -> None:
        server.metadata["advancedQueryCapabilities"][missing] = False

        exc = await fails(server, tmp_path, ServiceError)

        assert "can neither list its object ids nor be read in ordered pages" in str(exc)
        assert "returnIdsOnly is not supported" in str(exc)

    async def test_an_ignored_offset_is_seen(self, server: FaultServer, tmp_path: Path) -> None:
        server.ignores_offset = True

        exc = await fails(server, tmp_path, ContradictionError)

        assert "came on more than one page" in str(exc)

    async def test_an_ignored_page_size_is_seen(self, server: FaultServer, tmp_path: Path) -> None:
        server.edit_page = lambda reply: reply.update(features=make_rows(range(300)))

        exc = await fails(server, tmp_path, IgnoredQueryError)

        assert "ignores part of the query" in str(exc)

    async def test_a_row_deleted_meanwhile_tears_the_read(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        server.before["page"] = lambda nth: server.rows.pop() if nth == 2 else None

        report = await read(server, tmp_path, concurrency=1)

        assert_exact(server, tmp_path, report)
        assert report.torn_reads == 1


class TestTornReads:
    async def test_an_edit_date_that_moves_once_repeats_the_read(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        server.before["page"] = lambda nth: server.edited(77)

        report = await read(server, tmp_path)

        assert_exact(server, tmp_path, report)
        assert report.torn_reads == 1
        assert (report.edit_date_before, report.edit_date_after) == (77, 77)
        assert report.layer.data_last_edit_date == 77

    async def test_an_edit_date_that_always_moves_is_an_error(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        server.before["metadata"] = lambda nth: server.edited(nth)

        exc = await fails(server, tmp_path, TornReadError)

        assert "was read 3 times in vain: it changed" in str(exc)
        assert "edit date 5 before, 6 after" in str(exc)
        assert server.requests["ids"] == 3

    @pytest.mark.parametrize("concurrency", [1, 8])
    async def test_rows_deleted_meanwhile(
        self, server: FaultServer, tmp_path: Path, concurrency: int
    ) -> None:
        server.before["page"] = lambda nth: server.rows.pop() if nth == 3 else None

        report = await read(server, tmp_path, concurrency=concurrency)

        assert_exact(server, tmp_path, report)
        assert report.torn_reads == 1

    async def test_rows_inserted_at_the_end_show_in_the_count(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        def insert(nth: int) -> None:
            if nth == 3:
                server.rows += make_rows([10**9 + 1])

        server.before["page"] = insert

        report = await read(server, tmp_path)

        assert_exact(server, tmp_path, report)
        assert report.torn_reads == 1

    async def test_a_row_inserted_within_a_page_shows_in_the_page(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        def swap(nth: int) -> None:
            if nth == 1:
                server.rows[:2] = make_rows([1, 2])  # 4 leaves, 2 comes: the count stands still

        server.rows = make_rows(range(1, 200, 3))
        server.before["page"] = swap

        report = await read(server, tmp_path)

        assert_exact(server, tmp_path, report)
        assert report.torn_reads == 1
        assert server.requests["page"] == 2  # no search for what cannot be found

    async def test_a_layer_published_anew_is_noticed_at_once(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        def publish(nth: int) -> None:
            if nth == 1:
                server.rows = make_rows(range(20_000, 20_050))

        server.rows = make_rows(range(50))
        server.before["page"] = publish

        report = await read(server, tmp_path)

        assert_exact(server, tmp_path, report)
        assert report.torn_reads == 1
        assert server.requests["page"] == 2  # no search among rows that are all gone

    async def test_rows_that_always_vanish_are_an_error(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        server.before["page"] = lambda nth: server.rows.pop()

        exc = await fails(server, tmp_path, ContradictionError, concurrency=1)

        assert "vanished" in str(exc) or "counted before" in str(exc)

    async def test_a_count_that_is_wrong_once_repeats_the_read(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        server.add("count", None, Answer(b'{"count":3}'))

        report = await read(server, tmp_path)

        assert_exact(server, tmp_path, report)
        assert report.torn_reads == 1

    async def test_ids_and_count_that_differ_are_an_error(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        server.always["count"] = Answer(b'{"count":3}')

        exc = await fails(server, tmp_path, ContradictionError)

        assert f"lists {len(IDS)} object ids and counts 3 rows" in str(exc)

    async def test_a_row_that_comes_twice_in_a_page_is_an_error(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        def double(reply: dict[str, Any]) -> None:
            reply["features"][0] = reply["features"][1]

        server.edit_page = double

        exc = await fails(server, tmp_path, ContradictionError)

        assert "1 came twice" in str(exc)

    async def test_only_the_expected_edition_is_accepted(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        async with server.running(), client_of() as client:
            layer = await client.layer(server.url)
            target = tmp_path / "rows.parquet"
            report = await client.read(layer, "1=1", target, expect_edit_date=2)
            assert report.edit_date_after == 2
            target.unlink()

            server.edited(3)
            with pytest.raises(TornReadError, match="since its edit date 2"):
                await client.read(layer, "1=1", target, expect_edit_date=2)

        assert server.requests["ids"] == 2  # the second read found out at its end, once
        assert_empty(tmp_path)

    async def test_a_listing_from_before_is_not_asked_for_again(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        async with server.running(), client_of() as client:
            layer, listing = await client.layer_and_listing(server.url)
            target = tmp_path / "rows.parquet"
            report = await client.read(layer, "1=1", target, listing=listing)

        assert_exact(server, tmp_path, report)
        assert (server.requests["ids"], server.requests["count"]) == (1, 2)
        assert report.requests == sum(server.requests.values()) - 1  # but for client.layer

    async def test_a_listing_of_an_earlier_edition_is_found_out(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        async with server.running(), client_of() as client:
            _, listing = await client.layer_and_listing(server.url)
            server.rows = [*server.rows[1:], *make_rows([6000])]
            server.edited(3)
            layer = await client.layer(server.url)
            target = tmp_path / "rows.parquet"
            report = await client.read(layer, "1=1", target, listing=listing)

        assert_exact(server, tmp_path, report)
        assert report.torn_reads == 1

    async def test_a_service_that_lists_nothing_ahead_is_asked_by_the_read(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        server.refuses_ids = server.refuses_statistics = True
        async with server.running(), client_of() as client:
            layer, listing = await client.layer_and_listing(server.url)
            assert listing is None
            report = await client.read(layer, "1=1", tmp_path / "rows.parquet", listing=listing)

        assert_exact(server, tmp_path, report)


class TestOddLayers:
    async def test_points_that_are_none(self, server: FaultServer, tmp_path: Path) -> None:
        def blank(reply: dict[str, Any]) -> None:
            for feature in reply["features"]:
                if "geometry" not in feature:
                    feature["geometry"] = {"x": "NaN", "y": "NaN"}

        server.edit_page = blank

        assert_exact(server, tmp_path, await read(server, tmp_path))

    async def test_a_server_that_ignores_the_range_is_an_error(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        server.ignores_where = True

        exc = await fails(server, tmp_path, IgnoredQueryError)

        assert "ignores part of the query" in str(exc)
        asked = [request.parameters["where"] for request in server.seen if request.kind == "page"]
        assert len(asked) == len(set(asked)) <= -(-len(IDS) // 100)  # each page once, no halves

    async def test_a_column_lost_meanwhile_repeats_the_read(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        def drop(nth: int) -> None:
            server.metadata["fields"] = [
                field for field in server.metadata["fields"] if field["name"] != "TITLE"
            ]

        server.before["page"] = drop

        report = await read(server, tmp_path)

        assert report.torn_reads == 1
        assert report.rows == len(IDS)
        names = pq.read_schema(tmp_path / "rows.parquet").names
        assert names == ["OBJECTID", "OPENED", "geometry_x", "geometry_y"]

    async def test_a_column_gained_meanwhile_repeats_the_read(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        def gain(nth: int) -> None:
            if nth == 1:
                for row in server.rows:
                    row["attributes"]["NEW"] = None
                new = {"name": "NEW", "type": "esriFieldTypeInteger"}
                server.metadata["fields"] = [*server.metadata["fields"], new]

        server.before["page"] = gain

        report = await read(server, tmp_path)

        assert report.torn_reads == 1
        assert "NEW" in pq.read_schema(tmp_path / "rows.parquet").names

    async def test_pages_that_contradict_metadata_that_stands_are_an_error(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        server.edit_page = lambda reply: reply.update(fields=reply["fields"][:1])

        exc = await fails(server, tmp_path, SchemaDriftError)

        assert "misses the field TITLE" in str(exc)

    async def test_a_file_that_cannot_be_written(self, server: FaultServer, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        async with server.running(), client_of() as client:
            layer = await client.layer(server.url)
            with pytest.raises(OSError, match="file"):
                await client.read(layer, "1=1", tmp_path / "file" / "rows.parquet")

    async def test_a_cancelled_read_leaves_nothing(
        self, server: FaultServer, tmp_path: Path
    ) -> None:
        first_page = asyncio.Event()
        server.barrier = asyncio.Barrier(2)  # the last of 5 pages waits for a sixth in vain
        async with server.running(), client_of() as client:
            layer = await client.layer(server.url)
            task = asyncio.create_task(
                client.read(
                    layer,
                    "1=1",
                    tmp_path / "rows.parquet",
                    on_rows=lambda _rows: first_page.set(),
                )
            )
            await first_page.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        assert_empty(tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [{"concurrency": 0}, {"attempts": 0}, {"torn_attempts": 0}, {"timeout": 0}, {"deadline": -1}],
)
def test_settings_that_can_read_nothing_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ClientSettings(**wrong)


async def test_pages_as_served_decode_to_the_schema_of_their_layer(server: FaultServer) -> None:
    async with server.running(), client_of() as client:
        layer = await client.layer(server.url)

    table = decode_page(b'{"features":[]}', layer)

    assert table.schema.field("OPENED").type == pa.timestamp("us", tz="UTC")
