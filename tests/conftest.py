from collections.abc import Iterator, Mapping

import psycopg
import pytest
from hypothesis import settings

from tests.support.postgres_server import running_postgres
from tests.support.s3_server import running_s3

# How long one example takes says more about the machine than about the code.
settings.register_profile("mpls311", deadline=None)
settings.load_profile("mpls311")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Mapping[str, str]]:
    """A PostgreSQL server, by the variables that name it."""
    with running_postgres() as environment:
        yield environment


@pytest.fixture(scope="module")
def postgres(
    postgres_server: Mapping[str, str], request: pytest.FixtureRequest
) -> Iterator[Mapping[str, str]]:
    """An empty database of this module, with the environment of this process pointing at it."""
    database = request.module.__name__.rpartition(".")[2]
    host, user = postgres_server["PGHOST"], postgres_server["PGUSER"]
    with psycopg.connect(host=host, user=user, dbname="postgres", autocommit=True) as connection:
        connection.execute(f"create database {database}".encode())
    environment = {**postgres_server, "PGDATABASE": database}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        yield environment


@pytest.fixture(scope="session")
def s3_server() -> Iterator[Mapping[str, str]]:
    """S3 with an empty bucket, by the variables that name it; file systems are kept, so is it."""
    with running_s3() as environment:
        yield environment


@pytest.fixture(scope="module")
def s3(s3_server: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """S3, with the environment of this process pointing at its bucket."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3_server.items():
            patch.setenv(name, value)
        yield s3_server
