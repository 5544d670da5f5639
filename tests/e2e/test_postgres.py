"""A warehouse in PostgreSQL: mistakes end in sentences, a server that goes away costs nothing."""

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from mpls311.cloud.postgres_lock import AdvisoryLock
from mpls311.datasets import LakeFilesDataset
from mpls311.datasets.postgres_table import PostgresTableDataset
from mpls311.errors import StorageError, UserError
from mpls311.pipelines.transform import nodes as transform
from mpls311.run_lock import run_lock
from mpls311.sandbox import City, serve
from tests.support.project import Project

HERE = "postgresql:///"
"""The database that the environment names."""


@pytest.fixture
def project(tmp_path: Path, postgres: Mapping[str, str]) -> Project:
    return Project(tmp_path / "project", models_only=True)


class TestMistakes:
    @pytest.mark.parametrize(
        ("variable", "value", "said"),
        [
            ("PGDATABASE", "nope", 'database "nope" does not exist. Make it: `createdb --host '),
            ("PGUSER", "nobody", 'role "nobody" does not exist. Name another user: export PGUSER'),
            ("PGHOST", "/nowhere", "No such file or directory. Start it, or say where it is: "),
            ("PGHOST", "127.0.0.1", "Connection refused. Start it, or say where it is: export PG"),
        ],
    )
    def test_a_database_that_cannot_be_reached(
        self,
        project: Project,
        monkeypatch: pytest.MonkeyPatch,
        variable: str,
        value: str,
        said: str,
    ) -> None:
        monkeypatch.setenv(variable, value)
        monkeypatch.setenv("PGPORT", "1" if value == "127.0.0.1" else "5432")
        sentence = project.run("years=2024", env="postgres").sentence

        assert sentence.startswith(f"PostgreSQL at {os.environ['PGHOST']}:{os.environ['PGPORT']}: ")
        assert said in sentence

    def test_what_is_not_set(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("PGUSER")
        sentence = project.run("years=2024", env="postgres").sentence
        assert sentence.startswith("user is not set: export PGUSER=..., or write `user: ...`")

    def test_a_second_run(self, project: Project) -> None:
        first = run_lock(HERE)
        first.acquire()
        sentence = project.run("years=2024", env="postgres").sentence
        first.release()

        assert sentence.startswith("Another run is going on (mpls311 on ")
        assert f"process {os.getpid()}, since 20" in sentence


def test_the_lock_ends_with_its_session(postgres: Mapping[str, str]) -> None:
    held, other = AdvisoryLock(HERE), AdvisoryLock(HERE)
    held.acquire()
    held.check()
    with pytest.raises(UserError, match="Another run is going on"):
        other.acquire()

    end_sessions(postgres["PGDATABASE"])
    with pytest.raises(StorageError, match=r"The lock of the run: the connection broke off"):
        held.check()
    other.acquire()
    other.release()
    held.release()


def on_the_server(*statements: str) -> None:
    with psycopg.connect(dbname="postgres", autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def end_sessions(database: str) -> None:
    ends = "select pg_terminate_backend(pid) from pg_stat_activity where datname = "
    on_the_server(f"{ends}'{database}'")


@pytest.fixture
def gone(postgres: Mapping[str, str]) -> Iterator[Callable[[Any, str], None]]:
    """Makes the server end all sessions, and refuse new ones, when a function is called."""
    database = postgres["PGDATABASE"]
    with pytest.MonkeyPatch.context() as patch:

        def at(owner: Any, name: str) -> None:
            real = getattr(owner, name)

            def called(*args: Any, **options: Any) -> Any:
                on_the_server(f"alter database {database} allow_connections false")
                end_sessions(database)
                return real(*args, **options)

            patch.setattr(owner, name, called)

        yield at
    on_the_server(f"alter database {database} allow_connections true")


@pytest.fixture(scope="module")
def abandoned(
    tmp_path_factory: pytest.TempPathFactory, postgres: Mapping[str, str]
) -> Iterator[tuple[Project, str]]:
    """A project that each test leaves in the middle, and the city that it reads."""
    with serve(City(rows_per_year=400, as_of=date(2025, 2, 1))) as server:
        project = Project(tmp_path_factory.mktemp("abandoned") / "project", models_only=True)
        yield project, f"years=2024,source.services_url={server.services_url}"


@pytest.mark.parametrize(
    ("owner", "name", "said"),
    [
        (LakeFilesDataset, "save", "The lock of the run"),
        (PostgresTableDataset, "_insert_file", "mpls_311_staging.raw_mpls_311data"),
        (transform, "run_dbt", "The lock of the run"),
    ],
)
def test_a_server_that_goes_away_ends_the_run_with_a_sentence(
    gone: Callable[[Any, str], None],
    abandoned: tuple[Project, str],
    owner: Any,
    name: str,
    said: str,
) -> None:
    project, params = abandoned
    gone(owner, name)

    sentence = project.run(params, env="postgres").sentence
    assert sentence.startswith(f"{said}: the connection broke off (")
    assert sentence.endswith("Nothing is half written: run again.")


def test_and_the_next_run_makes_good(abandoned: tuple[Project, str]) -> None:
    project, params = abandoned

    assert "Published 2024" in project.ran(params, env="postgres")
