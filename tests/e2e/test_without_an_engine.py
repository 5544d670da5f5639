"""An engine is its files: without them everything else works."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.project import ROOT, Project

FILES = {
    "gcp": (
        "conf/gcp",
        "src/mpls311/datasets/bigquery_table.py",
        "src/mpls311/cloud/google.py",
        "src/mpls311/cloud/google_lease.py",
    ),
    "postgres": (
        "conf/postgres",
        "dbt/macros/postgres.sql",
        "src/mpls311/datasets/postgres_table.py",
        "src/mpls311/cloud/postgres.py",
        "src/mpls311/cloud/postgres_lock.py",
    ),
    "aws": ("conf/aws",),
}


def without(engines: list[str], folder: Path) -> Project:
    project = Project(folder)
    shutil.copytree(ROOT / "src/mpls311", folder / "src/mpls311", dirs_exist_ok=True)
    for name in (name for engine in engines for name in FILES[engine]):
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return project


def python(project: Project, *arguments: str) -> str:
    """What Python says there, with the sources there."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=project.folder,
        env={**os.environ, "PYTHONPATH": str(project.folder / "src"), "PGUSER": "anyone"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_embedded_engine_needs_none_of_the_others(tmp_path: Path) -> None:
    project = without(list(FILES), tmp_path / "project")
    params = "years=2024,sandbox.rows_per_year=300,sandbox.as_of=2025-02-01"

    output = python(project, "-m", "kedro", "run", "--env", "demo", "--params", params)
    assert "Published 2024" in output


NAMED = """
from pathlib import Path
from kedro.config import OmegaConfigLoader
from kedro.utils import load_obj
from mpls311.settings import CONFIG_LOADER_ARGS

for env in sorted({path.parent.name for path in Path("conf").glob("*/*.yml")} - {"local"}):
    loader = OmegaConfigLoader(conf_source="conf", env=env, **CONFIG_LOADER_ARGS)
    own = {entry["type"] for entry in loader["catalog"].values()}
    for name in own:
        if name.startswith("mpls311."):
            load_obj(name)
    print(env)
"""


@pytest.mark.parametrize("engine", FILES)
def test_the_other_environments_do_not_need_it(engine: str, tmp_path: Path) -> None:
    opened = python(without([engine], tmp_path / "project"), "-c", NAMED).split()
    assert set(opened) == {"base", "demo", *FILES} - {engine}
