"""Commands that end in a sentence where they would end in a traceback."""

import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from importlib.util import find_spec
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import click
from kedro.framework.cli.utils import KedroCliError
from kedro.framework.project import settings

from mpls311.commands import DEFAULTS, Commands
from mpls311.errors import Mistake
from mpls311.interrupts import interruptible
from mpls311.machine_settings import in_project
from mpls311.trouble import errors_behind, user_error_of

_LINES = 3
"""Of the longest answer."""
_LARGEST = 1_000_000
"""Bytes of a log file that is appended to."""


class ToldCommand(click.Command):
    """A command of which trouble, Ctrl-C and SIGTERM end in a sentence.

    Attributes:
        interrupted: What is said when it is interrupted.

    """

    interrupted = "Interrupted."

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        flag = click.Option(
            ["--traceback"],
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_remember,
            help="Show where in the code an error arose.",
        )
        self.params = [*self.params, flag]

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        """Take apart what was typed, and the file of --config."""
        with sentences(None):
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Run it."""
        show = ctx.meta.get(_SHOW, False)
        with sentences(ctx.params.get("env"), show=show), interruptible(self.interrupted):
            return super().invoke(ctx)


_SHOW = f"{__name__}.show"


def _remember(ctx: click.Context, _option: click.Parameter, show: bool) -> None:
    ctx.meta[_SHOW] = show


class KedroCommand(ToldCommand):
    """A command of Kedro or of one of its plugins that reads the project."""

    def __init__(self, name: str, place: str, check: Any) -> None:
        """Name it; nothing is imported yet.

        Args:
            name: How it is typed.
            place: Where it is, `module:command`.
            check: Is called with its name, environment and pipeline before it begins.
        """
        super().__init__(
            name,
            callback=self._forward,
            add_help_option=False,
            context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
            params=[
                click.Option(["--env", "-e"]),
                click.Option(["--pipeline", "-p"]),
                click.Argument(["rest"], nargs=-1, type=click.UNPROCESSED),
            ],
        )
        self._place = place
        self._check = check

    def _forward(self, env: str | None, pipeline: str | None, rest: tuple[str, ...]) -> None:
        ctx = click.get_current_context()
        module, _, command = self._place.partition(":")
        if find_spec(module.partition(".")[0]) is None:
            raise Mistake(f"What `kedro {self.name}` needs is not installed: `make setup`.")
        if not {"--help", "-h"} & set(rest):
            self._check(self.name, env, pipeline)
        arguments = list(rest)
        arguments += ["--env", env] if env else []
        arguments += ["--pipeline", pipeline] if pipeline else []
        try:
            getattr(import_module(module), command).main(
                arguments, prog_name=ctx.command_path, standalone_mode=False, obj=ctx.obj
            )
            for process in active_children():
                process.join()
        finally:
            for process in active_children():
                process.terminate()


@contextmanager
def sentences(env: str | None, *, show: bool = False) -> Iterator[None]:
    """Tell what goes wrong inside in a sentence, and where the traceback is.

    Args:
        env: The environment that was typed.
        show: Whether to show the traceback as well.

    Raises:
        ClickException: In place of any error.
    """
    try:
        yield
    except click.exceptions.Exit:
        raise
    except KedroCliError as exc:
        raise click.ClickException(exc.message) from exc
    except (click.ClickException, click.Abort):
        raise
    except Exception as exc:
        if show:
            click.echo("".join(traceback.format_exception(exc)), err=True)
        answer = _answer(exc, Commands.of(env))
        _let_go(exc)
        raise click.ClickException(answer) from exc


def _let_go(exc: BaseException) -> None:
    """End now what is suspended in the frames of an error: a generator, with what it has open."""
    for each in errors_behind(exc, handled=True):
        traceback.clear_frames(each.__traceback__)


def _answer(exc: Exception, commands: Commands) -> str:
    error = user_error_of(exc, Path(in_project(settings.CONF_SOURCE)), commands.environment)
    if isinstance(error, Mistake):
        return commands.typed(str(error))
    log = _written(exc, commands.environment)
    if error is None:
        first: BaseException = exc
        while first.__cause__:
            first = first.__cause__
        name, said = type(first).__name__, str(first).strip().partition("\n")[0]
        return (
            f"Unexpected: {name}{f': {said}' if said else ''}.\nThis is a fault of mpls311 and not "
            f"of yours. Please open an issue, with the file {log} in it."
        )
    lines = commands.typed(str(error)).splitlines()
    if len(lines) >= _LINES:
        lines = [*lines[: _LINES - 2], f"{lines[_LINES - 2]} ..."]
    return "\n".join([*lines, f"Details: {log}"])


def _written(exc: Exception, environment: str) -> str:
    """Write an error down with everything that is behind it, and say where."""
    own = () if environment in DEFAULTS else (environment,)
    text = (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC  {' '.join(sys.argv)}\n"
        f"{''.join(traceback.format_exception(exc))}\n"
    )
    file = Path(in_project("data"), *own, "logs", "errors.log")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        is_large = file.exists() and file.stat().st_size > _LARGEST
        with file.open("w" if is_large else "a", encoding="utf-8") as log:
            log.write(text)
    except OSError:
        descriptor, name = tempfile.mkstemp(".log", "mpls311-", text=True)
        with open(descriptor, "w", encoding="utf-8") as log:
            log.write(text)
        return name
    return str(file.relative_to(Path.cwd())) if file.is_relative_to(Path.cwd()) else str(file)
