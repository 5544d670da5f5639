"""The validate pipeline."""

from mpls311.pipelines.validate.pipeline import create_pipeline

__all__ = ["create_pipeline"]
