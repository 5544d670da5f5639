"""A PostgreSQL server of a test's own, reached through a socket.

    python tests/support/postgres_server.py

prints the environment that `kedro run --env postgres` needs to work on it, and serves until it is
interrupted or terminated.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

USER = "mpls311"

# It ends with its standard input, and so with this process, however that ends. Its language does
# not sort text byte by byte, so that what relies on the order of texts shows.
_SERVE = r"""
set -e
export PATH="$1:$PATH" PGDATA="$2/data" PGHOST="$2" PGUSER="$3"
cd "$2"
initdb --username "$3" --auth trust --encoding UTF8 --locale C.UTF-8 --no-sync \
    --locale-provider icu --icu-locale en-US >/dev/null
options="-c listen_addresses= -c unix_socket_directories='$2' -c fsync=off -c full_page_writes=off"
pg_ctl --silent --wait --log "$2/log" --options "$options" start
createdb mpls_311
echo started
read -r _ || true
pg_ctl --silent --mode immediate stop
"""


def postgres_programs() -> str:
    """The folder of initdb and postgres; skips the test where PostgreSQL is not installed."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = str(debian[-1]) if debian else shutil.which("initdb")
    if found:
        return str(Path(found).parent)
    if os.environ.get("MPLS311_POSTGRES") == "required":
        raise FileNotFoundError("MPLS311_POSTGRES=required, and there is no initdb")
    pytest.skip("PostgreSQL is not installed")


@contextmanager
def running_postgres() -> Iterator[dict[str, str]]:
    """Serve, an empty database mpls_311 included; gives the environment variables to set."""
    programs = postgres_programs()
    # Not in pytest's folder, which is for one user: as root, the server runs as another.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        root = os.geteuid() == 0
        if root:
            shutil.chown(folder, "nobody")
        server = subprocess.Popen(
            ["sh", "-c", _SERVE, "sh", programs, folder, USER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            user="nobody" if root else None,
        )
        assert server.stdin, "it is a pipe"
        assert server.stdout, "it is a pipe"
        try:
            assert server.stdout.readline() == "started\n", "PostgreSQL did not start"
            port, database = "5432", "mpls_311"
            yield {"PGHOST": folder, "PGPORT": port, "PGUSER": USER, "PGDATABASE": database}
        finally:
            server.stdin.close()
            server.wait()
            server.stdout.close()


if __name__ == "__main__":
    told_to_end = {signal.SIGINT, signal.SIGTERM}
    # Also of what it starts, which ends when this does.
    signal.pthread_sigmask(signal.SIG_BLOCK, told_to_end)
    with running_postgres() as variables:
        export = " ".join(f"{name}={value}" for name, value in variables.items())
        sys.stdout.write(f"export {export}\n")
        sys.stdout.flush()
        signal.sigwait(told_to_end)
