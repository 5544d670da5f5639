"""Put the flag of a clear change through years in which nothing changes, and one in which it does.

    python -m trials.changes             both tempers of the stand-in city, ten seeds each
    python -m trials.changes --seeds 3

Nothing changes in the stand-in city but what is planted. Of its eleven years, each held against the
year before by type and channel, at most one in eleven may show any clear change. Of changes by 30 %
those of types with many requests and times that are alike must be found in every city, and what
else is found must contain what was planted. Prints what it saw, and ends with status 1 if anything
was not as it must be.
"""

import argparse
import csv
import sys
import tempfile
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import yaml

from mpls311.parameters import ChangeSettings
from mpls311.pipelines.report.answers import Answers
from mpls311.sandbox import City
from mpls311.sandbox.city.tempers import TEMPERS
from tests.support.city_requests import published, take_for_requests
from tests.support.dbt_warehouse import PROJECT, Warehouse, dbt
from tests.support.project import ROOT

AS_OF = date(2026, 11, 20)
YEARS = range(2015, 2027)
FROM = date(2025, 1, 1)
MUST_BE_FOUND = {
    "Abandoned Vehicle": 1.3,
    "Sewer Issues": 0.7,
    "Exterior Nuisance Complaint": 0.7,
    "Graffiti - Open311": 1.3,
}
"""A thousand requests a year or more, whose times spread by a factor of three or less."""
MAY_BE_FOUND = {
    "Fire Prevention Callback": 1.3,
    "Pothole": 1.3,
    "Debris in the Street or Alley": 0.7,
    "Street Light Outage": 1.3,
}
PLANTED = MUST_BE_FOUND | MAY_BE_FOUND
FINEST = "year_type_channel"

Kind = tuple[str, str, str]


def found(warehouse: Warehouse, city: City) -> pd.DataFrame:
    """The clear changes of a city in all its years, as the page tells them."""
    take_for_requests(warehouse, pa.concat_tables(published(city, year) for year in YEARS))
    selection = ("--full-refresh", "--select", "rpt_time_to_close", "rpt_changes")
    built = warehouse.build(*selection, "--exclude-resource-type", "test", "unit_test")
    assert built.success, built.statuses
    with duckdb.connect(str(warehouse.path), read_only=True) as connection:
        marts = {
            name: connection.execute(f"select * from mpls_311_production.{name}").fetch_df()
            for name in ("rpt_time_to_close", "rpt_changes")
        }
    marts["rpt_data_quality"] = pd.DataFrame({"source_year": YEARS, "case_count": 1})
    settings = yaml.safe_load((ROOT / "conf/base/parameters.yml").read_text())["changes"]
    answers = Answers(marts, None, None, ChangeSettings.model_validate(settings))
    rows = answers.worse_times
    return rows[rows["change"].notna()]


def kinds() -> dict[str, Kind]:
    """Major category, standard name and channel of what is planted."""
    with (PROJECT / "seeds" / "mpls_311_categories.csv").open(newline="") as file:
        return {
            row["type_name"]: (row["subject_name"], row["std_type_name"], row["channel"])
            for row in csv.DictReader(file)
            if row["type_name"] in PLANTED
        }


def is_about(row: Any, kind: Kind) -> bool:
    """Whether a row of any grain contains a kind of requests."""
    named = (row.subject_name, row.type_name, row.channel)
    return all(pd.isna(name) or name == own for name, own in zip(named, kind, strict=True))


def of_temper(warehouse: Warehouse, temper: str, seeds: int) -> list[str]:
    """Try the cities of a temper; gives what was not as it must be."""
    text = ", ".join(f"{name} x{factor} from {FROM}" for name, factor in PLANTED.items())
    planted = kinds()
    false_years, strangers = 0, 0
    hits: Counter[str] = Counter()
    for seed in range(seeds):
        quiet = found(warehouse, City(seed, as_of=AS_OF, temper=temper))
        loud = found(warehouse, City(seed, as_of=AS_OF, temper=temper, changes=text))
        false_years += quiet.loc[quiet["grain"] == FINEST, "open_year"].nunique()
        year = [*loud[loud["open_year"] == FROM.year].itertuples()]
        finest = [row for row in year if row.grain == FINEST]
        hits.update(
            name for name, kind in planted.items() if any(is_about(r, kind) for r in finest)
        )
        strangers += sum(not any(is_about(row, kind) for kind in planted.values()) for row in year)
        say(f"{temper}, seed {seed}: {len(finest)} of {len(PLANTED)} planted changes")
    say(f"{temper}: {false_years} of {seeds * (len(YEARS) - 1)} quiet years with a change")
    say(f"{temper}: {strangers} changes besides those planted")
    for name, factor in PLANTED.items():
        say(f"{temper}: {name} x{factor} found in {hits[name]} of {seeds} cities")
    wrong = [f"{temper}: {name} was missed" for name in MUST_BE_FOUND if hits[name] < seeds]
    if false_years > seeds:
        wrong.append(f"{temper}: too many quiet years with a change")
    if strangers > seeds:
        wrong.append(f"{temper}: too many changes besides those planted")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    seeds = parser.parse_args().seeds
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mpls_311.duckdb")
        warehouse = Warehouse(path, dbt(path.parent, "parse").result)
        warehouse.stage()
        warehouse.build("--exclude-resource-type", "test", "unit_test")
        wrong = [line for temper in TEMPERS for line in of_temper(warehouse, temper, seeds)]
    for line in wrong:
        say(line)
    return 1 if wrong else 0


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
