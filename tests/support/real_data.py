"""Real figures of the city beside this clone: for tests only, no part of the project."""

import os
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data"


def real_file(name: str) -> Path:
    """A file of real data; a test that needs it is skipped where there is none."""
    path = FOLDER / name
    if not path.exists() and not os.environ.get("MPLS311_REAL_ROWS"):
        pytest.skip("the real data are not beside this clone")
    return path
