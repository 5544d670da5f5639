"""The catalog in the cloud, read and drawn without any cloud."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.project import ROOT, Project

FILES = ("catalog_lake.yml", "catalog_reports.yml", "catalog_warehouse.yml")


def entries(env: str, file: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "conf" / env / file).read_text())
    return found


@pytest.mark.parametrize("file", FILES)
def test_the_cloud_has_the_entries_of_base_in_the_cloud(file: str) -> None:
    base, cloud = entries("base", file), entries("gcp", file)

    assert list(cloud) == list(base)
    for name, entry in cloud.items():
        place = entry.get("path") or entry.get("filepath") or ""
        assert (
            place.startswith("gs://${globals:bucket}/")
            or "BigQuery" in entry["type"]
            or not (base[name].keys() & {"path", "filepath", "table"})
        )
        assert "=" not in place
        assert entry.get("table") == base[name].get("table")
        assert entry.get("query") == base[name].get("query")
        assert entry["metadata"] == base[name]["metadata"]
        assert entry.get("model") == base[name].get("model")


def test_staging_is_laid_out_as_terraform_lays_it_out() -> None:
    entry = entries("gcp", "catalog_warehouse.yml")["raw_mpls_311data@files"]
    terraform = (ROOT / "terraform/bigquery.tf").read_text()
    table = terraform[terraform.index('"raw_mpls_311data"') :].partition("\n}")[0]

    assert re.search(r'field\s+= "(\w+)"', table)[1] == entry["partition_by_year"]  # type: ignore[index]
    assert json.loads(re.search(r"clustering\s+= (.*)", table)[1]) == entry["cluster_by"]  # type: ignore[index]


def test_kedro_viz_draws_the_cloud_without_touching_it(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    nowhere = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY"), "http://127.0.0.1:1")
    own = {k: v for k, v in os.environ.items() if not k.endswith("EMULATOR_HOST")}
    subprocess.run(
        [str(Path(sys.executable).with_name("kedro")), "viz", "build"],
        cwd=project.folder,
        env={**own, **nowhere, "KEDRO_ENV": "gcp"},
        check=True,
        capture_output=True,
    )

    graph = json.loads((project.folder / "build/api/main").read_text())
    kinds = {node["dataset_type"] for node in graph["nodes"] if node["type"] == "data"}
    assert "datasets.bigquery_table.BigQueryTableDataset" in kinds
