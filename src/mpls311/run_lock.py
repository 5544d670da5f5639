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
    """The lock at a path.

    Args:
        path: A local file, which is locked; or gs://bucket/object, which is a lease.

    Raises:
        UserError: It is neither.
    """
    protocol, separator, place = path.partition("://")
    if not separator:
        return LockedFile(Path(path))
    if protocol != "gs":
        raise UserError(
            f"run_lock={path}: nothing can be locked by {protocol}://. Name a local file in "
            "parameters.yml, or an object of a bucket, gs://bucket/object."
        )
    # Google's libraries take a second to import.
    from mpls311.cloud.google import storage_bucket
    from mpls311.cloud.google_lease import RunLease

    name, _, key = place.partition("/")
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
