"""A lease in the bucket: an object that only one run can create, and that expires."""

import json
import logging
import os
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from uuid import uuid4

from google.api_core.exceptions import GoogleAPIError, NotFound, PreconditionFailed
from google.cloud.storage import Bucket
from google.cloud.storage.retry import DEFAULT_RETRY
from requests.exceptions import RequestException

from mpls311.cloud.google import explained, storage_bucket
from mpls311.errors import PATIENCE, UserError

log = logging.getLogger(__name__)

LASTS = timedelta(minutes=5)
"""How long the lease of a killed run keeps others out."""

_RENEWALS = 5
"""How often a lease is renewed while it lasts, so that one lost request does not end it."""


def lock_at(address: str) -> "RunLease":
    """The lease at gs://bucket/object."""
    bucket, _, key = address.removeprefix("gs://").partition("/")
    return RunLease(storage_bucket(bucket), key)


_PATIENT = DEFAULT_RETRY.with_timeout(PATIENCE)


class RunLease:
    """A lease that is renewed as long as its run lives; that of a killed run expires.

    Every step names the generation of the object that it replaces, so of two runs that try at
    once only one succeeds (cloud.google.com/storage/docs/request-preconditions).
    """

    def __init__(
        self,
        bucket: Bucket,
        key: str,
        *,
        lasts: timedelta = LASTS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Name the object; nothing is asked of the bucket yet.

        Args:
            bucket: Where the object is.
            key: The name of the object.
            lasts: How long the lease counts unless it is renewed.
            clock: Tells the time.
        """
        self._bucket = bucket
        self._key = key
        self._lasts = lasts
        self._clock = clock
        self._run = uuid4().hex
        self._generation = 0
        self._started = self._expires = clock()
        self._ended = Event()
        self._heart = Thread(target=self._beat, name="run-lease", daemon=True)

    @property
    def _name(self) -> str:
        return f"gs://{self._bucket.name}/{self._key}"

    def acquire(self) -> None:
        """Create the object, or take over one that has expired; renew it from then on.

        Raises:
            UserError: Another run holds it.
            StorageError: The bucket is not there, or may not be written to.
        """
        self._started = self._clock()
        with explained(f"Bucket gs://{self._bucket.name}"):
            try:
                self._write(0)
            except PreconditionFailed:
                self._take_over()
        self._heart.start()

    def check(self) -> None:
        """Refuse to go on when others may already have taken the lease.

        Raises:
            UserError: It was not renewed in time.
        """
        if self._clock() >= self._expires:
            raise UserError(
                f"This run could not renew its lease {self._name}, so it stops before it writes "
                "more. Run again when no other run is going on."
            )

    def release(self) -> None:
        """Delete the object, if it still is the one of this run."""
        self._ended.set()
        self._heart.join()
        try:
            self._bucket.blob(self._key).delete(
                if_generation_match=self._generation, timeout=PATIENCE, retry=_PATIENT
            )
        except (GoogleAPIError, RequestException) as exc:
            log.warning("The lease %s could not be given back, it will expire: %s", self._name, exc)

    def _take_over(self) -> None:
        holder, generation = self._holder()
        if holder and datetime.fromisoformat(holder["expires"]) > self._clock():
            raise UserError(
                f"Another run is going on (on {holder['host']} since {holder['started']}; its "
                f"lease {self._name} lasts until {holder['expires']}). Wait for it to end, then "
                "run again."
            )
        try:
            self._write(generation)
        except PreconditionFailed:
            raise UserError(
                f"Another run has just begun (it holds {self._name}). Wait for it to end, then "
                "run again."
            ) from None
        if holder:
            log.warning(
                "The run of %s on %s did not end properly; its lease has expired, this run goes "
                "on.",
                holder["started"],
                holder["host"],
            )

    def _holder(self) -> tuple[dict[str, str], int]:
        """What the object says, and its generation; nothing and 0 where there is none."""
        blob = self._bucket.get_blob(self._key, timeout=PATIENCE, retry=_PATIENT)
        try:
            return (
                (
                    json.loads(blob.download_as_bytes(timeout=PATIENCE, retry=_PATIENT)),
                    blob.generation,
                )
                if blob
                else ({}, 0)
            )
        except NotFound:
            return {}, 0

    def _write(self, generation: int) -> None:
        expires = self._clock() + self._lasts
        content = {
            "run": self._run,
            "host": f"{socket.gethostname()}, process {os.getpid()}",
            "started": self._started.isoformat(timespec="seconds"),
            "expires": expires.isoformat(timespec="seconds"),
        }
        blob = self._bucket.blob(self._key)
        try:
            blob.upload_from_string(
                json.dumps(content),
                "application/json",
                if_generation_match=generation,
                timeout=PATIENCE,
                retry=_PATIENT,
            )
            self._generation = blob.generation
        except PreconditionFailed:
            # The client repeats requests; the first one may have arrived without our knowing.
            holder, self._generation = self._holder()
            if holder.get("run") != self._run:
                raise
        self._expires = expires

    def _beat(self) -> None:
        while not self._ended.wait(self._lasts.total_seconds() / _RENEWALS):
            try:
                self._write(self._generation)
            except PreconditionFailed:
                self._expires = self._clock()
                return
            except (GoogleAPIError, RequestException) as exc:
                log.warning("The lease %s was not renewed: %s", self._name, exc)
