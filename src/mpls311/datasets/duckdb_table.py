"""Tables of the embedded warehouse."""

import errno
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow

from mpls311.datasets.opening import keep_open
from mpls311.datasets.table import TableDataset
from mpls311.errors import OUT_OF_MEMORY, StorageError, about_file

_TYPES = {
    pyarrow.int64(): "BIGINT",
    pyarrow.float64(): "DOUBLE",
    pyarrow.string(): "VARCHAR",
    pyarrow.timestamp("us", tz="UTC"): "TIMESTAMPTZ",
}
_DAMAGED = re.compile(r"not a valid DuckDB|orrupt|checksum|version number|not read enough bytes")
_OF_DAMAGE = (duckdb.FatalException, duckdb.InternalException, duckdb.SerializationException)
_SETTINGS = {"timezone": "UTC", "preserve_insertion_order": "false"}


class DuckDBTableDataset(TableDataset):
    """A table of a DuckDB file, which is open only meanwhile: dbt and readers need it too.

    In a run it is opened once for all that a node loads (`mpls311.datasets.opening`).

    Example:
        track_load:
          type: mpls311.datasets.duckdb_table.DuckDBTableDataset
          connection:
            database: data/warehouse/mpls_311.duckdb
            memory_limit: 360MB
          table: mpls_311_staging.track_load
          model: mpls311.schemas.TrackedLoad
          mode: append
          key: [load_id, status]
    """

    def __init__(self, *, connection: Mapping[str, str], **table: Any) -> None:
        """Name the table; nothing is opened yet.

        Args:
            connection: `database`, the path of the file; whatever else is there are settings of
                DuckDB, such as `memory_limit` and `threads`.
            **table: As for `TableDataset`.
        """
        super().__init__(**table)
        self._settings = {**_SETTINGS, **connection}
        self._database = Path(self._settings.pop("database"))

    def _is_there(self, session: duckdb.DuckDBPyConnection) -> bool:
        found = session.execute(
            "select 1 from information_schema.tables where table_schema = ? and table_name = ?",
            [self._schema, self._table],
        )
        return found.fetchone() is not None

    def _create(self, session: duckdb.DuckDBPyConnection) -> None:
        """Make the table where there is none, and the columns that an older one lacks."""
        columns = {
            self._quoted(field.name): (_TYPES[field.type], "" if field.nullable else " not null")
            for field in self._arrow_schema
        }
        defined = ", ".join(f"{name} {kind}{rule}" for name, (kind, rule) in columns.items())
        session.execute(f"create schema if not exists {self._quoted(self._schema)}")
        session.execute(f"create table if not exists {self._name} ({defined})")
        for name, (kind, _) in columns.items():
            session.execute(f"alter table {self._name} add column if not exists {name} {kind}")

    def _read(self, session: duckdb.DuckDBPyConnection, sql: str) -> pyarrow.Table:
        return session.sql(sql).to_arrow_table()

    def _write(self, session: duckdb.DuckDBPyConnection, data: pyarrow.Table | list[str]) -> None:
        with _transaction(session):
            if self._mode == "replace":
                # Anew, and not just emptied: the table may be of an older version of the model.
                session.execute(f"drop table {self._name}")
                self._create(session)
            if isinstance(data, pyarrow.Table):
                self._insert(session.from_arrow(data))
                return
            # One by one, as files of an older version of the model lack columns.
            for path in data:
                self._insert(session.read_parquet(path))

    def _insert(self, rows: duckdb.DuckDBPyRelation) -> None:
        # Files of an older version of the model lack columns, which are null then.
        there = [name for name in self._arrow_schema.names if name in rows.columns]
        columns = ", ".join(self._quoted(name) for name in there)
        rows.query("saved", f"insert into {self._name} ({columns}) select {columns} from saved")

    @contextmanager
    def _session(self, *, writing: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        is_new = not self._database.exists()
        if is_new and not writing:
            # Nothing is in a warehouse that is not there, as in one in memory.
            with duckdb.connect() as connection:
                yield connection
            return
        try:
            self._database.parent.mkdir(parents=True, exist_ok=True)
            if not writing:
                keep_open(partial(duckdb.connect, self._database, read_only=True))
            with duckdb.connect(self._database, read_only=not writing) as connection:
                self._set_up(connection)
                yield connection
        except duckdb.Error as exc:
            self._forget(is_new)
            raise StorageError(self._explained(exc)) from exc
        except BaseException:
            self._forget(is_new)
            raise

    def _set_up(self, connection: duckdb.DuckDBPyConnection) -> None:
        for name, value in self._settings.items():
            try:
                connection.execute(f"set {self._quoted(name)} = '{value}'")
            except duckdb.Error as exc:
                said = str(exc).replace("\n\n", ". ").rstrip(".")
                raise StorageError(
                    f"DuckDB cannot take {name}: {value}, as globals.yml sets it below `duckdb:`: "
                    f"{said}."
                ) from exc

    def _forget(self, is_new: bool) -> None:
        """Leave no beginning of a file behind, which nobody could open."""
        if is_new:
            for end in ("", ".wal"):
                Path(f"{self._database}{end}").unlink(missing_ok=True)

    def _explained(self, exc: duckdb.Error) -> str:
        said = str(exc).splitlines()[0].rstrip(".!")
        if isinstance(exc, duckdb.OutOfMemoryException):
            return OUT_OF_MEMORY
        if "lock on file" in said:
            return f"{self._database} is open in another program. Close it there, then run again."
        if _DAMAGED.search(said) or isinstance(exc, _OF_DAMAGE):
            return (
                f"{self._database} is no DuckDB database, or is damaged. Delete it, then make it "
                "anew from the lake: kedro run --pipeline rebuild"
            )
        for number in (errno.ENOTDIR, errno.EISDIR, errno.EACCES, errno.EROFS, errno.ENOSPC):
            if os.strerror(number) in said:
                return about_file(OSError(number, os.strerror(number), str(self._database)))
        return f"{self._database}, {self._id}: {said}."

    def _describe(self) -> dict[str, Any]:
        return {"database": str(self._database), **super()._describe()}


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
