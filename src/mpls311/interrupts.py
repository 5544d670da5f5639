"""Ctrl-C and SIGTERM end a command alike."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import click

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruptible(told: str) -> Iterator[None]:
    """Interrupt what runs inside on SIGINT and SIGTERM, once, and exit as a shell expects it.

    SIGTERM is what ends a container, a scheduled job or a service. Of the first process of a
    container the system keeps it away, unless the process handles it.

    Args:
        told: What is said then.

    Raises:
        SystemExit: With 128 and the number of the signal.
    """
    received: list[int] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        # What is held must be given back in peace.
        if len(received) == 1:
            raise KeyboardInterrupt

    # A shell has what it runs in the background ignore Ctrl-C.
    handled = [each for each in _SIGNALS if signal.getsignal(each) is not signal.SIG_IGN]
    before = {each: signal.signal(each, interrupt) for each in handled}
    try:
        yield
    except BaseException:
        # An interrupted library may have made an error of its own of it.
        if not received:
            raise
        click.echo(told, err=True)
        raise SystemExit(128 + received[0]) from None
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
