"""Put the reading of feature layers through trials that are too long for the tests.

    python -m trials.reading storm       30 % of all requests meet a fault; 20 seeds
    python -m trials.reading throttle    a minute of 429, with and without Retry-After
    python -m trials.reading edits       a layer edited during the read; 20 seeds
    python -m trials.reading kills       kill -9 at 10 moments of a read of 12 years
    python -m trials.reading interrupts  the same with Ctrl-C
    python -m trials.reading deletions   500 rows of 80,000 leave, 40 move, one comes back
    python -m trials.reading big         peak memory of a whole run on 2 M rows

Each prints what it saw and ends with status 1 if anything was not as it must be.
"""

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import stamina

from mpls311.arcgis import ArcGISClient, ArcGISError, ClientSettings, ReadReport
from mpls311.loads import LoadHistory, parse_manifest
from mpls311.sandbox import City, serve
from mpls311.sandbox.protocol import Answer, status
from tests.support.fault_server import FAULTS, FaultServer, make_rows, values
from tests.support.project import ROOT, Project
from tests.support.tiny_layer import TinyLayers, feature

FINAL = ("refused", "token", "invalid url", "HTTP 403", "empty page")
PASSING = [name for name in FAULTS if name not in FINAL]
ALL_YEARS = "2015-2026"


def _no_waits() -> Any:
    return stamina.set_testing(True, attempts=8, cap=True)


async def read(server: FaultServer, folder: Path, **settings: Any) -> ReadReport:
    async with ArcGISClient(ClientSettings(**settings)) as client:
        layer, listing = await client.layer_and_listing(server.url)
        return await client.read(layer, "1=1", folder / "rows.parquet", listing=listing)


def rows_in(folder: Path) -> list[tuple[int, str]]:
    table = pq.read_table(folder / "rows.parquet", columns=["OBJECTID", "TITLE"])
    return sorted(zip(*table.to_pydict().values(), strict=True))


def storm(seeds: int = 20) -> int:
    """Count the seeds that did not end in exactly the rows of the layer."""
    failures = 0
    for seed in range(seeds):
        dice = random.Random(seed)
        server = FaultServer(make_rows(range(0, 15_000, 3)))

        def meddle(kind: str, reply: dict[str, Any], dice: random.Random = dice) -> Answer | None:
            if dice.random() > 0.3:
                return None
            name = dice.choice([*PASSING, "short", "wrong count"])
            if name in ("short", "empty page, more to come") and kind != "page":
                name = "HTTP 503"
            if name == "short":
                del reply["features"][len(reply["features"]) // 2 :]
                reply["exceededTransferLimit"] = True
            elif name == "wrong count":
                reply |= {"count": reply["count"] + 1} if kind == "count" else {}
            else:
                return FAULTS[name]
            return None

        server.meddle = meddle
        with tempfile.TemporaryDirectory() as folder, _no_waits():
            found = asyncio.run(_outcome(server, Path(folder)))
        right = found.rows == 5000 and found.exact if isinstance(found, _Read) else False
        failures += not right
        say(f"{'ok  ' if right else 'FAIL'} seed {seed:2}  {found}")
    say(f"{seeds - failures} of {seeds} exact")
    return failures


class _Read:
    def __init__(self, report: ReadReport, exact: bool) -> None:
        self.report, self.exact, self.rows = report, exact, report.rows

    def __str__(self) -> str:
        report = self.report
        return (
            f"{report.rows:,} rows in {report.pages} pages, {report.requests} requests, "
            f"{report.retries} retries, {report.torn_reads} torn passes"
        )


async def _outcome(server: FaultServer, folder: Path) -> _Read | ArcGISError:
    async with server.running():
        try:
            report = await read(server, folder)
        except ArcGISError as exc:
            return exc
    return _Read(report, rows_in(folder) == values(server.rows))


def throttle(seconds: float = 60) -> int:
    """Count the storms in which somebody asked during the pause, or rows were lost."""

    async def one(**headers: str) -> bool:
        server = FaultServer(make_rows(range(3000)))
        asked: list[float] = []

        def meddle(kind: str, _reply: dict[str, Any]) -> Answer | None:
            now = time.monotonic()
            asked.append(now)
            began = asked[min(10, len(asked) - 1)]
            return status(429, **headers) if len(asked) > 10 and now < began + seconds else None

        server.meddle = meddle
        with tempfile.TemporaryDirectory() as folder:
            async with server.running():
                report = await read(server, Path(folder))
            exact = rows_in(Path(folder)) == values(server.rows)
        begin = asked[10]
        at_once = [moment for moment in asked if begin < moment < begin + 1]
        during = [moment for moment in asked if begin + 1 <= moment < begin + seconds]
        resumed = min(moment for moment in asked if moment >= begin + seconds) - begin
        say(
            f"{headers or 'no Retry-After'}: {1 + len(at_once)} answered 429 within a second, "
            f"{len(during)} requests during the pause, the next one after {resumed:.1f} s, then "
            f"{report.rows} rows, exact: {exact}, retries {report.retries}"
        )
        return exact and not during

    async def both() -> list[bool]:
        return list(await asyncio.gather(one(Retry_After=f"{seconds:.0f}"), one()))

    return asyncio.run(both()).count(False)


def edits(seeds: int = 20) -> int:
    """Count the edits that went unnoticed."""
    failures = 0
    for seed in range(seeds):
        dice = random.Random(seed)
        server = FaultServer(make_rows(range(3000)))
        moments = sorted(dice.sample(range(1, 31), dice.randint(1, 2)))

        def edit(
            nth: int,
            dice: random.Random = dice,
            server: FaultServer = server,
            moments: list[int] = moments,
        ) -> None:
            if nth not in moments:
                return
            for row in dice.sample(server.rows, 20):
                row["attributes"]["TITLE"] += " edited"
            server.rows = dice.sample(server.rows, len(server.rows) - dice.randint(0, 3))
            server.edited(server.metadata["editingInfo"]["dataLastEditDate"] + 1)

        server.before["page"] = edit
        with tempfile.TemporaryDirectory() as folder, _no_waits():
            found = asyncio.run(_outcome(server, Path(folder)))
        noticed = not isinstance(found, _Read) or (found.exact and found.report.torn_reads > 0)
        failures += not noticed
        what = f"new edition: {found}" if isinstance(found, _Read) else f"error: {found}"
        say(f"{'ok  ' if noticed else 'FAIL'} seed {seed:2}  edited at page {moments}, {what}")
    say(f"{seeds - failures} of {seeds} noticed")
    return failures


def kills(trials: int = 10, number: int = signal.SIGKILL) -> int:
    """Count the reads that did not go on where they were cut off, or not end exact."""
    failures, longest = 0, 0.0
    city = City(rows_per_year=20_000, as_of=date(2026, 11, 20))
    with (
        serve(city, latency_ms=30) as server,
        tempfile.TemporaryDirectory(prefix="trials-") as folder,
    ):
        params = f"years={ALL_YEARS},source.services_url={server.services_url}"
        undisturbed = Project(Path(folder, "undisturbed"))
        ingest(undisturbed, params).wait()
        pages, expected = server.requests["page"], raw_rows(undisturbed)
        say(f"undisturbed: {pages} pages, {sum(map(len, expected.values())):,} rows")
        for trial, at in enumerate(random.Random(1).sample(range(1, pages), trials)):
            project = Project(Path(folder, f"trial-{trial}"))
            server.requests.clear()
            process = ingest(project, params)
            while server.requests["page"] < at and process.poll() is None:
                time.sleep(0.001)
            began = time.monotonic()
            process.send_signal(number)
            process.wait()
            longest = max(longest, time.monotonic() - began)
            kept = kept_pages(project)
            time.sleep(0.5)  # the server still answers what was under way
            server.requests.clear()
            ingest(project, params).wait()
            fetched = server.requests["page"]
            exact = raw_rows(project) == expected
            tidy = not any(path.is_file() for path in project.folder.glob("data/spool/**/*"))
            right = fetched == pages - kept and exact and tidy
            failures += not right
            say(
                f"{'ok  ' if right else 'FAIL'} ended at page {at:3} after "
                f"{time.monotonic() - began:.1f} s, {kept:3} kept, {fetched:3} fetched, "
                f"exact: {exact}, spool empty: {tidy}, exit status {process.returncode}"
            )
    say(f"{trials - failures} of {trials} went on; longest exit {longest:.2f} s")
    return failures


def interrupts() -> int:
    """The same as `kills`, with Ctrl-C."""
    return kills(number=signal.SIGINT)


def ingest(project: Project, params: str, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "kedro", "run", *(more or ("--pipeline", "ingest"))]
    return subprocess.Popen(
        [*command, "--params", params],
        cwd=project.folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def history(project: Project) -> LoadHistory:
    paths = project.folder.glob("data/manifests/*/*.json")
    return LoadHistory(parse_manifest(path.read_bytes()) for path in paths)


def kept_pages(project: Project) -> int:
    """Pages of the years in the lake, and verified ones of the other years."""
    done = {load.source_year: load.ingested.pages for load in history(project).loads}
    spools = project.folder.glob("data/spool/*/*/*/*/*.arrow")
    return sum(done.values()) + sum(int(path.parts[-4]) not in done for path in spools)


def raw_rows(project: Project) -> dict[int, pa.Table]:
    files = {load.source_year: load.ingested.file.name for load in history(project).loads}
    folder = project.folder / "data/01_raw/requests"
    return {year: pq.read_table(folder / name).sort_by("OBJECTID") for year, name in files.items()}


def deletions(rows: int = 80_000, gone: int = 500, moved: int = 40) -> int:
    """Count what is not marked as it must be."""
    dice = random.Random(1)
    layers = TinyLayers(
        y2025=[_made(1_000_000 + n) for n in range(rows)],
        y2026=[_made(9_000_000 + n, "2026-01-02T12:00") for n in range(100)],
    )
    failures = 0
    with layers, tempfile.TemporaryDirectory(prefix="trials-") as folder:
        project = Project(Path(folder, "project"))
        params = f"years=2025+2026,source.services_url={layers.services_url}"

        def publish_and_run(expected: set[int], what: str) -> None:
            nonlocal failures
            layers.pages.clear()
            layers.edited = {year: (layers.edited.get(year) or 1) + 1 for year in layers.layers}
            project.ran(params)
            marked = project.fact().keys() - project.fact(live=True).keys()
            modes = [mode for _, mode, _ in project.tracked()[-2:]]
            failures += marked != expected
            say(
                f"{'ok  ' if marked == expected else 'FAIL'} {what}: {len(marked)} marked, "
                f"{len(expected)} expected, {len(marked ^ expected)} wrong; {modes}, "
                f"{len(layers.pages)} pages"
            )

        publish_and_run(set(), "first load")
        layers.layers[2025].append(_made(2_000_000, "2025-12-30T12:00"))
        publish_and_run(set(), "one row came")
        leaving = dice.sample(range(rows), gone + moved)
        cases = [1_000_000 + n for n in leaving]
        left = {row["attributes"]["CASEID"]: row for row in layers.layers[2025]}
        back = left[cases[0]]
        for case in cases:
            del left[case]
        layers.layers[2025] = list(left.values())
        layers.layers[2026] += [_made(case, updated="2026-01-03T12:00") for case in cases[gone:]]
        publish_and_run(set(cases[:gone]), f"{gone} left, {moved} moved to the next layer")
        layers.layers[2025].append(back)
        publish_and_run(set(cases[1:gone]), "one came back")
    return failures


def _made(case: int, opened: str = "", updated: str | None = None) -> Any:
    opened = opened or f"2025-{1 + case % 11:02}-{1 + case % 28:02}T12:00"
    return feature(case, opened, updated)


@contextmanager
def city_process(*arguments: str) -> Iterator[str]:
    """A city in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.server", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


def big(rows: int = 2_000_000) -> int:
    """Whether a whole run on a year of so many rows failed, or took 1 GB or more."""
    with (
        city_process("--rows-per-year", f"{rows}", "--page-limit", "16000") as url,
        tempfile.TemporaryDirectory(prefix="trials-") as folder,
    ):
        project = Project(Path(folder, "project"))
        began = time.monotonic()
        process = ingest(project, f"years=2025,source.services_url={url}", "--env", "base")
        _, code, usage = os.wait4(process.pid, 0)
        peak, seconds = usage.ru_maxrss * 1024 / 1e6, time.monotonic() - began
        [(count,)] = project.query("select count(*) from mpls_311_production.fact_311data")
        say(f"{count:,} rows, status {code}, peak {peak:.0f} MB, {seconds:.0f} s")
    return int(bool(code) or peak >= 1000)


TRIALS: dict[str, Callable[[], int]] = {
    trial.__name__: trial for trial in (storm, throttle, edits, kills, interrupts, deletions, big)
}


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("trials", nargs="+", choices=TRIALS)
    chosen = parser.parse_args().trials
    stamina.instrumentation.set_on_retry_hooks([])
    return sum(TRIALS[name]() for name in chosen)


if __name__ == "__main__":
    sys.exit(min(1, main()))
