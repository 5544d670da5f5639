"""The stage pipeline."""

from mpls311.pipelines.stage.pipeline import create_pipeline

__all__ = ["create_pipeline"]
