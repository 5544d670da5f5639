"""dbt in this process, as every phase that needs it starts it."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mpls311.interrupts import history
from mpls311.parameters import TransformSettings


def invoke(command: list[str], *callbacks: Any) -> Any:
    """What dbt makes of a command.

    Raises:
        KeyboardInterrupt: It was interrupted, which dbt itself calls a failure, or an error of what
            it could not cancel.
    """
    # dbt takes seconds to import, and most runs of an unchanged city never get here.
    with _hidden("rfc3987_syntax"):
        from dbt.cli.main import dbtRunner

    outcome = dbtRunner(callbacks=list(callbacks)).invoke(command)
    for exc in history(outcome.exception):
        if isinstance(exc, KeyboardInterrupt | SystemExit):
            raise exc
    return outcome


@contextmanager
def _hidden(module: str) -> Iterator[None]:
    """What is imported meanwhile does not find an optional module.

    Where it is installed, as with Jupyter, jsonschema has it build grammars for a second, of which
    dbt needs none.
    """
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[module]


def options(settings: TransformSettings) -> list[str]:
    """Where the project is, what dbt writes where, and that it prints nothing."""
    project, artifacts = str(Path(settings.project).resolve()), Path(settings.artifacts).resolve()
    return [
        *("--project-dir", project, "--profiles-dir", project),
        *("--target-path", str(artifacts / "target"), "--log-path", str(artifacts / "logs")),
        *("--profile", settings.profile, "--target", settings.target),
        *("--quiet", "--log-level", "none", "--log-level-file", "none"),
    ]


@contextmanager
def surroundings(settings: TransformSettings, **variables: str) -> Iterator[None]:
    """The environment dbt needs, and this process as it was afterwards.

    Args:
        settings: What dbt/profiles.yml reads is in them.
        variables: What models and macros read.
    """
    folder, before = Path.cwd(), dict(os.environ)
    os.environ.update(settings.environment)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(before)
        _release_locks()


def _release_locks() -> None:
    # Until then a DuckDB file stays locked for other processes (duckdb/dbt-duckdb#616).
    if duckdb := sys.modules.get("dbt.adapters.duckdb.connections"):
        duckdb.DuckDBConnectionManager.close_all_connections()
