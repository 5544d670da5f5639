"""marts -> Parquet, CSV, datapackage.json."""

from pathlib import Path

from kedro.pipeline import Pipeline, node, pipeline
from kedro.utils import find_kedro_project

from mpls311.pipelines.export.nodes import describe_export, export_rows, read_contracts
from mpls311.pipelines.export.package import resource_name


def create_pipeline(**_: object) -> Pipeline:
    """A node for each mart, and the description of what they wrote, last of all."""
    marts = _marts()
    return pipeline(
        [
            node(
                read_contracts,
                inputs="params:transform",
                outputs={mart: f"contract_of_{mart}" for mart in marts},
                name="read_contracts",
            ),
            *(
                node(
                    export_rows,
                    inputs=[f"rows_of_{mart}", f"contract_of_{mart}"],
                    outputs=[
                        f"export_{resource_name(mart)}",
                        f"export_{resource_name(mart)}_csv",
                        f"exported_{mart}",
                    ],
                    name=f"export_{mart}",
                )
                for mart in marts
            ),
            node(
                describe_export,
                inputs={"history": "load_history"} | {mart: f"exported_{mart}" for mart in marts},
                outputs="export_package",
                name="describe_export",
            ),
        ],
        tags="export",
    )


def _marts() -> list[str]:
    """Every mart that dbt builds."""
    project = find_kedro_project(Path.cwd()) or Path.cwd()
    return sorted(path.stem for path in project.glob("dbt/models/marts/*.sql"))
