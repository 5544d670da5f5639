"""Kedro datasets: files and manifests of the lake, tables of the warehouse.

Each connects on first use, so a catalog can be built, listed and drawn offline.
"""

from typing import Any

from mpls311.datasets.duckdb_table import DuckDBTableDataset
from mpls311.datasets.editions import EditionsDataset
from mpls311.datasets.lake_files import LakeFilesDataset
from mpls311.datasets.manifests import ManifestsDataset

__all__ = [
    "BigQueryTableDataset",
    "DuckDBTableDataset",
    "EditionsDataset",
    "LakeFilesDataset",
    "ManifestsDataset",
]


def __getattr__(name: str) -> Any:
    # Google's libraries take a second to import, which runs on DuckDB should not pay.
    if name == "BigQueryTableDataset":
        from mpls311.datasets.bigquery_table import BigQueryTableDataset

        return BigQueryTableDataset
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
