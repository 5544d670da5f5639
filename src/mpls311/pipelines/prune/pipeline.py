"""load_history, raw_requests -> rewritten_loads."""

from kedro.pipeline import Pipeline, node, pipeline

from mpls311.pipelines.prune.nodes import prune_raw_requests


def create_pipeline(**_: object) -> Pipeline:
    """One node; not part of a plain run."""
    return pipeline(
        [
            node(
                prune_raw_requests,
                inputs=["load_history", "raw_requests", "params:lake", "params:prune"],
                outputs="rewritten_loads",
                name="prune_raw_requests",
            )
        ],
        tags="prune",
    )
