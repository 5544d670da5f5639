"""The project's own `kedro run`, and `kedro status`, `kedro check` and `kedro first-contact`.

Kedro's command splits `--params` at every comma, takes misspelled names and forgets all but the
last `--params`. This one, put in its place by Kedro's documented extension point, refuses what
cannot be meant before any work is done. Whatever goes wrong in these commands, and in those of
Kedro that read the project, is told in a sentence.
"""

import asyncio
import atexit
import gc
import os
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import click
import stamina
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.cli.utils import env_option
from kedro.framework.project import pipelines, settings
from kedro.framework.session import KedroSession
from kedro.utils import find_kedro_project
from rich import get_console

from mpls311.commands import Commands
from mpls311.configuration import check_params
from mpls311.errors import Mistake
from mpls311.inspection import checked
from mpls311.loads import verdict
from mpls311.logs import log_as_configured
from mpls311.selection import check_names, check_runner_name
from mpls311.stand_in_city import serve_stand_in_city
from mpls311.summary import print_sentences, status_table
from mpls311.told import KedroCommand, ToldCommand
from mpls311.typed_params import ConfigOption, ParamsOption, parse_params


class _Commands(click.Group):
    """Those of the project, and in the place of Kedro's own the same ones, told in sentences."""

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        return super().get_command(ctx, name) or _OF_KEDRO.get(name)


@click.group(cls=_Commands)
def cli() -> None:
    """Minneapolis 311."""


def _project_path() -> Path:
    return Path(find_kedro_project(Path.cwd()) or Path.cwd())


log_as_configured(_project_path())


def _run(params: Any, pipeline: str | None, names: list[str], **options: Any) -> None:
    parsed = parse_params(params)
    if pipeline and names:
        raise Mistake(f"Give --pipeline or --pipelines: --pipelines {','.join([pipeline, *names])}")
    chosen = names or ([pipeline] if pipeline else [])
    check_names("pipeline", chosen, pipelines)
    check_runner_name(options["runner"], options["runner_params"] | _async(options))
    assert kedro_run.callback, "run is a command"
    # Looking for garbage took a sixth of a short run: over and over among what is imported, which
    # stays, and among all there is when the process ends.
    gc.freeze()
    gc.set_threshold(10_000)
    atexit.register(gc.freeze)
    result = kedro_run.callback(params=parsed, pipeline=None, pipelines=chosen, **options)
    if result.verdict and result.verdict.exit_code:
        raise SystemExit(result.verdict.exit_code)


def _async(options: dict[str, Any]) -> dict[str, Any]:
    return {"is_async": True} if options["is_async"] else {}


def _our_option(option: Any) -> click.Parameter:
    if option.name == "params":
        return ParamsOption()
    return ConfigOption(option) if option.name == "config" else option


class _Run(ToldCommand):
    interrupted = "Interrupted. The next run goes on where this one stopped."


run = _Run(
    "run",
    help=kedro_run.help,
    params=[_our_option(option) for option in kedro_run.params],
    callback=lambda pipelines, **options: _run(names=pipelines, **options),
)
cli.add_command(run)


@cli.command(cls=ToldCommand)
@env_option
def status(env: str | None) -> None:
    """Where every year stands: last full read, watermark, pending load, rejected rows."""
    with KedroSession.create(env=env) as session:
        catalog = cast(KedroSession, session).load_context().catalog
        history = catalog.load("load_history")
        commands = Commands.model_validate(catalog.load("params:commands"))
    table = status_table(history)
    get_console().print(commands.typed(table) if isinstance(table, str) else table)
    sentences = verdict(history, history, advice=commands).sentences
    damaged = {
        each.source_year: each for each in history.damaged if each.name not in history.replaced
    }
    for year, damage in sorted(damaged.items()):
        if not any(damage.name in told for told in sentences):
            print_sentences([commands.typed(f"{year}: {damage.sentence}")])
    print_sentences(sentences)


@cli.command(cls=ToldCommand)
@env_option
@click.option("--fast", is_flag=True, help="Leave the checksums of files out.")
def check(env: str | None, fast: bool) -> None:
    """Hold the whole lake and the warehouse against the manifests; change nothing."""
    with KedroSession.create(env=env) as session:
        report = checked(cast(KedroSession, session).load_context().catalog, checksums=not fast)
    for line in report.lines():
        click.echo(Commands.of(env).typed(line))
    if report.findings:
        raise SystemExit(1)


@cli.command("first-contact", cls=ToldCommand)
@env_option
def first_contact(env: str | None) -> None:
    """Look at every layer of the source, and report where it is not what this project assumes."""
    from mpls311.first_contact import look, report  # takes a while to import

    stamina.instrumentation.set_on_retry_hooks([])
    with ExitStack() as stack:
        parameters = check_params(_project_path() / settings.CONF_SOURCE, env, {})
        source = parameters.source
        if source.services_url is None:
            server, served = serve_stand_in_city(parameters.sandbox)
            stack.enter_context(server)
            source = source.model_copy(update=served)
        click.echo(f"Looking at the layers of {source.services_url} ...", err=True)
        contacts = asyncio.run(look(source))
    click.echo(report(source, contacts, datetime.now(UTC)))
    if any(finding.is_trouble for contact in contacts for finding in contact.findings):
        raise click.exceptions.Exit(1)


@cli.command(
    cls=ToldCommand,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@env_option
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED)
def dbt(env: str | None, words: tuple[str, ...]) -> None:
    """Type a command of dbt for the warehouse of an environment: kedro dbt source freshness."""
    transform = check_params(_project_path() / settings.CONF_SOURCE, env, {}).transform
    database = Path(transform.environment["MPLS311_DUCKDB"])
    if transform.profile == "duckdb" and not database.exists():
        raise Mistake("There is no warehouse yet: run `kedro run` first.")
    from dbt.cli.main import cli as dbt_command  # takes a while to import

    os.environ.update(transform.environment)
    options = [f"--project-dir={transform.project}", f"--profiles-dir={transform.project}"]
    dbt_command([*words, *options, f"--profile={transform.profile}"])


@cli.command(cls=ToldCommand)
def package() -> None:
    """Refuse: a wheel would lack conf/ and dbt/."""
    raise Mistake(
        "A wheel would lack conf/ and dbt/: deploy the image that `make image` builds, or see "
        "README.md, Every day, for other ways."
    )


def _check_project(command: str, env: str | None, pipeline: str | None) -> None:
    """Refuse what one of Kedro's own commands would fall over."""
    check_names("pipeline", pipeline.split(",") if pipeline else [], pipelines)
    with KedroSession.create(env=env) as session:
        catalog = cast(KedroSession, session).load_context().catalog
    if command == "viz":
        # Its server, a process of its own, makes every dataset.
        for name in catalog:
            catalog.get(name)


_OF_KEDRO = {
    name: KedroCommand(name, place, _check_project)
    for name, place in (
        ("catalog", "kedro.framework.cli.catalog:catalog"),
        ("registry", "kedro.framework.cli.registry:registry"),
        ("viz", "kedro_viz.launchers.cli.main:viz"),
    )
}
