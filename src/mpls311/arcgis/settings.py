"""How hard, how long and under which name a client asks."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ClientSettings:
    """Limits of one client; all times are in seconds.

    Attributes:
        concurrency: Most requests under way at once, whatever they are for. The quota of a
            layer belongs to its owner and is shared by everyone who reads it.
        attempts: Most times one request is sent.
        timeout: For one request, from sending it to the last byte of the answer.
        deadline: For everything a client does, counted from entering it.
        backoff_initial: Wait before the first retry; doubles each time, plus jitter.
        backoff_max: Longest such wait, and how long a layer that changed while it was read is
            left alone before it is read again.
        throttle_rest: How long all requests rest after a 429 that does not say how long; the
            quotas of ArcGIS Online are per minute.
        torn_attempts: Most times a layer is read that changes while it is read.
        values_in_memory: Most values (rows times columns) that are taken off the line, decoded
            or waiting to be written at once; a page that holds more is taken alone.
        body_limit: Most bytes of one answer, as it comes and unpacked; a page that has more is
            halved.
        proxies: Whether to go through the proxies that the environment names.

    """

    concurrency: int = 8
    attempts: int = 8
    timeout: float = 60.0
    deadline: float = 3600.0
    user_agent: str = "mpls311/0.1"
    backoff_initial: float = 0.5
    backoff_max: float = 30.0
    throttle_rest: float = 60.0
    torn_attempts: int = 3
    values_in_memory: int = 750_000
    body_limit: int = 40_000_000
    proxies: bool = True

    def __post_init__(self) -> None:
        """Refuse limits under which nothing could be read."""
        for name in ("concurrency", "attempts", "torn_attempts", "body_limit"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        for name in ("timeout", "deadline"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be more than 0 seconds, not {getattr(self, name)}")

    def longest_wait(self, retry: int = 1) -> float:
        """Seconds that one request is waited for from a retry on, as long as nothing answers."""
        waits = [self.backoff_initial * 2.0**number for number in range(self.attempts - 1)]
        return sum(min(wait, self.backoff_max) for wait in waits[retry - 1 :])
