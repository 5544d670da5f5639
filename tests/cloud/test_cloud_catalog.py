"""The catalog in the cloud, drawn without any cloud."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.support.project import Project


def test_kedro_viz_draws_the_cloud_without_touching_it(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    nowhere = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY"), "http://127.0.0.1:1")
    places = {
        "GOOGLE_CLOUD_PROJECT": "demo-project",
        "MPLS311_BUCKET": "demo-bucket",
        "MPLS311_LAKE_TOKEN": "anon",
    }
    own = {k: v for k, v in os.environ.items() if not k.endswith("EMULATOR_HOST")}
    subprocess.run(
        [str(Path(sys.executable).with_name("kedro")), "viz", "build"],
        cwd=project.folder,
        env={**own, **nowhere, **places, "KEDRO_ENV": "gcp"},
        check=True,
        capture_output=True,
    )

    graph = json.loads((project.folder / "build/api/main").read_text())
    kinds = {node["dataset_type"] for node in graph["nodes"] if node["type"] == "data"}
    assert "datasets.bigquery_table.BigQueryTableDataset" in kinds
