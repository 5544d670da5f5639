"""Drive an async generator from synchronous code."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def iterate(source: AsyncIterator[T]) -> Iterator[T]:
    """The items of an async iterator, one by one, from an event loop in a thread of its own.

    Tasks that the source started make progress while an item is awaited and while the caller is
    busy with one, and another loop may run in the caller's thread, as in a notebook. When the
    caller leaves early or is interrupted, what is under way is cancelled and the source closed.
    """
    loop = asyncio.new_event_loop()
    thread = Thread(target=_run, args=(loop,), name="event-loop", daemon=True)
    thread.start()
    try:
        while found := asyncio.run_coroutine_threadsafe(_next(source), loop).result():
            yield found[0]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def _run(loop: asyncio.AbstractEventLoop) -> None:
    # Ends as asyncio.run does: with all tasks cancelled and all generators closed.
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.get_loop().run_forever()


async def _next(source: AsyncIterator[T]) -> tuple[T] | None:
    try:
        return (await anext(source),)
    except StopAsyncIteration:
        return None
