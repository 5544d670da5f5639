"""The stand-in city in a process of its own, with page limits and latencies as given.

Each answer is rendered once and then kept, so that the readers are measured and not the server.
The same city listens on one port for each latency; the addresses are printed, one a line.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from threading import Event

import numpy as np

from mpls311.sandbox import City, Layer, SandboxServer
from mpls311.sandbox.layer import RecordLimits
from mpls311.sandbox.table import Table

AS_OF = date(2026, 11, 20)


class EvenCity(City):
    """Exactly as many rows, under the same record limits, every year."""

    def __init__(self, rows: int, limits: RecordLimits) -> None:
        super().__init__(rows_per_year=round(rows * 1.2), as_of=AS_OF)  # no year falls short
        self._first = np.arange(rows)
        self._limits = limits
        self._even: dict[int, Layer] = {}

    def layer(self, year: int) -> Layer:
        """Return the first rows of a year."""
        if year not in self._even:
            layer = super().layer(year)
            columns = tuple(column.take(self._first) for column in layer.table)
            table = Table(columns, layer.table.geometry.take(self._first))
            self._even[year] = replace(layer, table=table, limits=self._limits)
        return self._even[year]


class RememberingServer(SandboxServer):
    """Renders each answer once; `known` can be shared."""

    def __init__(
        self, city: City, latency_ms: float, known: dict[str, tuple[str, bytes, bool]]
    ) -> None:
        super().__init__(city, host="127.0.0.1", port=0, latency_ms=latency_ms)
        self._known = known

    def _reply(
        self, path: str, parameters: Mapping[str, str], *, compress: bool
    ) -> tuple[str, bytes, bool]:
        question = repr((path, sorted(parameters.items()), compress))
        if question not in self._known:
            self._known[question] = super()._reply(path, parameters, compress=compress)
        return self._known[question]


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(prog="python -m bench.server", description=__doc__)
    parser.add_argument("--rows-per-year", type=int, default=80_000)
    parser.add_argument("--page-limit", type=int, default=2_000)
    parser.add_argument("--standard-limit", type=int, default=0, help="for resultType=standard")
    parser.add_argument("--latency-ms", type=float, nargs="+", default=[0.0])
    options = parser.parse_args()
    limits = RecordLimits(
        options.page_limit,
        options.standard_limit or options.page_limit,
        supports_result_type=options.standard_limit > 0,
    )
    city = EvenCity(options.rows_per_year, limits)
    known: dict[str, tuple[str, bytes, bool]] = {}
    for latency in options.latency_ms:
        server = RememberingServer(city, latency, known).start()
        sys.stdout.write(f"{server.services_url}\n")
    sys.stdout.flush()
    Event().wait()


if __name__ == "__main__":
    main()
