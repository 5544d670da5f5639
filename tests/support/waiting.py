"""Retries at once, for tests of the source client."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import stamina


@contextmanager
def no_waiting(attempts: int, **options: Any) -> Iterator[None]:
    """Retry without waits and without a line of log for each."""
    stamina.instrumentation.set_on_retry_hooks([])
    with stamina.set_testing(True, attempts=attempts, **options):
        yield
    stamina.instrumentation.set_on_retry_hooks(None)
