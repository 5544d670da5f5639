"""Imports go one way: pipelines -> loads, schemas, arcgis, datasets."""

import ast
from pathlib import Path

import pytest

import mpls311

PACKAGE = Path(mpls311.__file__).parent


def imports_of(part: str) -> set[str]:
    """Absolute names of all modules imported anywhere in a part of the package."""
    found: set[str] = set()
    target = PACKAGE / part
    for path in target.rglob("*.py") if target.is_dir() else [target]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module)
    return found


def parts_used_by(part: str) -> set[str]:
    return {name.split(".")[1] for name in imports_of(part) if name.startswith("mpls311.")} - {part}


@pytest.mark.parametrize(
    ("part", "allowed"),
    [
        ("arcgis", set()),
        ("sandbox", set()),
        ("schemas", {"errors"}),
        ("loads", {"schemas"}),
        ("datasets", {"schemas", "loads", "errors"}),
        ("pipelines", {"arcgis", "datasets", "errors", "loads", "parameters", "schemas"}),
    ],
)
def test_a_part_uses_only_what_lies_below_it(part: str, allowed: set[str]) -> None:
    assert parts_used_by(part) <= allowed


@pytest.mark.parametrize("part", ["arcgis", "sandbox", "schemas", "loads"])
def test_kedro_stays_above(part: str) -> None:
    assert not {name for name in imports_of(part) if name.split(".")[0] == "kedro"}


def test_only_the_registry_imports_pipelines() -> None:
    users = {
        path.name
        for path in PACKAGE.glob("*.py")
        if any(name.startswith("mpls311.pipelines") for name in imports_of(path.name))
    }
    assert users == {"pipeline_registry.py"}


@pytest.mark.parametrize(
    ("part", "allowed"),
    [
        ("sandbox/protocol", {"sandbox.protocol"}),
        ("sandbox/city", {"sandbox.city", "sandbox.protocol"}),
    ],
)
def test_the_protocol_knows_no_city_and_the_city_nothing_else(part: str, allowed: set[str]) -> None:
    ours = {name for name in imports_of(part) if name.split(".")[0] == "mpls311"}
    assert {".".join(name.split(".")[1:3]) for name in ours} <= allowed
