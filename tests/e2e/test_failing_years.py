"""A year that fails stops alone, is told of, and is read when it can be."""

import json

from mpls311.sandbox.protocol import Feature, error
from tests.support.project import Project
from tests.support.tiny_layer import FIELDS, TinyLayers, feature

YEARS = range(2015, 2027)
PRIVATE, DRIFTED, TORN, GONE = 2016, 2019, 2024, 2017
FAILING = (PRIVATE, DRIFTED, TORN)
WHY = {
    PRIVATE: "Public_311_2016/FeatureServer/0 answers with error 499, 'Token Required'",
    DRIFTED: "Public_311_2019 no longer has the column CASESTATUS",
    TORN: "300 features, none of which has OPENEDDATETIME",
}


def rows_of(year: int) -> list[Feature]:
    first = 1_000_000 + 1_000 * (year - YEARS[0])
    return [feature(first + n, f"{year}-03-01T12:00") for n in range(300)]


def told(output: str) -> list[str]:
    """The sentences in an output that are about a year."""
    starts = tuple(f"{year} {word} " for year in YEARS for word in ("as of", "is not"))
    return [line for line in output.splitlines() if line.startswith(starts)]


def published(project: Project) -> list[int]:
    return [year for year, _ in project.watermarks()]


def not_read(project: Project) -> list[str]:
    return [name for name in project.files() if name.endswith(".not_read.json")]


def test_of_twelve_years_three_fail_alone(project: Project) -> None:
    layers = TinyLayers(**{f"y{year}": rows_of(year) for year in YEARS})
    layers.answers[PRIVATE] = error(499, "Token Required")
    layers.fields_of[DRIFTED] = {
        name: kind for name, kind in FIELDS.items() if name != "CASESTATUS"
    }
    for row in layers.layers[TORN]:
        del row["attributes"]["OPENEDDATETIME"]
    with layers:
        params = f"years=2015-2026,source.services_url={layers.services_url}"

        for phase, code in {"ingest": 3, "validate": 0, "stage": 0, "transform": 0}.items():
            outcome = project.run(params, pipeline=phase)
            assert outcome.exit_code == code
            for year, line in zip(FAILING, told(outcome.output), strict=True):
                assert line.startswith(f"{year} is not in the marts; it could not be read: ")
                assert WHY[year] in line
        assert published(project) == [year for year in YEARS if year not in FAILING]
        recorded = not_read(project)
        assert len(recorded) == 3

        again = project.run(params)
        assert again.exit_code == 3
        assert again.output.splitlines()[-3:] == told(again.output)
        assert all(f"{year}  unchanged" in again.output for year in published(project))
        assert not_read(project) == recorded

        layers.answers.clear()
        layers.fields_of.clear()
        layers.layers[TORN] = rows_of(TORN)
        layers.pages.clear()
        assert told(project.ran(params)) == []
        assert len(layers.pages) == 3
        assert published(project) == list(YEARS)
        assert len(project.fact(live=True)) == 12 * 300

        del layers.layers[GONE]
        gone = project.run(f"years=all,source.services_url={layers.services_url}")
    assert gone.exit_code == 3
    [line] = told(gone.output)
    assert line.startswith("2017 as of 2017-03-01; it could not be read: ")
    assert "no such layer is published there" in line
    assert told(project.status()) == [line]
    page = (project.folder / "data/08_reporting/dashboard.html").read_text()
    assert json.dumps(line) in page
    assert (GONE, "incremental", "not_read") in project.tracked()
