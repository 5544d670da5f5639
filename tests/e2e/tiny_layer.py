"""One feature layer a year over rows that a test writes by hand."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

FIELDS = {
    "OBJECTID": "esriFieldTypeOID",
    "CASEID": "esriFieldTypeDouble",
    "SUBJECTNAME": "esriFieldTypeString",
    "REASONNAME": "esriFieldTypeString",
    "TYPENAME": "esriFieldTypeString",
    "TITLE": "esriFieldTypeString",
    "OPENEDDATETIME": "esriFieldTypeDate",
    "CASESTATUS": "esriFieldTypeSmallInteger",
    "CLOSEDDATETIME": "esriFieldTypeDate",
    "XCOORD": "esriFieldTypeDouble",
    "YCOORD": "esriFieldTypeDouble",
    "LastUpdateDate": "esriFieldTypeDate",
    "IsAccessibilityRelated": "esriFieldTypeString",
}
_RANGE = re.compile(r"OBJECTID >= (\d+) AND OBJECTID <= (\d+)")
_SINCE = re.compile(r"LastUpdateDate >= TIMESTAMP '([^']+)'")


def millis(text: str) -> int:
    """Epoch milliseconds of an ISO instant in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def feature(
    case: int, opened: str, updated: str | None = None, **attributes: Any
) -> dict[str, Any]:
    """A closed pothole; its object id is its case id less a million."""
    return {
        "attributes": {
            "OBJECTID": case - 1_000_000,
            "CASEID": float(case),
            "SUBJECTNAME": "Streets",
            "REASONNAME": "Street Maintenance",
            "TYPENAME": "Pothole",
            "TITLE": "Pothole",
            "OPENEDDATETIME": millis(opened),
            "CASESTATUS": 0,
            "CLOSEDDATETIME": millis(updated or opened) + 3_600_000,
            "XCOORD": -10383934.5879,
            "YCOORD": 5614523.8163,
            "LastUpdateDate": millis(updated or opened),
            "IsAccessibilityRelated": None,
        },
        "geometry": {"x": -93.28047149607914, "y": 44.95553322115808},
    }


class TinyLayers:
    """A server; `layers` maps a year to its features, `edited` a year to its edit date."""

    def __init__(self, **years: list[dict[str, Any]]) -> None:
        self.layers = {int(year.removeprefix("y")): rows for year, rows in years.items()}
        self.edited: dict[int, int | None] = {}
        self.fields = dict(FIELDS)
        self.pages: list[str] = []
        """The where clause of every page asked for."""

    def __enter__(self) -> Self:
        layers = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(layers.answer(self.path)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def services_url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/arcgis/rest/services"

    def answer(self, path: str) -> dict[str, Any]:
        address = urlsplit(path)
        match = re.search(r"Public_311_(\d{4})/FeatureServer/0(/query)?$", address.path)
        if not match or int(match[1]) not in self.layers:
            return {"error": {"code": 400, "message": "Invalid URL", "details": []}}
        year = int(match[1])
        if not match[2]:
            return self._metadata(year)
        asked = {name: values[0] for name, values in parse_qs(address.query).items()}
        rows = self._select(self.layers[year], asked["where"])
        if asked.get("returnCountOnly") == "true":
            return {"count": len(rows)}
        ids = [row["attributes"]["OBJECTID"] for row in rows]
        if asked.get("returnIdsOnly") == "true":
            return {"objectIdFieldName": "OBJECTID", "objectIds": ids}
        self.pages.append(asked["where"])
        return {"fields": self._field_list(), "features": list(reversed(rows))}

    def _metadata(self, year: int) -> dict[str, Any]:
        edited = self.edited.get(year, 1)
        return {
            "name": f"Public_311_{year}",
            "type": "Feature Layer",
            "geometryType": "esriGeometryPoint",
            "objectIdField": "OBJECTID",
            "maxRecordCount": 1000,
            "fields": self._field_list(),
            **({"editingInfo": {"dataLastEditDate": edited}} if edited else {}),
        }

    def _field_list(self) -> list[dict[str, str]]:
        return [{"name": name, "type": kind} for name, kind in self.fields.items()]

    def _select(self, rows: list[dict[str, Any]], where: str) -> list[dict[str, Any]]:
        if since := _SINCE.search(where):
            start = millis(since[1])
            stamps = ("OPENEDDATETIME", "LastUpdateDate")
            rows = [r for r in rows if max(r["attributes"][s] or 0 for s in stamps) >= start]
        if window := _RANGE.search(where):
            low, high = int(window[1]), int(window[2])
            rows = [row for row in rows if low <= row["attributes"]["OBJECTID"] <= high]
        return rows
