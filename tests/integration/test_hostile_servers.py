"""Whatever a server does, and in whatever order: the exact rows or a typed error."""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mpls311.arcgis import ArcGISClient, ArcGISError, ClientSettings
from mpls311.sandbox.protocol import Answer
from tests.support.fault_server import FAULTS, FaultServer, make_rows, values
from tests.support.waiting import no_waiting

INVENTED = ("stranger", "neighbour")  # rows that no layer has: only ranges of ids show them
ABSENT = ("no title", "no place", "another reference")
ODD = ("no date", "number as text")
LIES = (
    "short",
    "short, not admitted",
    "twice",
    "again",
    *INVENTED,
    "no fields",
    "wrong",
    *ABSENT,
    *ODD,
)
EVENTS = ("published", "row gone", "row comes", "column gone", "edit date")

moves = st.sampled_from([None, None, None, *FAULTS, *LIES, *EVENTS])


class Hostility:
    """Takes one move a request; remembers every edition that was ever served."""

    def __init__(self, server: FaultServer, moves: list[str | None], liar: str) -> None:
        self.server = server
        self.moves = iter(moves)
        self.liar = liar  # the kind of reply that is wrong; two in league cannot be seen through
        self.by_ids = True  # as the listed ids tell more than counts do
        self.editions = [values(server.rows)]
        server.meddle = self.meddle

    def meddle(self, kind: str, reply: dict[str, Any]) -> Answer | None:
        move = next(self.moves, None)
        asked = self.server.seen[-1].parameters
        if self.server.refuses_ids or "resultoffset" in asked or "outstatistics" in asked:
            self.by_ids = False
        if move in FAULTS:
            return FAULTS[move]
        if move in LIES:
            if kind == "page" and reply.get("features"):
                self.bend_page(move, reply)
            elif kind == self.liar == "count":
                reply["count"] += len(move) % 5 - 2
            elif kind == self.liar == "ids" and reply.get("objectIds"):
                reply["objectIds"] = reply["objectIds"][:-1]
        elif move:
            self.happen(move)
        return None

    def bend_page(self, lie: str, reply: dict[str, Any]) -> None:
        rows = reply["features"]
        if lie in INVENTED and not self.by_ids:
            return
        if lie.startswith("short"):
            del rows[len(rows) // 2 :]
            if lie == "short":
                reply["exceededTransferLimit"] = True
        elif lie == "twice":
            rows.append(rows[0])
        elif lie == "again":
            rows[-1:] = [min(self.server.rows, key=lambda row: int(row["attributes"]["OBJECTID"]))]
        elif lie == "stranger":
            rows[-1:] = make_rows([10_000])
        elif lie == "neighbour":
            rows[-1:] = make_rows([rows[-1]["attributes"]["OBJECTID"] + 1])
        elif lie == "no fields":
            reply.pop("fields", None)
        elif lie == "no title":
            for row in rows:
                del row["attributes"]["TITLE"]
        elif lie == "no place":
            for row in rows:
                row.pop("geometry", None)
        elif lie == "another reference":
            reply["spatialReference"] = {"wkid": 102100, "latestWkid": 3857}
        elif lie == "no date":
            rows[-1]["attributes"]["OPENED"] = "N/A"
        elif lie == "number as text":
            rows[0]["attributes"]["OBJECTID"] = str(rows[0]["attributes"]["OBJECTID"])
        else:
            rows[0]["attributes"]["OBJECTID"] = "yesterday"

    def happen(self, event: str) -> None:
        """Change the layer; rows only change their values together with the edit date."""
        server = self.server
        if event == "published":
            for row in server.rows:
                row["attributes"]["TITLE"] += "!"
        elif event == "row gone":
            server.rows = server.rows[:-1]
        elif event == "row comes":
            server.rows = [*server.rows, *make_rows([500 + len(self.editions)])]
        elif event == "column gone":
            fields = server.metadata["fields"]
            server.metadata["fields"] = [f for f in fields if f["name"] != "OPENED"]
        if event in ("published", "edit date") or not self.by_ids:
            server.edited(server.metadata["editingInfo"]["dataLastEditDate"] + 1)
        self.editions.append(values(server.rows))


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with no_waiting(3):
        yield


async def outcome(
    server: FaultServer, folder: Path, concurrency: int, *, ahead: bool
) -> list[Any] | None:
    """Read, and again from the journal if that failed; None for an error both times."""
    client = ArcGISClient(ClientSettings(concurrency=concurrency))
    path = folder / "rows.parquet"
    async with server.running(), client:
        for _ in range(2):
            with suppress(ArcGISError):
                if ahead:
                    layer, listing = await client.layer_and_listing(server.url)
                else:
                    layer, listing = await client.layer(server.url), None
                report = await client.read(
                    layer, "1=1", path, listing=listing, journal=folder / "pages"
                )
                table = pq.read_table(path, columns=["OBJECTID", "TITLE"])
                assert table.num_rows == report.rows
                return sorted(zip(*table.to_pydict().values(), strict=True))
            assert not path.exists()
    return None


@settings(
    max_examples=int(os.environ.get("EXAMPLES", "150")),
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    ids=st.lists(st.integers(-10, 60), unique=True, max_size=40),
    page_limit=st.integers(1, 15),
    moves=st.lists(moves, max_size=25),
    liar=st.sampled_from(["count", "ids"]),
    refuses_ids=st.booleans(),
    refuses_statistics=st.booleans(),
    page_cap=st.sampled_from([10**9, 3]),
    concurrency=st.sampled_from([1, 4]),
    ahead=st.booleans(),
)
@example(  # a listing without one id, no count to tell, and a row gone: as many as were listed
    ids=[0, 1, 2],
    page_limit=2,
    moves=[None, "short", "refused", "row gone"],
    liar="ids",
    refuses_ids=False,
    refuses_statistics=False,
    page_cap=10**9,
    concurrency=1,
    ahead=True,
)
def test_the_exact_rows_of_one_edition_or_a_typed_error(
    ids: list[int],
    page_limit: int,
    moves: list[str | None],
    liar: str,
    refuses_ids: bool,
    refuses_statistics: bool,
    page_cap: int,
    concurrency: int,
    ahead: bool,
) -> None:
    server = FaultServer(
        make_rows(ids),
        page_cap=page_cap,
        refuses_ids=refuses_ids,
        refuses_statistics=refuses_statistics,
    )
    server.metadata["maxRecordCount"] = page_limit
    hostility = Hostility(server, moves, liar)

    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(outcome(server, Path(folder), concurrency, ahead=ahead))

    assert found is None or found in hostility.editions
    if not any(moves):
        assert found == values(server.rows)
