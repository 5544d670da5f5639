"""Serve the stand-in city alone: `python -m mpls311.sandbox`."""

import argparse
import signal
import sys
from datetime import date
from threading import Event

from mpls311.sandbox import City, serve
from mpls311.sandbox.city.tempers import STEADY, TEMPERS


def main(arguments: list[str] | None = None) -> None:
    """Serve until interrupted or terminated."""
    parser = argparse.ArgumentParser(prog="python -m mpls311.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--rows-per-year", type=int, default=80_000)
    parser.add_argument("--as-of", type=date.fromisoformat, help="YYYY-MM-DD; today by default")
    parser.add_argument("--seed", type=int, default=311)
    parser.add_argument("--temper", default=STEADY, help=" or ".join(TEMPERS))
    parser.add_argument("--changes", default="", help="as 'Pothole x1.3 from 2025-03-01'")
    parser.add_argument("--latency-ms", type=float, default=0, help="added to every answer")
    options = parser.parse_args(arguments)
    try:
        city = City(
            options.seed, options.rows_per_year, options.as_of, options.temper, options.changes
        )
        server = serve(city, port=options.port, latency_ms=options.latency_ms).start()
    except (ValueError, OSError) as error:
        parser.error(str(error))
    # A program that a shell started in the background is made to ignore interrupts.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        sys.stdout.write(f"{server.services_url}\n")
        sys.stdout.flush()
        Event().wait()
    except KeyboardInterrupt:
        server.stop()


if __name__ == "__main__":
    main()
