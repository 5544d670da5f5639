"""Async generators driven from synchronous code."""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator

import pytest

from mpls311.pipelines.ingest.event_loop import iterate


async def numbers(log: list[str]) -> AsyncIterator[int]:
    task = asyncio.create_task(asyncio.Event().wait())
    try:
        for number in range(3):
            yield number
    finally:
        task.cancel()
        log.append("closed")


def test_items_come_in_order_and_the_source_is_closed() -> None:
    log: list[str] = []

    assert list(iterate(numbers(log))) == [0, 1, 2]
    assert log == ["closed"]


def test_a_source_that_is_left_early_is_closed() -> None:
    log: list[str] = []
    items = iterate(numbers(log))

    assert next(items) == 0
    items.close()
    assert log == ["closed"]


def test_an_interrupt_closes_the_source() -> None:
    log: list[str] = []

    async def waiting() -> AsyncIterator[int]:
        try:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            await asyncio.Event().wait()
            yield 1
        finally:
            await asyncio.sleep(0)
            log.append("closed")

    with pytest.raises(KeyboardInterrupt):
        next(iterate(waiting()))
    assert log == ["closed"]


def test_an_error_of_the_source_passes() -> None:
    async def failing() -> AsyncIterator[int]:
        yield 1
        raise LookupError("gone")

    items = iterate(failing())

    assert next(items) == 1
    with pytest.raises(LookupError, match="gone"):
        next(items)


async def test_a_running_loop_is_left_alone() -> None:
    assert list(iterate(numbers([]))) == [0, 1, 2]


def test_tasks_of_the_source_go_on_while_it_is_asked() -> None:
    async def racing() -> AsyncIterator[str]:
        queue: asyncio.Queue[str] = asyncio.Queue()

        async def work(name: str) -> None:
            await queue.put(name)

        tasks = [asyncio.create_task(work(name)) for name in "ab"]
        for _ in tasks:
            yield await queue.get()

    assert sorted(iterate(racing())) == ["a", "b"]


def test_tasks_of_the_source_go_on_while_the_caller_is_busy() -> None:
    worked = threading.Event()

    async def working() -> AsyncIterator[int]:
        async def work() -> None:
            await asyncio.sleep(0)
            worked.set()

        task = asyncio.create_task(work())
        yield 1
        await task

    for _ in iterate(working()):
        assert worked.wait(timeout=10)
