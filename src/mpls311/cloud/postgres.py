"""Connections to PostgreSQL, and what its errors mean for the person who started the run.

Passwords are libpq's business: PGPASSWORD, or ~/.pgpass.
"""

import os
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

from mpls311.errors import StorageError

try:
    import psycopg
    from psycopg import errors
    from psycopg.conninfo import conninfo_to_dict, make_conninfo
    from psycopg.types.numeric import FloatLoader
except ModuleNotFoundError as exc:
    raise StorageError(
        "A warehouse in PostgreSQL needs packages that are not installed: `make setup-engines`."
    ) from exc

Session: TypeAlias = psycopg.Connection[Any]

_OLDEST = 15
"""The version that brought MERGE."""

# Times in UTC, and no waiting for ever behind a table that someone has open.
_OPTIONS = "-c TimeZone=UTC -c lock_timeout=60s"

_ADVICE = (
    (r'database ".*" does not exist', "Make it: `{createdb}`."),
    (
        r"password|authentication",
        "Export PGUSER=... and PGPASSWORD=..., or write the password into ~/.pgpass.",
    ),
    (
        r'role ".*" does not exist',
        "Name another user: export PGUSER=..., or write `user: ...` into conf/local/globals.yml.",
    ),
    (
        "",
        "Start it, or say where it is: export PGHOST=... and PGPORT=..., or write `host: ...` and "
        "`port: ...` into conf/local/globals.yml.",
    ),
)


def connect(where: Mapping[str, Any] | str, **options: Any) -> Session:
    """A connection whose session is in UTC, and which gives decimals as floats.

    Args:
        where: `host`, `port`, `user` and `dbname`, as libpq calls them; or the same as an
            address, `postgresql://...`.
        **options: As for `psycopg.connect`.

    Raises:
        StorageError: There is no server, no such database or user, or the server is too old.
    """
    if isinstance(where, str):
        where = conninfo_to_dict(where)
    name = f"mpls311 on {socket.gethostname()}, process {os.getpid()}"
    try:
        connection = psycopg.connect(
            make_conninfo(**where, connect_timeout=10, options=_OPTIONS, application_name=name),
            **options,
        )
    except psycopg.OperationalError as exc:
        raise StorageError(_not_connected(where, exc)) from exc
    version = connection.info.server_version // 10_000
    if version < _OLDEST:
        connection.close()
        raise StorageError(
            f"{_place(where)} is version {version}, which cannot merge: use {_OLDEST} or newer."
        )
    connection.adapters.register_loader("numeric", FloatLoader)
    return connection


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Turn errors of PostgreSQL into sentences.

    Args:
        what: The thing that is worked on, as the sentence begins.

    Raises:
        StorageError: Of any of them.
    """
    try:
        yield
    except psycopg.Error as exc:
        raise StorageError(f"{what}: {_explanation(exc)}") from exc


def _explanation(exc: psycopg.Error) -> str:
    said = (exc.diag.message_primary or str(exc)).splitlines()[0].rstrip(".")
    if isinstance(exc, errors.InsufficientPrivilege):
        return (
            f"{said}. Let the owner of the database grant it: this user makes schemas (`grant "
            "create on database ... to ...`), and owns the tables in them."
        )
    if isinstance(exc, errors.LockNotAvailable):
        return "it is in use by another program. Close it there, then run again."
    # What the client itself says of a connection that broke has no code.
    if exc.sqlstate is None or exc.sqlstate[:2] in ("08", "57"):
        return f"the connection broke off ({said}). Nothing is half written: run again."
    return f"{said}."


def _not_connected(where: Mapping[str, Any], exc: psycopg.OperationalError) -> str:
    said = str(exc).splitlines()[0].rpartition("failed: ")[2].removeprefix("FATAL:").strip(" .")
    createdb = "createdb --host {host} --port {port} --username {user} {dbname}".format(**where)
    advice = next(text for pattern, text in _ADVICE if re.search(pattern, said))
    return f"{_place(where)}: {said}. {advice.format(createdb=createdb)}"


def _place(where: Mapping[str, Any]) -> str:
    return f"PostgreSQL at {where['host']}:{where['port']}"
