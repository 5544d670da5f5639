"""The page of a small stand-in city, made once for all tests, and its marts."""

from pathlib import Path
from typing import Any

from filelock import FileLock

from tests.support.project import Project

MARTS = "mpls_311_production"


def made_city(folder: Path) -> Project:
    """The city in a folder; whoever comes first makes it, whoever comes meanwhile waits."""
    with FileLock(folder.with_suffix(".lock")):
        done = folder.with_suffix(".done")
        if done.exists():
            return Project.at(folder)
        project = Project(folder)
        city = "sandbox.rows_per_year=2500,sandbox.as_of=2025-07-20"
        output = project.ran(f"years=2023-2025,{city}", env="demo")
        assert "\nDashboard: data/demo/08_reporting/dashboard.html\n" in output
        done.touch()
        return project


def page_of(project: Project, folder: str = "data/demo") -> Path:
    return project.folder / folder / "08_reporting/dashboard.html"


def ask(project: Project, sql: str) -> list[list[Any]]:
    return [list(row) for row in project.query(sql, "data/demo/warehouse")]
