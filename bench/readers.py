"""Ways to read years of requests into Parquet, each run in a process of its own.

    sequential  one page after another, json_normalize, concat, rename, astype, gzip Parquet:
                what the reference project does
    mpls311     this project's client, with all its proofs and its journal of pages
    unproven    the same pages with the same concurrency, decoded and written, nothing checked
    floor       the same bytes with the same concurrency, thrown away as they come

Prints one line of JSON: seconds from the first request to the last byte on disk (imports are
not counted), CPU seconds of the process meanwhile, its peak memory, rows and requests.
"""

import argparse
import asyncio
import json
import resource
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import requests
from isal import igzip

from mpls311.arcgis import ArcGISClient, ClientSettings, FeatureLayer, decode_page, plan_pages
from mpls311.arcgis.plan import PagePlan
from mpls311.arcgis.spool import Spool

GZIP = {"Accept-Encoding": "gzip"}


def sequential(layers: Sequence[str], folder: Path, _concurrency: int) -> int:
    """Page by offset up to the count, each page appended to those before it."""
    sent = 0
    for number, url in enumerate(layers):
        step = _answer(url)["maxRecordCount"]
        count = _answer(f"{url}/query", where="1=1", returnCountOnly="true")["count"]
        rows = pd.DataFrame()
        for offset in range(0, count, step):
            page = _answer(
                f"{url}/query",
                where="1=1",
                outFields="*",
                outSR="4326",
                orderByFields="OBJECTID",  # the reference has no order, and loses rows by it
                resultOffset=str(offset),
            )
            rows = pd.concat([rows, pd.json_normalize(page, record_path="features")])
        sent += 2 + -(-count // step)
        rows = rows.rename(columns=lambda name: name.removeprefix("attributes.").lower())
        for date in ("openeddatetime", "closeddatetime", "lastupdatedate"):
            rows[date] = pd.to_datetime(rows[date], unit="ms")
        rows = rows.astype(
            dict.fromkeys(("objectid", "caseid", "casestatus"), "Int64")
            | dict.fromkeys(("subjectname", "reasonname", "typename", "title"), "str")
            | dict.fromkeys(("xcoord", "ycoord", "geometry.x", "geometry.y"), "float64")
        )
        rows.to_parquet(folder / f"{number}.parquet", compression="gzip", index=False)
    return sent


def _answer(url: str, **parameters: str) -> Any:
    return requests.get(url, params={**parameters, "f": "pjson"}, timeout=60).json()


def mpls311(layers: Sequence[str], folder: Path, concurrency: int) -> int:
    """Read all layers at once, proven."""

    async def read() -> int:
        async with ArcGISClient(ClientSettings(concurrency=concurrency)) as client:

            async def one(number: int, url: str) -> int:
                layer, listing = await client.layer_and_listing(url)
                report = await client.read(
                    layer,
                    "1=1",
                    folder / f"{number}.parquet",
                    listing=listing,
                    journal=folder / str(number),
                )
                return report.requests + 1

            return sum(await asyncio.gather(*(one(n, url) for n, url in enumerate(layers))))

    return asyncio.run(read())


class _Bare:
    """Nothing but requests under a semaphore."""

    def __init__(self, session: aiohttp.ClientSession, concurrency: int) -> None:
        self._session = session
        self._limit = asyncio.Semaphore(concurrency)
        self.sent = 0

    async def get(self, url: str, **parameters: str) -> bytes:
        async with self._limit:
            self.sent += 1
            async with self._session.get(url, params=parameters) as response:
                return await response.read()

    async def plan(self, url: str) -> tuple[FeatureLayer, PagePlan]:
        asked = {"where": "1=1", "returnIdsOnly": "true", "f": "json"}
        metadata, listed = await asyncio.gather(
            self.get(url, f="json"), self.get(f"{url}/query", **asked)
        )
        layer = FeatureLayer.from_json(url, json.loads(unpacked(metadata)))
        ids = np.array(json.loads(unpacked(listed))["objectIds"], dtype=np.int64)
        return layer, plan_pages(ids, layer.page_limit)

    async def page(self, layer: FeatureLayer, bounds: dict[str, str]) -> bytes:
        parameters = {
            "outFields": "*",
            "returnGeometry": "true",
            "outSR": "4326",
            "f": "json",
            **bounds,
        }
        if layer.result_type:
            parameters["resultType"] = layer.result_type
        return await self.get(layer.query_url, **parameters)


def unpacked(body: bytes) -> bytes:
    """Inflate what was sent as gzip."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    content: bytes = igzip.decompress(body)  # type: ignore[no-untyped-call]
    return content


def decoded_page(body: bytes, layer: FeatureLayer) -> pa.Table:
    """Inflate and decode a page."""
    return decode_page(unpacked(body), layer)


def bare(layers: Sequence[str], folder: Path, concurrency: int, *, decoded: bool) -> int:
    """Fetch the pages that mpls311 fetches, and no other answers than it takes to plan them."""

    async def read() -> int:
        loop = asyncio.get_running_loop()
        connector = aiohttp.TCPConnector(limit=concurrency)
        with ThreadPoolExecutor(2) as pool:
            async with aiohttp.ClientSession(
                connector=connector, headers=GZIP, auto_decompress=False
            ) as session:
                client = _Bare(session, concurrency)

                async def one(number: int, url: str) -> None:
                    layer, plan = await client.plan(url)

                    async def fetch(bounds: dict[str, str], spool: Spool | None) -> None:
                        body = await client.page(layer, bounds)
                        if spool:
                            table = await loop.run_in_executor(pool, decoded_page, body, layer)
                            await loop.run_in_executor(pool, spool.add, table)

                    asked = [page.parameters("1=1", layer.object_id_field) for page in plan.pages]
                    if not decoded:
                        await asyncio.gather(*(fetch(bounds, None) for bounds in asked))
                        return
                    with Spool(folder / f"{number}.parquet", layer.arrow_schema) as spool:
                        await asyncio.gather(*(fetch(bounds, spool) for bounds in asked))
                        await loop.run_in_executor(pool, spool.finish)
                        spool.commit()

                await asyncio.gather(*(one(n, url) for n, url in enumerate(layers)))
                return client.sent

    return asyncio.run(read())


def measure(name: str, layers: Sequence[str], folder: Path, concurrency: int) -> dict[str, Any]:
    """Run one reader and say what it took."""
    before, start = _cpu(), time.perf_counter()
    if name in ("unproven", "floor"):
        sent = bare(layers, folder, concurrency, decoded=name == "unproven")
    else:
        sent = {"sequential": sequential, "mpls311": mpls311}[name](layers, folder, concurrency)
    seconds = time.perf_counter() - start
    return {
        "seconds": seconds,
        "cpu": _cpu() - before,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
        "rows": sum(pq.read_metadata(path).num_rows for path in folder.glob("*.parquet")),
        "requests": sent,
    }


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Measure one reader."""
    parser = argparse.ArgumentParser(prog="python -m bench.readers", description=__doc__)
    parser.add_argument("reader", choices=["sequential", "mpls311", "unproven", "floor"])
    parser.add_argument("--services-url", required=True)
    parser.add_argument("--years", type=int, nargs="+", required=True)
    parser.add_argument("--folder", type=Path, required=True, help="where Parquet files go")
    parser.add_argument("--concurrency", type=int, default=16)
    options = parser.parse_args()
    urls = [f"{options.services_url}/Public_311_{year}/FeatureServer/0" for year in options.years]
    result = measure(options.reader, urls, options.folder, options.concurrency)
    sys.stdout.write(f"{json.dumps(result)}\n")


if __name__ == "__main__":
    main()
