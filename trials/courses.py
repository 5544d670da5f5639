"""Random days in BigQuery's emulator, kept up to date one by one, or made anew of the lake.

    python -m trials.courses [--course 1] [--days 5]

Days on which one year or both are read, some in full, some with a changed seed; cases change,
leave, return and move as those of the stand-in city do. Then `kedro run --pipeline rebuild`, and
every table must have the same cells. Ends with status 1 if any differs.
"""

import argparse
import os
import random
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

from google.cloud import bigquery

from mpls311.sandbox import City, serve
from tests.support.emulators import running_emulators
from tests.support.project import Project
from tests.support.warehouses import Table, bigquery_tables, comparable, differences
from trials.statements import emulated

FIRST_DAY = date(2025, 1, 10)
SEED = "dbt/seeds/mpls_311_categories.csv"
POTHOLE = ",Pothole,Phone or other,"


def live(project: Project, chance: random.Random, days: int) -> list[str]:
    """Run on some days; gives what each was."""
    day, told = FIRST_DAY, []
    for number in range(days):
        day += timedelta(days=chance.choice((1, 3, 30)) if number else 0)
        years = chance.choice(("2024", "2025", "2024+2025")) if number else "2024+2025"
        mode = "full" if chance.random() < 0.3 else "incremental"
        turned = number > 0 and chance.random() < 0.3
        if turned:
            turn(project.folder / SEED)
        with serve(City(rows_per_year=800, as_of=day)) as server:
            where = f"source.services_url={server.services_url},source.today={day}"
            project.ran(f"years={years},mode={mode},{where}", env="gcp")
        told.append(f"{day} {years} {mode}{' turned' if turned else ''}")
    return told


def turn(seed: Path) -> None:
    """Potholes are information only from now on, or no more."""
    text = seed.read_text("utf-8")
    now = f"{POTHOLE}false" if f"{POTHOLE}true" in text else f"{POTHOLE}true"
    before = f"{POTHOLE}true" if now.endswith("false") else f"{POTHOLE}false"
    seed.write_text(text.replace(before, now), "utf-8")


def tables(client: bigquery.Client) -> dict[str, Table]:
    """What analysts read."""
    found = comparable(bigquery_tables(client))
    return {name: table for name, table in found.items() if ".mpls_311_production." in f".{name}"}


def main() -> int:
    """Try a course; gives whether it came to other cells."""
    parser = argparse.ArgumentParser(prog="python -m trials.courses", description=__doc__)
    parser.add_argument("--course", type=int, default=1, help="which of all there could be")
    parser.add_argument("--days", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_emulators() as variables:
        os.environ.update(variables)
        project = Project(Path(folder, "project"), models_only=True)
        told = live(project, random.Random(options.course), options.days)
        kept = tables(emulated())
        unreachable = "source.services_url=http://127.0.0.1:1/rest/services"
        project.ran(unreachable, env="gcp", pipeline="rebuild")
        anew = tables(emulated())
    found = differences(kept, anew)
    cells = sum(table.cells for table in kept.values())
    sys.stdout.write(f"{'; '.join(told)}: {cells:,} cells, {found or 'none differ'}\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
