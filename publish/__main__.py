"""The command line."""

import argparse
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from mpls311.errors import UserError
from mpls311.loads.verdict import PARTLY, WELL
from publish import github
from publish.job import Folder, run


def main(arguments: Sequence[str] | None = None) -> int:
    """Do one of the steps, in the folder of the project.

    Returns:
        0; 1 if nothing was published because all failed, or if something else did.
    """
    parser = argparse.ArgumentParser(prog="python -m publish", description=__doc__)
    parser.add_argument("step", choices=["fetch", "run", "hand-over"])
    parser.add_argument("--folder", type=Path, default=Path("publication"))
    parser.add_argument("--env", default="base", help="of the run (base, the live city)")
    parser.add_argument("--params", default="years=all", help="of the run (years=all)")
    options = parser.parse_args(arguments)
    folder = Folder(options.folder.absolute())
    try:
        match options.step:
            case "fetch":
                github.fetch(folder)
            case "hand-over":
                github.hand_over(folder)
            case _:
                code = run(folder, _kedro, options.env, options.params)
                # Of years that are stopped while others are well, their issues tell.
                return WELL if code == PARTLY else code
    except UserError as exc:
        sys.exit(f"Error: {exc}")
    return WELL


def _kedro(*arguments: str) -> int:
    return subprocess.run([Path(sys.executable).with_name("kedro"), *arguments]).returncode


if __name__ == "__main__":
    sys.exit(main())
