"""`python -m mpls311` is `kedro run` in the project folder."""

from pathlib import Path

from kedro.framework.startup import bootstrap_project


def main() -> None:
    """Run the project's own `run` command."""
    bootstrap_project(Path.cwd())
    from mpls311.cli import run

    run()


if __name__ == "__main__":
    main()
