"""The client on the command line: one screen, one file, or one sentence."""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import stamina

from mpls311.arcgis.__main__ import main
from mpls311.sandbox.protocol import field
from tests.support.lying_service import LyingService, Reply, feature, features, refusal

SINGLE = "esriFieldTypeSingle"


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2):
        yield
    stamina.instrumentation.set_on_retry_hooks(None)


@pytest.fixture
async def service() -> AsyncIterator[LyingService]:
    """A layer with a column of each oddity."""
    rows = [feature(oid, BLOB=None, RATE=0.5) for oid in range(45)]
    rows[3]["attributes"]["OPENED"] = "N/A [b]"
    served = LyingService(rows)
    served.metadata["fields"] += [field("BLOB", "esriFieldTypeBlob"), field("RATE", SINGLE)]
    served.metadata["name"] = "lies\x1b[31m [red]"
    served.metadata["extent"] = {"spatialReference": {"wkid": 102100, "latestWkid": 3857}}
    async with served.running():
        yield served


async def run(*arguments: object) -> int:
    """Run the command in a thread, as it has an event loop of its own."""
    return await asyncio.to_thread(main, [str(argument) for argument in arguments])


async def test_describe_says_what_a_layer_is(
    service: LyingService, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run("describe", service.url) == 0

    said = capsys.readouterr().out
    for part in (
        r"lies\x1b[31m [red]",
        "45",
        "20 rows, 3 of them",
        "2023-11-14 22:13:20 UTC",
        "esriGeometryPoint, wkid 3857",
        "its object ids",
        "OBJECTID  esriFieldTypeOID (object id)",
        "kept as JSON text: BLOB (esriFieldTypeBlob)",
        "seven digits at most, whatever they count: RATE",
        "no value in the first 20 rows: BLOB",
        "a value of OPENED that does not fit its type: 'N/A [b]'",
    ):
        assert part in said
    assert len(said.splitlines()) < 40
    assert sum(service.requests.values()) == 5


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (("ids",), ["ranges between", "refuses to list its object ids"]),
        (("count",), ["its object ids", "refuses to count"]),
        (("ids", "statistics"), ["offsets in the order"]),
        (("ids", "statistics", "count"), ["not known", "nothing: it answers no question"]),
        (("page",), ["its object ids", "'not today': check"]),
    ],
)
async def test_describe_says_how_a_layer_will_be_read(
    service: LyingService,
    capsys: pytest.CaptureFixture[str],
    refused: tuple[str, ...],
    said: list[str],
) -> None:
    service.lie = lambda kind, _, reply: refusal(400, "not today") if kind in refused else reply

    assert await run("describe", service.url) == 0

    found = " ".join(capsys.readouterr().out.split())
    assert all(part in found for part in said)


async def test_describe_sees_what_a_read_would_fail_of(
    service: LyingService, capsys: pytest.CaptureFixture[str]
) -> None:
    def lie(kind: str, _query: object, reply: Reply) -> Reply:
        if kind == "page":
            reply["spatialReference"] = {"wkid": 26915}
        return reply | {"count": 44} if kind == "count" else reply

    service.lie = lie
    assert await run("describe", service.url) == 0

    found = " ".join(capsys.readouterr().out.split())
    assert "it lists 45 object ids and counts 44 rows" in found
    assert "wkid 26915 where degrees were asked for" in found


async def test_read_writes_a_file_and_a_report(
    service: LyingService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run("read", service.url, tmp_path / "rows.parquet") == 0

    said = capsys.readouterr()
    assert "45, proven" in said.out
    assert "1 in OPENED (column misfits)" in said.out
    assert said.err == ""  # no bar where there is no terminal
    assert pq.read_table(tmp_path / "rows.parquet").num_rows == 45


async def test_read_takes_a_condition(
    service: LyingService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = "(1=1) AND OBJECTID >= 7 AND OBJECTID <= 9"  # all that the service understands
    assert await run("read", service.url, tmp_path / "rows.parquet", "--where", where) == 0
    assert "3, proven" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["describe", "read"])
async def test_an_error_is_one_sentence(
    service: LyingService, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    service.lie = lambda *_: refusal(400, "Invalid URL \x1b[2J")
    file = [tmp_path / "rows.parquet"] if command == "read" else []

    assert await run(command, service.url, *file) == 1

    said = capsys.readouterr()
    assert (said.out, len(said.err.splitlines())) == ("", 1)
    assert said.err.startswith(f"Error: {service.url} answers with error 400, 'Invalid URL \\x1b")


async def test_a_file_that_cannot_be_written(
    service: LyingService, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")

    assert await run("read", service.url, tmp_path / "file" / "rows.parquet") == 1
    assert capsys.readouterr().err.startswith("Error: ")


async def test_what_cannot_be_understood_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in ([], ["describe"], ["read", "http://a"], ["write", "http://a"]):
        with pytest.raises(SystemExit) as caught:
            main(wrong)
        assert caught.value.code == 2
    assert "usage: python -m mpls311.arcgis" in capsys.readouterr().err


async def test_a_first_read_pays_for_no_pandas(tmp_path: Path) -> None:
    service = LyingService(features(range(45)))
    async with service.running():
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-X", "importtime", "-m", "mpls311.arcgis"),
            *("read", service.url, str(tmp_path / "rows.parquet")),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, imported = await process.communicate()

    assert b"45, proven" in out
    names = {line.split("|")[-1].strip() for line in imported.decode().splitlines()}
    assert "pyarrow.parquet" in names
    assert not {name for name in names if name.partition(".")[0] in ("pandas", "kedro")}
