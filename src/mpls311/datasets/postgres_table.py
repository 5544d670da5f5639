"""Tables of a warehouse in PostgreSQL."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow
import pyarrow.csv as csv
import pyarrow.parquet as pq

from mpls311.cloud.postgres import Session, connect, explained
from mpls311.datasets.table import TableDataset

_TYPES = {
    pyarrow.int64(): "bigint",
    pyarrow.float64(): "double precision",
    pyarrow.string(): "text",
    pyarrow.timestamp("us", tz="UTC"): "timestamp with time zone",
}
_COLLATION = {"text": ' collate "C"'}
"""Text is sorted byte by byte, as on the other engines, whatever the language of the database."""

_ARROW = {
    "bool": pyarrow.bool_(),
    "int4": pyarrow.int64(),
    "int8": pyarrow.int64(),
    "float8": pyarrow.float64(),
    "numeric": pyarrow.float64(),
    "text": pyarrow.string(),
    "date": pyarrow.date32(),
    "timestamp": pyarrow.timestamp("us"),
    "timestamptz": pyarrow.timestamp("us", tz="UTC"),
}
"""What is read becomes what, by the server's own short names."""

_BATCH_ROWS = 20_000
"""Rows that are copied or read at a time, some 10 MB."""

_COLUMNS = """
select attname, format_type(atttypid, atttypmod), not attnotnull
from pg_attribute
where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped
"""


class PostgresTableDataset(TableDataset):
    """A table of a PostgreSQL database, written by COPY within one transaction.

    A table that is replaced stays the same one, because views of dbt hang on it; only one of an
    older version of the model is made anew. A NUL within a text, which PostgreSQL cannot store,
    is left out.

    Example:
        raw_mpls_311data@files:
          type: mpls311.datasets.postgres_table.PostgresTableDataset
          connection:
            host: localhost
            port: "5432"
            user: analyst
            dbname: mpls_311
          table: mpls_311_staging.raw_mpls_311data
          model: mpls311.schemas.ServiceRequest
    """

    def __init__(self, *, connection: Mapping[str, str], **table: Any) -> None:
        """Name the table; nothing is opened yet.

        Args:
            connection: `host`, `port`, `user` and `dbname`.
            **table: As for `TableDataset`.
        """
        super().__init__(**table)
        self._where = dict(connection)

    @contextmanager
    def _session(self, *, writing: bool = False) -> Iterator[Session]:
        """A transaction in a session of its own."""
        with explained(self._id), connect(self._where) as session:
            yield session

    def _is_there(self, session: Session) -> bool:
        return bool(self._stored(session))

    def _create(self, session: Session) -> None:
        """Make the table where there is none, and the columns that an older one lacks."""
        # Even with "if not exists" a schema needs a right that a user of an existing one may lack.
        there = session.execute("select to_regnamespace(%s)", [self._quoted(self._schema)])
        if there.fetchone() == (None,):
            _run(session, f"create schema {self._quoted(self._schema)}")
        columns = {
            self._quoted(field.name): _TYPES[field.type] + _COLLATION.get(_TYPES[field.type], "")
            for field in self._arrow_schema
        }
        if not (stored := self._stored(session)):
            required = {
                self._quoted(field.name) for field in self._arrow_schema if not field.nullable
            }
            defined = ", ".join(
                f"{name} {kind}{' not null' if name in required else ''}"
                for name, kind in columns.items()
            )
            _run(session, f"create table {self._name} ({defined})")
            return
        for name, kind in columns.items():
            if name.strip(self._QUOTE) not in stored:
                _run(session, f"alter table {self._name} add column {name} {kind}")

    def _stored(self, session: Session) -> dict[str, tuple[str, bool]]:
        """Type of each column, and whether it may be null; nothing if there is no table."""
        rows = session.execute(_COLUMNS, [self._name]).fetchall()
        return {name: (kind, nullable) for name, kind, nullable in rows}

    def _read(self, session: Session, sql: str) -> pyarrow.Table:
        # A named cursor stays on the server, so that rows come by and by and not all as objects.
        with session.cursor("rows") as cursor:
            cursor.execute(sql.encode())
            columns = cursor.description or []
            batches = [_as_arrow(columns, [])]
            while rows := cursor.fetchmany(_BATCH_ROWS):
                batches.append(_as_arrow(columns, rows))
        return pyarrow.concat_tables(batches, promote_options="permissive")

    def _write(self, session: Session, data: pyarrow.Table | list[str]) -> None:
        if self._mode == "replace":
            self._empty(session)
        if isinstance(data, pyarrow.Table):
            self._insert(session, data.column_names, data.to_batches(_BATCH_ROWS))
        else:
            for path in data:
                self._insert_file(session, path)
        # The planner knows nothing of new rows until the server comes by on its own.
        _run(session, f"analyze {self._name}")

    def _empty(self, session: Session) -> None:
        model = {field.name: (_TYPES[field.type], field.nullable) for field in self._arrow_schema}
        if self._stored(session) == model:
            _run(session, f"truncate {self._name}")
        else:
            _run(session, f"drop table {self._name} cascade")
            self._create(session)

    def _insert_file(self, session: Session, path: str) -> None:
        with pq.ParquetFile(path) as parquet:
            # Files of an older version of the model lack columns, which are null then.
            stored = parquet.schema_arrow.names
            there = [name for name in self._arrow_schema.names if name in stored]
            self._insert(session, there, parquet.iter_batches(_BATCH_ROWS, columns=there))

    def _insert(
        self,
        session: Session,
        names: list[str],
        batches: Iterable[pyarrow.RecordBatch],
    ) -> None:
        columns = ", ".join(map(self._quoted, names))
        command = f"copy {self._name} ({columns}) from stdin (format csv)".encode()
        with session.cursor() as cursor, cursor.copy(command) as copy:
            for batch in batches:
                copy.write(_as_csv(batch.select(names)))

    def _describe(self) -> dict[str, Any]:
        return {"database": self._where["dbname"], **super()._describe()}


def _as_arrow(columns: Sequence[Any], rows: Sequence[tuple[Any, ...]]) -> pyarrow.Table:
    values = zip(*rows, strict=True) if rows else ((),) * len(columns)
    return pyarrow.table(
        {
            column.name: pyarrow.array(cells, _ARROW.get(_type_of(column)))
            for column, cells in zip(columns, values, strict=True)
        }
    )


def _type_of(column: Any) -> str:
    """What the server calls a type, without what is in brackets: numeric, of numeric(10,2)."""
    return str(column.type_display).partition("(")[0]


def _run(session: Session, statement: str) -> None:
    # As bytes, because psycopg takes no text but literals.
    session.execute(statement.encode())


def _as_csv(batch: pyarrow.RecordBatch) -> bytes:
    """Rows as COPY reads them: a null is nothing, an empty text is in quotes."""
    sink = pyarrow.BufferOutputStream()
    csv.write_csv(batch, sink, csv.WriteOptions(include_header=False))
    content: bytes = sink.getvalue().to_pybytes()
    return content.replace(b"\0", b"")
