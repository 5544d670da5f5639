"""What happens around a run: one at a time, the stand-in city if it is needed, the summary."""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock, get_ident
from typing import Any

import stamina.instrumentation
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline
from rich import get_console

from mpls311.commands import Commands
from mpls311.configuration import check_configuration
from mpls311.datasets.manifests import begin_reading, end_reading
from mpls311.datasets.opening import begin_loading, end_loading
from mpls311.loads import LoadHistory, Verdict, verdict
from mpls311.logs import log_as_configured, name_environment
from mpls311.parameters import SandboxSettings, SourceSettings
from mpls311.retries import RetriesTold
from mpls311.run_lock import RunLock, run_lock
from mpls311.run_record import record_of, record_of_failure, write_record
from mpls311.stand_in_city import serve_stand_in_city
from mpls311.summary import print_sentences, repairs, summary_table
from mpls311.years import Years, city_today

log = logging.getLogger(__name__)


class Checked:
    """Refuses a configuration that cannot be meant, whoever makes a context of it."""

    @hook_impl(tryfirst=True)
    def after_context_created(self, context: KedroContext) -> None:
        """Check it, and have log lines advise commands for its environment.

        Raises:
            Mistake: A file, or a parameter of this run, says what cannot be meant.
        """
        log_as_configured(context.project_path)
        name_environment(Commands.of(context.env))
        check_configuration(context.config_loader)


class HeldDuringRun:
    """Holds something for a run, and gives it back when the run is over.

    Kedro tells no hook of a run that is interrupted: the project's own session does. One of
    Kedro's leaves it to the next run of the same thread.
    """

    def __init__(self) -> None:
        self._held = ExitStack()
        self._thread: int | None = None

    def _hold(self, give_back: Callable[[], object], thread: int | None = None) -> None:
        """Hold something for the run of a thread, that of the caller if none is named."""
        self._held.callback(give_back)
        self._thread = thread or get_ident()

    def give_back(self) -> None:
        """Give back what a run of this thread holds; a run of another one may go on."""
        if self._thread == get_ident():
            self._thread = None
            self._held.close()

    @hook_impl(trylast=True)
    def after_pipeline_run(self) -> None:
        """Give it back."""
        self.give_back()

    @hook_impl(trylast=True)
    def on_pipeline_error(self) -> None:
        """Give it back."""
        self.give_back()


class SingleRun(HeldDuringRun):
    """One run at a time on one lake and warehouse."""

    def __init__(self) -> None:
        super().__init__()
        self._lock: RunLock | None = None

    @hook_impl(tryfirst=True)
    def before_pipeline_run(self, catalog: DataCatalog) -> None:
        """Take the lock, or refuse the run.

        Raises:
            UserError: Another run has it.
        """
        self.give_back()
        lock = run_lock(catalog.load("params:run_lock"))
        lock.acquire()
        self._hold(lock.release)
        self._lock = lock

    @hook_impl
    def before_dataset_saved(self) -> None:
        """Write nothing once the lock is lost.

        Raises:
            UserError: It is.
        """
        if self._lock:
            self._lock.check()


class OneHistory(HeldDuringRun):
    """The manifests are read once a run."""

    @hook_impl(tryfirst=True)
    def before_pipeline_run(self) -> None:
        """Begin, with the lock in hand."""
        begin_reading()
        self._hold(end_reading)


class OneOpening(HeldDuringRun):
    """The warehouse is opened once for all that a node loads, and closed before it runs."""

    @hook_impl
    def before_pipeline_run(self) -> None:
        """See to it that nothing is open after a load that fails."""
        self._hold(end_loading)

    @hook_impl
    def before_dataset_loaded(self) -> None:
        """Begin with the first input."""
        begin_loading()

    @hook_impl(tryfirst=True)
    def before_node_run(self) -> None:
        """End after the last one."""
        end_loading()


class StandInCity(HeldDuringRun):
    """Serves the stand-in city during a run that reads from no other source."""

    def __init__(self) -> None:
        super().__init__()
        self._served: dict[str, Any] | None = None
        self._starting = Lock()
        self._run: int | None = None

    @hook_impl
    def before_pipeline_run(self) -> None:
        """Forget that of an earlier run in this process."""
        self.give_back()
        self._served = None
        self._run = get_ident()

    @hook_impl
    def before_node_run(
        self, catalog: DataCatalog, inputs: dict[str, Any]
    ) -> dict[str, SourceSettings] | None:
        """Start it where `source.services_url` is null, and point the node to it."""
        source = inputs.get("params:source")
        if source is None or source.services_url:
            return None
        # With threads, several nodes begin at once.
        with self._starting:
            if not self._served:
                sandbox = SandboxSettings.model_validate(catalog.load("params:sandbox"))
                server, self._served = serve_stand_in_city(sandbox)
                self._hold(server.stop, self._run)
        return {"params:source": source.model_copy(update=self._served)}


class RunSummary:
    """Says at the end what a run did, year by year, and what stops a year last of all.

    Attributes:
        verdict: That of the run, once it is over.

    """

    def __init__(self) -> None:
        self.verdict: Verdict | None = None
        self._before = LoadHistory()
        self._years: tuple[int, ...] = ()
        self._started = datetime.now(UTC)
        self._dashboard: str | None = None

    @hook_impl
    def after_context_created(self) -> None:
        """Let retries be logged like everything else, instead of printed."""
        stamina.instrumentation.set_on_retry_hooks([RetriesTold()])

    @hook_impl
    def before_pipeline_run(self, pipeline: Pipeline, catalog: DataCatalog) -> None:
        """Remember how things stood, and what is asked for."""
        self.verdict = self._dashboard = None
        self._started = datetime.now(UTC)
        self._before = catalog.load("load_history")
        self._years = _years(pipeline, catalog, self._before)

    @hook_impl
    def after_node_run(self, node: Any, catalog: DataCatalog) -> None:
        """Take note of where the dashboard is, if this node wrote it."""
        if "dashboard" in node.outputs:
            self._dashboard = _place(catalog.to_config()[0]["dashboard"]["filepath"])

    @hook_impl(tryfirst=True)
    def after_pipeline_run(self, catalog: DataCatalog) -> None:
        """Print the table, the path of the dashboard, and the sentences of the verdict."""
        seconds = (datetime.now(UTC) - self._started).total_seconds()
        after = catalog.load("load_history")
        commands = Commands.model_validate(catalog.load("params:commands"))
        self.verdict = verdict(self._before, after, self._years, commands)
        console = get_console()
        console.print(summary_table(self._before, after, self.verdict, seconds))
        if self._dashboard:
            console.print(f"Dashboard: {self._dashboard}", soft_wrap=True)
        for line in repairs(self._before, after):
            console.print(line, markup=False, highlight=False)
        print_sentences(self.verdict.sentences)
        write_record(record_of(self.verdict, self._before, after, datetime.now(UTC)))

    @hook_impl
    def on_pipeline_error(self, error: Exception, catalog: DataCatalog) -> None:
        """Leave a record of a run that failed as a whole."""
        commands = Commands.model_validate(catalog.load("params:commands"))
        write_record(record_of_failure(commands.typed(str(error))))


def _years(pipeline: Pipeline, catalog: DataCatalog, history: LoadHistory) -> tuple[int, ...]:
    """The years that a run looks at: those asked for, or without a read those that are pending."""
    written = pipeline.all_outputs()
    if "ingested_loads" in written:
        source = SourceSettings.model_validate(catalog.load("params:source"))
        sandbox = SandboxSettings.model_validate(catalog.load("params:sandbox"))
        served = None if source.services_url else sandbox.as_of
        years = Years.model_validate(catalog.load("params:years"))
        return years.resolve(served or source.today or city_today())
    if written & {"validated_loads", "published_loads"}:
        return tuple(load.source_year for load in history.pending)
    return ()


def _place(filepath: str) -> str:
    """An address of a bucket as it is, a file as seen from the folder that the run began in."""
    path = Path(filepath)
    if "://" in filepath or not path.is_relative_to(Path.cwd()):
        return filepath
    return str(path.relative_to(Path.cwd()))
