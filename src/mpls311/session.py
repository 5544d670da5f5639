"""The project's session: a run gives back what it holds, however it ends, and has a verdict."""

from typing import Any

from kedro.framework.project import settings
from kedro.framework.session import KedroSession

from mpls311.hooks import HeldDuringRun, RunSummary
from mpls311.loads import Verdict


class RunResult(dict[str, Any]):
    """The outputs of a run by their names, as Kedro gives them, and its verdict."""

    def __init__(self, outputs: dict[str, Any], verdict: Verdict | None) -> None:
        super().__init__(outputs)
        self.verdict = verdict


class RunSession(KedroSession):
    """A session like Kedro's own, which no hook is told of an interrupted run."""

    def run(self, *arguments: Any, **options: Any) -> RunResult:
        """Run a pipeline; as `KedroSession.run`."""
        hooks = settings.HOOKS
        try:
            outputs = super().run(*arguments, **options)
            verdicts = [hook.verdict for hook in hooks if isinstance(hook, RunSummary)]
            return RunResult(outputs, next(iter(verdicts), None))
        finally:
            for hook in hooks:
                if isinstance(hook, HeldDuringRun):
                    hook.give_back()
