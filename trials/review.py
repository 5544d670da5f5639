"""Review changes of five kinds, each in a clone of the repository: python -m trials.review."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.project import ROOT


def nothing(_: Path) -> None:
    """Not a change at all."""


def threshold(dbt: Path) -> None:
    replace(dbt / "dbt_project.yml", "enough_requests: 30", "enough_requests: 60")


def renamed_column(dbt: Path) -> None:
    replace(dbt / "models/marts/dim_dates.sql", "\n    iso_week,\n", "\n    iso_week as week,\n")
    replace(dbt / "models/marts/dim_dates.yml", "name: iso_week", "name: week")


def new_mart(dbt: Path) -> None:
    model = "select source_year, count(*) as cases from {{ ref('fact_311data') }} group by 1\n"
    (dbt / "models/marts/rpt_years.sql").write_text(model)
    (dbt / "models/marts/rpt_years.yml").write_text(
        "models:\n  - name: rpt_years\n    columns:\n"
        "      - {name: source_year, data_type: int64, data_tests: [unique]}\n"
        "      - {name: cases, data_type: int64}\n"
    )


def seed(dbt: Path) -> None:
    potholes = "Pothole,Pothole,Pothole,Phone or other,"
    replace(dbt / "seeds/mpls_311_categories.csv", f"{potholes}false", f"{potholes}true")


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text, f"{file.name} has no {old!r}"
    file.write_text(text.replace(old, new), "utf-8")


CHANGES: dict[str, tuple[Callable[[Path], None], list[str]]] = {
    "no change": (nothing, ["No mart differs"]),
    "a threshold": (threshold, ["`is_few` differs in", "| rpt_service_targets |", "removed: "]),
    "a renamed column": (
        renamed_column, ["column `iso_week` is gone (bigint)", "new column `week`, bigint"]
    ),
    "a new mart": (new_mart, ["| rpt_years | new: 3 |"]),
    "a seed": (
        seed, ["### dim_categories", "`is_information_only` False -> True", "| rpt_requests |"]
    ),
}  # fmt: skip
"""What is done to the dbt project, and what the review must say of it."""


def main() -> int:
    failures = 0
    for name, (change, expected) in CHANGES.items():
        with tempfile.TemporaryDirectory(prefix="review-trial-") as folder:
            subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
            change(Path(folder, "dbt"))
            began = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-m", "review", "--base", "HEAD"],
                cwd=folder, env={"PYTHONPATH": f"{folder}/src"}, capture_output=True, text=True,
            )  # fmt: skip
            missing = [text for text in expected if text not in done.stdout]
            failures += bool(missing)
            seconds = time.perf_counter() - began
            sys.stdout.write(f"\n# {name}: {seconds:.1f} s\n\n{done.stdout}{done.stderr}")
            sys.stdout.write(f"MISSING {missing}\n" if missing else "")
            sys.stdout.flush()
    return failures


if __name__ == "__main__":
    sys.exit(main())
