"""No byte of the lake is believed unchecked, and whatever is damaged can be made good."""

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner

from mpls311.sandbox import City, FeatureServer, serve
from tests.support.damage import FOLDERS, damage, files_of, flipped
from tests.support.project import Project

FIRST, LAST = date(2025, 1, 10), date(2025, 1, 25)
NOWHERE = "source.services_url=http://127.0.0.1:1/rest/services"


@pytest.fixture(scope="module")
def city() -> Iterator[FeatureServer]:
    with serve(City(rows_per_year=300, as_of=LAST)) as server:
        yield server


@pytest.fixture(scope="module")
def daily(tmp_path_factory: pytest.TempPathFactory, city: FeatureServer) -> Project:
    """A full load of two years, and an increment."""
    project = Project(tmp_path_factory.mktemp("daily") / "project")
    with serve(City(rows_per_year=300, as_of=FIRST)) as before:
        project.ran(f"years=2024+2025,source.services_url={before.services_url}")
    project.ran(f"years=2024+2025,source.services_url={city.services_url}")
    return project


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory, city: FeatureServer) -> Project:
    """One full load."""
    project = Project(tmp_path_factory.mktemp("fresh") / "project")
    project.ran(f"years=2024+2025,source.services_url={city.services_url}")
    return project


def live(project: Project, year: int) -> dict[int, Any]:
    """The live cases of the layer of a year."""
    rows = project.query(
        f"select case_id from mpls_311_production.fact_311data where source_year = {year}"
    )
    cases = {case for (case,) in rows}
    return {case: row for case, row in project.fact(live=True).items() if case in cases}


def check(project: Project, *options: str) -> tuple[int, list[str]]:
    """The exit code and the lines of `kedro check`."""
    from kedro.framework.startup import bootstrap_project

    before = Path.cwd()
    os.chdir(project.folder)
    try:
        bootstrap_project(project.folder)
        from mpls311.cli import cli

        result = CliRunner().invoke(cli, ["check", *options])
    finally:
        os.chdir(before)
    assert not result.exception or isinstance(result.exception, SystemExit), result.output
    return result.exit_code, result.output.splitlines()


def catalog_of(project: Project) -> Any:
    from kedro.framework.session import KedroSession
    from kedro.framework.startup import bootstrap_project

    bootstrap_project(project.folder)
    with KedroSession.create(project.folder) as session:
        return session.load_context().catalog


def test_what_is_whole_is_well(daily: Project) -> None:
    files = daily.files()

    assert check(daily)[0] == 0
    assert check(daily, "--fast")[1][-1].endswith("all is well.")
    assert daily.files() == files


def test_every_flipped_bit_is_noticed_by_a_check_and_none_is_rebuilt_from(
    daily: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mpls311.inspection import checked
    from mpls311.pipelines.rebuild.choosing import choose

    project = daily.copy(tmp_path / "flipped")
    monkeypatch.chdir(project.folder)
    catalog = catalog_of(project)
    files = [path for what in FOLDERS for path in files_of(project, what)]
    chance = Random(311)
    for number in range(200):
        path = chance.choice(files)
        with flipped(path, chance) as bit:
            report = checked(catalog, checksums=True)
            assert report.findings, f"{path}, bit {bit}"
            if number % 5 == 0 and path.suffix == ".parquet" and "primary" in str(path):
                chosen = choose(catalog.load("load_history"), catalog.load("service_requests"))
                load_id = path.name[:23]
                assert load_id not in {load.load_id for load in chosen.loads}
    assert checked(catalog, checksums=True).findings == []


@pytest.mark.parametrize(
    ("what", "kind", "said"),
    [
        ("validated", "flipped", "the checksum of its content is another one"),
        ("manifest", "missing", "it is not there"),
    ],
)
def test_a_full_read_stands_for_what_is_damaged(
    daily: Project,
    fresh: Project,
    city: FeatureServer,
    tmp_path: Path,
    what: str,
    kind: str,
    said: str,
) -> None:
    project = daily.copy(tmp_path / "damaged")
    first, *others = [path for path in files_of(project, what) if "/2024/" in str(path)]
    damage(first, kind, others[-1])
    code, lines = check(project)
    cure = "kedro run --params years=2024,mode=full"
    assert code == 1
    assert [line for line in lines if said in line and line.endswith(f"Type: {cure}")]

    (project.folder / "data/warehouse/mpls_311.duckdb").unlink()
    sentence = project.run(NOWHERE, pipeline="rebuild").sentence
    assert sentence.startswith("The warehouse is rebuilt, but rows of 2024 are missing")
    assert sentence.endswith(cure)

    output = project.ran(f"years=2024,mode=full,source.services_url={city.services_url}")
    assert "unknown" in output
    assert live(project, 2024) == live(fresh, 2024)
    code, lines = check(project)
    assert (code, [line for line in lines if line.startswith("Healed")] != []) == (0, True), lines
    project.ran(NOWHERE, pipeline="rebuild")
    assert live(project, 2024) == live(fresh, 2024)


def test_a_pending_load_that_is_damaged_is_read_anew(
    daily: Project, fresh: Project, city: FeatureServer, tmp_path: Path
) -> None:
    project = daily.copy(tmp_path / "pending")
    params = f"years=2025,mode=full,source.services_url={city.services_url}"
    project.ran(params, pipeline="ingest")
    raw = files_of(project, "raw")[-1]
    damage(raw, "cut", raw)
    assert f"{raw.name} is not what its manifest says" in project.run(pipeline="validate").sentence

    assert "2025 is read anew" in " ".join(project.ran(params).split())
    assert live(project, 2025) == live(fresh, 2025)
