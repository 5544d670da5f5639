"""The project's session: it refuses mistakes, gives back what it holds, and has a verdict."""

import inspect
from typing import Any

from kedro.framework.project import settings
from kedro.framework.session import KedroSession

from mpls311.commands import Commands
from mpls311.errors import UserError
from mpls311.hooks import HeldDuringRun, RunSummary
from mpls311.loads import Verdict
from mpls311.selection import check_selection


class RunResult(dict[str, Any]):
    """The outputs of a run by their names, as Kedro gives them, and its verdict."""

    def __init__(self, outputs: dict[str, Any], verdict: Verdict | None) -> None:
        super().__init__(outputs)
        self.verdict = verdict


class RunSession(KedroSession):
    """A session like Kedro's own, which no hook is told of an interrupted run."""

    def run(self, *arguments: Any, **options: Any) -> RunResult:
        """Run a pipeline; as `KedroSession.run`.

        Raises:
            UserError: Something that the person who runs it can put right.
        """
        hooks = settings.HOOKS
        try:
            chosen = inspect.signature(super().run).bind(*arguments, **options)
            check_selection(chosen.arguments)
            outputs = super().run(*arguments, **options)
            verdicts = [hook.verdict for hook in hooks if isinstance(hook, RunSummary)]
            return RunResult(outputs, next(iter(verdicts), None))
        except UserError as exc:
            # Advice is typed in the environment that it is given in.
            exc.args = (Commands.of(self.store.get("env")).typed(str(exc)),)
            raise
        finally:
            for hook in hooks:
                if isinstance(hook, HeldDuringRun):
                    hook.give_back()
