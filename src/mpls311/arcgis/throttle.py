"""How much a client asks at once, and when it does not ask at all."""

import asyncio
import datetime as dt
import math
from collections import deque
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from types import TracebackType

import stamina


def parse_retry_after(value: str | None, now: dt.datetime) -> float | None:
    """Read a Retry-After header: seconds or an HTTP date (RFC 9110, 10.2.3).

    Returns:
        Seconds from `now`, never negative; None for no header or one that is neither.

    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            date = parsedate_to_datetime(value)
        except ValueError:
            return None
        seconds = (date.replace(tzinfo=date.tzinfo or dt.UTC) - now).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None


class Gate:
    """Holds back all requests of a client until a moment that only ever moves forward."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._opens_at = -math.inf

    @property
    def remaining(self) -> float:
        """Seconds until the gate opens, 0 if it is open."""
        return max(0.0, self._opens_at - self._clock())

    def hold(self, seconds: float) -> None:
        """Keep the gate shut for at least `seconds` from now."""
        self._opens_at = max(self._opens_at, self._clock() + seconds)

    async def wait(self) -> None:
        """Return once the gate is open; at once while stamina is in testing mode."""
        while not stamina.is_testing():
            rest = self.remaining
            if not rest:
                return
            await asyncio.sleep(rest)


class Limit:
    """Bounds the requests under way; to half as many while the service stumbles.

    It stumbles from one answer that is no answer until as many good ones in a row as the limit.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._places = asyncio.Semaphore(most)
        self._withheld = 0
        self._to_withhold = 0
        self._good = 0

    async def __aenter__(self) -> None:
        """Take a place, when there is one."""
        await self._places.acquire()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the place back, or withhold it."""
        if self._withheld < self._to_withhold:
            self._withheld += 1
        else:
            self._places.release()

    def stumbled(self) -> None:
        """Halve the limit, as soon as requests under way have ended."""
        self._good = 0
        self._to_withhold = self._most // 2

    def answered(self) -> None:
        """Count a good answer towards the full limit."""
        self._good += 1
        if self._good >= self._most:
            self._to_withhold = 0
        while self._withheld > self._to_withhold:
            self._withheld -= 1
            self._places.release()


class Budget:
    """Bounds what is in memory at once, whatever the size of its parts; first come, first served.

    A part larger than the whole budget is let in when nothing else is there.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0
        self._queue: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def take(self, size: int) -> None:
        """Take `size` of the budget, once there is so much of it."""
        turn = asyncio.get_running_loop().create_future()
        self._queue.append((size, turn))
        self._admit()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self._taken -= size
            self._admit()
            raise

    def give_back(self, size: int) -> None:
        """Give back what was taken."""
        self._taken -= size
        self._admit()

    def _admit(self) -> None:
        while self._queue:
            size, turn = self._queue[0]
            if not turn.cancelled():
                if self._taken and self._taken + size > self._most:
                    return
                self._taken += size
                turn.set_result(None)
            self._queue.popleft()


class Share:
    """One part of a budget, which may be taken and given back many times over."""

    def __init__(self, budget: Budget, size: int) -> None:
        self._budget = budget
        self._size = size
        self._held = False

    async def take(self) -> None:
        """Take it, unless it is held."""
        if not self._held:
            await self._budget.take(self._size)
            self._held = True

    def give_back(self) -> None:
        """Give it back, if it is held."""
        if self._held:
            self._held = False
            self._budget.give_back(self._size)
