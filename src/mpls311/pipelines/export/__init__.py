"""The export pipeline."""

from mpls311.pipelines.export.pipeline import create_pipeline

__all__ = ["create_pipeline"]
