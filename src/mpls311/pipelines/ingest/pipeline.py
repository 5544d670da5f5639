"""source -> raw_requests, ingested_loads, areas."""

from kedro.pipeline import Pipeline, node, pipeline

from mpls311.pipelines.ingest.areas import read_areas
from mpls311.pipelines.ingest.nodes import read_feature_layers
from mpls311.pipelines.ingest.verifying import verify_earlier_loads


def create_pipeline(**_: object) -> Pipeline:
    """All years are read in one event loop, and then the areas."""
    return pipeline(
        [
            node(
                verify_earlier_loads,
                inputs=[
                    "load_history",
                    "earlier_raw_requests",
                    "earlier_service_requests",
                    "earlier_quarantine",
                    "params:years",
                    "params:mode",
                    "params:source",
                    "params:lake",
                ],
                outputs="verified_history",
                name="verify_earlier_loads",
            ),
            node(
                read_feature_layers,
                inputs=[
                    "verified_history",
                    "load_tracking",
                    "earlier_service_requests",
                    "params:years",
                    "params:mode",
                    "params:source",
                    "params:spool",
                ],
                # Manifests last: what no manifest names does not exist.
                outputs=["raw_requests", "ingested_loads"],
                name="read_feature_layers",
            ),
            node(
                read_areas,
                # After the layers: a run that they refuse leaves nothing behind.
                inputs=["ingested_loads", "known_areas", "params:mode", "params:source"],
                outputs="areas",
                name="read_areas",
            ),
        ],
        tags="ingest",
    )
