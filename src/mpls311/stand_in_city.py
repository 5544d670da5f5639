"""The stand-in city, served where a configuration names no service."""

import logging
from typing import TYPE_CHECKING, Any

from yarl import URL

from mpls311.parameters import SandboxSettings
from mpls311.years import city_today

if TYPE_CHECKING:
    from mpls311.sandbox.protocol import FeatureServer

log = logging.getLogger(__name__)


def serve_stand_in_city(settings: SandboxSettings) -> tuple["FeatureServer", dict[str, Any]]:
    """Start it.

    Returns:
        The server, and what source settings must say to read from it.
    """
    from mpls311.sandbox import serve  # takes a while, and real runs need none

    today = settings.as_of or city_today()
    server = serve(settings.city(today), latency_ms=settings.latency_ms).start()
    log.info("The stand-in city of %s is at %s.", today, URL(server.services_url).origin())
    return server, {"services_url": server.services_url, "today": today}
