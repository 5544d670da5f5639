"""Imports go one way: pipelines -> lake, loads, schemas, arcgis; what lies below knows no user."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import mpls311

PACKAGE = Path(mpls311.__file__).parent
OWN = {"mpls311", *sys.stdlib_module_names}
PHASES = ("ingest", "validate", "stage", "transform", "report", "export")


def modules_of(part: str) -> Iterator[Path]:
    target = PACKAGE / part
    yield from target.rglob("*.py") if target.is_dir() else [target.with_suffix(".py")]


def imports_of(part: str) -> set[str]:
    """Absolute names of all modules imported anywhere in a part of the package."""
    found: set[str] = set()
    for path in modules_of(part):
        package = ["mpls311", *path.relative_to(PACKAGE).parts[:-1]]
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                above = package[: len(package) + 1 - node.level] if node.level else []
                module = ".".join([*above, *([node.module] if node.module else [])])
                found |= {f"{module}.{alias.name}" for alias in node.names}
    return found


def ours_used_by(part: str) -> set[str]:
    """What a part imports of this project besides itself, by its name within the package."""
    inside = f"mpls311.{part.replace('/', '.')}."
    return {
        name.removeprefix("mpls311.")
        for name in imports_of(part)
        if name.startswith("mpls311.") and not f"{name}.".startswith(inside)
    }


def parts_used_by(part: str) -> set[str]:
    return {name.partition(".")[0] for name in ours_used_by(part)}


@pytest.mark.parametrize(
    ("part", "allowed"),
    [
        ("arcgis", set()),
        ("sandbox", set()),
        ("errors", set()),
        ("schemas", {"errors"}),
        ("loads", {"errors", "schemas"}),
        ("lake", {"errors", "loads", "schemas"}),
        ("cloud", {"errors"}),
        ("datasets", {"cloud", "errors", "lake", "loads", "schemas"}),
        ("check", {"errors", "lake", "loads"}),
        ("cleaning", {"schemas"}),
        ("changes", set()),
        ("contracts", set()),
        ("unusual_weeks", {"changes"}),
        ("first_contact", {"arcgis", "cleaning", "errors", "parameters", "schemas", "years"}),
        (
            "pipelines",
            {
                *("arcgis", "changes", "cleaning", "commands", "contracts", "dbt_commands"),
                *("errors", "lake", "loads", "parameters", "schemas", "unusual_weeks", "years"),
            },
        ),
    ],
)
def test_a_part_uses_only_what_lies_below_it(part: str, allowed: set[str]) -> None:
    assert parts_used_by(part) <= allowed


@pytest.mark.parametrize(
    "part",
    [
        "arcgis",
        "sandbox",
        "schemas",
        "changes",
        "unusual_weeks",
        "cleaning",
        "contracts",
        "loads",
        "lake",
        "cloud",
        "check",
    ],
)
def test_kedro_stays_above(part: str) -> None:
    assert not {name for name in imports_of(part) if name.split(".")[0] == "kedro"}


@pytest.mark.parametrize("phase", PHASES)
def test_no_phase_uses_another(phase: str) -> None:
    assert "pipelines" not in parts_used_by(f"pipelines/{phase}")


def test_each_dataset_knows_one_cloud_at_most() -> None:
    rooms = {
        path.stem: {".".join(name.split(".")[:2]) for name in used if name.startswith("cloud.")}
        for path in modules_of("datasets")
        if (used := ours_used_by(f"datasets/{path.stem}"))
    }

    assert {name: used for name, used in rooms.items() if used} == {
        "bigquery_table": {"cloud.google"},
        "postgres_table": {"cloud.postgres"},
    }


def test_only_the_registry_imports_pipelines() -> None:
    users = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if path.parts[len(PACKAGE.parts)] != "pipelines"
        and "pipelines" in parts_used_by(str(path.relative_to(PACKAGE).with_suffix("")))
    }
    assert users == {"pipeline_registry.py"}


def test_what_is_imported_is_declared() -> None:
    project = tomllib.loads((PACKAGE.parents[1] / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = [
        *project["dependencies"],
        *(line for name in extras.keys() - {"dev"} for line in extras[name]),
    ]
    declared = {re.split(r"[\[<>=]", line)[0] for line in lines}
    installed = packages_distributions()
    others = {name for name in imports_of(".") if name.partition(".")[0] not in OWN}

    undeclared = {name for name in others if not declared & distributions_of(name, installed)}
    assert undeclared == set()


def distributions_of(module: str, installed: Mapping[str, list[str]]) -> set[str]:
    """Names of the distributions that may have brought a module."""
    first, *rest = module.replace("_", "-").split(".")
    if first == "google":  # a name that dozens of distributions share
        return {"-".join([first, *rest[: 2 if rest[0] == "cloud" else 1]])}
    return {name.lower() for name in installed.get(module.partition(".")[0], ())}


@pytest.mark.parametrize(
    ("part", "allowed"),
    [
        ("sandbox/protocol", {"sandbox.protocol"}),
        ("sandbox/city", {"sandbox.city", "sandbox.protocol"}),
    ],
)
def test_the_protocol_knows_no_city_and_the_city_nothing_else(part: str, allowed: set[str]) -> None:
    used = {".".join(name.split(".")[:2]) for name in ours_used_by(part)}
    assert used <= allowed
