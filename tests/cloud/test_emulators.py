"""The emulators serve until they are told to end, and leave nothing behind."""

import signal
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import pytest

from tests.support import emulators


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_they_serve_without_input_and_end_both_when_asked(number: int) -> None:
    with subprocess.Popen(
        [sys.executable, emulators.__file__],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdout, "it is a pipe"
        variables = dict(
            word.split("=", 1) for word in server.stdout.readline().split() if "=" in word
        )
        places = [
            (urlsplit(variables[name]).hostname, urlsplit(variables[name]).port)
            for name in ("STORAGE_EMULATOR_HOST", "BIGQUERY_EMULATOR_HOST")
        ]
        for place in places:
            socket.create_connection(place).close()

        server.send_signal(number)

        assert server.wait() == 0
        for place in places:
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(place)
