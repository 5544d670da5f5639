"""One feature layer a year over rows that a test writes by hand."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from mpls311.sandbox.protocol import (
    Answer,
    EsriType,
    Fault,
    Feature,
    Handler,
    Request,
    RowLayer,
    field,
    serve,
)
from mpls311.sandbox.protocol import feature as made

FIELDS = {
    "OBJECTID": EsriType.OID,
    "CASEID": EsriType.DOUBLE,
    "SUBJECTNAME": EsriType.STRING,
    "REASONNAME": EsriType.STRING,
    "TYPENAME": EsriType.STRING,
    "TITLE": EsriType.STRING,
    "OPENEDDATETIME": EsriType.DATE,
    "CASESTATUS": EsriType.SMALL_INTEGER,
    "CLOSEDDATETIME": EsriType.DATE,
    "XCOORD": EsriType.DOUBLE,
    "YCOORD": EsriType.DOUBLE,
    "LastUpdateDate": EsriType.DATE,
    "IsAccessibilityRelated": EsriType.STRING,
}


def millis(text: str) -> int:
    """Epoch milliseconds of an ISO instant in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def feature(case: int, opened: str, updated: str | None = None) -> Feature:
    """A closed pothole; its object id is its case id less a million."""
    return made(
        {"x": -93.28047149607914, "y": 44.95553322115808},
        OBJECTID=case - 1_000_000,
        CASEID=float(case),
        SUBJECTNAME="Streets",
        REASONNAME="Street Maintenance",
        TYPENAME="Pothole",
        TITLE="Pothole",
        OPENEDDATETIME=millis(opened),
        CASESTATUS=0,
        CLOSEDDATETIME=millis(updated or opened) + 3_600_000,
        XCOORD=-10383934.5879,
        YCOORD=5614523.8163,
        LastUpdateDate=millis(updated or opened),
        IsAccessibilityRelated=None,
    )


class TinyLayers(Mapping[str, RowLayer]):
    """A server over a layer for each year.

    Attributes:
        layers: The features of each year.
        edited: Its edit date, where it is not 1.
        answers: What is answered to everything about it, where that is not the truth.
        fields: The fields of all of them.
        fields_of: Those of a year that differs.
        pages: The where clause of every page asked for.

    """

    def __init__(self, *faults: Fault, **years: list[Feature]) -> None:
        self.layers = {int(year.removeprefix("y")): rows for year, rows in years.items()}
        self.edited: dict[int, int | None] = {}
        self.answers: dict[int, Answer] = {}
        self.fields: dict[str, str] = dict(FIELDS)
        self.fields_of: dict[int, dict[str, str]] = {}
        self.domains: dict[str, dict[Any, str]] = {}
        """Names by code, by field."""
        self.pages: list[str] = []
        self._server = serve(self, faults=[*faults, self._noted])

    def __iter__(self) -> Iterator[str]:
        return iter(f"Public_311_{year}" for year in self.layers)

    def __len__(self) -> int:
        return len(self.layers)

    def __getitem__(self, name: str) -> RowLayer:
        year = int(name.removeprefix("Public_311_"))
        fields = [
            field(column, kind, domain=_domain(self.domains.get(column)))
            for column, kind in self.fields_of.get(year, self.fields).items()
        ]
        layer = RowLayer(name, self.layers[year], fields, maxRecordCount=1_000)
        if edited := self.edited.get(year, 1):
            layer.edited(edited)
        return layer

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.stop()

    @property
    def services_url(self) -> str:
        return self._server.services_url

    async def _noted(self, request: Request, handler: Handler) -> Answer:
        if request.kind == "page":
            self.pages.append(request.parameters["where"])
        for year, answer in self.answers.items():
            if f"_{year}/" in request.path:
                return answer
        return await handler(request)


def _domain(names: Mapping[Any, str] | None) -> dict[str, Any] | None:
    if names is None:
        return None
    values = [{"code": code, "name": name} for code, name in names.items()]
    return {"type": "codedValue", "name": "names", "codedValues": values}
