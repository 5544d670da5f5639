"""What the project's commands say outside of a project, where Kedro does not know them."""

from pathlib import Path

import click
from kedro.utils import find_kedro_project

NO_PROJECT = "There is no project in {folder}. Change to the folder of mpls311 first: cd ..."
"""What is said in a folder without one."""

_COMMANDS = ("run", "status", "check", "first-contact", "catalog", "registry", "viz")


class _Outside(click.Group):
    """Says so in the place of each command; nothing within a project, which has them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return []

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS or find_kedro_project(Path.cwd()):
            return None
        return click.Command(
            name,
            callback=_refuse,
            context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
            params=[click.Argument(["rest"], nargs=-1, type=click.UNPROCESSED)],
        )


def _refuse(rest: tuple[str, ...]) -> None:
    raise click.ClickException(NO_PROJECT.format(folder=Path.cwd()))


commands = _Outside("mpls311")
"""Global commands of Kedro's, see pyproject.toml."""
