"""The ingest pipeline."""

from mpls311.pipelines.ingest.pipeline import create_pipeline

__all__ = ["create_pipeline"]
