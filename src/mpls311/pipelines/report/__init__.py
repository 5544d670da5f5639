"""The report pipeline."""

from mpls311.pipelines.report.pipeline import create_pipeline

__all__ = ["create_pipeline"]
