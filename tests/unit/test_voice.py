"""The habits of the source that ruff has no rule for."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("src", "acceptance", "bench", "publish", "review", "trials")
SOURCES = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]


@pytest.mark.parametrize(
    ("habit", "other_way"),
    [
        ("a module's logger is `log`", r"^(?!log = )\w+ = (logging\.)?getLogger\("),
        ("code in a docstring stands in single backticks", r"(?<!`)``(?!`)"),
    ],
)
def test_the_source_has_one_voice(habit: str, other_way: str) -> None:
    strangers = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in SOURCES
        for line in path.read_text().splitlines()
        if re.search(other_way, line)
    ]
    assert not strangers, habit
