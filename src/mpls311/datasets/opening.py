"""What takes long to open stays open while the inputs of a node are loaded, and no longer."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack

_kept: ExitStack | None = None


def begin_loading() -> None:
    """Keep open what is opened from here on."""
    global _kept
    _kept = _kept or ExitStack()


def end_loading() -> None:
    """Close it, and keep nothing open any more."""
    global _kept
    kept, _kept = _kept, None
    if kept:
        kept.close()


def keep_open(opened: Callable[[], AbstractContextManager[object]]) -> None:
    """Open this, and keep it until the inputs are loaded; nothing where no node is about to run."""
    if _kept:
        _kept.enter_context(opened())
