"""Whole runs, day after day, each held against what the service serves: cell by cell.

    python -m trials.days --runs 100 --faults 0.2    every fifth answer is trouble, layers change
                                                     during reads, years are refused for a run
    python -m trials.days --runs 365                 a year of quiet days

The truth is read from the server by the plainest client there is. After a full read no value may
differ but by a rule of `mpls311.cleaning` that the row names; between full reads, only that of a
case that the city changed without a stamp.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import stamina

from mpls311.sandbox import City
from mpls311.sandbox.protocol import (
    CUT_OFF,
    RESET,
    Answer,
    FeatureServer,
    Handler,
    Request,
    error,
    gzipped,
    serve,
    status,
)
from tests.support.project import Project

YEARS = (2024, 2025)
FIRST_DAY = date(2025, 1, 10)
FULL_EVERY = 10
"""Runs."""

TROUBLE = (
    status(503),
    status(429, Retry_After="0"),
    status(200, "<html>maintenance</html>"),
    error(500, "Error performing query operation"),
    gzipped(b'{"features": []}' * 99, keep=30),
    RESET,
    CUT_OFF,
)

COLUMNS = {
    "subject_name": "SUBJECTNAME",
    "reason_name": "REASONNAME",
    "type_name": "TYPENAME",
    "title": "TITLE",
    "open_datetime": "OPENEDDATETIME",
    "closed_datetime": "CLOSEDDATETIME",
    "last_update_datetime": "LastUpdateDate",
    "case_status": "CASESTATUS",
    "is_accessibility_related": "IsAccessibilityRelated",
    "coord_x": "XCOORD",
    "coord_y": "YCOORD",
    "geometry_x": "x",
    "geometry_y": "y",
}
TIMES = ("open_datetime", "closed_datetime", "last_update_datetime")
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC).timestamp() * 1000
BOXES = {
    "geometry_x": (-93.40, -93.10),
    "geometry_y": (44.80, 45.15),
    "coord_x": (-10_397_240.0, -10_363_840.0),
    "coord_y": (5_590_480.0, 5_645_600.0),
}

Row = dict[str, Any]


class World(Mapping[str, Any]):
    """The stand-in city on a day that a trial moves on, in trouble if it says so."""

    def __init__(self, rows: int, faults: float, seed: int) -> None:
        self.rows = rows
        self.faults = faults
        self.chance = random.Random(seed)
        self.quiet = True
        self.refused: int | None = None
        self.moves_on: date | None = None
        self.turn(FIRST_DAY)

    def turn(self, day: date) -> None:
        """Publish the layers of a day."""
        self.day = day
        self.city = City(rows_per_year=self.rows, as_of=day)

    def __getitem__(self, address: str) -> Any:
        return self.city[address]

    def __iter__(self) -> Iterator[str]:
        return iter(self.city)

    def __len__(self) -> int:
        return len(self.city)

    async def fault(self, request: Request, handler: Handler) -> Answer:
        """Answer well, or in trouble; the layers may move on meanwhile."""
        if self.quiet:
            return await handler(request)
        if f"_{self.refused}/" in request.path:
            return error(499, "Token Required")
        if self.moves_on and request.kind == "page" and self.chance.random() < 0.3:
            self.turn(self.moves_on)
            self.moves_on = None
        if self.chance.random() < self.faults:
            return self.chance.choice(TROUBLE)
        return await handler(request)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--faults", type=float, default=0.0, help="share of answers")
    parser.add_argument("--rows-per-year", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    world = World(options.rows_per_year, options.faults, options.seed)
    with (
        tempfile.TemporaryDirectory(prefix="days-") as folder,
        stamina.set_testing(True, attempts=12, cap=True),
        serve(world, faults=[world.fault]) as server,
    ):
        return days(Project(Path(folder, "project"), models_only=True), world, server, options.runs)


def days(project: Project, world: World, server: FeatureServer, runs: int) -> int:
    rules: Counter[str] = Counter()
    codes: Counter[int] = Counter()
    cells = failures = 0
    at: dict[int, date] = {}
    full: dict[int, date] = {}
    for number in range(runs):
        is_full = number % FULL_EVERY == 0
        disturb(world, number)
        began = time.time()
        mode = "full" if is_full else "incremental"
        params = f"years=2024+2025,mode={mode},source.services_url={server.services_url}"
        outcome = project.run(params)
        codes[outcome.exit_code] += 1
        world.quiet = True
        expected = 0 if world.refused is None else 3
        wrong = [] if outcome.exit_code == expected else [f"exit code {outcome.exit_code}"]
        today = world.day
        for year in YEARS:
            if year == world.refused:
                continue
            at[year] = edition(project, world, year, today)
            full[year] = at[year] if is_full else full.get(year, at[year])
        for year, day in at.items() if not wrong else ():
            world.turn(day)
            unstamped = changed_without_a_stamp(world.city, year, full[year], day)
            compared, differing = compare(project, server, year, unstamped, rules)
            cells += compared
            wrong += differing
        world.turn(today)
        failures += bool(wrong)
        say(
            f"{'FAIL' if wrong else 'ok  '} {number + 1:3} {today} {mode:11} "
            f"{time.time() - began:5.1f} s  {wrong[:5] or ''}"
        )
        if wrong and outcome.exit_code != expected:
            say(outcome.output)
    say(
        f"{runs - failures} of {runs} runs well; exit codes {dict(codes)}; {cells:,} cells compared"
    )
    say(f"differing by a rule: {dict(rules.most_common())}")
    return failures


def changed_without_a_stamp(city: City, year: int, since: date, until: date) -> set[int]:
    """The cases of which no increment can know, from day to day: some are newer than `since`."""
    cases: set[int] = set()
    while since < until:
        cases.update(map(int, city.events(year, since, since + timedelta(days=1)).unstamped))
        since += timedelta(days=1)
    return cases


def disturb(world: World, number: int) -> None:
    """Turn to the next day, and decide what goes wrong on it."""
    world.turn(FIRST_DAY + timedelta(days=number))
    world.refused = world.moves_on = None
    world.quiet = not world.faults
    if world.faults and number:
        world.refused = world.chance.choice((*YEARS, None, None, None, None))
        if world.chance.random() < 0.3:
            world.moves_on = world.day + timedelta(days=1)


def edition(project: Project, world: World, year: int, today: date) -> date:
    """The day of which a year was published: the layer may have changed during the run."""
    newest = max((project.folder / f"data/manifests/{year}").glob("*.ingest.json"))
    edited = json.loads(newest.read_text())["edit_date_after"]
    for day in (today, today - timedelta(days=1)):
        world.turn(day)
        if world.city.layer(year).metadata["editingInfo"]["dataLastEditDate"] == edited:
            return day
    return today


def compare(
    project: Project, server: FeatureServer, year: int, unstamped: set[int], rules: Counter[str]
) -> tuple[int, list[str]]:
    """Hold the newest version of each case against what the layer serves.

    Returns:
        How many values were compared, and what differs by no rule.
    """
    truth = served(f"{server.services_url}/Public_311_{year}/FeatureServer/0")
    names = ", ".join(f"epoch_ms({name})" if name in TIMES else name for name in COLUMNS)
    found = {
        row[0]: row
        for row in project.query(
            f"select case_id, repairs, {names} from mpls_311_production.int_requests_by_layer "
            f"where source_year = {year} and deleted_at is null"
        )
    }
    wrong = [f"{year} {case}: not there" for case in truth.keys() - found.keys()]
    wrong += [f"{year} {case}: not served" for case in found.keys() - truth.keys()]
    wrong = [line for line in wrong if int(line.split()[1][:-1]) not in unstamped]
    for case in truth.keys() & found.keys():
        told = [held_against(row, found[case]) for row in truth[case]]
        used, odd = min(told, key=lambda each: len(each[1]))
        rules.update(used)
        if case not in unstamped:
            wrong += [f"{year} {case} {line}" for line in odd]
    return len(found) * len(COLUMNS), wrong


def held_against(row: Row, found: Sequence[Any]) -> tuple[set[str], list[str]]:
    """By which rules a row of the warehouse differs from what is served, and by none.

    Args:
        row: As served.
        found: The case id, the codes of repairs, and the values of `COLUMNS`.
    """
    _, repairs, *values = found
    named = set((repairs or "").split(",")) - {""}
    used: set[str] = set()
    odd = []
    for (column, field), value in zip(COLUMNS.items(), values, strict=True):
        if value == row.get(field):
            continue
        if rule := next((code for code in named if explains(code, column, row, value)), None):
            used.add(rule)
        else:
            odd.append(f"{column}: {value!r}, not {row.get(field)!r}")
    return used, odd + [f"nothing differs by {code}" for code in named - used]


def explains(code: str, column: str, row: Row, value: object) -> bool:
    """Whether a documented rule makes this value of what is served."""
    given = row.get(COLUMNS[column])
    match code:
        case "blank_text":
            return isinstance(given, str) and not given.strip() and value is None
        case "trimmed_text":
            return isinstance(given, str) and value == given.strip() != ""
        case "case_status_unknown":
            return column == "case_status" and given not in (0, 1) and value is None
        case "location_zero":
            return column in BOXES and abs(given or 0) < 1e-6 and value is None
        case "location_outside_city" | "coordinates_outside_city":
            x, y = (
                ("geometry_x", "geometry_y") if code.startswith("loc") else ("coord_x", "coord_y")
            )
            return column in (x, y) and value is None and not (inside(row, x) and inside(row, y))
    if code == f"{column}_absurd":
        latest = (datetime.now(UTC) + timedelta(days=2)).timestamp() * 1000
        return value is None and given is not None and not EARLIEST <= given <= latest
    return False


def inside(row: Row, column: str) -> bool:
    low, high = BOXES[column]
    return row.get(COLUMNS[column]) is not None and low <= row[COLUMNS[column]] <= high


def served(url: str) -> dict[int, list[Row]]:
    """The version of each case that counts, of the rows with a case id and an opening time.

    There are several where only a hash could choose.
    """
    best: dict[int, list[Row]] = {}
    offset = 0
    while True:
        question = {
            "where": "1=1",
            "outFields": "*",
            "outSR": "4326",
            "orderByFields": "OBJECTID",
            "resultOffset": offset,
            "f": "json",
        }
        with urlopen(f"{url}/query?{urlencode(question)}") as answer:
            features = json.load(answer)["features"]
        if not features:
            return best
        offset += len(features)
        for feature in features:
            row: Row = {**feature["attributes"], **(feature.get("geometry") or {})}
            # Esri's spelling of a point that is none.
            row |= {axis: None for axis in "xy" if row.get(axis) == "NaN"}
            case, opened = row["CASEID"], row["OPENEDDATETIME"]
            latest = (datetime.now(UTC) + timedelta(days=2)).timestamp() * 1000
            usable = case and case > 0 and case == int(case)
            if not usable or opened is None or not EARLIEST <= opened <= latest:
                continue
            known = best.setdefault(int(case), [row])
            if stamp(row) > stamp(known[0]):
                best[int(case)] = [row]
            elif stamp(row) == stamp(known[0]):
                known.append(row)


def stamp(row: Row) -> float:
    """When a row was changed last, as far as it says."""
    latest = (datetime.now(UTC) + timedelta(days=2)).timestamp() * 1000
    for field in ("LastUpdateDate", "CLOSEDDATETIME"):
        if row[field] is not None and EARLIEST <= row[field] <= latest:
            return float(row[field])
    return float(row["OPENEDDATETIME"])


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
