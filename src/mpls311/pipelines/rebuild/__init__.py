"""The rebuild pipeline."""

from mpls311.pipelines.rebuild.pipeline import create_pipeline

__all__ = ["create_pipeline"]
