"""`python -m mpls311` is `kedro run` in the project folder."""

from pathlib import Path

import click
from kedro.framework.startup import bootstrap_project
from kedro.utils import find_kedro_project

from mpls311.global_commands import NO_PROJECT


def main() -> None:
    """Run the project's own `run` command."""
    project = find_kedro_project(Path.cwd())
    if project is None:
        click.echo(f"Error: {NO_PROJECT.format(folder=Path.cwd())}", err=True)
        raise SystemExit(1)
    bootstrap_project(project)
    from mpls311.cli import run

    run()


if __name__ == "__main__":
    main()
