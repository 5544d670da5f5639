"""Tables of the embedded warehouse."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeAlias

import duckdb
import pandas as pd
import pandera.pandas as pa
import pyarrow
from kedro.io import AbstractDataset
from kedro.utils import load_obj
from kedro_datasets._typing import TablePreview

from mpls311.datasets.identifiers import quoted, split_table
from mpls311.datasets.preview import table_preview
from mpls311.errors import StorageError
from mpls311.schemas import arrow_schema

TableData: TypeAlias = Sequence[str] | pyarrow.Table | pd.DataFrame
"""Parquet files by path or URI, or rows."""

_TYPES = {
    pyarrow.int64(): "BIGINT",
    pyarrow.float64(): "DOUBLE",
    pyarrow.string(): "VARCHAR",
    pyarrow.timestamp("us", tz="UTC"): "TIMESTAMPTZ",
}


class DuckDBTableDataset(AbstractDataset[TableData, pd.DataFrame]):
    """A table of a DuckDB file, with the columns of a Pandera model.

    `save` replaces the table, or appends to it, in one transaction. No files at all leave the
    table alone, except to create it. With `key`, rows whose key the table already holds are left
    out, so that appending again changes nothing. `load` gives the table, or the result of
    `query`, and an empty frame while the table does not exist. The file is open only meanwhile:
    dbt and readers need it too.

    Example:
        track_load:
          type: mpls311.datasets.DuckDBTableDataset
          database: data/warehouse/mpls_311.duckdb
          table: mpls_311_staging.track_load
          model: mpls311.schemas.TrackedLoad
          mode: append
          key: [load_id, status]
    """

    def __init__(
        self,
        *,
        database: str,
        table: str,
        model: str | None = None,
        mode: Literal["replace", "append"] = "replace",
        key: Sequence[str] = (),
        query: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Name the table; nothing is opened yet.

        Args:
            database: Path of the DuckDB file.
            table: `schema.table`.
            model: Import path of the Pandera model that gives columns, types, descriptions; not
                needed where only a `query` is loaded.
            mode: What `save` does with rows that are there already.
            key: Columns that tell rows apart, for `append`.
            query: SQL that `load` runs in place of reading the whole table; `{table}` stands
                for it.
            metadata: Free for plugins, such as Kedro-Viz.
        """
        if mode not in ("replace", "append"):
            raise StorageError(f"mode of {table} is {mode!r}: write replace or append.")
        if not (model or query):
            raise StorageError(f"{table} needs a model, or a query if it is only read.")
        self._database = Path(database)
        self._schema, self._table = split_table(table)
        self._model = model
        self._mode = mode
        self._key = tuple(key)
        self._query = query
        self.metadata = metadata

    @property
    def _name(self) -> str:
        return f"{quoted(self._schema)}.{quoted(self._table)}"

    def load(self) -> pd.DataFrame:
        """The table, or the result of `query`."""
        if not self._exists():
            if self._query:
                return pd.DataFrame()
            return self._arrow_schema.empty_table().to_pandas(types_mapper=pd.ArrowDtype)
        with self._connected(read_only=True) as connection:
            result = connection.sql(self._select).to_arrow_table()
        return result.to_pandas(types_mapper=pd.ArrowDtype)

    def preview(self, nrows: int = 20) -> TablePreview:
        """The first rows of what `load` gives, for Kedro-Viz."""
        if not self._exists():
            return TablePreview({})
        with self._connected(read_only=True) as connection:
            return table_preview(connection.sql(self._select).limit(nrows).df())

    @property
    def _select(self) -> str:
        return (self._query or "select * from {table}").format(table=self._name)

    def save(self, data: TableData) -> None:
        """Replace the rows, or append, in one transaction."""
        with self._connected() as connection, _transaction(connection):
            self._create(connection)
            if not isinstance(data, pyarrow.Table | pd.DataFrame) and not data:
                return
            if self._mode == "replace":
                # Anew, and not just emptied: the table may be of an older version of the model.
                connection.execute(f"drop table {self._name}")
                self._create(connection)
            self._relation(connection, data).create_view("_saved", replace=True)
            columns = ", ".join(quoted(name) for name in self._arrow_schema.names)
            unseen = ""
            if self._key:
                same = " and ".join(f"t.{quoted(k)} = s.{quoted(k)}" for k in self._key)
                unseen = f" where not exists (select 1 from {self._name} t where {same})"
            connection.execute(
                f"insert into {self._name} ({columns}) select {columns} from _saved s{unseen}"
            )
            connection.execute("drop view _saved")

    def _relation(
        self, connection: duckdb.DuckDBPyConnection, data: TableData
    ) -> duckdb.DuckDBPyRelation:
        if isinstance(data, pyarrow.Table):
            return connection.from_arrow(data.select(self._arrow_schema.names))
        if isinstance(data, pd.DataFrame):
            return connection.from_arrow(
                pyarrow.Table.from_pandas(data, schema=self._arrow_schema, preserve_index=False)
            )
        return connection.read_parquet(list(data))

    def _create(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Make the table where there is none, and the columns that an older one lacks."""
        columns = {
            quoted(field.name): (_TYPES[field.type], "" if field.nullable else " not null")
            for field in self._arrow_schema
        }
        defined = ", ".join(f"{name} {kind}{rule}" for name, (kind, rule) in columns.items())
        connection.execute(f"create schema if not exists {quoted(self._schema)}")
        connection.execute(f"create table if not exists {self._name} ({defined})")
        for name, (kind, _) in columns.items():
            connection.execute(f"alter table {self._name} add column if not exists {name} {kind}")

    @property
    def _arrow_schema(self) -> pyarrow.Schema:
        if not self._model:
            raise StorageError(f"{self._name} is only read: give it a model to save rows.")
        model: type[pa.DataFrameModel] = load_obj(self._model)
        return arrow_schema(model)

    @contextmanager
    def _connected(self, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        if not read_only:
            self._database.parent.mkdir(parents=True, exist_ok=True)
        try:
            connection = duckdb.connect(self._database, read_only=read_only)
        except duckdb.IOException as exc:
            raise StorageError(
                f"{self._database} is open in another program. Close it there, then run again."
                if "lock" in str(exc)
                else f"{self._database} cannot be opened: {exc}"
            ) from exc
        with connection:
            connection.execute("set timezone = 'UTC'")
            connection.execute("set memory_limit = '360MB'")  # as in dbt/profiles.yml
            connection.execute("set threads = 2")
            connection.execute("set preserve_insertion_order = false")
            yield connection

    def _exists(self) -> bool:
        if not self._database.exists():
            return False
        with self._connected(read_only=True) as connection:
            found = connection.execute(
                "select 1 from information_schema.tables where table_schema = ? and table_name = ?",
                [self._schema, self._table],
            ).fetchone()
        return found is not None

    def _describe(self) -> dict[str, Any]:
        return {
            "database": str(self._database),
            "table": f"{self._schema}.{self._table}",
            "mode": self._mode,
        }


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
