"""load_history and all files of the lake -> the same without some cases, and the warehouse anew."""

from kedro.pipeline import Pipeline, node, pipeline

from mpls311.pipelines.purge.nodes import purge_cases


def create_pipeline(rebuild: Pipeline, **_: object) -> Pipeline:
    """One node, and the pipeline that makes a warehouse from a lake; not part of a plain run."""
    purge = pipeline(
        [
            node(
                purge_cases,
                inputs=[
                    "load_history",
                    "earlier_raw_requests",
                    "earlier_service_requests",
                    "earlier_quarantine",
                    "params:purge",
                ],
                outputs=[
                    "raw_requests",
                    "service_requests",
                    "quarantine",
                    "rewritten_loads",
                    "purged_history",
                ],
                name="purge_cases",
            )
        ],
        tags="purge",
    )
    return purge + pipeline(rebuild, inputs={"load_history": "purged_history"})
