"""The notebook runs from top to bottom against the demo warehouse."""

from pathlib import Path

import nbformat
from nbclient import NotebookClient

from tests.support.project import ROOT, Project


def test_the_tour_shows_three_answers_and_a_plot(project: Project) -> None:
    city = "sandbox.rows_per_year=1500,sandbox.as_of=2025-03-01"
    project.ran(f"years=2024+2025,{city}", env="demo")
    notebook = nbformat.read(ROOT / "notebooks/tour.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "clear its outputs"

    NotebookClient(notebook, resources={"metadata": {"path": str(project.folder)}}).execute()

    shown = [
        "".join(output.get("data", {}).get("text/html", "") for output in cell.outputs)
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]
    assert "Parking Violation Complaint" in shown[1]
    assert "Open311" in shown[2]
    assert "slower_share" in shown[3]
    plots = [output for output in notebook.cells[-1].outputs if "data" in output]
    assert any("application/vnd.plotly.v1+json" in output["data"] for output in plots)
    assert Path(project.folder, "data/demo/08_reporting/dashboard.html").exists()
