from pathlib import Path

import pytest
from dbt.contracts.graph.manifest import Manifest

from tests.support.dbt_warehouse import Built, Warehouse, copy_of, dbt


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """Parse once; that serves every warehouse, as all files have one name."""
    folder = tmp_path_factory.mktemp("parse")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MPLS311_DUCKDB", str(folder / "mpls_311.duckdb"))
        outcome = dbt(folder, "parse")
    assert isinstance(outcome.result, Manifest), outcome.exception
    return outcome.result


@pytest.fixture(scope="session")
def empty_build(
    tmp_path_factory: pytest.TempPathFactory, manifest: Manifest
) -> tuple[Warehouse, Built]:
    """Build everything, tests included, over staging without a row."""
    warehouse = Warehouse(tmp_path_factory.mktemp("empty") / "mpls_311.duckdb", manifest)
    warehouse.stage()
    return warehouse, warehouse.build("--exclude-resource-type", "unit_test")


@pytest.fixture
def warehouse(tmp_path: Path, empty_build: tuple[Warehouse, Built]) -> Warehouse:
    """Copy the empty warehouse, so that loads start from built models."""
    return copy_of(empty_build[0], tmp_path)


@pytest.fixture
def other_warehouse(tmp_path: Path, empty_build: tuple[Warehouse, Built]) -> Warehouse:
    """Copy the empty warehouse once more."""
    return copy_of(empty_build[0], tmp_path / "other")
