"""Run dbt in this process and turn what it says into log lines and one readable error."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich import get_console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from mpls311.dbt_commands import invoke, options, surroundings
from mpls311.errors import OUT_OF_MEMORY, UserError, about_file
from mpls311.parameters import TransformSettings
from mpls311.pipelines.transform.fingerprint import fingerprint

log = logging.getLogger(__name__)

_EXAMPLE_ROWS = 3


@dataclass(frozen=True)
class Staging:
    """What dbt finds in staging."""

    years: frozenset[int]
    """The layers: a merge looks at no partition of another year."""
    borders: pd.DataFrame
    remade_years: frozenset[int] = frozenset()
    """Those that are there whole, and replace what the warehouse has of them."""
    replaced: frozenset[str] = frozenset()
    """Loads that one of them stands for: what the warehouse has of these is left out."""
    is_everything: bool = False
    """Every published load is there: what the warehouse has is forgotten."""


class DbtError(UserError):
    """dbt could not build the marts; holds dbt's own words."""


@dataclass(frozen=True)
class DbtBuild:
    """What a successful dbt build cost."""

    bytes_processed: int | None
    """Bytes that the warehouse read, which is what BigQuery bills; None where it does not say."""


def run_dbt(settings: TransformSettings, staging: Staging) -> DbtBuild:
    """Build seeds, models and data tests.

    Unit tests are left out, and data tests that cannot fail where others pass (tag `implied`) or
    are about seeds: they prove files of the project, not rows, and `make test` runs them.

    Args:
        settings: Profile, target, environment and project folder.
        staging: What staging holds.

    Raises:
        DbtError: A model, a seed or a test of severity error failed, or dbt did not start.
    """
    log.info("dbt build, profile %s, target %s.", settings.profile, settings.target)
    command = ["build", "--exclude-resource-type", "unit_test"]
    command += ["--exclude", "tag:implied", "path:seeds,resource_type:test"]
    command += ["--vars", "{rebuild: true}"] if staging.is_everything else []
    with surroundings(settings, **_variables(settings, staging)), _progress() as callback:
        outcome = invoke([*command, *options(settings)], callback)
        results = getattr(outcome.result, "results", ())
        if results:
            _log_results(results)
        if not outcome.success:
            raise DbtError(_explain(outcome.exception, results, settings))
    return DbtBuild(bytes_processed=_bytes_processed(results))


def _variables(settings: TransformSettings, staging: Staging) -> dict[str, str]:
    """What models and macros read of a run."""
    return {
        "MPLS311_YEARS": ", ".join(map(str, sorted(staging.years))),
        "MPLS311_REMADE_YEARS": ", ".join(map(str, sorted(staging.remade_years))),
        "MPLS311_REPLACED": ", ".join(f"'{load_id}'" for load_id in sorted(staging.replaced)),
        "MPLS311_FINGERPRINT": fingerprint(Path(settings.project), staging.borders),
    }


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
        log.warning("dbt: %s %s.", f"{result.failures:,}", result.node.name.replace("_", " "))


def _explain(exception: BaseException | None, results: Any, settings: TransformSettings) -> str:
    failed = [r for r in results if r.status in ("error", "fail", "runtime error")]
    head = (
        "dbt failed, nothing is published; the loads stay pending and the next run takes them up."
    )
    told = [_explain_result(r, settings) for r in failed] or [_explain_exception(exception)]
    advice = [OUT_OF_MEMORY] if any("Out of Memory Error" in text for text in told) else []
    return "\n".join([head, *advice, *told])


def _explain_exception(exception: BaseException | None) -> str:
    if isinstance(exception, OSError) and exception.filename:
        return about_file(exception)
    return _compact(str(exception))


def _explain_result(result: Any, settings: TransformSettings) -> str:
    file = result.node.original_file_path
    # dbt names its files as seen from its own folder.
    message = (result.message or "").replace(file, f"{Path(settings.project).name}/{file}")
    text = f"{result.node.resource_type} {result.node.name}: {_compact(message)}"
    if result.status == "fail" and result.node.compiled_code:
        rows = _offending_rows(result.node.compiled_code, settings)
        text += "".join(f"\n  {row}" for row in rows)
    return text


def _offending_rows(sql: str, settings: TransformSettings) -> list[dict[str, Any]]:
    command = ["show", "--inline", sql, "--limit", str(_EXAMPLE_ROWS), *options(settings)]
    shown = getattr(invoke(command).result, "results", ())
    return [dict(row.dict()) for result in shown for row in result.agate_table.rows]


def _bytes_processed(results: Any) -> int | None:
    costs = [result.adapter_response.get("bytes_processed") for result in results]
    return sum(cost or 0 for cost in costs) if any(cost is not None for cost in costs) else None


def _compact(message: str) -> str:
    return "\n  ".join(line.strip() for line in message.splitlines() if line.strip())
