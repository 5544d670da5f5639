"""Where it happens: a project of Google Cloud, or emulators of its services."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from mpls311.run_record import VARIABLE, RunRecord
from mpls311.sandbox.protocol import serve
from tests.support.emulators import running_emulators
from tests.support.project import ROOT, Project
from trials.publication import World

ROWS = 1_500
YEARS = "years=2024+2025"
KEDRO = str(Path(sys.executable).with_name("kedro"))
REGION = "us-central1"
IMAGE = f"{REGION}-docker.pkg.dev/{{project}}/mpls311/mpls311:acceptance"


class Wrong(Exception):
    """Something is not as it must be; the text says what."""


@dataclass(frozen=True)
class Ran:
    """How a run ended."""

    code: int
    said: str
    record: RunRecord | None


@dataclass
class Stage:
    """What a step acts on."""

    project: Project
    """The configuration and the models, in a folder of their own."""
    environment: Mapping[str, str]
    """What `kedro run --env gcp` needs to know."""
    world: World
    services_url: str
    is_cloud: bool
    seen: dict[str, Any] = field(default_factory=dict)
    """What a step remembers for a later one."""

    @property
    def terraform(self) -> Path:
        """A copy of terraform/, with a state of its own."""
        return self.project.folder / "terraform"

    @property
    def image(self) -> str:
        """The image of the job."""
        return IMAGE.format(project=self.environment["GOOGLE_CLOUD_PROJECT"])

    def turn(self, day: date, *, halved: bool = False) -> None:
        """Publish the city of a day; with `halved`, half of 2024 is missing."""
        self.world.turn(day, halved=halved)

    def run(self, *params: str, pipeline: str = "__default__") -> Ran:
        """`kedro run --env gcp`, to its end."""
        record = self.project.folder / "record.json"
        record.unlink(missing_ok=True)
        done = subprocess.run(
            self._command(params, pipeline),
            cwd=self.project.folder,
            env={**os.environ, **self.environment, VARIABLE: str(record)},
            capture_output=True,
            text=True,
        )
        found = RunRecord.model_validate_json(record.read_text()) if record.exists() else None
        return Ran(done.returncode, done.stdout + done.stderr, found)

    def killed_at(self, line: str, *params: str) -> None:
        """The same, killed as soon as it says something."""
        run = subprocess.Popen(
            self._command(params, "__default__"),
            cwd=self.project.folder,
            env={**os.environ, **self.environment, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        with run:
            assert run.stdout, "it is a pipe"
            lines = []
            for said in run.stdout:
                lines.append(said)
                if line in said:
                    run.send_signal(signal.SIGKILL)
                    return
        raise Wrong(f"the run never said {line!r}: {''.join(lines)[-500:]}")

    def _command(self, params: tuple[str, ...], pipeline: str) -> list[str]:
        given = [YEARS, "source.id=stand-in-city", f"source.services_url={self.services_url}"]
        command = [KEDRO, "run", "--env", "gcp", "--pipeline", pipeline]
        return [*command, "--params", ",".join([*given, *params])]

    def kedro(self, *words: str) -> tuple[int, str]:
        """Another command of Kedro's."""
        return self.typed([KEDRO, *words, "--env", "gcp"], self.project.folder)

    def typed(self, command: list[str], folder: Path = ROOT) -> tuple[int, str]:
        """Any command."""
        environment = {**os.environ, **self.environment}
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    def cases(self) -> list[tuple[int, ...]]:
        """Live and deleted cases of the fact table, by year."""
        rows = self._client.query_and_wait(
            "select source_year, countif(deleted_at is null), countif(deleted_at is not null) "
            "from `mpls_311_production.fact_311data` group by 1 order by 1"
        )
        return [tuple(row.values()) for row in rows]

    def billed(self, since: datetime) -> int | None:
        """Bytes billed for the queries of this login since a moment; None on emulators."""
        if not self.is_cloud:
            return None
        jobs = self._client.list_jobs(min_creation_time=since, state_filter="done")
        return sum(getattr(job, "total_bytes_billed", None) or 0 for job in jobs)

    @property
    def _client(self) -> bigquery.Client:
        login: Any = None if self.is_cloud else AnonymousCredentials()  # type: ignore[no-untyped-call]
        project = self.environment["GOOGLE_CLOUD_PROJECT"]
        return bigquery.Client(project, login, location=self.environment.get("MPLS311_LOCATION"))


@contextmanager
def on_google_cloud(project: str) -> Iterator[Stage]:
    """A project of Google Cloud, with a bucket of its own."""
    environment = {
        "GOOGLE_CLOUD_PROJECT": project,
        "MPLS311_BUCKET": f"{project}-mpls-311-acceptance",
        "MPLS311_LOCATION": "US",
    }
    with _stage(environment, is_cloud=True) as stage:
        yield stage


@contextmanager
def on_emulators() -> Iterator[Stage]:
    """Emulators on this machine."""
    with running_emulators() as environment:
        os.environ.update(environment)  # Google's libraries look there
        with _stage(environment, is_cloud=False) as stage:
            yield stage


@contextmanager
def _stage(environment: Mapping[str, str], *, is_cloud: bool) -> Iterator[Stage]:
    world = World(ROWS)
    given = {**environment, "PYTHONPATH": str(ROOT / "src")}
    with tempfile.TemporaryDirectory(prefix="acceptance-") as name, serve(world) as server:
        project = Project(Path(name, "project"))
        shutil.copytree(ROOT / "terraform", project.folder / "terraform")
        yield Stage(project, given, world, server.services_url, is_cloud)
