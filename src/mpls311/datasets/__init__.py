"""Kedro datasets: files and manifests of the lake, tables of the warehouse.

Each connects on first use, so a catalog can be built, listed and drawn offline.
"""

from mpls311.datasets.duckdb_table import DuckDBTableDataset
from mpls311.datasets.editions import EditionsDataset
from mpls311.datasets.lake_files import LakeFiles, LakeFilesDataset
from mpls311.datasets.manifests import ManifestsDataset

__all__ = [
    "DuckDBTableDataset",
    "EditionsDataset",
    "LakeFiles",
    "LakeFilesDataset",
    "ManifestsDataset",
]
