"""The graph that Kedro-Viz draws."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mpls311.session import RunSession
from tests.support.project import Project


def kedro(*arguments: str) -> list[str]:
    return [str(Path(sys.executable).with_name("kedro")), *arguments]


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    project = Project(tmp_path_factory.mktemp("viz") / "project")
    subprocess.run(
        kedro("viz", "build"),
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


def test_dbt_models_tables_and_figures_are_previewed(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    city = "sandbox.rows_per_year=400,sandbox.as_of=2025-03-01"
    project.ran(f"years=2024+2025,{city}", env="demo")

    subprocess.run(
        kedro("viz", "build", "--include-previews"),
        cwd=project.folder,
        env=os.environ | {"KEDRO_ENV": "demo"},
        check=True,
        capture_output=True,
    )

    built = project.folder / "build/api"
    nodes = {n["name"]: n["id"] for n in json.loads((built / "main").read_text())["nodes"]}

    def details(name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((built / "nodes" / nodes[name]).read_text())
        return found

    drawn = json.dumps(details("run_dbt_and_record_loads"))
    assert "model.mpls_311.int_named_requests --> model.mpls_311.rpt_requests" in drawn
    assert "exposure.mpls_311.dashboard" in drawn
    assert details("monthly_volume")["preview"]["data"]
    assert "rejected" in details("validation_report")["preview"]
    for name in ("service_requests", "quarantine", "raw_requests"):
        assert details(name)["preview"]["data"], name
    tracked = details("track_load")["preview"]
    [first, *_] = (dict(zip(tracked["columns"], row, strict=True)) for row in tracked["data"])
    for name in ("job_start", "data_last_edit_date"):
        assert str(first[name]).startswith("202"), name

    with RunSession.create(project.folder, env="demo") as session:
        catalog = session.load_context().catalog
    rows = {
        name: catalog.load(name).to_pandas()
        for name in ("service_requests", "quarantine", "raw_requests")
    }
    served, accepted, rejected = (
        len(rows[name]) for name in ("raw_requests", "service_requests", "quarantine")
    )
    assert served == accepted + rejected
    assert rejected > 0
    assert set(rows["service_requests"]["source_year"]) == {2024, 2025}
