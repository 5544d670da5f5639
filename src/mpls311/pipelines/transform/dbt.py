"""Run dbt in this process and turn what it says into log lines and one readable error."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich import get_console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from mpls311.errors import UserError
from mpls311.parameters import TransformSettings

log = logging.getLogger(__name__)

_EXAMPLE_ROWS = 3


class DbtError(UserError):
    """dbt could not build the marts; holds dbt's own words."""


def run_dbt(settings: TransformSettings) -> None:
    """Build seeds, models and data tests.

    Unit tests are left out: they prove the models, not the rows, and `make test` runs them.

    Args:
        settings: Profile, target, warehouse and project folder.

    Raises:
        DbtError: A model, a seed or a test of severity error failed, or dbt did not start.
    """
    log.info("dbt build, profile %s, target %s.", settings.profile, settings.target)
    # dbt takes seconds to import, and most runs of an unchanged city never get here.
    from dbt.cli.main import dbtRunner

    project = Path(settings.project).resolve()
    command = ["--quiet", "--log-level", "none", "--log-level-file", "none", "build"]
    command += ["--project-dir", str(project), "--profiles-dir", str(project)]
    command += ["--profile", settings.profile, "--target", settings.target]
    command += ["--exclude-resource-type", "unit_test"]
    with _surroundings(settings), _progress() as callback:
        outcome = dbtRunner(callbacks=[callback]).invoke(command)
        results = getattr(outcome.result, "results", ())
        _log_results(results)
        if not outcome.success:
            raise DbtError(_explain(outcome.exception, results, settings))


@contextmanager
def _surroundings(settings: TransformSettings) -> Iterator[None]:
    """The environment dbt needs, and this process as it was afterwards."""
    folder, before = Path.cwd(), os.environ.get("MPLS311_DUCKDB")
    os.environ["MPLS311_DUCKDB"] = str(Path(settings.database).resolve())
    try:
        yield
    finally:
        os.chdir(folder)
        if before is None:
            del os.environ["MPLS311_DUCKDB"]
        else:
            os.environ["MPLS311_DUCKDB"] = before
        _release_locks()


def _release_locks() -> None:
    # Until then the DuckDB file stays locked for other processes (duckdb/dbt-duckdb#616).
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager

    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]


@contextmanager
def _progress() -> Iterator[Any]:
    console = get_console()
    columns = (
        TextColumn("dbt"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[step]}"),
    )
    with Progress(
        *columns, console=console, disable=not console.is_terminal, transient=True
    ) as progress:
        task = progress.add_task("", total=None, step="")

        def on_event(event: Any) -> None:
            if event.info.name == "LogStartLine":
                progress.update(
                    task, total=event.data.total, step=event.data.node_info.node_name[:40]
                )
            elif event.info.name == "NodeFinished":
                progress.advance(task)

        yield on_event


def _log_results(results: Any) -> None:
    models = [r for r in results if r.node.resource_type == "model" and r.status == "success"]
    tests = [r for r in results if r.node.resource_type == "test"]
    warnings = [r for r in tests if r.status == "warn"]
    log.info(
        "dbt built %d models; %d of %d tests passed, %d warned.",
        len(models),
        sum(r.status == "pass" for r in tests),
        len(tests),
        len(warnings),
    )
    for result in warnings:
        log.warning("dbt test %s: rows found: %s.", result.node.name, f"{result.failures:,}")


def _explain(exception: BaseException | None, results: Any, settings: TransformSettings) -> str:
    failed = [r for r in results if r.status in ("error", "fail", "runtime error")]
    head = (
        "dbt failed, nothing is published; the loads stay pending and the next run takes them up."
    )
    if not failed:
        return f"{head}\n{_compact(str(exception))}"
    return "\n".join([head, *(_explain_result(r, settings) for r in failed)])


def _explain_result(result: Any, settings: TransformSettings) -> str:
    text = f"{result.node.resource_type} {result.node.name}: {_compact(result.message or '')}"
    if result.status == "fail" and settings.profile == "duckdb" and result.node.compiled_code:
        text += "".join(f"\n  {row}" for row in _offending_rows(result, settings))
    return text


def _offending_rows(result: Any, settings: TransformSettings) -> list[dict[str, Any]]:
    import duckdb

    with duckdb.connect(settings.database) as connection:
        relation = connection.sql(result.node.compiled_code)
        rows = relation.limit(_EXAMPLE_ROWS).fetchall()
        return [dict(zip(relation.columns, row, strict=True)) for row in rows]


def _compact(message: str) -> str:
    return "\n  ".join(line.strip() for line in message.splitlines() if line.strip())
