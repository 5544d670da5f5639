"""load_history, service_requests -> the warehouse anew, tracking rows included."""

from kedro.pipeline import Pipeline, node, pipeline

from mpls311.pipelines.rebuild.nodes import rebuild_marts, stage_published_loads


def create_pipeline(**_: object) -> Pipeline:
    """Two nodes that read nothing but the lake; not part of a plain run."""
    return pipeline(
        [
            node(
                stage_published_loads,
                inputs=["load_history", "service_requests", "areas"],
                outputs=["raw_areas", "raw_mpls_311data@files"],
                name="stage_published_loads",
            ),
            node(
                rebuild_marts,
                inputs=[
                    "raw_mpls_311data@contents",
                    "raw_areas",
                    "load_history",
                    "params:transform",
                ],
                outputs="rebuilt_track_load",
                name="rebuild_marts",
            ),
        ],
        tags="rebuild",
    )
