"""The flow on a real Prefect server: deployed, run by the API, retried, killed, taken up.

    python -m orchestration.trial [--database postgresql+asyncpg://...] [--keep]

Needs the environment of orchestration/requirements.txt: make trial-prefect.
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("conf", "dbt", "src", "orchestration", "pyproject.toml", ".telemetry")
BIN = Path(sys.executable).parent
WAIT = 300
"""Seconds for whatever is waited for."""
YEARS = "2024-2025"


def main() -> None:
    """Run all trials, or stop at the first that fails."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--database", help="the server's; SQLite without")
    parser.add_argument("--keep", action="store_true", help="leave the server up until Enter")
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="prefect-trial-") as name:
        project = Path(name, "project")
        project.mkdir()
        for part in COPIED:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            copy(ROOT / part, project / part)
        city = project / "conf/demo/parameters_city.yml"
        city.write_text("sandbox: {rows_per_year: 1000, as_of: 2025-07-01}\n")
        settings(project, Path(name, "home"), options.database)
        with prefect(project):
            trials(project)
            stopped = start(mode="full")
            until("the phase validate", lambda: "validate" in phases(stopped))
        with prefect(project):
            again = finished(start())
            check(
                "after all of it was stopped the next run completes", completed(again), again.state
            )
            say(f"all of it in {time.monotonic() - began:.0f} s")
            if options.keep:
                input(f"{os.environ['PREFECT_API_URL']}; Enter ends it.")


def trials(project: Path) -> None:
    """What must hold, one after the other on one lake and warehouse."""
    first = finished(start())
    check("a run by the API completes", completed(first), first.state)
    check("with its five phases", sorted(phases(first)) == sorted(PHASES), phases(first))
    (artifact,) = artifacts(first)
    check("and a summary", "2 loads in" in artifact.data, artifact.data)

    # Another run has the lock, for as long as the first attempt takes.
    with FileLock(project / "data/demo/warehouse/mpls_311.duckdb.lock"):
        second = start(mode="full")
        until("a retry", lambda: phases(second).get("ingest", (0, ""))[1] == "AwaitingRetry")
    second = finished(second)
    check("a phase that raised is retried", phases(second)["ingest"][0] == 2, phases(second))
    check("and the run completes", completed(second), second.state)

    third = start(mode="full")
    until("the phase validate", lambda: "validate" in phases(third))
    os.kill(process_of(third), signal.SIGKILL)
    third = finished(third)
    check("a killed run has crashed", third.state.is_crashed(), third.state)
    pending = loads(project, "published", "ingest")
    check("and left loads", len(pending) == 2, pending)
    fourth = finished(start())
    check("the next run completes", completed(fourth), fourth.state)
    taken_up = loads(project, "published")
    check("and takes them up", pending <= taken_up, taken_up)

    broken = project / "conf/demo/parameters_broken.yml"
    broken.write_text("source: {service_names: {2024: Minneapolis_Neighborhoods}}\n")
    fifth = finished(start(mode="full"))
    check("a year that fails fails the run", fifth.state.is_failed(), fifth.state)
    check("and no phase", all(state == "Completed" for _, state in phases(fifth).values()), "")
    check("with its sentence", "2024 as of" in (fifth.state.message or ""), fifth.state.message)
    broken.unlink()

    both = [start(), start()]
    check("of two at once both complete", all(completed(finished(run)) for run in both), both)


PHASES = ("ingest", "validate", "stage", "transform", "report")


def settings(project: Path, home: Path, database: str | None) -> None:
    """What Prefect and the flow read from the environment; Prefect once, when it is imported."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    os.environ |= {
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "PYTHONPATH": str(project / "src"),
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "MPLS311_ENV": "demo",
    }
    if database:
        os.environ["PREFECT_API_DATABASE_CONNECTION_URL"] = database


@contextmanager
def prefect(project: Path) -> Iterator[None]:
    """A server with the deployment, and a worker."""
    with started(project, "server", "start"):
        until("the server", healthy)
        command(project, "work-pool", "create", "mpls311", "--type", "process", "--overwrite")
        recipe = project / "orchestration/prefect.yaml"
        recipe.write_text(recipe.read_text().replace('DELAY_SECONDS: "60"', 'DELAY_SECONDS: "5"'))
        command(project, "--no-prompt", "deploy", "--all", "--prefect-file", str(recipe))
        with started(project, "worker", "start", "--pool", "mpls311", "--limit", "1"):
            yield


@contextmanager
def started(project: Path, *arguments: str) -> Iterator[None]:
    """A service of Prefect's, until the block ends."""
    with open(project.parent / f"{arguments[0]}.log", "w") as log:
        process = subprocess.Popen(
            [BIN / "prefect", *arguments], cwd=project, stdout=log, stderr=log
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait()


def command(project: Path, *arguments: str) -> None:
    """Type a command of Prefect's."""
    done = subprocess.run(
        [BIN / "prefect", *arguments], cwd=project, capture_output=True, text=True
    )
    check(f"prefect {' '.join(arguments[:3])}", done.returncode == 0, done.stdout + done.stderr)


def healthy() -> bool:
    """Whether the server answers."""
    try:
        with urllib.request.urlopen(f"{os.environ['PREFECT_API_URL']}/health") as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def client() -> Any:
    """Prefect's own, which reads its settings when it is imported."""
    from prefect.client.orchestration import get_client

    return get_client(sync_client=True)


def start(**parameters: str) -> Any:
    """Start the deployment, as a schedule would."""
    with client() as api:
        deployment = api.read_deployment_by_name("mpls311/daily")
        given = {"years": YEARS, "env": "demo", **parameters}
        return api.create_flow_run_from_deployment(deployment.id, parameters=given)


def current(run: Any) -> Any:
    """A flow run as it is now."""
    with client() as api:
        return api.read_flow_run(run.id)


def finished(run: Any) -> Any:
    """A flow run once it is over."""
    until("the end of the run", lambda: current(run).state.is_final())
    return current(run)


def completed(run: Any) -> bool:
    """Whether a flow run came to a good end."""
    return bool(run.state.is_completed())


def phases(run: Any) -> dict[str, tuple[int, str]]:
    """How often each phase of a flow run was tried, and its state."""
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    with client() as api:
        only = FlowRunFilter(id=FlowRunFilterId(any_=[run.id]))
        found = api.read_task_runs(flow_run_filter=only)
    return {task.name: (task.run_count, task.state_name) for task in found}


def artifacts(run: Any) -> list[Any]:
    """What a flow run shows on its page."""
    from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterFlowRunId

    with client() as api:
        only = ArtifactFilter(flow_run_id=ArtifactFilterFlowRunId(any_=[run.id]))
        return list(api.read_artifacts(artifact_filter=only))


def process_of(run: Any) -> int:
    """The process that a flow run runs in, which has the run's id in its environment."""
    wanted = f"PREFECT__FLOW_RUN_ID={run.id}".encode()
    found = [
        int(path.parent.name)
        for path in Path("/proc").glob("[0-9]*/environ")
        if wanted in _read(path).split(b"\0")
    ]
    return max(found)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def loads(project: Path, *phases: str) -> set[str]:
    """The loads whose manifests say published; with another phase, those that lack it."""
    manifests = [path.name.split(".") for path in (project / "data/demo/manifests").rglob("*.json")]
    published = {load for load, phase, _ in manifests if phase == "published"}
    if phases == ("published",):
        return published
    return {load for load, phase, _ in manifests if phase == "ingest"} - published


def until(what: str, holds: Callable[[], bool]) -> None:
    """Wait for something."""
    deadline = time.monotonic() + WAIT
    while not holds():
        check(what, time.monotonic() < deadline, f"not within {WAIT} s")
        time.sleep(0.3)


def check(what: str, holds: bool, found: object) -> None:
    """Say what holds; end where it does not."""
    if not holds:
        sys.exit(f"FAIL {what}: {found}")
    if not what.startswith(("the ", "a retry")) or "completes" in what:
        say(f"ok   {what}")


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
