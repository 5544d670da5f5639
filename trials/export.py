"""Twelve years of the stand-in city exported, and read by the tool of the Frictionless standards.

python -m trials.export --tool frictionless [--rows 80000] [--years 2015-2026]
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.support.project import ROOT, Project

KEDRO = str(Path(sys.executable).with_name("kedro"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tool", required=True, help="the program `frictionless`")
    parser.add_argument("--rows", type=int, default=80_000, help="a year")
    parser.add_argument("--years", default="2015-2026")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="export-") as name:
        project = Project(Path(name, "project"))
        city = f"years={options.years},sandbox.rows_per_year={options.rows}"
        timed("kedro run", [KEDRO, "run", "--env", "demo", "--params", city], project.folder)
        export = [KEDRO, "run", "--env", "demo", "--pipeline", "export"]
        timed("kedro run --pipeline export", export, project.folder)
        folder = project.folder / "data/demo/09_export"
        print_sizes(folder)
        tool = str(Path(options.tool).absolute())
        report = timed("frictionless validate", [tool, "validate", "datapackage.json"], folder)
    say(report[report.find("dataset") :] if "dataset" in report else report)


def timed(name: str, command: Sequence[str], folder: Path) -> str:
    """Run a program, say how long it took and what memory the largest so far had; its output."""
    began = time.monotonic()
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
    )
    seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    said = done.stdout + done.stderr
    if done.returncode:
        sys.exit(f"FAIL {name}:\n{said[-4000:]}")
    say(f"ok   {name}: {seconds:,.1f} s; peak memory of all so far {peak:,.0f} MB")
    return said


def print_sizes(folder: Path) -> None:
    """Rows and bytes of what was exported."""
    package = json.loads((folder / "datapackage.json").read_text("utf-8"))
    total = Counter[str]()
    for each in package["resources"]:
        size = (folder / each["path"]).stat().st_size
        total[each["format"]] += size
        rows = f"{each['rows']:>10,} rows" if "rows" in each else " " * 15
        say(f"     {each['path']:<28} {rows} {size / 1e6:>8,.1f} MB")
    say("     " + ", ".join(f"{form}: {size / 1e6:,.0f} MB" for form, size in total.items()))


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
