"""What a review says of changes, each made in a clone of the repository.

python -m trials.review city    # five kinds of change, on the stand-in city
python -m trials.review base    # days later, in a warehouse where a review has been before
python -m trials.review gcp     # the same in BigQuery, on emulators
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path

from mpls311.sandbox import City, serve
from tests.support.emulators import running_emulators
from tests.support.project import ROOT

DAYS = date(2025, 5, 30), date(2025, 6, 10), date(2025, 6, 12)
YEARS = "years=2024+2025"
SAME = ["No mart differs"]


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


def time_zone(dbt: Path) -> None:
    """A variable, of which models are made that are kept up to date case by case."""
    replace(dbt / "dbt_project.yml", "local_time_zone: America/Chicago", "local_time_zone: UTC")


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text, f"{file.name} has no {old!r}"
    file.write_text(text.replace(old, new), "utf-8")


CHANGES: dict[str, tuple[Callable[[Path], None], list[str]]] = {
    "no change": (nothing, SAME),
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


def of_the_city() -> Iterator[bool]:
    """Whether each change is told."""
    for name, (change, expected) in CHANGES.items():
        with clone() as folder:
            change(folder / "dbt")
            yield is_told(folder, name, expected)


def of_a_warehouse(env: str) -> Iterator[bool]:
    """Whether a review tells what changed, and not what an earlier one has left."""
    with clone() as folder:
        for day in DAYS:
            with serve(City(rows_per_year=2_000, as_of=day)) as city:
                params = f"{YEARS},source.services_url={city.services_url}"
                python(folder, "kedro", "run", "--env", env, "--params", params)
            if day != DAYS[1]:
                yield is_told(folder, f"no change, on {day}", SAME, "--env", env)
        time_zone(folder / "dbt")
        told = ["### fact_311data", "- `open_date_id` differs in"]
        yield is_told(folder, "a time zone", told, "--env", env)


@contextmanager
def clone() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="review-trial-") as folder:
        subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
        yield Path(folder)


def is_told(folder: Path, name: str, expected: list[str], *arguments: str) -> bool:
    began = time.perf_counter()
    done = python(folder, "review", "--base", "HEAD", *arguments)
    missing = [text for text in expected if text not in done.stdout]
    seconds = time.perf_counter() - began
    sys.stdout.write(f"\n# {name}: {seconds:.1f} s\n\n{done.stdout}{done.stderr}")
    sys.stdout.write(f"MISSING {missing}\n" if missing else "")
    sys.stdout.flush()
    return not missing


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What a module of the clone says."""
    environment = os.environ | {"PYTHONPATH": f"{folder}/src"}
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("places", nargs="+", choices=["city", "base", "gcp"])
    well = True
    with ExitStack() as stack:
        for place in parser.parse_args(arguments).places:
            if place == "gcp":
                os.environ |= stack.enter_context(running_emulators())
            well &= all([*(of_the_city() if place == "city" else of_a_warehouse(place))])
    return int(not well)


if __name__ == "__main__":
    sys.exit(main())
