"""Kedro datasets: files and manifests of the lake, tables of the warehouse.

Each connects on first use, so a catalog can be built, listed and drawn offline. Tables have a
module for each engine, which is imported only where a catalog names it.
"""

from mpls311.datasets.editions import EditionsDataset
from mpls311.datasets.lake_files import LakeFilesDataset
from mpls311.datasets.manifests import ManifestsDataset

__all__ = ["EditionsDataset", "LakeFilesDataset", "ManifestsDataset"]
