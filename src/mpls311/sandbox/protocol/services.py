"""The addresses of a server: the listing, services, layers, and the query operation."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace

from mpls311.sandbox.protocol import metadata
from mpls311.sandbox.protocol.exchange import Answer, Request, error
from mpls311.sandbox.protocol.layer import Layer
from mpls311.sandbox.protocol.query import InvalidQueryError, answer

ROOT = "/arcgis/rest/services"
_LAYER = re.compile(r"(.+/(?:Feature|Map)Server)/(\d+)", re.IGNORECASE)
_INVALID_URL = error(400, "Invalid URL", "Invalid URL")
_INVALID_QUERY = "Cannot perform query. Invalid query parameters."


class Services:
    """Answers for layers, as a hosted server does.

    Args:
        layers: By address: `Requests` is short for `Requests/FeatureServer/0`. What the mapping
            holds may change at any time, and may be made when it is asked for.

    """

    def __init__(self, layers: Mapping[str, Layer]) -> None:
        self.layers = layers

    def answer(self, request: Request) -> Answer:
        """Answer a request; what cannot be answered is an error object."""
        path = request.path.rstrip("/")
        if not path.casefold().startswith(ROOT):
            return _INVALID_URL
        output = request.parameters.get("f", "html").casefold()
        if output not in ("json", "pjson"):
            return error(400, "Output format not supported.")
        found = self._found(path[len(ROOT) :].removeprefix("/"), request.parameters)
        if output == "pjson":
            return replace(found, body=json.dumps(found.reply, indent=1).encode())
        return found

    def _found(self, path: str, parameters: Mapping[str, str]) -> Answer:
        places = {place_of(address): address for address in self.layers}
        if not path:
            return Answer.of(metadata.services(service for service, _ in places))
        wanted = path.casefold().removesuffix("/query")
        for (service, number), address in places.items():
            if wanted == f"{service}/{number}".casefold():
                layer = self.layers[address]
                if wanted == path.casefold():
                    return Answer.of(layer.metadata)
                try:
                    return Answer(answer(layer, parameters))
                except InvalidQueryError as invalid:
                    return error(400, _INVALID_QUERY, str(invalid))
        numbers = {
            number: self.layers[address]
            for (service, number), address in places.items()
            if service.casefold() == path.casefold()
        }
        if not numbers:
            return _INVALID_URL
        described = {number: layer.metadata for number, layer in numbers.items()}
        return Answer.of(metadata.service(described, **next(iter(numbers.values())).service))


def place_of(address: str) -> tuple[str, int]:
    """Service and number of a layer."""
    whole = _LAYER.fullmatch(address)
    return (whole[1], int(whole[2])) if whole else (f"{address}/FeatureServer", 0)
