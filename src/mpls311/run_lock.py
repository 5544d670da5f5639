"""One run at a time, which the warehouse sees to: a locked file, a lease, an advisory lock."""

from importlib import import_module
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from mpls311.errors import Mistake, UserError

_LOCKS = {"gs": "mpls311.cloud.google_lease", "postgresql": "mpls311.cloud.postgres_lock"}
"""What an address begins with, and the module that knows such locks."""


class RunLock(Protocol):
    """Held by one run at a time."""

    def acquire(self) -> None:
        """Take it.

        Raises:
            UserError: Another run holds it.
        """

    def check(self) -> None:
        """Do nothing while it is held.

        Raises:
            UserError: It was lost, so this run must not write any more.
        """

    def release(self) -> None:
        """Give it back."""


def run_lock(path: str) -> RunLock:
    """The lock at a path.

    Args:
        path: A local file, which is locked; gs://bucket/object, which is a lease; or
            postgresql://..., a database, which gives an advisory lock.

    Raises:
        Mistake: It is none of them.
    """
    protocol, separator, _ = path.partition("://")
    if not separator:
        return LockedFile(Path(path))
    if protocol not in _LOCKS:
        raise Mistake(
            f"run_lock={path}: nothing can be locked by {protocol}://. Name a local file in "
            f"parameters.yml, or what begins with {' or '.join(f'{name}://' for name in _LOCKS)}."
        )
    # The libraries of a cloud take a second to import.
    lock: RunLock = import_module(_LOCKS[protocol]).lock_at(path)
    return lock


class LockedFile:
    """A file that the operating system unlocks when its process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = FileLock(path, timeout=0)

    def acquire(self) -> None:
        """Lock it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire()
        except Timeout:
            raise UserError(
                f"Another run is going on (it holds {self._path}). Wait for it to end, then run "
                "again."
            ) from None

    def check(self) -> None:
        """Nothing can take it away."""

    def release(self) -> None:
        """Unlock it."""
        self._lock.release()
