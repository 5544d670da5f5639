"""The prune pipeline."""

from mpls311.pipelines.prune.pipeline import create_pipeline

__all__ = ["create_pipeline"]
