"""Ctrl-C and SIGTERM end a command with the exit code that a shell expects."""

import signal
import threading

import pytest

from mpls311.interrupts import history, interruptible


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_interrupts_once_and_what_is_held_is_given_back_in_peace(
    number: signal.Signals, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    given_back = []

    @interruptible("Interrupted.")
    def run() -> None:
        try:
            signal.raise_signal(number)
        finally:
            signal.raise_signal(number)
            given_back.append("the lock")

    before = signal.getsignal(number)
    with pytest.raises(SystemExit) as ended:
        run()

    assert ended.value.code == code
    assert given_back == ["the lock"]
    assert signal.getsignal(number) is before
    assert "Interrupted." in capsys.readouterr().err


def test_an_error_that_a_library_makes_of_it_is_no_error() -> None:
    @interruptible("Interrupted.")
    def run() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt as exc:
            raise RuntimeError("Query interrupted") from exc

    with pytest.raises(SystemExit) as ended:
        run()

    assert ended.value.code == 143


def test_an_interrupt_that_is_lost_is_raised_anew(capsys: pytest.CaptureFixture[str]) -> None:
    class Finalized:
        def __del__(self) -> None:
            signal.raise_signal(signal.SIGTERM)

    @interruptible("Interrupted.")
    def run() -> None:
        Finalized()
        threading.Event().wait(60)

    with pytest.raises(SystemExit) as ended:
        run()

    assert ended.value.code == 143
    assert "Traceback" not in capsys.readouterr().err


def test_any_other_end_passes() -> None:
    with pytest.raises(KeyError), interruptible("Interrupted."):
        raise KeyError


def test_what_a_shell_has_ignored_stays_so() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with interruptible("Interrupted."):
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_interrupt_is_found_behind_the_cause_that_is_named_too() -> None:
    exc = RuntimeError("not cancelled")
    exc.__cause__, exc.__context__ = ValueError("in use"), KeyboardInterrupt()

    assert {*history(exc)} == {exc, exc.__cause__, exc.__context__}
