"""The transform pipeline."""

from mpls311.pipelines.transform.pipeline import create_pipeline

__all__ = ["create_pipeline"]
