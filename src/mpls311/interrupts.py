"""Ctrl-C and SIGTERM end a command alike."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Any

import click

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_AGAIN = 0.5
"""Seconds after which an interrupt that came to nothing is raised anew."""


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
    interruption = _Interruption()
    # A shell has what it runs in the background ignore Ctrl-C.
    handled = [each for each in _SIGNALS if signal.getsignal(each) is not signal.SIG_IGN]
    before = {each: signal.signal(each, interruption.begin) for each in handled}
    before[signal.SIGALRM] = signal.signal(signal.SIGALRM, interruption.insist)
    unraisable = sys.unraisablehook
    sys.unraisablehook = partial(_without_interrupts, unraisable)
    try:
        yield
    except BaseException:
        # An interrupted library may have made an error of its own of it.
        if not interruption.number:
            raise
        click.echo(told, err=True)
        raise SystemExit(128 + interruption.number) from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.unraisablehook = unraisable
        for each, handler in before.items():
            signal.signal(each, handler)


class _Interruption:
    """One interrupt, however many signals ask for it: what is held is given back in peace."""

    def __init__(self) -> None:
        self.number = 0

    def begin(self, number: int, _frame: FrameType | None) -> None:
        if self.number:
            return
        self.number = number
        signal.setitimer(signal.ITIMER_REAL, _AGAIN, _AGAIN)
        raise KeyboardInterrupt

    def insist(self, _number: int, _frame: FrameType | None) -> None:
        """Raise it anew where it was lost: Python drops what is raised in a finalizer."""
        if not any(isinstance(each, KeyboardInterrupt) for each in history(sys.exception())):
            raise KeyboardInterrupt


def history(exc: BaseException | None) -> Iterator[BaseException]:
    """An error, what caused it, and those during whose handling it arose, if there is one."""
    waiting, seen = [exc], set[int]()
    while waiting:
        each = waiting.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            waiting += [each.__context__, each.__cause__]
            yield each


def _without_interrupts(otherwise: Callable[[Any], object], unraisable: Any) -> None:
    if unraisable.exc_type is not KeyboardInterrupt:
        otherwise(unraisable)
