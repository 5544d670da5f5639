"""Measure the source client: `python -m bench [--runs 5]`, or `make bench`.

Every reader runs in a process of its own against one server in another; the runs of a setting
are interleaved, and what is printed are medians, as the tables of bench/README.md.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any

FOUR_YEARS = (2021, 2022, 2023, 2024)
ALL_YEARS = tuple(range(2015, 2027))
SLOW_MS = 150
STANDARD_LIMIT = 32_000

Result = dict[str, Any]


@contextmanager
def servers(options: argparse.Namespace, *more: str) -> Iterator[list[str]]:
    """The addresses of the city without latency, and with it."""
    arguments = ["--rows-per-year", str(options.rows_per_year), *more]
    arguments += ["--page-limit", str(options.page_limit), "--latency-ms", "0", str(SLOW_MS)]
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.server", *arguments], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout, "it is piped"
        yield [process.stdout.readline().strip() for _ in range(2)]
    finally:
        process.kill()
        process.wait()


def run(reader: str, url: str, years: Sequence[int], concurrency: int) -> Result:
    """One run of a reader, in a process and a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        arguments = ["--services-url", url, "--folder", folder, "--concurrency", str(concurrency)]
        arguments += ["--years", *map(str, years)]
        done = subprocess.run(
            [sys.executable, "-m", "bench.readers", reader, *arguments],
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
    result: Result = json.loads(done.stdout)
    return result


def medians(
    readers: Sequence[str], url: str, years: Sequence[int], options: argparse.Namespace
) -> dict[str, Result]:
    """Interleaved runs of several readers; the median of each figure."""
    results: dict[str, list[Result]] = {reader: [] for reader in readers}
    for number in range(options.runs):
        for reader in readers:
            result = run(reader, url, years, options.concurrency)
            results[reader].append(result)
            sys.stderr.write(f"run {number + 1}  {reader:10}  {result['seconds']:6.2f} s\n")
    return {
        reader: {figure: median(result[figure] for result in found) for figure in found[0]}
        for reader, found in results.items()
    }


def table(*rows: Sequence[object]) -> None:
    """Print a table in Markdown; the first row is its head."""
    head, *body = ([str(cell) for cell in row] for row in rows)
    for line in (head, ["---"] * len(head), *body):
        sys.stdout.write(f"| {' | '.join(line)} |\n")
    sys.stdout.write("\n")
    sys.stdout.flush()


def speed(options: argparse.Namespace) -> None:
    """How long four years take."""
    plain: dict[str, dict[str, Result]] = {}
    with servers(options) as (fast, slow):
        for reader in ("sequential", "mpls311"):
            run(reader, fast, FOUR_YEARS, options.concurrency)  # every answer is rendered once
        everyone = ("sequential", "mpls311", "unproven", "floor")
        plain["0 ms"] = medians(everyone, fast, FOUR_YEARS, options)
        plain[f"{SLOW_MS} ms"] = medians(everyone, slow, FOUR_YEARS, options)
    with servers(options, "--standard-limit", str(STANDARD_LIMIT)) as (fast, slow):
        run("mpls311", fast, FOUR_YEARS, options.concurrency)
        standard = medians(("mpls311", "unproven", "floor"), slow, FOUR_YEARS, options)
    settings = [(latency, options.page_limit, found) for latency, found in plain.items()]
    sequentially = plain[f"{SLOW_MS} ms"]["sequential"]
    settings.append((f"{SLOW_MS} ms", STANDARD_LIMIT, {"sequential": sequentially, **standard}))
    rows: list[Sequence[object]] = [
        ("latency", "rows a page", "reader", "seconds", "faster than sequential", "times the floor",
         "times unproven", "rows per CPU second", "requests", "peak MB")
    ]  # fmt: skip
    for latency, limit, found in settings:
        for reader, result in found.items():
            if reader == "sequential" and limit == STANDARD_LIMIT:
                continue
            read = found["mpls311"]["rows"]
            rows.append(
                (
                    latency,
                    f"{limit:,}",
                    reader,
                    f"{result['seconds']:.2f}",
                    f"{found['sequential']['seconds'] / result['seconds']:.1f}",
                    f"{result['seconds'] / found['floor']['seconds']:.2f}",
                    f"{result['seconds'] / found['unproven']['seconds']:.2f}",
                    f"{read / result['cpu']:,.0f}",
                    f"{result['requests']:.0f}",
                    f"{result['peak_mb']:.0f}",
                )
            )
    table(*rows)


def memory(options: argparse.Namespace) -> None:
    """How much memory one, four and twelve years take."""
    rows: list[Sequence[object]] = [
        ("rows a page", "1 year, MB", "4 years, MB", "12 years, MB", "12 years / 1 year",
         "12 years, rows", "12 years, seconds")
    ]  # fmt: skip
    for limit, more in (
        (options.page_limit, ()),
        (STANDARD_LIMIT, ("--standard-limit", str(STANDARD_LIMIT))),
    ):
        with servers(options, *more) as (fast, _):
            run("floor", fast, ALL_YEARS, options.concurrency)
            one, four, twelve = (
                medians(("mpls311",), fast, years, options)["mpls311"]
                for years in (FOUR_YEARS[:1], FOUR_YEARS, ALL_YEARS)
            )
        peaks = [result["peak_mb"] for result in (one, four, twelve)]
        rows.append(
            (f"{limit:,}", *(f"{peak:.0f}" for peak in peaks), f"{peaks[2] / peaks[0]:.2f}",
             f"{twelve['rows']:,.0f}", f"{twelve['seconds']:.2f}")
        )  # fmt: skip
    table(*rows)


def main() -> None:
    """Measure, and print two tables."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--rows-per-year", type=int, default=80_000)
    parser.add_argument("--page-limit", type=int, default=2_000)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--only", choices=["speed", "memory"])
    options = parser.parse_args()
    if options.only != "memory":
        speed(options)
    if options.only != "speed":
        memory(options)


if __name__ == "__main__":
    main()
