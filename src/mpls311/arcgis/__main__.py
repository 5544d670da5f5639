"""Look at any feature layer, or read it into a Parquet file, proven.

python -m mpls311.arcgis describe URL
python -m mpls311.arcgis read URL FILE.parquet [--where CONDITION]
"""

import argparse
import asyncio
import datetime as dt
import logging
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import stamina
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from mpls311.arcgis import ArcGISClient, ArcGISError, ClientSettings, Description, ReadReport
from mpls311.arcgis.describe import WAYS
from mpls311.arcgis.errors import printable

_ATTEMPTS = 3  # who looks does not want to wait for long

Lines = Iterator[tuple[str, str]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; 0 if all is well, 1 for an error, told in a sentence."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(format="%(message)s")
    out, err = Console(highlight=False), Console(stderr=True, highlight=False)
    stamina.instrumentation.set_on_retry_hooks([partial(_tell_of_retry, err)])
    try:
        if options.command == "describe":
            _show(out, _described(asyncio.run(_describe(options))))
        else:
            _show(out, _reported(asyncio.run(_read(options, err)), options.file))
    except (ArcGISError, OSError) as exc:
        err.print(Text(printable(f"Error: {exc}")), soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        err.print("Interrupted.")
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m mpls311.arcgis", description=(__doc__ or "").partition("\n")[0]
    )
    commands = parser.add_subparsers(dest="command", required=True)
    describe = commands.add_parser("describe", help="what a layer is and can do")
    read = commands.add_parser("read", help="all its rows into one Parquet file")
    for command in (describe, read):
        command.add_argument("url", help="of one layer, as in .../FeatureServer/0")
    read.add_argument("file", type=Path, help="the Parquet file to write")
    read.add_argument("--where", default="1=1", help="which rows, in the layer's SQL (all)")
    read.add_argument("--concurrency", type=int, default=8, help="requests at a time (8)")
    return parser


async def _describe(options: argparse.Namespace) -> Description:
    async with ArcGISClient(ClientSettings(attempts=_ATTEMPTS, deadline=120)) as client:
        return await client.describe(options.url)


async def _read(options: argparse.Namespace, err: Console) -> ReadReport:
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("rows"), TimeElapsedColumn())
    settings = ClientSettings(concurrency=max(1, options.concurrency))
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task("", total=None)
        async with ArcGISClient(settings) as client:
            layer, listing = await client.layer_and_listing(options.url, options.where)
            return await client.read(
                layer,
                options.where,
                options.file,
                listing=listing,
                on_rows=lambda rows: progress.advance(task, rows),
                on_plan=lambda rows: progress.update(task, total=rows),
            )


def _described(found: Description) -> Lines:
    layer = found.layer
    yield "layer", layer.name
    yield "address", layer.url
    yield "rows", "not known" if found.count is None else f"{found.count:,}"
    kind = f", resultType {layer.result_type}" if layer.result_type else ""
    pages = "" if found.count is None else f", {-(-found.count // layer.page_limit):,} of them"
    yield "page", f"{layer.page_limit:,} rows{kind}{pages}"
    yield "last edit", _moment(layer.data_last_edit_date)
    reference = "not known" if layer.wkid is None else layer.wkid
    yield (
        "geometry",
        f"{layer.geometry_type}, wkid {reference}, read in degrees"
        if layer.geometry_type
        else "none, a table",
    )
    yield "read by", WAYS[found.way]
    width = max(len(field.name) for field in layer.fields)
    for number, field in enumerate(layer.fields):
        mark = " (object id)" if field.name == layer.object_id_field else ""
        if field.coded_values:
            mark = f" ({len(field.coded_values):,} coded values)"
        yield "" if number else "fields", f"{field.name:{width}}  {field.type}{mark}"
    odd = [found.fault, *found.odd] if found.fault else found.odd
    for number, oddity in enumerate(odd or ("nothing",)):
        yield "" if number else "odd", oddity


def _reported(report: ReadReport, file: Path) -> Lines:
    yield "rows", f"{report.rows:,}, proven, in {file}"
    yield "read by", WAYS[report.read_by]
    yield "edition", _moment(report.edit_date_after)
    misfits = [f"{count:,} in {name}" for name, count in report.misfits.items()]
    yield "misfits", f"{', '.join(misfits)} (column misfits)" if misfits else "none"
    yield (
        "cost",
        f"{report.requests:,} requests, {report.retries:,} of them again, "
        f"{report.torn_reads} passes in vain, {report.bytes / 1e6:.1f} MB, {report.seconds:.1f} s",
    )


def _tell_of_retry(err: Console, retry: stamina.instrumentation.RetryDetails) -> None:
    err.print(Text(f"Again in {retry.wait_for:.0f} s: {retry.caused_by}"), soft_wrap=True)


def _moment(epoch_ms: int | None) -> str:
    if epoch_ms is None:
        return "not known"
    return f"{dt.datetime.fromtimestamp(epoch_ms / 1000, dt.UTC):%Y-%m-%d %H:%M:%S} UTC"


def _show(out: Console, lines: Lines) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(overflow="fold")  # an address is to be copied
    for label, text in lines:
        table.add_row(Text(label, "bold"), Text(printable(text)))
    out.print(table)


if __name__ == "__main__":
    sys.exit(main())
