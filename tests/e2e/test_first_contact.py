"""The first look at a source: every layer held against what is assumed of it."""

from collections import Counter
from typing import Any

import pytest
import yaml

from mpls311.sandbox.protocol import (
    Answer,
    Handler,
    Request,
    RowLayer,
    editing,
    error,
    field,
    serve,
)
from tests.support.project import Project
from tests.support.tiny_layer import FIELDS, feature


def configured(project: Project, **source: Any) -> list[str]:
    """A command for an environment whose source is this one."""
    folder = project.folder / "conf" / "odd"
    folder.mkdir()
    (folder / "globals.yml").write_text((project.folder / "conf/demo/globals.yml").read_text())
    (folder / "parameters.yml").write_text(yaml.safe_dump({"source": source}))
    return ["first-contact", "--env", "odd"]


def layer_of(year: int, **members: Any) -> RowLayer:
    rows = [feature(1_000_000 + n, f"{year}-03-{n:02d}T12:00") for n in range(1, 13)]
    layer = RowLayer(f"Public_311_{year}", rows, FIELDS, maxRecordCount=1_000, **members)
    layer.edited(1_700_000_000_000)
    return layer


def test_the_stand_in_city_is_what_is_assumed(project: Project) -> None:
    sandbox = {"sandbox": {"rows_per_year": 300, "as_of": "2016-06-01"}}
    with (project.folder / "conf/demo/parameters.yml").open("a") as file:
        yaml.safe_dump(sandbox, file)

    outcome = project.kedro("first-contact", "--env", "demo")

    assert outcome.exit_code == 0, outcome.output
    assert "# First contact with stand-in-city" in outcome.output
    assert "4 of 4 layers" in outcome.output
    assert "## Troubles\n\nNone.\n" in outcome.output
    assert "| CASEID | BigInteger | case_id | 2015-2016 |" in outcome.output
    assert not (project.folder / "data").exists()


@pytest.fixture
def odd_layers() -> dict[str, RowLayer]:
    """2015 small, 2018 not there, an oddity in each of the others."""
    layers = {year: layer_of(year) for year in (2015, 2016, 2017, 2019)}
    layers[2016].metadata["fields"] = [
        *(each for each in layers[2016].metadata["fields"] if each["name"] != "TITLE"),
        field("Ward|", "esriFieldTypeString"),
    ]
    for row in layers[2016].rows:
        row["attributes"] |= {"Ward|": "7"}
    layers[2017].metadata["extent"] = {"spatialReference": {"wkid": 26915}}
    del layers[2017].metadata["editingInfo"]
    layers[2015].rows = layers[2015].rows[:4]
    borders = RowLayer("Minneapolis_Neighborhoods", [feature(1_000_001, "2020-01-01")], FIELDS)
    return {layer.name: layer for layer in [*layers.values(), borders]}


def test_every_oddity_is_told_in_a_sentence(
    project: Project, odd_layers: dict[str, RowLayer]
) -> None:
    under_way: Counter[str] = Counter()

    async def counted(request: Request, handler: Handler) -> Answer:
        under_way["now"] += 1
        under_way["most"] = max(under_way["most"], under_way["now"])
        try:
            return await handler(request)
        finally:
            under_way["now"] -= 1

    async def of_2017(request: Request, handler: Handler) -> Answer:
        is_odd = "2017" in request.path
        refused = request.kind == "ids" or "TIMESTAMP" in request.parameters.get("where", "")
        return error(400, "no such thing") if is_odd and refused else await handler(request)

    async def of_2019(request: Request, handler: Handler) -> Answer:
        odd = editing("page", lambda page: page.update(spatialReference={"wkid": 26915}))
        return await (odd(request, handler) if "2019" in request.path else handler(request))

    with serve(odd_layers, faults=[counted, of_2017, of_2019]) as server:
        command = configured(
            project, id="odd", services_url=server.services_url, today="2019-06-01", concurrency=2
        )
        outcome = project.kedro(*command)
        requests = server.requests.total()

    assert outcome.exit_code == 1
    report = outcome.output[outcome.output.index("# First") :]
    troubles = report[report.index("## Troubles") : report.index("## Good to know")]
    known = report[report.index("## Good to know") : report.index("## Layers")]
    for part in (
        "- 2016: The layer no longer has the column TITLE.",
        "- 2017: it refuses conditions on dates",
        "- 2018, wards: no such layer is published",
        "- 2019: answers with wkid 26915 where degrees were asked for",
        "- neighborhoods: The neighborhood layer has no ",
    ):
        assert part in troubles
    assert troubles.count("\n- ") == 5
    for part in (
        "- 2017, neighborhoods: it keeps no edit date",
        "- 2017: it is kept in wkid 26915",
        "- 2017: it is read by ranges",
        "- 2015: it has less than half of the 12 rows of other years",
    ):
        assert part in known
    assert "| 2018 | not seen |" in report
    assert "| TITLE | String | title | 2015, 2017, 2019 |" in report
    assert r"| Ward\| | String | extras | 2016 |" in report
    assert under_way["most"] <= 2
    assert requests <= 6 * 6 * 2  # layers, questions, and again if refused


def test_a_service_that_cannot_be_reached_is_one_sentence(project: Project) -> None:
    command = configured(project, id="odd", services_url="http://127.0.0.1:1/rest/services")

    assert "cannot be reached" in project.kedro(*command).sentence
