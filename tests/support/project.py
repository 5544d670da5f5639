"""A project folder of its own for a test, and what its warehouse says."""

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from click.testing import CliRunner

ROOT = Path(__file__).resolve().parents[2]

NOT_BUSINESS = ("load_id", "object_id", "layer_count", "duplicate_count")
"""Columns of the fact that say how a case was read, not what it is."""


@dataclass(frozen=True)
class Outcome:
    exit_code: int
    output: str

    @property
    def sentence(self) -> str:
        """What the error says; without it, the test is looking at a success."""
        assert self.exit_code == 1, self.output
        assert "Traceback" not in self.output, self.output
        _, _, sentence = self.output.partition("Error: ")
        assert sentence, self.output
        return sentence.partition("\nDetails: ")[0].strip()


class Project:
    """Configuration and dbt of the repository, data of its own."""

    def __init__(self, folder: Path, *, models_only: bool = False) -> None:
        """Make the folder.

        Args:
            folder: Where; it must not be there yet.
            models_only: dbt tests no rows and writes nothing for other tools, which is most of what
                a run on few rows takes.
        """
        self.folder = folder
        (folder / "src").mkdir(parents=True)
        without = shutil.ignore_patterns("target", "logs")
        for name in ("conf", "dbt"):
            shutil.copytree(ROOT / name, folder / name, ignore=without)
        for name in ("pyproject.toml", ".telemetry"):
            shutil.copy(ROOT / name, folder / name)
        if models_only:
            leave_out_data_tests(folder)
            path = folder / "dbt/dbt_project.yml"
            text = path.read_text("utf-8")
            path.write_text(text.replace("\nflags:\n", "\nflags:\n  write_json: false\n"), "utf-8")

    @classmethod
    def at(cls, folder: Path) -> "Project":
        """The project that is there already."""
        project = object.__new__(cls)
        project.folder = folder
        return project

    def copy(self, folder: Path) -> "Project":
        shutil.copytree(self.folder, folder)
        return self.at(folder)

    def run(self, params: str = "", *, env: str = "base", pipeline: str = "") -> Outcome:
        """`kedro run`, in this process."""
        arguments = ["--env", env]
        arguments += ["--params", params] if params else []
        arguments += ["--pipeline", pipeline] if pipeline else []
        return self.command(*arguments)

    def status(self) -> str:
        """What `kedro status` says."""
        return self.kedro("status").output

    def command(self, *arguments: str) -> Outcome:
        return self.kedro("run", *arguments)

    def kedro(self, *arguments: str) -> Outcome:
        from kedro.framework.startup import bootstrap_project

        before = Path.cwd()
        os.chdir(self.folder)
        try:
            metadata = bootstrap_project(self.folder)
            from mpls311.cli import cli

            result = CliRunner().invoke(cli, arguments, obj=metadata)
        finally:
            os.chdir(before)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Outcome(result.exit_code, result.output)

    def ran(self, params: str = "", **options: str) -> str:
        """The output of a run that must succeed."""
        outcome = self.run(params, **options)
        assert outcome.exit_code == 0, outcome.output
        return outcome.output

    def query(self, sql: str, warehouse: str = "data/warehouse") -> list[tuple[Any, ...]]:
        path = self.folder / warehouse / "mpls_311.duckdb"
        with duckdb.connect(path, read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def fact(self, *, live: bool = False) -> dict[int, tuple[Any, ...]]:
        """The business columns of the fact table by case id; with `live`, undeleted cases."""
        names = self.query(
            "select column_name from information_schema.columns where table_name = 'fact_311data' "
            "and table_schema = 'mpls_311_production' order by column_name"
        )
        columns = ", ".join(["case_id", *(n for (n,) in names if n not in NOT_BUSINESS)])
        where = " where deleted_at is null" if live else ""
        rows = self.query(f"select {columns} from mpls_311_production.fact_311data{where}")
        assert len({row[0] for row in rows}) == len(rows)
        return {row[0]: row for row in rows}

    def tracked(self) -> list[tuple[int, str, str]]:
        """Year, mode and status of every tracking row, oldest first."""
        return self.query(
            "select year, mode, status from mpls_311_staging.track_load order by job_end, year"
        )

    def watermarks(self) -> list[tuple[Any, ...]]:
        return self.query(
            "select year, max(watermark) from mpls_311_staging.track_load "
            "where status = 'published' group by year order by year"
        )

    def files(self) -> dict[str, str]:
        """Every file of the lake by name, with a checksum."""
        data = self.folder / "data"
        return {
            str(path.relative_to(data)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(data.rglob("*"))
            if path.is_file()
            and not {"warehouse", "dbt", "logs"} & set(path.parts[len(data.parts) :])
        }


def leave_out_data_tests(project: Path) -> None:
    """Have dbt test no rows in a copy of the project."""
    with (project / "dbt/dbt_project.yml").open("a", encoding="utf-8") as file:
        file.write("\ndata_tests: {mpls_311: {+enabled: false}}\n")
