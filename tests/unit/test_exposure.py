"""dbt knows which marts the page reads."""

from pathlib import Path

from mpls311.pipelines.report.exposure import exposure

EXPOSURES = Path(__file__).parents[2] / "dbt" / "models" / "marts" / "_exposures.yml"


def test_the_exposure_has_the_marts_of_the_page() -> None:
    assert EXPOSURES.read_text("utf-8") == exposure(), "run `make schemas`"
