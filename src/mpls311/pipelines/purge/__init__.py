"""The purge pipeline."""

from mpls311.pipelines.purge.pipeline import create_pipeline

__all__ = ["create_pipeline"]
