"""The marts before a change and after it: of the stand-in city, or of a real warehouse."""

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from kedro.utils import load_obj

from mpls311.contracts import keys_of_marts
from mpls311.datasets.duckdb_table import DuckDBTableDataset
from mpls311.datasets.table import TableDataset
from mpls311.errors import UserError

ROOT = Path(__file__).parents[1]
PROJECT = ("conf", "dbt", "src", "pyproject.toml", ".telemetry")
"""What a run needs."""
CITY = "years=2023-2025,sandbox.as_of=2025-07-01,sandbox.rows_per_year=8000"
"""The stand-in city that both sides read: large enough for service targets and hot spots."""
PUBLISHED = "int_requests_by_layer"
"""The model that holds all that was ever published; staging has only the newest loads."""

Sides = tuple["Edition", "Edition"]


@dataclass(frozen=True)
class Edition:
    """The marts of one side."""

    keys: Mapping[str, Sequence[str]]
    """Of each mart, the columns that tell its rows apart; none where no test says so."""
    table: Callable[[str], TableDataset]
    """A mart by its name."""

    def rows(self, mart: str) -> pd.DataFrame:
        """All of a mart."""
        return self.table(mart).load()


def of_the_city(base: str, folder: Path) -> Sides:
    """Run the whole job of both sides, each with its own code, on the same stand-in city.

    Args:
        base: The commit to compare the working tree with.
        folder: An empty one.

    Raises:
        UserError: There is no such commit, or one side does not run.
    """
    before, after = _check_out(base, folder)
    command = [sys.executable, "-m", "kedro", "run", "--env", "demo", "--params", CITY]
    with ThreadPoolExecutor() as threads:
        runs = [
            threads.submit(_run, f"the job of {name}", command, side, PYTHONPATH=str(side / "src"))
            for name, side in ((base, before), ("the working tree", after))
        ]
    for run in runs:
        run.result()
    return _edition_of_city(before), _edition_of_city(after)


def _edition_of_city(side: Path) -> Edition:
    connection = {"database": str(side / "data/demo/warehouse/mpls_311.duckdb")}
    return Edition(
        _keys(side),
        lambda mart: DuckDBTableDataset(connection=connection, **_mart("production", mart)),
    )


def of_a_warehouse(env: str, base: str, folder: Path) -> Sides:
    """Build the marts of the working tree in dbt's target dev, beside those of target prod.

    What was published is read where it is, and nothing of target prod is written.

    Args:
        env: The environment whose warehouse it is.
        base: The commit that the marts of target prod were built by.
        folder: An empty one.

    Raises:
        UserError: There is no such commit, or the models of the working tree do not build.
    """
    before, after = _check_out(base, folder)
    bootstrap_project(ROOT)
    with KedroSession.create(ROOT, env=env) as session:
        context: Any = session.load_context()  # type: ignore[attr-defined]
        settings, transform = context.config_loader["globals"], context.params["transform"]
    dbt = [str(Path(sys.executable).with_name("dbt")), "--quiet"]
    options = ["--project-dir=dbt", "--profiles-dir=dbt", f"--profile={transform.profile}"]
    parse = ["parse", "--target=prod"]
    _run(f"dbt parse of {base}", [*dbt, *parse, *options], before, **transform.environment)
    # What an earlier review left in target dev is of other rows, or of other models.
    build = ["build", "--full-refresh", "--target=dev"]
    build += ["--exclude-resource-type", "unit_test", "test"]
    build += [f"--exclude={PUBLISHED}", "--defer", "--favor-state", f"--state={before}/dbt/target"]
    _run("dbt build", [*dbt, *build, *options], after, **transform.environment)
    make, connection = load_obj(settings["table_dataset"]), settings[settings["engine"]]

    def edition(side: Path, schema: str) -> Edition:
        return Edition(_keys(side), lambda mart: make(connection=connection, **_mart(schema, mart)))

    return edition(before, "production"), edition(after, "development")


def _mart(schema: str, name: str) -> dict[str, str]:
    return {"table": f"mpls_311_{schema}.{name}", "query": "select * from {table}"}


def _check_out(base: str, folder: Path) -> tuple[Path, Path]:
    """The project of a commit, and that of the working tree with what is not committed yet."""
    before, after = folder / "before", folder / "after"
    try:
        _git("rev-parse", "--verify", "--quiet", f"{base}^{{commit}}")
    except UserError as exc:
        raise UserError(
            f"There is no commit {base} here: name a commit, a branch or a tag, or fetch it first."
        ) from exc
    archive = _git("archive", base, "--", *PROJECT)
    with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
        packed.extractall(before, filter="data")
    listed = _git("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *PROJECT)
    for name in listed.decode().split("\0"):
        if name and (ROOT / name).exists():
            (after / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, after / name)
    return before, after


def _git(*arguments: str) -> bytes:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True)
    if done.returncode:
        raise UserError(f"git {' '.join(arguments[:2])}: {done.stderr.decode().strip()}")
    return done.stdout


def _run(name: str, command: Sequence[str], side: Path, **environment: str) -> None:
    done = subprocess.run(
        command, cwd=side, env=os.environ | environment, capture_output=True, text=True
    )
    if done.returncode:
        said = (done.stdout + done.stderr).strip()
        raise UserError(f"{name} failed:\n{said[max(said.rfind('Error: '), 0) :][-2000:]}")


def _keys(side: Path) -> dict[str, Sequence[str]]:
    # Where dbt was told to put it, which earlier versions of the project did not say.
    (manifest,) = (
        *side.glob("dbt/target/manifest.json"),
        *side.glob("data/*/dbt/target/manifest.json"),
    )
    return keys_of_marts(json.loads(manifest.read_text(encoding="utf-8"))["nodes"])
