"""DuckDB gets a quarter of what the process may use, within bounds."""

from pathlib import Path

import pytest

from mpls311 import memory
from mpls311.memory import memory_of_process, share_of_memory


@pytest.mark.parametrize(
    ("gigabytes", "share"), [(1, "360MB"), (2, "500MB"), (16, "4000MB"), (64, "8000MB")]
)
def test_a_quarter_within_bounds(
    monkeypatch: pytest.MonkeyPatch, gigabytes: int, share: str
) -> None:
    monkeypatch.setattr(memory, "memory_of_process", lambda: gigabytes * 1_000_000_000)

    assert share_of_memory() == share


@pytest.mark.parametrize("name", ["memory.max", "memory/memory.limit_in_bytes"])
def test_the_limit_of_a_container_counts(tmp_path: Path, name: str) -> None:
    unlimited = memory_of_process(tmp_path)
    (tmp_path / name).parent.mkdir(exist_ok=True)

    (tmp_path / name).write_text("300000000\n")
    assert memory_of_process(tmp_path) == 300_000_000

    for nothing in ("max", str(2**63)):
        (tmp_path / name).write_text(nothing)
        assert memory_of_process(tmp_path) == unlimited
