"""No byte of the lake is believed unchecked, damage can be made good, the past be told again."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from mpls311.errors import StorageError
from mpls311.lake import LakeFiles, without_cases
from mpls311.loads import Ingested, manifest_document, parse_manifest
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
def first(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A full load of two years."""
    project = Project(tmp_path_factory.mktemp("first") / "project", models_only=True)
    with serve(City(rows_per_year=300, as_of=FIRST)) as before:
        project.ran(f"years=2024+2025,source.services_url={before.services_url}")
    return project


@pytest.fixture(scope="module")
def daily(first: Project, tmp_path_factory: pytest.TempPathFactory, city: FeatureServer) -> Project:
    """The same, and an increment."""
    project = first.copy(tmp_path_factory.mktemp("daily") / "project")
    project.ran(f"years=2024+2025,source.services_url={city.services_url}")
    return project


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory, city: FeatureServer) -> Project:
    """One full load."""
    project = Project(tmp_path_factory.mktemp("fresh") / "project", models_only=True)
    project.ran(f"years=2024+2025,source.services_url={city.services_url}")
    return project


def live(project: Project, year: int) -> dict[int, Any]:
    """The live cases of the layer of a year."""
    rows = project.query(
        f"select case_id from mpls_311_production.fact_311data where source_year = {year}"
    )
    cases = {case for (case,) in rows}
    return {case: row for case, row in project.fact(live=True).items() if case in cases}


def catalog_of(project: Project) -> Any:
    from kedro.framework.session import KedroSession
    from kedro.framework.startup import bootstrap_project

    bootstrap_project(project.folder)
    with KedroSession.create(project.folder) as session:
        return session.load_context().catalog


def test_what_is_whole_is_well(daily: Project) -> None:
    files = daily.files()

    assert daily.kedro("check").exit_code == 0
    assert "all is well." in daily.kedro("check", "--fast").output
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
    for number in range(50):
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
    found = project.kedro("check")
    cure = "kedro run --params years=2024,mode=full"
    assert found.exit_code == 1
    assert [
        line
        for line in found.output.splitlines()
        if said in line and line.endswith(f"Type: {cure}")
    ]

    (project.folder / "data/warehouse/mpls_311.duckdb").unlink()
    sentence = project.run(NOWHERE, pipeline="rebuild").sentence
    assert sentence.startswith("The warehouse is rebuilt, but rows of 2024 are missing")
    assert sentence.endswith(cure)

    output = project.ran(f"years=2024,mode=full,source.services_url={city.services_url}")
    assert "unknown" in output
    assert live(project, 2024) == live(fresh, 2024)
    found = project.kedro("check")
    assert found.exit_code == 0, found.output
    assert "Healed, as a full read stands for it" in found.output
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
    told = "".join(project.run(pipeline="validate").output.split())
    assert f"{raw.name}isnotwhatitsmanifestsays" in told

    assert "2025 is read anew" in " ".join(project.ran(params).split())
    assert live(project, 2025) == live(fresh, 2025)


def test_a_purged_case_is_nowhere_again(
    first: Project, city: FeatureServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = first.copy(tmp_path / "purged")
    [(case,)] = project.query(
        "select case_id from mpls_311_production.int_requests_by_layer where deleted_at is null "
        "group by case_id having count(*) > 1 order by case_id limit 1"
    )
    purge = f"purge.cases={case},{NOWHERE}"
    before = project.fact()

    def cut_off(self: LakeFiles, name: str) -> None:
        raise StorageError(f"{name} cannot be deleted.")

    with monkeypatch.context() as patch:
        patch.setattr(LakeFiles, "remove", cut_off)
        assert "cannot be deleted" in project.run(purge, pipeline="purge").sentence
    assert held_by(project, case)
    project.ran(purge, pipeline="purge")
    assert held_by(project, case) == []
    after = project.fact()
    assert before.keys() - after.keys() == {case}
    assert {key: row for key, row in before.items() if key != case} == after
    assert project.kedro("check").exit_code == 0

    # The city serves it still.
    for mode in ("incremental", "full"):
        params = f"years=2024+2025,mode={mode},source.services_url={city.services_url}"
        assert project.ran(params, pipeline="ingest").count(f"{mode} read") == 2
        project.ran(pipeline="validate")
        assert held_by(project, case) == []
    assert project.kedro("check", "--fast").exit_code == 0
    assert "has a row of 7: nothing" in project.run("purge.cases=7", pipeline="purge").sentence


def held_by(project: Project, case: int) -> list[Path]:
    """The files of the lake with a row of a case."""
    files = [path for what in FOLDERS for path in files_of(project, what)]
    spare = project.folder / "spare.parquet"
    return [
        path for path in files if path.suffix == ".parquet" and without_cases(path, spare, {case})
    ]


def test_raw_files_that_nothing_reads_again_can_be_deleted(daily: Project, tmp_path: Path) -> None:
    project = daily.copy(tmp_path / "pruned")
    kept = files_of(project, "raw")
    assert "0 raw files" in project.ran(pipeline="prune")
    long_ago(project)

    listed = project.ran(pipeline="prune")
    assert "4 raw files" in listed
    assert "prune.delete=true" in listed
    assert len(files_of(project, "raw")) == len(kept) == 4
    assert "Deleted." in project.ran("prune.delete=true", pipeline="prune")
    assert files_of(project, "raw") == []
    assert "0 raw files" in project.ran("prune.delete=true", pipeline="prune")
    assert project.kedro("check").exit_code == 0


def long_ago(project: Project) -> None:
    """Let every load have begun two years before it did."""
    for path in files_of(project, "manifest"):
        if path.name.endswith(".ingest.json"):
            ingested = parse_manifest(path.read_bytes())
            assert isinstance(ingested, Ingested)
            began = ingested.job_start - timedelta(days=730)
            path.write_bytes(manifest_document(ingested.model_copy(update={"job_start": began})))


def loads_of(project: Project, year: int) -> list[str]:
    """Published loads of a year, oldest first."""
    rows = project.query(
        f"select load_id from mpls_311_staging.track_load where year = {year} "
        "and status = 'published' order by load_id"
    )
    return [load_id for (load_id,) in rows]


def layer(project: Project, year: int, schema: str = "mpls_311_production") -> list[Any]:
    """All that is known of a layer."""
    columns = "* exclude (loaded_at)"
    table = f"{schema}.int_requests_by_layer"
    return project.query(f"select {columns} from {table} where source_year = {year} order by all")


def test_the_marts_of_an_earlier_load_are_built_beside_those_that_count(
    first: Project, daily: Project, tmp_path: Path
) -> None:
    project = daily.copy(tmp_path / "until")
    before = (project.files(), project.fact(), project.tracked())
    [load_id] = loads_of(first, 2024)

    project.ran(f"rebuild.until={load_id},{NOWHERE}", pipeline="rebuild")

    for year in (2024, 2025):
        assert layer(project, year, "mpls_311_development") == layer(first, year)
        assert layer(first, year) != layer(daily, year)
    assert (project.files(), project.fact(), project.tracked()) == before
    assert project.kedro("check").exit_code == 0
    sentence = project.run(f"rebuild.until={load_id[:-1]}3", pipeline="rebuild").sentence
    assert "no load of that id is published" in sentence


def test_a_load_can_be_withdrawn_and_its_year_is_read_again(
    first: Project, daily: Project, fresh: Project, city: FeatureServer, tmp_path: Path
) -> None:
    project = daily.copy(tmp_path / "without")
    _, second = loads_of(project, 2024)

    project.ran(f"rebuild.without={second},{NOWHERE}", pipeline="rebuild")
    assert layer(project, 2024) == layer(first, 2024)
    assert layer(project, 2025) == layer(daily, 2025)
    assert second not in loads_of(project, 2024)
    assert project.kedro("check").exit_code == 0

    output = project.ran(f"years=2024,source.services_url={city.services_url}")
    assert "a load was withdrawn" in " ".join(output.split())
    assert live(project, 2024) == live(fresh, 2024)
    assert project.kedro("check").exit_code == 0
