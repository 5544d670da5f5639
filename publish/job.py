"""One day: the lake comes back, the city is read, and a site is made if anything is new."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from mpls311.errors import UserError
from mpls311.loads import verdict
from mpls311.run_record import VARIABLE, RunRecord
from publish.kept import loads_in, pack, unpack
from publish.site import make_site

Kedro = Callable[..., int]
"""Types a command of Kedro's, word by word, and gives what it exits with."""


@dataclass(frozen=True)
class Folder:
    """What a day is handed, and what it leaves."""

    path: Path

    @property
    def kept(self) -> Path:
        """The lake as the last day left it; not there on the first."""
        return self.path / "kept/lake.tar"

    @property
    def lake(self) -> Path:
        """The lake to keep from now on; not there if no load was added."""
        return self.path / "lake.tar"

    @property
    def site(self) -> Path:
        """The pages; not there if nothing was published."""
        return self.path / "site"

    @property
    def stopped(self) -> Path:
        """The years of which newer data is not in the marts: a sentence by year, as JSON."""
        return self.path / "stopped.json"

    @property
    def record(self) -> Path:
        """How the run ended, as `mpls311.run_record` says it."""
        return self.path / "record.json"

    def clear(self) -> None:
        """Leave nothing of an earlier day, so that what is there is of this one."""
        for path in (self.lake, self.stopped, self.record):
            path.unlink(missing_ok=True)
        shutil.rmtree(self.site, ignore_errors=True)
        self.path.mkdir(parents=True, exist_ok=True)


def run(folder: Folder, kedro: Kedro, env: str, params: str) -> int:
    """Do what a day takes, in the folder of the project.

    Args:
        folder: What the day before left is in it.
        kedro: Types commands.
        env: The environment; its lake is a folder.
        params: Those of `kedro run`.

    Returns:
        What `kedro run` exited with.

    Raises:
        UserError: The lake did not come back whole, or the site could not be made.
    """
    folder.clear()
    lake, *_ = _of_project(env)
    if folder.kept.exists():
        unpack(folder.kept, lake)
        _must(kedro("run", "--env", env, "--pipeline", "rebuild"), "The warehouse was not rebuilt")
        _must(kedro("check", "--env", env), "The lake did not come back as it was kept")
        say("The lake is back, and every file of it is what was written.")
    else:
        say("No lake was kept: every year is read in full.")
    before = loads_in(lake)
    with _recording(folder.record):
        code = kedro("run", "--env", env, "--params", params)
    if not folder.record.exists():
        raise UserError("kedro run ended without a record, before it began.")
    record = RunRecord.model_validate_json(folder.record.read_text("utf-8"))
    _, catalog, transform = _of_project(env)
    history = catalog.load("load_history")
    sentences = {year.year: year.sentence for year in verdict(history, history).years}
    folder.stopped.write_text(json.dumps({y: text for y, text in sentences.items() if text}))
    if record.published:
        _must(kedro("run", "--env", env, "--pipeline", "export"), "The marts were not exported")
        make_site(folder.site, lake, history, record, transform)
        say(f"Published {', '.join(map(str, record.published))}: the site is made anew.")
    else:
        say("Nothing was published: the site stays as it is.")
    if added := len(loads_in(lake) - before):
        prune = ("--pipeline", "prune", "--params", "prune.delete=true")
        _must(kedro("run", "--env", env, *prune), "Old raw files were not deleted")
        pack(lake, folder.lake)
        say(f"The lake is kept, with {added} manifests more.")
    return code


def _of_project(env: str) -> tuple[Path, Any, Any]:
    """The lake, the catalog and the settings of dbt."""
    project = Path.cwd()
    bootstrap_project(project)
    with KedroSession.create(project, env=env) as session:
        context: Any = session.load_context()  # type: ignore[attr-defined]
        lake = str(context.config_loader["globals"]["lake"])
        if "://" in lake:
            raise UserError(f"{env} has its lake in {lake}; this job keeps that of a folder.")
        return project / lake, context.catalog, context.params["transform"]


@contextmanager
def _recording(path: Path) -> Iterator[None]:
    os.environ[VARIABLE] = str(path.absolute())
    try:
        yield
    finally:
        del os.environ[VARIABLE]


def _must(code: int, otherwise: str) -> None:
    if code:
        raise UserError(f"{otherwise}: what is above says why. Nothing is changed.")


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
