"""The pipelines by name."""

from kedro.pipeline import Pipeline

from mpls311.pipelines import ingest, prune, purge, rebuild, report, stage, transform, validate


def register_pipelines() -> dict[str, Pipeline]:
    """Each phase by its name, all of them in order as `__default__`, and what is seldom run."""
    phases = {
        "ingest": ingest.create_pipeline(),
        "validate": validate.create_pipeline(),
        "stage": stage.create_pipeline(),
        "transform": transform.create_pipeline(),
        "report": report.create_pipeline(),
    }
    return {
        **phases,
        "rebuild": rebuild.create_pipeline(),
        "prune": prune.create_pipeline(),
        "purge": purge.create_pipeline(rebuild.create_pipeline()),
        "__default__": sum(phases.values(), Pipeline([])),
    }
