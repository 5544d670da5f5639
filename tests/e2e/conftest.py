from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina

from tests.support.dashboard import made_city
from tests.support.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project", models_only=True)


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Project:
    """One for all workers, which have a folder of their own below the common one."""
    base = tmp_path_factory.getbasetemp()
    return made_city((base if worker_id == "master" else base.parent) / "dashboard")


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2):
        yield
