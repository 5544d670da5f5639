"""Reads that are cut off and started again: nothing verified is fetched twice."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mpls311.arcgis import ArcGISClient, ClientSettings, ReadReport, ServiceError
from mpls311.sandbox.protocol import error
from tests.support.fault_server import FaultServer, make_rows
from tests.support.waiting import no_waiting

ROWS = 1000
PAGES = 10


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with no_waiting(2):
        yield


@pytest.fixture
def server() -> FaultServer:
    return FaultServer(make_rows(range(-5, ROWS - 5)))


async def read(server: FaultServer, folder: Path, where: str = "1=1") -> ReadReport:
    settings = ClientSettings(concurrency=1, attempts=1)
    async with server.running(), ArcGISClient(settings) as client:
        layer = await client.layer(server.url)
        return await client.read(layer, where, folder / "rows.parquet", journal=folder / "pages")


async def cut_off(server: FaultServer, folder: Path, after: int) -> int:
    """Read until some pages are in, and then no more; return how many were kept."""
    server.add("page", *[None] * after)
    server.always["page"] = error(400, "Cannot perform query.")
    with pytest.raises(ServiceError):
        await read(server, folder)
    assert not (folder / "rows.parquet").exists()
    del server.always["page"]
    server.requests.clear()
    server.seen.clear()
    kept = len(list((folder / "pages").rglob("*.arrow")))
    assert 3 < kept <= after  # the last answers may not have been looked at
    return kept


def assert_exact(server: FaultServer, folder: Path) -> None:
    ids = pq.read_table(folder / "rows.parquet")["OBJECTID"].to_pylist()
    assert sorted(ids) == [row["attributes"]["OBJECTID"] for row in server.rows]


async def test_only_what_is_missing_is_fetched(server: FaultServer, tmp_path: Path) -> None:
    kept = await cut_off(server, tmp_path, after=7)

    report = await read(server, tmp_path)

    assert_exact(server, tmp_path)
    assert server.requests["page"] == PAGES - kept
    assert (report.rows, report.resumed, report.pages) == (ROWS, kept * 100, PAGES)
    report = await read(server, tmp_path)
    assert (report.resumed, server.requests["page"]) == (ROWS, PAGES - kept), "kept until removed"


async def test_halves_are_found_again(server: FaultServer, tmp_path: Path) -> None:
    server.page_cap = 30
    kept = await cut_off(server, tmp_path, after=25)

    report = await read(server, tmp_path)

    assert_exact(server, tmp_path)
    assert report.resumed == kept * 25
    asked = [request.parameters["where"] for request in server.seen if request.kind == "page"]
    assert len(asked) == len(set(asked))


@pytest.mark.parametrize(
    "change",
    [
        lambda server: server.edited(99),
        lambda server: server.rows.pop(0),
        lambda server: server.metadata.update(maxRecordCount=50),
        lambda server: server.metadata["fields"].pop(),
        lambda server: server.metadata.pop("editingInfo"),
    ],
    ids=["edited", "row gone", "page limit", "column gone", "no edit date"],
)
async def test_pages_of_another_edition_are_not_used(
    server: FaultServer, tmp_path: Path, change: Callable[[FaultServer], object]
) -> None:
    await cut_off(server, tmp_path, after=7)
    change(server)

    report = await read(server, tmp_path)

    assert_exact(server, tmp_path)
    assert report.resumed == 0


async def test_pages_of_another_condition_are_not_used(server: FaultServer, tmp_path: Path) -> None:
    await cut_off(server, tmp_path, after=7)

    report = await read(server, tmp_path, "TITLE = 'row 5'")

    assert (report.rows, report.resumed) == (1, 0)


async def test_pages_of_a_torn_pass_are_not_used(server: FaultServer, tmp_path: Path) -> None:
    server.before["page"] = lambda nth: server.rows.pop() if nth == 7 else None

    report = await read(server, tmp_path)

    assert_exact(server, tmp_path)
    assert (report.torn_reads, report.resumed) == (1, 0)


async def test_a_damaged_page_is_fetched_again(server: FaultServer, tmp_path: Path) -> None:
    kept = await cut_off(server, tmp_path, after=7)
    cut, emptied, swapped, *_ = sorted((tmp_path / "pages").rglob("*.arrow"))
    cut.write_bytes(cut.read_bytes()[:-200])
    emptied.write_bytes(b"")
    swapped.write_bytes(_.pop().read_bytes())

    report = await read(server, tmp_path)

    assert_exact(server, tmp_path)
    assert report.resumed == (kept - 3) * 100
