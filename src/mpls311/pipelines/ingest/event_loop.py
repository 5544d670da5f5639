"""Drive an async generator from synchronous code."""

import asyncio
import contextvars
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def iterate(source: AsyncIterator[T]) -> Iterator[T]:
    """The items of an async iterator, one by one, on an event loop of its own.

    Tasks that the source started make progress while the next item is awaited. Where a loop is
    running already (a notebook), everything happens in one worker thread; otherwise in this
    thread, so that Ctrl-C cancels what is under way.
    """

    async def step() -> T:
        return await anext(source)

    with asyncio.Runner() as runner, ThreadPoolExecutor(1) as thread:
        elsewhere = _loop_is_running()
        run = _in_thread(runner, thread) if elsewhere else runner.run
        try:
            while True:
                try:
                    item = run(step())
                except StopAsyncIteration:
                    return
                yield item
        finally:
            try:
                run(_close(source))
            finally:
                if elsewhere:
                    thread.submit(runner.close).result()


def _in_thread(runner: asyncio.Runner, thread: ThreadPoolExecutor) -> Callable[..., Any]:
    context = contextvars.copy_context()
    return lambda step: thread.submit(context.run, runner.run, step).result()


def _loop_is_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _close(source: AsyncIterator[Any]) -> None:
    if hasattr(source, "aclose"):
        await source.aclose()
