"""The lease in the bucket: one run at a time, whatever becomes of the others."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from google.cloud import storage

from mpls311.cloud.google_lease import LASTS, RunLease
from mpls311.errors import UserError

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def key() -> str:
    return f"locks/{uuid4().hex}.lease"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def held(bucket: storage.Bucket, key: str, clock: Clock) -> Iterator[RunLease]:
    lease = RunLease(bucket, key, clock=clock)
    lease.acquire()
    yield lease
    lease.release()


def test_a_second_run_is_told_who_has_the_lease(
    held: RunLease, bucket: storage.Bucket, key: str, clock: Clock
) -> None:
    with pytest.raises(UserError, match="Another run is going on") as refusal:
        RunLease(bucket, key, clock=clock).acquire()

    assert "since 2026-06-01T12:00:00+00:00" in str(refusal.value)
    held.check()


def test_a_lease_that_is_given_back_is_gone(bucket: storage.Bucket, key: str, clock: Clock) -> None:
    for _ in range(2):
        lease = RunLease(bucket, key, clock=clock)
        lease.acquire()
        lease.release()

    assert bucket.get_blob(key) is None


def test_the_lease_of_a_killed_run_is_taken_over_when_it_has_expired(
    held: RunLease, bucket: storage.Bucket, key: str, clock: Clock
) -> None:
    clock.now = NOON + LASTS - timedelta(seconds=1)
    with pytest.raises(UserError, match="Another run is going on"):
        RunLease(bucket, key, clock=clock).acquire()

    clock.now = NOON + LASTS
    heir = RunLease(bucket, key, clock=clock)
    heir.acquire()
    with pytest.raises(UserError, match="could not renew its lease"):
        held.check()
    heir.check()
    heir.release()


def test_a_lease_is_renewed_while_its_run_lives(bucket: storage.Bucket, key: str) -> None:
    lease = RunLease(bucket, key, lasts=timedelta(milliseconds=500))
    lease.acquire()
    first = json.loads(bucket.blob(key).download_as_bytes())["expires"]
    while json.loads(bucket.blob(key).download_as_bytes())["expires"] == first:
        lease.check()
    lease.release()


def test_of_two_runs_that_take_over_at_once_one_succeeds(
    held: RunLease, bucket: storage.Bucket, key: str, clock: Clock
) -> None:
    clock.now = NOON + LASTS
    heirs = [RunLease(bucket, key, clock=clock) for _ in range(2)]
    seen = heirs[0]._holder()
    heirs[1].acquire()
    # The first one looked before the second one wrote.
    heirs[0]._holder = lambda: seen  # type: ignore[method-assign]
    with pytest.raises(UserError, match="Another run has just begun"):
        heirs[0].acquire()
    heirs[1].release()
