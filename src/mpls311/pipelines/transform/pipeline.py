"""staging table -> marts (through dbt), track_load, published_loads."""

import warnings

from kedro.pipeline import Pipeline, node, pipeline
from kedro.utils import KedroExperimentalWarning

from mpls311.pipelines.transform.graph import dbt_graph
from mpls311.pipelines.transform.nodes import run_dbt_and_record_loads


def create_pipeline(**_: object) -> Pipeline:
    """One node, the only writer of track_load."""
    with warnings.catch_warnings():
        # Of preview_fn: only the drawing would be lost.
        warnings.simplefilter("ignore", KedroExperimentalWarning)
        return pipeline(
            [
                node(
                    run_dbt_and_record_loads,
                    inputs=[
                        "raw_mpls_311data@contents",
                        "raw_areas",
                        "validated_loads",
                        "params:transform",
                    ],
                    # The published manifests last: with them the watermarks move.
                    outputs=["track_load", "published_loads"],
                    name="run_dbt_and_record_loads",
                    preview_fn=dbt_graph,
                )
            ],
            tags="transform",
        )
