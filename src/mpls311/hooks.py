"""What happens around a run: one at a time, the stand-in city if it is needed, the summary."""

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import stamina.instrumentation
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from rich import get_console

from mpls311.datasets.manifests import begin_reading, end_reading
from mpls311.loads import LoadHistory
from mpls311.parameters import SandboxSettings, SourceSettings
from mpls311.run_lock import RunLock, run_lock
from mpls311.stand_in_city import serve_stand_in_city
from mpls311.summary import summary_table

log = logging.getLogger(__name__)


class SingleRun:
    """One run at a time on one lake and warehouse."""

    def __init__(self) -> None:
        self._lock: RunLock | None = None

    @hook_impl(tryfirst=True)
    def before_pipeline_run(self, catalog: DataCatalog) -> None:
        """Take the lock, or refuse the run.

        Raises:
            UserError: Another run has it.
        """
        lock = run_lock(catalog.load("params:run_lock"))
        lock.acquire()
        self._lock = lock

    @hook_impl
    def before_dataset_saved(self) -> None:
        """Write nothing once the lock is lost.

        Raises:
            UserError: It is.
        """
        if self._lock:
            self._lock.check()

    @hook_impl(trylast=True)
    def after_pipeline_run(self) -> None:
        """Give the lock back."""
        self._release()

    @hook_impl(trylast=True)
    def on_pipeline_error(self) -> None:
        """Give the lock back."""
        self._release()

    def _release(self) -> None:
        if self._lock:
            self._lock.release()
            self._lock = None


class OneHistory:
    """The manifests are read once a run."""

    @hook_impl(tryfirst=True)
    def before_pipeline_run(self) -> None:
        """Begin, with the lock in hand."""
        begin_reading()

    @hook_impl(trylast=True)
    def after_pipeline_run(self) -> None:
        """End."""
        end_reading()

    @hook_impl(trylast=True)
    def on_pipeline_error(self) -> None:
        """End."""
        end_reading()


class StandInCity:
    """Serves the stand-in city during a run that reads from no other source."""

    def __init__(self) -> None:
        self._server: Any = None
        self._served: dict[str, Any] = {}

    @hook_impl
    def before_node_run(
        self, catalog: DataCatalog, inputs: dict[str, Any]
    ) -> dict[str, SourceSettings] | None:
        """Start it where `source.services_url` is null, and point the node to it."""
        source = inputs.get("params:source")
        if source is None or source.services_url:
            return None
        if not self._server:
            sandbox = SandboxSettings.model_validate(catalog.load("params:sandbox"))
            self._server, self._served = serve_stand_in_city(sandbox)
        return {"params:source": source.model_copy(update=self._served)}

    @hook_impl
    def after_pipeline_run(self) -> None:
        """Stop it."""
        self._stop()

    @hook_impl
    def on_pipeline_error(self) -> None:
        """Stop it."""
        self._stop()

    def _stop(self) -> None:
        if self._server:
            self._server.stop()
            self._server = None


def _log_first_retry(details: stamina.instrumentation.RetryDetails) -> None:
    if details.retry_num == 1:
        log.info("Trying again: %s", details.caused_by)


class DashboardPath:
    """Says at the very end of a run where the dashboard is, if it wrote one."""

    def __init__(self) -> None:
        self._path: Any = None

    @hook_impl
    def before_pipeline_run(self) -> None:
        """Forget an earlier run in this process."""
        self._path = None

    @hook_impl
    def after_node_run(self, node: Any, catalog: DataCatalog) -> None:
        """Take note of the node that writes it."""
        if "dashboard" in node.outputs:
            self._path = _place(catalog.to_config()[0]["dashboard"]["filepath"])

    @hook_impl(trylast=True)
    def after_pipeline_run(self) -> None:
        """Print the path."""
        if self._path:
            get_console().print(f"Dashboard: {self._path}", soft_wrap=True)


def _place(filepath: str) -> str:
    """An address of a bucket as it is, a file as seen from the folder that the run began in."""
    path = Path(filepath)
    if "://" in filepath or not path.is_relative_to(Path.cwd()):
        return filepath
    return str(path.relative_to(Path.cwd()))


class RunSummary:
    """Says at the end what a run did, year by year."""

    def __init__(self) -> None:
        self._before = LoadHistory()
        self._started = datetime.now(UTC)

    @hook_impl
    def after_context_created(self) -> None:
        """Let retries be logged like everything else, instead of printed."""
        stamina.instrumentation.set_on_retry_hooks([_log_first_retry])

    @hook_impl
    def before_pipeline_run(self, catalog: DataCatalog) -> None:
        """Remember how things stood."""
        self._before = catalog.load("load_history")
        self._started = datetime.now(UTC)

    @hook_impl(tryfirst=True)
    def after_pipeline_run(self, catalog: DataCatalog) -> None:
        """Print the table."""
        seconds = (datetime.now(UTC) - self._started).total_seconds()
        get_console().print(summary_table(self._before, catalog.load("load_history"), seconds))
