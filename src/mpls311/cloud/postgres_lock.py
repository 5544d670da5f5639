"""An advisory lock: the server gives it to one session, and takes it back when that one ends."""

from mpls311.cloud.postgres import Session, connect, explained
from mpls311.errors import UserError

_KEY = int.from_bytes(b"mpls311", "big")

_HOLDER = """
select coalesce(application_name, 'another program'), backend_start
from pg_locks
inner join pg_stat_activity using (pid)
where
    locktype = 'advisory' and granted and objsubid = 1
    and pg_locks.database = (select oid from pg_database where datname = current_database())
    and (classid::bigint << 32) | objid::bigint = %s
"""


def lock_at(address: str) -> "AdvisoryLock":
    """The lock of a database."""
    return AdvisoryLock(address)


class AdvisoryLock:
    """Held by one run of all on a database, from whatever machine, until its session ends."""

    def __init__(self, address: str) -> None:
        """Name the database; nothing is opened yet.

        Args:
            address: `postgresql://...`, as libpq reads it.
        """
        self._address = address
        self._connection: Session | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            UserError: Another run holds it.
            StorageError: The database cannot be reached.
        """
        connection = connect(self._address, autocommit=True)
        with explained("The lock of the run"):
            connection.execute("set idle_session_timeout = 0")
            taken = connection.execute("select pg_try_advisory_lock(%s)", [_KEY]).fetchone()
            if taken == (True,):
                self._connection = connection
                return
            holder = connection.execute(_HOLDER, [_KEY]).fetchone()
        connection.close()
        who = f" ({holder[0]}, since {holder[1]:%Y-%m-%d %H:%M:%S} UTC)" if holder else ""
        raise UserError(f"Another run is going on{who}. Wait for it to end, then run again.")

    def check(self) -> None:
        """Refuse to go on when the session has ended, and with it the lock.

        Raises:
            StorageError: It has.
        """
        if self._connection:
            with explained("The lock of the run"):
                self._connection.execute("select 1")

    def release(self) -> None:
        """End the session."""
        if self._connection:
            self._connection.close()
            self._connection = None
