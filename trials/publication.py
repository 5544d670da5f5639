"""Five days of the city in public, with a stand-in city and a stand-in GitHub.

    python -m trials.publication [--rows 2000]

A first day; the same day again; a day on which the lake is lost; one on which a layer is halved;
one on which it is whole again. Each is what the workflow does: three commands on an empty machine.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from mpls311.sandbox import City
from mpls311.sandbox.protocol import Table, TableLayer, serve
from tests.support.project import ROOT, Project
from tests.support.stand_in_gh import stand_in_github

HALVED = "Public_311_2024"


class World(Mapping[str, Any]):
    """The stand-in city of a day, of which a layer may be halved."""

    def __init__(self, rows: int) -> None:
        self._rows = rows

    def turn(self, day: date, *, halved: bool = False) -> None:
        """Publish the layers of a day."""
        self._city = City(rows_per_year=self._rows, as_of=day)
        self._halved = halved

    def __getitem__(self, address: str) -> Any:
        layer = self._city[address]
        return half_of(layer) if self._halved and address == HALVED else layer

    def __iter__(self) -> Iterator[str]:
        return iter(self._city)

    def __len__(self) -> int:
        return len(self._city)


def half_of(layer: TableLayer) -> TableLayer:
    """A layer of every other row, published a day later."""
    kept = np.arange(0, len(layer.table), 2)
    columns = tuple(column.take(kept) for column in layer.table)
    half = TableLayer(layer.name, Table(columns, layer.table.geometry.take(kept)))
    half.metadata = dict(layer.metadata)
    half.edited(layer.metadata["editingInfo"]["dataLastEditDate"] + 86_400_000)
    return half


DAYS: dict[str, tuple[date, bool, dict[str, Any]]] = {
    "first day": (date(2025, 7, 1), False, {"code": 0, "published": [2024, 2025], "open": 0}),
    "same day again": (date(2025, 7, 1), False, {"code": 0, "published": [], "open": 0}),
    "lake lost": (date(2025, 7, 1), False, {"code": 0, "published": [2024, 2025], "open": 0}),
    "2024 halved": (date(2025, 7, 3), True, {"code": 0, "published": [2025], "open": 1}),
    "whole again": (date(2025, 7, 5), False, {"code": 0, "published": [2024, 2025], "open": 0}),
}
"""By name: the day, whether a layer is halved, and what must come of it."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=2_000, help="a year")
    options = parser.parse_args()
    world, failures = World(options.rows), 0
    with tempfile.TemporaryDirectory(prefix="publication-") as name, serve(world) as server:
        folder = Path(name)
        environment = stand_in_github(folder)
        repository = Path(environment["STAND_IN_GITHUB"])
        for number, (what, (day, halved, expected)) in enumerate(DAYS.items()):
            world.turn(day, halved=halved)
            if what == "lake lost":
                shutil.rmtree(repository / "releases")
            began = time.monotonic()
            machine = Project(folder / f"machine-{number}")
            params = f"years=2024+2025,source.services_url={server.services_url}"
            code, said = publish(machine, environment, params)
            found = outcome(machine, repository) | {"code": code}
            wrong = {key: found.get(key) for key in expected if found.get(key) != expected[key]}
            failures += bool(wrong)
            say(f"{'FAIL' if wrong else 'ok  '} {what}, {time.monotonic() - began:.1f} s {wrong}")
            for line in said:
                say(f"     {line}")
    return failures


def publish(machine: Project, environment: Mapping[str, str], params: str) -> tuple[int, list[str]]:
    """What the workflow does; the exit code of the run, and what the commands themselves said."""
    code, lines = 0, []
    for step in ("fetch", "run", "hand-over"):
        done = subprocess.run(
            [sys.executable, "-m", "publish", step, "--env", "demo", "--params", params],
            cwd=machine.folder,
            env={**os.environ, **environment, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
            capture_output=True,
            text=True,
        )
        code = max(code, done.returncode)
        lines += [line for line in done.stdout.splitlines() if is_ours(line)]
        lines += done.stderr.splitlines()[-3:] if done.returncode else []
    return code, lines


def is_ours(line: str) -> bool:
    beginnings = ("lake-", "The lake", "No lake", "Published", "Nothing was", "docs/", "2024 ")
    return line.startswith(beginnings) or "checked:" in line


def outcome(machine: Project, repository: Path) -> dict[str, Any]:
    """What is in public after a day."""
    folder = machine.folder / "publication"
    status = folder / "site/status.json"
    issues = repository / "issues.json"
    listed = json.loads(issues.read_text()) if issues.exists() else []
    return {
        "published": json.loads(status.read_text())["published"] if status.exists() else [],
        "open": sum(issue["state"] == "open" for issue in listed),
    }


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
