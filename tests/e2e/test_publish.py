"""The city in public: a first day, a day without news, and what is told of a year that is held."""

import json
import tarfile
from datetime import date
from pathlib import Path

import pytest

from mpls311.errors import UserError
from mpls311.sandbox import City, serve
from publish import github
from publish.findings import QUESTIONS
from publish.job import Folder, Kedro, run
from tests.support.project import ROOT, Project
from tests.support.stand_in_gh import stand_in_github


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    environment = stand_in_github(tmp_path)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Path(environment["STAND_IN_GITHUB"])


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "publication")


def test_a_site_is_made_of_news_and_left_alone_without(
    tmp_path: Path,
    folder: Folder,
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with serve(City(rows_per_year=500, as_of=date(2025, 7, 1))) as server:

        def day(name: str) -> str:
            """What a day says, on a machine of its own as those of GitHub are."""
            project = Project(tmp_path / name)
            monkeypatch.chdir(project.folder)
            params = f"years=2024+2025,source.services_url={server.services_url}"
            github.fetch(folder)
            assert run(folder, typed_in(project), "demo", params) == 0
            github.hand_over(folder)
            return capsys.readouterr().out

        said = day("first")
        assert "No lake was kept" in said
        assert "Published 2024, 2025" in said
        assert_site(folder.site)
        findings = (folder.site / "findings.md").read_text("utf-8")
        assert (repository / "docs/findings.md").read_text("utf-8") == findings
        (lake,) = (repository / "releases/lake").iterdir()

        said = day("second")
        assert "every file of it is what was written" in said
        assert "Nothing was published" in said
        assert not folder.site.exists()
        assert [*(repository / "releases/lake").iterdir()] == [lake]


def typed_in(project: Project) -> Kedro:
    return lambda *words: project.kedro(*words).exit_code


def assert_site(site: Path) -> None:
    assert 'lang="en"' in (site / "index.html").read_text("utf-8")
    assert "dbt Docs" in (site / "models/index.html").read_text("utf-8")
    status = json.loads((site / "status.json").read_text("utf-8"))
    assert (status["verdict"], status["published"], status["made_up"]) == (
        "well",
        [2024, 2025],
        True,
    )
    counted = {year["year"]: year["requests"] for year in status["years"]}
    assert status["requests"] == sum(counted.values()) > 500
    assert [*counted] == [2024, 2025]
    listing = (site / "data/index.html").read_text("utf-8")
    package = json.loads((site / "data/datapackage.json").read_text("utf-8"))
    assert all(f'href="{each["path"]}"' in listing for each in package["resources"])


def test_a_stopped_year_has_one_issue_with_its_sentence(folder: Folder, repository: Path) -> None:
    def told(**stopped: str) -> list[tuple[str, str, str]]:
        folder.path.mkdir(exist_ok=True)
        sentences = {year[1:]: sentence for year, sentence in stopped.items()}
        folder.stopped.write_text(json.dumps(sentences))
        github.hand_over(folder)
        issues = json.loads((repository / "issues.json").read_text())
        return [(i["title"], i["body"].partition("\n")[0], i["state"]) for i in issues]

    title = "2024 is not up to date"
    assert told(y2024="It is held.") == [(title, "It is held.", "open")]
    assert told(y2024="It is held.") == [(title, "It is held.", "open")]
    assert told(y2024="It is gone.") == [(title, "It is gone.", "open")]
    assert told() == [(title, "It is gone.", "closed")]
    assert told(y2024="It is held.")[1:] == [(title, "It is held.", "open")]


def test_a_day_that_did_not_end_changes_nothing(folder: Folder, repository: Path) -> None:
    github.hand_over(folder)

    assert not (repository / "issues.json").exists()


def test_two_lakes_are_kept_and_the_newest_comes_back(folder: Folder, repository: Path) -> None:
    kept = repository / "releases/lake"
    kept.mkdir(parents=True)
    for name in ("lake-20250101T000000Z.tar", "lake-20250102T000000Z.tar"):
        (kept / name).write_text(name)

    github.fetch(folder)
    assert folder.kept.read_text() == "lake-20250102T000000Z.tar"

    folder.stopped.write_text("{}")
    folder.lake.write_text("of today")
    github.hand_over(folder)
    assert [path.read_text() for path in sorted(kept.iterdir())] == [
        "lake-20250102T000000Z.tar",
        "of today",
    ]


@pytest.mark.parametrize("bytes_left", [700, None])
def test_a_lake_that_does_not_come_back_whole_ends_the_day(
    project: Project, folder: Folder, monkeypatch: pytest.MonkeyPatch, bytes_left: int | None
) -> None:
    manifest = project.folder / "elsewhere/2024/20250701T000000000Z-2024.ingest.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text("{}")
    folder.kept.parent.mkdir(parents=True)
    with tarfile.open(folder.kept, "w") as file:
        file.add(manifest.parents[1], "manifests")
    folder.kept.write_bytes(folder.kept.read_bytes()[:bytes_left])
    monkeypatch.chdir(project.folder)

    with pytest.raises(UserError, match=r"cannot be unpacked|Nothing is changed"):
        run(folder, typed_in(project), "demo", "years=2024")
    assert not folder.stopped.exists()


def test_the_findings_of_the_repository_have_these_queries() -> None:
    written = (ROOT / "docs/findings.md").read_text("utf-8")

    assert all(question.title in written and question.sql in written for question in QUESTIONS)
