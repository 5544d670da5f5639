"""service_requests, areas -> staging tables."""

from kedro.pipeline import Pipeline, node, pipeline

from mpls311.pipelines.stage.nodes import stage_pending_loads


def create_pipeline(**_: object) -> Pipeline:
    """One node: the rows themselves go from the lake to the warehouse without passing here."""
    return pipeline(
        [
            node(
                stage_pending_loads,
                inputs=["validated_loads", "service_requests", "areas"],
                outputs=["raw_areas", "raw_mpls_311data@files"],
                name="stage_pending_loads",
            )
        ],
        tags="stage",
    )
