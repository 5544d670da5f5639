"""What is said while a service is asked again: a line for each host, and how long it may go on."""

import logging
from time import monotonic
from urllib.parse import urlsplit

from stamina.instrumentation import RetryDetails

from mpls311.arcgis import ArcGISError, ClientSettings

log = logging.getLogger(__name__)

_PAUSE = 8.0
"""Seconds of a wait that is worth another line."""
_FORGOTTEN = 120.0
"""Seconds after which trouble of a host is told anew."""


class RetriesTold:
    """Called by stamina at each retry of each request; many fail for one reason."""

    def __init__(self, settings: ClientSettings | None = None) -> None:
        self._settings = settings or ClientSettings()
        self._told: dict[str, tuple[int, float]] = {}

    def __call__(self, details: RetryDetails) -> None:
        """Say the first of a host's, and the long ones, once for all requests."""
        cause, number = details.caused_by, details.retry_num
        host = urlsplit(cause.url).netloc if isinstance(cause, ArcGISError) else details.name
        highest, said_at = self._told.get(host, (0, 0.0))
        if monotonic() - said_at > _FORGOTTEN:
            highest = 0
        if number <= highest or (highest and details.wait_for < _PAUSE):
            return
        self._told[host] = number, monotonic()
        what = cause.what if isinstance(cause, ArcGISError) else str(cause)
        left = self._settings.longest_wait(number)
        log.info("%s %s; asking again for up to %.0f s.", host, what.partition(": ")[0], left)
