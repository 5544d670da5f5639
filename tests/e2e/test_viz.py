"""The graph that Kedro-Viz draws."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from project import Project


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    project = Project(tmp_path_factory.mktemp("viz") / "project")
    subprocess.run(
        [str(Path(sys.executable).with_name("kedro")), "viz", "build"],
        cwd=project.folder,
        check=True,
        capture_output=True,
    )
    return json.loads((project.folder / "build/api/main").read_text())


def test_the_layers_follow_the_story(graph: dict[str, Any]) -> None:
    assert graph["layers"] == [
        "source",
        "raw",
        "intermediate",
        "primary",
        "staging",
        "marts",
        "reporting",
    ]


def test_every_dataset_has_a_layer(graph: dict[str, Any]) -> None:
    without = [n["name"] for n in graph["nodes"] if n["type"] == "data" and not n["layer"]]

    assert without == []


def test_the_phases_are_drawn_in_order(graph: dict[str, Any]) -> None:
    names = {node["id"]: node["name"] for node in graph["nodes"]}
    edges = {(names[edge["source"]], names[edge["target"]]) for edge in graph["edges"]}

    assert {
        ("read_feature_layers", "raw_requests"),
        ("raw_requests", "validate_pending_loads"),
        ("validate_pending_loads", "service_requests"),
        ("service_requests", "stage_pending_loads"),
        ("stage_pending_loads", "raw_mpls_311data"),
        ("raw_mpls_311data", "run_dbt_and_record_loads"),
        ("run_dbt_and_record_loads", "published_loads"),
    } <= edges
