"""marts -> figures, dashboard."""

from kedro.pipeline import Pipeline, node, pipeline

from mpls311.pipelines.report.figures import (
    draw_category_split,
    draw_monthly_volume,
    draw_neighborhoods,
    draw_service_targets,
    draw_times_to_close,
)
from mpls311.pipelines.report.nodes import collect_answers, write_dashboard
from mpls311.pipelines.report.tables import MARTS

_FIGURES = {
    "category_split": draw_category_split,
    "monthly_volume": draw_monthly_volume,
    "times_to_close": draw_times_to_close,
    "service_targets": draw_service_targets,
    "neighborhood_map": draw_neighborhoods,
}


def create_pipeline(**_: object) -> Pipeline:
    """One look at the marts; a figure and a page of it."""
    return pipeline(
        [
            node(
                collect_answers,
                # With the published manifests the marts are as new as they will be.
                inputs={"history": "published_loads", "change": "params:changes"}
                | {name: name for name in MARTS},
                outputs="answers",
                name="collect_answers",
            ),
            *(
                node(draw, inputs="answers", outputs=name, name=f"draw_{name}")
                for name, draw in _FIGURES.items()
            ),
            node(write_dashboard, inputs="answers", outputs="dashboard", name="write_dashboard"),
        ],
        tags="report",
    )
