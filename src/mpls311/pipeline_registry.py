"""The pipelines by name."""

from kedro.pipeline import Pipeline

from mpls311.pipelines import ingest, stage, transform, validate


def register_pipelines() -> dict[str, Pipeline]:
    """Each phase by its name; `__default__` is all of them in order."""
    phases = {
        "ingest": ingest.create_pipeline(),
        "validate": validate.create_pipeline(),
        "stage": stage.create_pipeline(),
        "transform": transform.create_pipeline(),
    }
    return {**phases, "__default__": sum(phases.values(), Pipeline([]))}
