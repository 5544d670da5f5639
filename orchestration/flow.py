"""The job as a Prefect flow: one task per phase, each a run of Kedro's own."""

from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any, Literal

from kedro.framework.startup import bootstrap_project
from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.states import Failed, State
from rich.console import Console

from mpls311.configuration import check_params
from mpls311.loads import LoadHistory, Verdict
from mpls311.session import RunSession
from mpls311.summary import summary_table

PROJECT = Path(__file__).resolve().parents[1]
PHASES = ("ingest", "validate", "stage", "transform", "report")
RETRIES = 2
"""Of a phase that raised; the delay is Prefect's setting `tasks.default_retry_delay_seconds`."""


@task(task_run_name="{phase}", retries=RETRIES)
def run_phase(phase: str, env: str, params: dict[str, Any]) -> Verdict:
    """Run one pipeline.

    A year that fails is part of the verdict; what is raised concerns all of them.
    """
    with RunSession.create(PROJECT, env=env, runtime_params=params) as session:
        judged: Verdict = session.run(pipeline_names=[phase]).verdict
    return judged


@flow(flow_run_name="{years} {mode} {env}")
def mpls311(
    years: str | int = "recent",
    mode: Literal["incremental", "full"] = "incremental",
    env: str = "base",
) -> State | None:
    """Bring lake, warehouse and dashboard up to date.

    Args:
        years: 2023, 2015-2026, 2019+2021, all, or recent (this year and the one before).
        mode: incremental reads what changed; full reads the years whole.
        env: The environment: base is the live city, demo the stand-in city, gcp Google Cloud.

    Returns:
        None if all is well. Where years failed or are held back, a failed state with a sentence
        for each, after everything that could be done is done.
    """
    bootstrap_project(PROJECT)
    params = {"years": str(years), "mode": mode}
    check_params(PROJECT / "conf", env, params)
    started = datetime.now(UTC)
    before = _history(env)
    judged = [run_phase(phase, env, params) for phase in PHASES]
    after = _history(env)
    about = {year.year for each in judged for year in each.years if year.concerns}
    final = Verdict(
        years=tuple(replace(year, concerns=year.year in about) for year in judged[-1].years),
        published=tuple(sorted({year for each in judged for year in each.published})),
    )
    _publish(before, after, final, (datetime.now(UTC) - started).total_seconds())
    return Failed(message=" ".join(final.sentences)) if final.exit_code else None


def _history(env: str) -> LoadHistory:
    with RunSession.create(PROJECT, env=env) as session:
        history: LoadHistory = session.load_context().catalog.load("load_history")
    return history


def _publish(before: LoadHistory, after: LoadHistory, final: Verdict, seconds: float) -> None:
    """Show the summary and the sentences on the page of the flow run."""
    console = Console(file=StringIO(), width=100)
    console.print(summary_table(before, after, final, seconds))
    assert isinstance(console.file, StringIO), "as given"
    lines = ["```", console.file.getvalue().rstrip(), "```", *(f"- {s}" for s in final.sentences)]
    create_markdown_artifact("\n".join(lines), key="summary", description="What the run did")
    for sentence in final.sentences:
        get_run_logger().warning(sentence)
