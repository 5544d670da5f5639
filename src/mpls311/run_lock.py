"""One run at a time: a locked file beside a local warehouse, or a lease in the bucket."""

from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from mpls311.errors import UserError


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
    """The lock at a path: a lease for gs://bucket/object, else a local file."""
    if not path.startswith("gs://"):
        return LockedFile(Path(path))
    from mpls311.datasets.google_cloud import storage_bucket
    from mpls311.run_lease import RunLease

    name, _, key = path.removeprefix("gs://").partition("/")
    return RunLease(storage_bucket(name), key)


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
