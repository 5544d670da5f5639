"""load_history, service_requests -> the warehouse anew, tracking rows included."""

from kedro.pipeline import Pipeline, node, pipeline

from mpls311.pipelines.rebuild.nodes import (
    rebuild_marts,
    stage_published_loads,
    withdraw_load,
)


def create_pipeline(**_: object) -> Pipeline:
    """Three nodes that read nothing but the lake; not part of a plain run."""
    return pipeline(
        [
            node(
                withdraw_load,
                inputs=["load_history", "params:rebuild"],
                outputs=["withdrawn_loads", "history_to_rebuild"],
                name="withdraw_load",
            ),
            node(
                stage_published_loads,
                inputs=["history_to_rebuild", "service_requests", "areas"],
                outputs=["raw_areas", "raw_mpls_311data@files", "chosen_loads"],
                name="stage_published_loads",
            ),
            node(
                rebuild_marts,
                inputs=[
                    "raw_mpls_311data@contents",
                    "raw_areas",
                    "history_to_rebuild",
                    "chosen_loads",
                    "params:transform",
                    "params:rebuild",
                ],
                outputs="rebuilt_track_load",
                name="rebuild_marts",
            ),
        ],
        tags="rebuild",
    )
