"""Commands that Kedro takes from this package in whatever folder it is typed.

Kedro knows a project's own commands only within it, and puts those of plugins such as Kedro-Viz
before them.
"""

from pathlib import Path

import click
from kedro.framework import project
from kedro.utils import find_kedro_project

NO_PROJECT = "There is no project in {folder}. Change to the folder of mpls311 first: cd ..."
"""What is said in a folder without one."""

_COMMANDS = ("run", "status", "check", "first-contact", "catalog", "registry", "viz")


class _Global(click.Group):
    """In no project each command says so; within this one, viz is told in sentences."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return []

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name in _COMMANDS and find_kedro_project(Path.cwd()) is None:
            return click.Command(
                name,
                callback=_refuse,
                context_settings={"ignore_unknown_options": True},
                params=[click.Argument(["rest"], nargs=-1, type=click.UNPROCESSED)],
            )
        if name == "viz" and project.PACKAGE_NAME == "mpls311":
            from mpls311.cli import cli

            return cli.get_command(ctx, name)
        return None


def _refuse(rest: tuple[str, ...]) -> None:
    raise click.ClickException(NO_PROJECT.format(folder=Path.cwd()))


commands = _Global("kedro")
"""See `kedro.global_commands` in pyproject.toml; groups of Kedro's name come before plugins."""
