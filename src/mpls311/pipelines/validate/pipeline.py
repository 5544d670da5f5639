"""raw_requests -> service_requests, quarantine, validation_report, validated_loads."""

from kedro.pipeline import Pipeline, node, pipeline

from mpls311.pipelines.validate.nodes import validate_pending_loads


def create_pipeline(**_: object) -> Pipeline:
    """One node over all pending loads, whatever years the run is about."""
    return pipeline(
        [
            node(
                validate_pending_loads,
                inputs=[
                    "ingested_loads",
                    "raw_requests",
                    "earlier_service_requests",
                    "params:validation",
                ],
                # Manifests last: what no manifest names does not exist.
                outputs=[
                    "service_requests",
                    "quarantine",
                    "validation_report",
                    "validated_loads",
                ],
                name="validate_pending_loads",
            )
        ],
        tags="validate",
    )
