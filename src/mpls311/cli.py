"""The project's own `kedro run`, and the commands beside it.

Kedro's command splits `--params` at every comma, takes misspelled names and forgets all but the
last `--params`. This one, put in its place by Kedro's documented extension point, refuses what
cannot be meant before any work is done, and shows a user's mistake as a sentence.
"""

import asyncio
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast

import click
import stamina
from kedro.config import AbstractConfigLoader
from kedro.framework.cli.project import run as kedro_run
from kedro.framework.cli.utils import env_option
from kedro.framework.project import pipelines, settings
from kedro.framework.session import KedroSession
from kedro.utils import find_kedro_project
from omegaconf import OmegaConf
from pydantic import ValidationError
from rich import get_console

from mpls311.commands import DEFAULTS, Commands
from mpls311.errors import UserError, full_disk
from mpls311.inspection import checked
from mpls311.interrupts import interruptible
from mpls311.loads import verdict
from mpls311.machine_settings import missing_settings
from mpls311.parameters import FORMER_NAMES, Parameters
from mpls311.stand_in_city import serve_stand_in_city
from mpls311.summary import print_sentences, status_table


@click.group()
def cli() -> None:
    """Minneapolis 311."""


_PARAMS_HELP = (
    "Parameters for this run, as name=value,name=value: years=2019,2021,mode=full. Those of a "
    "group are written with a dot: source.concurrency=4."
)


class _ParamsOption(click.Option):
    """`--params` as typed: every occurrence, or the mapping of a `--config` file."""

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        return value


def parse_params(typed: Any) -> dict[str, Any]:
    """The parameters of `--params key=value,key=value`, nested at dots.

    Args:
        typed: Every `--params` as typed, or what a `--config` file says: the same text, or a
            mapping.

    An item without `=` belongs to the value before it, so that `years=2019,2021` is one
    parameter. `years` stays as typed: YAML would read 02023 as an octal number.

    Raises:
        UserError: There are two `--params`, or the first item has no `=`, or the file says
            something else.
    """
    if isinstance(typed, Mapping):
        return dict(typed)
    if not typed:
        return {}
    if isinstance(typed, str):
        typed = (typed,)
    if not isinstance(typed, list | tuple) or not all(isinstance(text, str) for text in typed):
        raise UserError(
            f"params: {typed} in the --config file: write them as a mapping (years: 2023), or as "
            "after --params (years=2023,mode=full)."
        )
    if len(typed) > 1:
        raise UserError("Give --params once: --params " + ",".join(typed))
    items: list[str] = []
    for item in typed[0].split(","):
        if "=" in item:
            items.append(item.strip())
        elif items:
            items[-1] += f",{item.strip()}"
        else:
            raise UserError(f"--params {typed[0]}: write name=value, for example years=2023.")
    years = [item.partition("=")[2] for item in items if item.startswith("years=")]
    others = OmegaConf.from_dotlist([item for item in items if not item.startswith("years=")])
    params = cast(dict[str, Any], OmegaConf.to_container(others))
    return {**params, "years": years[-1]} if years else params


def check_params(conf: Path, env: str | None, params: Mapping[str, Any]) -> Parameters:
    """Refuse unknown names and values that make no sense.

    Args:
        conf: The folder of the configuration.
        env: The environment, if not the default one.
        params: What was given for this run.

    Raises:
        UserError: One sentence for each of them.
    """
    _check_names(params, _configured(conf, env, {}))
    try:
        return Parameters.model_validate(_configured(conf, env, params))
    except ValidationError as exc:
        raise UserError(" ".join(map(_sentence, exc.errors()))) from exc


def _configured(conf: Path, env: str | None, params: Mapping[str, Any]) -> dict[str, Any]:
    loader = _loader(conf, env, params)
    places = loader["globals"]
    if missing := missing_settings(places):
        raise UserError(" ".join(missing))
    return dict(loader["parameters"])


def _loader(conf: Path, env: str | None, params: Mapping[str, Any]) -> AbstractConfigLoader:
    if env and not (conf / env).is_dir():
        there = ", ".join(sorted(folder.name for folder in conf.iterdir() if folder.is_dir()))
        raise UserError(f"There is no environment {env}. There are: {there}.")
    loader: AbstractConfigLoader = settings.CONFIG_LOADER_CLASS(
        conf_source=str(conf),
        env=env,
        runtime_params=dict(params),
        **settings.CONFIG_LOADER_ARGS,
    )
    return loader


def _check_names(params: Mapping[str, Any], known: Mapping[str, Any], path: str = "") -> None:
    for name, value in params.items():
        if f"{path}{name}" in FORMER_NAMES:
            continue
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f" Did you mean {path}{close[0]}?" if close else ""
            names = ", ".join(f"{path}{other}" for other in known)
            raise UserError(f"There is no parameter {path}{name}.{hint} There are: {names}.")
        below = known[name]
        if isinstance(value, Mapping) and isinstance(below, Mapping) and below:
            _check_names(value, below, f"{path}{name}.")
        elif isinstance(below, Mapping) and below:
            raise UserError(f"{path}{name} has parts: {', '.join(f'{name}.{b}' for b in below)}.")


def _sentence(error: Any) -> str:
    message = str(error["msg"]).removeprefix("Value error, ")
    where = ".".join(str(part) for part in error["loc"] if not isinstance(part, int))
    match error["type"]:
        case "value_error":
            return message
        case "extra_forbidden":
            return f"There is no parameter {where}: take it out of the configuration."
        case "missing":
            return f"The configuration does not set {where}."
    return f"{where}={error['input']}: {message}."


def _project_path() -> Path:
    return Path(find_kedro_project(Path.cwd()) or Path.cwd())


def _run(params: Any, pipeline: str | None, names: list[str], **options: Any) -> None:
    with interruptible(), _mistakes_as_sentences(options["env"]):
        parsed = parse_params(params)
        chosen = names or ([pipeline] if pipeline else [])
        for name in chosen:
            if name not in pipelines:
                raise UserError(f"There is no pipeline {name}. There are: {', '.join(pipelines)}.")
        conf = options["conf_source"] or _project_path() / settings.CONF_SOURCE
        check_params(Path(conf), options["env"], parsed)
        assert kedro_run.callback, "run is a command"
        result = kedro_run.callback(params=parsed, pipeline=None, pipelines=chosen, **options)
    if result.verdict and result.verdict.exit_code:
        raise SystemExit(result.verdict.exit_code)


@contextmanager
def _mistakes_as_sentences(env: str | None = None) -> Iterator[None]:
    """Show a mistake as a sentence, with commands as they are typed in the environment."""
    try:
        yield
    except Exception as exc:
        mistake = full_disk(exc) or _mistake_behind(exc)
        if mistake is None:
            raise
        raise click.ClickException(_commands(env).typed(str(mistake))) from exc


def _commands(env: str | None) -> Commands:
    return Commands(environment=env or DEFAULTS[0])


def _mistake_behind(exc: BaseException | None) -> UserError | None:
    """The user error, which Kedro's catalog may have wrapped in errors of its own."""
    while exc is not None and not isinstance(exc, UserError):
        exc = exc.__cause__
    return exc


run = click.Command(
    "run",
    help=kedro_run.help,
    params=[
        option
        if option.name != "params"
        else _ParamsOption(["--params"], multiple=True, help=_PARAMS_HELP)
        for option in kedro_run.params
    ],
    callback=lambda pipelines, **options: _run(names=pipelines, **options),
)
cli.add_command(run)


@cli.command()
@env_option
def status(env: str | None) -> None:
    """Where every year stands: last full read, watermark, pending load, rejected rows."""
    with _mistakes_as_sentences(env):
        check_params(_project_path() / settings.CONF_SOURCE, env, {})
        _show_status(env)


def _show_status(env: str | None) -> None:
    with KedroSession.create(env=env) as session:
        catalog = cast(KedroSession, session).load_context().catalog
        history = catalog.load("load_history")
        commands = Commands.model_validate(catalog.load("params:commands"))
    get_console().print(status_table(history))
    print_sentences(verdict(history, history, release=commands.release))


@cli.command()
@env_option
@click.option("--fast", is_flag=True, help="Leave the checksums of files out.")
def check(env: str | None, fast: bool) -> None:
    """Hold the whole lake and the warehouse against the manifests; change nothing."""
    with _mistakes_as_sentences(env):
        check_params(_project_path() / settings.CONF_SOURCE, env, {})
        with KedroSession.create(env=env) as session:
            report = checked(cast(KedroSession, session).load_context().catalog, checksums=not fast)
    for line in report.lines():
        click.echo(_commands(env).typed(line))
    if report.findings:
        raise SystemExit(1)


@cli.command("first-contact")
@env_option
def first_contact(env: str | None) -> None:
    """Look at every layer of the source, and report where it is not what this project assumes."""
    from mpls311.first_contact import look, report  # takes a while to import

    stamina.instrumentation.set_on_retry_hooks([])
    with _mistakes_as_sentences(env), ExitStack() as stack:
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


@cli.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@env_option
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED)
def dbt(env: str | None, words: tuple[str, ...]) -> None:
    """Type a command of dbt for the warehouse of an environment: kedro dbt source freshness."""
    with _mistakes_as_sentences(env):
        transform = check_params(_project_path() / settings.CONF_SOURCE, env, {}).transform
        database = Path(transform.environment["MPLS311_DUCKDB"])
        if transform.profile == "duckdb" and not database.exists():
            raise UserError("There is no warehouse yet: run `kedro run` first.")
    from dbt.cli.main import cli as dbt_command  # takes a while to import

    os.environ.update(transform.environment)
    options = [f"--project-dir={transform.project}", f"--profiles-dir={transform.project}"]
    dbt_command([*words, *options, f"--profile={transform.profile}"])


@cli.command()
def package() -> None:
    """Refuse: a wheel would lack conf/ and dbt/."""
    raise click.ClickException(
        "A wheel would lack conf/ and dbt/: deploy the image that `make image` builds, or see "
        "README.md, Every day, for other ways."
    )
