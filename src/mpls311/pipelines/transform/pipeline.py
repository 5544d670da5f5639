"""staging table -> marts (through dbt), track_load, published_loads."""

from kedro.pipeline import Pipeline, node, pipeline

from mpls311.pipelines.transform.nodes import run_dbt_and_record_loads


def create_pipeline(**_: object) -> Pipeline:
    """One node, the only writer of track_load."""
    return pipeline(
        [
            node(
                run_dbt_and_record_loads,
                inputs=["raw_mpls_311data@contents", "validated_loads", "params:transform"],
                # The published manifests last: with them the watermarks move.
                outputs=["track_load", "published_loads"],
                name="run_dbt_and_record_loads",
            )
        ],
        tags="transform",
    )
