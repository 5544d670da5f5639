"""Servers to try things on serve until they are told to end, and leave nothing behind."""

import signal
import socket
import subprocess
import sys
from types import ModuleType
from urllib.parse import urlsplit

import pytest

from tests.support import emulators, postgres_server, s3_server


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_they_serve_without_input_and_end_both_when_asked(number: int) -> None:
    with subprocess.Popen(
        [sys.executable, emulators.__file__],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout, "it is a pipe"
        assert server.stderr, "it is a pipe"
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
        assert (server.stdout.read(), server.stderr.read()) == ("", "")
        for place in places:
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(place)


@pytest.mark.parametrize("server", [postgres_server, s3_server])
def test_postgres_and_s3_serve_without_input_too(server: ModuleType) -> None:
    postgres_server.postgres_programs()
    with subprocess.Popen(
        [sys.executable, str(server.__file__)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout, "it is a pipe"
        assert running.stdout.readline().startswith("export ")

        running.terminate()

        assert running.wait() == 0
        # Which lasts as long as anyone can still write.
        assert running.stdout.read() == ""
