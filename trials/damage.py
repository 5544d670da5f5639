"""Damage a lake in every way: what is said, what is typed, and that all is well afterwards.

    python -m trials.damage flips     # 200 flipped bits checked, 40 of them rebuilt from
    python -m trials.damage cures     # every kind of damage to every kind of file
    sudo python -m trials.damage disk # a disk that fills up in each phase (Linux)

Each begins from two years of a small stand-in city, loaded in full and then incrementally.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

from mpls311.sandbox import City, serve
from tests.support.damage import FOLDERS, KINDS, damage, files_of, flipped
from tests.support.project import ROOT, Project

FIRST, LAST = date(2025, 1, 10), date(2025, 1, 25)
YEARS = "years=2024+2025"
NOWHERE = "source.services_url=http://127.0.0.1:1/rest/services"

PHASES = {
    "ingest": ("mpls311.arcgis.spool", "Spool.add"),
    "validate": ("mpls311.pipelines.validate.nodes", "split_load"),
    "stage": ("mpls311.datasets.table", "TableDataset.save"),
    "dbt": ("mpls311.pipelines.transform.nodes", "run_dbt"),
    "report": ("mpls311.pipelines.report.nodes", "payload"),
}
"""The function before whose first call the disk fills up."""


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@contextmanager
def lake(folder: Path, rows: int) -> Iterator[tuple[Project, Project, str]]:
    """A project loaded day by day, one loaded at once, and the address of the city."""
    daily, fresh = Project(folder / "daily"), Project(folder / "fresh")
    with serve(City(rows_per_year=rows, as_of=FIRST)) as before:
        daily.ran(f"{YEARS},source.services_url={before.services_url}")
    with serve(City(rows_per_year=rows, as_of=LAST)) as city:
        url = f"source.services_url={city.services_url}"
        daily.ran(f"{YEARS},{url}")
        fresh.ran(f"{YEARS},{url}")
        yield daily, fresh, url


def checked(project: Project) -> list[str]:
    """The lines of `kedro check`."""
    return project.kedro("check").output.splitlines()


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def live(project: Project, year: int) -> dict[int, Any]:
    """The live cases of the layer of a year."""
    rows = project.query(
        f"select case_id from mpls_311_production.fact_311data where source_year = {year}"
    )
    cases = {case for (case,) in rows}
    return {case: row for case, row in project.fact(live=True).items() if case in cases}


def flips(folder: Path, options: argparse.Namespace) -> int:
    """Flip bits: every one is noticed, and no rebuild gives other rows."""
    chance, failures = Random(options.seed), 0
    seen: Counter[str] = Counter()
    with lake(folder, 300) as (daily, _, _):
        whole = daily.fact()
        files = [path for what in FOLDERS for path in files_of(daily, what)]
        for number in range(options.number):
            path = chance.choice(files)
            kind = path.relative_to(daily.folder / "data").parts[0]
            with flipped(path, chance) as bit:
                found = checked(daily)[-1]
                noticed = found.endswith("finding.") or found.endswith("findings.")
                seen[f"check, {kind}: {'noticed' if noticed else 'NOT NOTICED'}"] += 1
                failures += not noticed
                if number < options.rebuilds:
                    outcome = daily.run(NOWHERE, pipeline="rebuild")
                    same = outcome.exit_code == 0 and daily.fact() == whole
                    how = "refused" if outcome.exit_code else "the same rows" if same else "OTHER"
                    seen[f"rebuild, {kind}: {how}"] += 1
                    failures += how == "OTHER"
                    if how == "OTHER":
                        say(f"{path}, bit {bit}")
        daily.ran(NOWHERE, pipeline="rebuild")
        failures += checked(daily)[-1].endswith("all is well.") is False
    for line, count in sorted(seen.items()):
        say(f"{count:4} {line}")
    return failures


def cures(folder: Path, options: argparse.Namespace) -> int:
    """Damage a file of the first load of a year, and type what `kedro check` says."""
    failures = 0
    with lake(folder, 300) as (daily, fresh, url):
        expected = live(fresh, 2024)
        targets = [(what, "") for what in FOLDERS if what != "manifest"]
        targets += [("manifest", phase) for phase in ("ingest", "validate", "published")]
        for what, phase in targets:
            for kind in KINDS:
                project = daily.copy(folder / "damaged")
                files = [
                    p for p in files_of(project, what) if "/2024/" in str(p) and phase in p.name
                ]
                damage(files[0], kind, files[-1])
                typed = type_what_is_said(project, url)
                well = checked(project)[-1].endswith("all is well.")
                same = live(project, 2024) == expected
                failures += not (well and same)
                say(
                    f"{'ok  ' if well and same else 'FAIL'} {what:10} {phase:10} {kind:8} "
                    f"{'; '.join(typed)}"
                )
                shutil.rmtree(project.folder)
    return failures


def type_what_is_said(project: Project, url: str) -> list[str]:
    """Type the commands of all findings, each once; give what was said and typed."""
    said = [line for line in checked(project) if ". Type: " in line]
    done: list[str] = []
    for line in said:
        what, _, commands = line.partition(". Type: ")
        for command in commands.split("; then "):
            if command not in done:
                done.append(command)
                params = re.search(r"--params (\S+)", command)
                pipeline = re.search(r"--pipeline (\S+)", command)
                project.ran(
                    ",".join(filter(None, [params[1] if params else "", url])),
                    pipeline=pipeline[1] if pipeline else "",
                )
        done.append(f"({what.rpartition('/')[2]})")
    return done


def disk(folder: Path, options: argparse.Namespace) -> int:
    """Fill the disk in each phase: one sentence, and after freeing one plain run is exact."""
    failures = 0
    with lake(folder, 1500) as (_, fresh, url):
        expected = fresh.fact()
        for phase in PHASES:
            project = Project(folder / "full")
            data = project.folder / "data"
            data.mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", data], check=True)
            try:
                arguments = ["child", "--phase", phase, "--project", str(project.folder)]
                arguments += ["--params", f"{YEARS},{url}"]
                run = subprocess.run(
                    [sys.executable, "-m", "trials.damage", *arguments],
                    cwd=ROOT,
                    capture_output=True,
                    text=True,
                )
                output = f"{run.stdout}{run.stderr}"
                sentence = output.partition("Error: ")[2].strip()
                (data / "filler").unlink()
                project.ran(f"{YEARS},{url}")
                good = (
                    run.returncode == 1
                    and "disk is full" in sentence
                    and "Traceback" not in output
                    and project.fact() == expected
                    and checked(project)[-1].endswith("all is well.")
                )
                failures += not good
                say(f"{'ok  ' if good else 'FAIL'} {phase:9} {run.returncode} {sentence or output}")
            finally:
                subprocess.run(["umount", data], check=True)
                shutil.rmtree(project.folder)
    return failures


def child(options: argparse.Namespace) -> None:
    """A run in which the disk fills up before a function is called."""
    from importlib import import_module

    from kedro.framework.startup import bootstrap_project

    with inside(Path(options.project)):
        bootstrap_project(Path.cwd())
        module, path = PHASES[options.phase]
        *parents, name = path.split(".")
        owner: Any = import_module(module)
        for parent in parents:
            owner = getattr(owner, parent)
        original = getattr(owner, name)

        def filling(*args: Any, **kwargs: Any) -> Any:
            fill(Path("data/filler"))
            return original(*args, **kwargs)

        setattr(owner, name, filling)
        from mpls311.cli import run

        run(["--params", options.params])


def fill(path: Path) -> None:
    """Take all the space that is left, once."""
    if path.exists():
        return
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("trials", nargs="+", choices=["flips", "cures", "disk", "child"])
    parser.add_argument("--number", type=int, default=200, help="flipped bits")
    parser.add_argument("--rebuilds", type=int, default=40, help="of them rebuilt from")
    parser.add_argument("--seed", type=int, default=1)
    for name in ("--phase", "--project", "--params"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.trials == ["child"]:
        child(options)
        return 0
    failures = 0
    for name in options.trials:
        with tempfile.TemporaryDirectory(prefix="damage-") as folder:
            failures += {"flips": flips, "cures": cures, "disk": disk}[name](Path(folder), options)
    return failures


if __name__ == "__main__":
    sys.exit(main())
