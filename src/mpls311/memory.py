"""How much memory a process may use, and what DuckDB gets of it."""

import os
from pathlib import Path

_MEGABYTE = 1_000_000
_LEAST, _MOST = 360, 8_000  # MB
_SHARE = 4

_CGROUPS = Path("/sys/fs/cgroup")


def share_of_memory() -> str:
    """A quarter of what this process may use, between 360 MB and 8 GB, as DuckDB writes it."""
    quarter = memory_of_process() // _MEGABYTE // _SHARE
    return f"{min(max(quarter, _LEAST), _MOST)}MB"


def memory_of_process(cgroups: Path = _CGROUPS) -> int:
    """Bytes of the machine, or fewer where a container limits them.

    A limit is read as control groups tell it inside a container: `memory.max` of version 2,
    `memory/memory.limit_in_bytes` of version 1.
    """
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = (cgroups / "memory.max", cgroups / "memory" / "memory.limit_in_bytes")
    found = [file.read_text().strip() for file in limits if file.is_file()]
    return min([physical, *(int(limit) for limit in found if limit.isdecimal())])
