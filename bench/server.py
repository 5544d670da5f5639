"""The stand-in city in a process of its own, with page limits and latencies as given.

Each answer is rendered once and then kept, so that the readers are measured and not the server.
The same city listens on one port for each latency; the addresses are printed, one a line.
"""

import argparse
import sys
from datetime import date
from threading import Event

import numpy as np

from mpls311.sandbox import City, serve
from mpls311.sandbox.city.layers import RecordLimits, layer_of
from mpls311.sandbox.protocol import Answer, Handler, Request, Table, TableLayer

AS_OF = date(2026, 11, 20)


class EvenCity(City):
    """Exactly as many rows, under the same record limits, every year."""

    def __init__(self, rows: int, limits: RecordLimits) -> None:
        super().__init__(rows_per_year=round(rows * 1.2), as_of=AS_OF)  # no year falls short
        self._first = np.arange(rows)
        self._limits = limits
        self._even: dict[int, TableLayer] = {}

    def layer(self, year: int) -> TableLayer:
        """Return the first rows of a year."""
        if year not in self._even:
            whole = super().layer(year)
            columns = tuple(column.take(self._first) for column in whole.table)
            table = Table(columns, whole.table.geometry.take(self._first))
            edited = whole.metadata["editingInfo"]["dataLastEditDate"]
            self._even[year] = layer_of(whole.name, table, edited, self._limits)
        return self._even[year]


class Memory:
    """Renders and packs each answer once."""

    def __init__(self) -> None:
        self._known: dict[str, Answer] = {}

    async def __call__(self, request: Request, handler: Handler) -> Answer:
        """Answer from memory, or let the server answer."""
        question = repr((request.path, sorted(request.parameters.items()), request.accepts_gzip))
        if question not in self._known:
            answer = await handler(request)
            self._known[question] = answer.packed() if request.accepts_gzip else answer
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
    city, memory = EvenCity(options.rows_per_year, limits), Memory()
    for latency in options.latency_ms:
        server = serve(city, faults=[memory], latency_ms=latency).start()
        sys.stdout.write(f"{server.services_url}\n")
    sys.stdout.flush()
    Event().wait()


if __name__ == "__main__":
    main()
