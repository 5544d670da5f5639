"""What tables have in common, whatever engine the warehouse is in."""

import re
from abc import abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar, Literal, TypeAlias

import pandas as pd
import pandera.pandas as pa
import pyarrow
import pyarrow.compute as pc
from kedro.io import AbstractDataset
from kedro.utils import load_obj

from mpls311.datasets.preview import TablePreview, preview_of
from mpls311.errors import StorageError
from mpls311.lake import StoredFile
from mpls311.schemas import arrow_schema

TableData: TypeAlias = Sequence[StoredFile | str] | pyarrow.Table | pd.DataFrame
"""Parquet files of the lake, or by a path or URI that the caller answers for; or rows."""

_SCHEMA_TABLE = re.compile(r"([A-Za-z_]\w*)\.([A-Za-z_]\w*)", re.ASCII)


class TableDataset(AbstractDataset[TableData, pd.DataFrame]):
    """A table of a warehouse, with the columns of a Pandera model.

    `save` replaces the table, or appends to it, in one step that happens whole or not at all. No
    files at all leave the table alone, except to create it. With `key`, rows whose key the table
    already holds are left out, so that appending again changes nothing. `load` gives the table,
    or the result of `query`, and an empty frame while the table does not exist.

    An engine says how to connect, and overrides `_is_there`, `_create`, `_read` and `_write`; and
    `_session`, which is opened once for a load or a save, if it has sessions.
    """

    _QUOTE: ClassVar = '"'
    """What the engine puts around identifiers."""

    _READS_ADDRESSES: ClassVar = False
    """Whether the engine itself reads files where they are; else it gets verified copies."""

    def __init__(
        self,
        *,
        table: str,
        model: str | None = None,
        mode: Literal["replace", "append"] = "replace",
        key: Sequence[str] = (),
        query: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Name the table; nothing is opened yet.

        Args:
            table: `schema.table`; what BigQuery calls a dataset is a schema here.
            model: Import path of the Pandera model that gives columns, types, descriptions;
                without one the table is only read, with the columns it has.
            mode: What `save` does with rows that are there already.
            key: Columns that tell rows apart, for `append`; not for files.
            query: SQL that `load` runs in place of reading the whole table; `{table}` stands
                for it.
            metadata: Free for plugins, such as Kedro-Viz.
        """
        if mode not in ("replace", "append"):
            raise StorageError(f"mode of {table} is {mode!r}: write replace or append.")
        if key and mode == "replace":
            raise StorageError(f"{table} has a key, which goes with mode append.")
        named = _SCHEMA_TABLE.fullmatch(table)
        if not named:
            raise StorageError(f"{table!r} must be written as schema.table, without quotes.")
        self._schema, self._table = named.groups()
        self._model = model
        self._mode = mode
        self._key = tuple(key)
        self._query = query
        self.metadata = metadata

    @property
    def _id(self) -> str:
        """The table in a message."""
        return f"{self._schema}.{self._table}"

    @property
    def _name(self) -> str:
        """The table in a statement."""
        return f"{self._quoted(self._schema)}.{self._quoted(self._table)}"

    def _session(self, *, writing: bool = False) -> AbstractContextManager[Any]:
        """A session with the engine, for the methods that follow."""
        return nullcontext()

    @abstractmethod
    def _is_there(self, session: Any) -> bool:
        """Is the table there?"""

    @abstractmethod
    def _create(self, session: Any) -> None:
        """Make the table where there is none."""

    @abstractmethod
    def _read(self, session: Any, sql: str) -> pyarrow.Table:
        """The rows that a statement gives; times in UTC."""

    @abstractmethod
    def _write(self, session: Any, data: pyarrow.Table | list[str]) -> None:
        """Replace or append rows, with the columns of the model in its order, or files."""

    def _exists(self) -> bool:
        with self._session() as session:
            return self._is_there(session)

    def load(self) -> pd.DataFrame:
        """The table, or the result of `query`."""
        return self._loaded().to_pandas(types_mapper=pd.ArrowDtype)

    def _loaded(self) -> pyarrow.Table:
        with self._session() as session:
            is_there = self._is_there(session)
            rows = self._read(session, self._select) if is_there else pyarrow.table({})
        if self._query or not self._model:
            return rows
        schema = self._arrow_schema
        # A table of an older version of the model may lack columns, and have others.
        rows = rows.select([name for name in schema.names if name in rows.column_names])
        return pyarrow.concat_tables([schema.empty_table(), rows], promote_options="permissive")

    def preview(self, nrows: int = 20) -> TablePreview:
        """The first rows of what `load` gives, for Kedro-Viz."""
        with self._session() as session:
            if not self._is_there(session):
                return TablePreview({})
            shown = f"select * from ({self._select}) as loaded limit {nrows:d}"
            return preview_of(self._read(session, shown))

    @property
    def _select(self) -> str:
        return (self._query or "select * from {table}").format(table=self._name)

    def save(self, data: TableData) -> None:
        """Replace the rows, or append, in one step."""
        schema = self._arrow_schema
        if isinstance(data, pd.DataFrame):
            data = pyarrow.Table.from_pandas(data, schema=schema, preserve_index=False)
        if isinstance(data, pyarrow.Table):
            data = data.select(schema.names)
        elif self._key and len(data):
            raise StorageError(f"{self._id} has a key, so it takes rows, not files.")
        else:
            data = [self._place_of(file) for file in data]
        with self._session(writing=True) as session:
            self._create(session)
            if isinstance(data, pyarrow.Table):
                data = self._unseen(session, data)
            if len(data) or (isinstance(data, pyarrow.Table) and self._mode == "replace"):
                self._write(session, data)

    def _place_of(self, file: StoredFile | str) -> str:
        if isinstance(file, str):
            return file
        return file.address() if self._READS_ADDRESSES else str(file.local())

    def _unseen(self, session: Any, rows: pyarrow.Table) -> pyarrow.Table:
        """The rows whose key the table does not hold yet."""
        if not self._key or not rows.num_rows:
            return rows
        columns = ", ".join(self._quoted(name) for name in self._key)
        there = self._read(session, f"select distinct {columns} from {self._name}").to_pylist()
        keys = {tuple(row.values()) for row in there}
        unseen = [tuple(row.values()) not in keys for row in rows.select(self._key).to_pylist()]
        return rows.filter(pc.equal(pyarrow.array(unseen), True))

    @property
    def _pandera_model(self) -> type[pa.DataFrameModel]:
        if not self._model:
            raise StorageError(f"{self._id} is only read: give it a model to save rows.")
        model: type[pa.DataFrameModel] = load_obj(self._model)
        return model

    @property
    def _arrow_schema(self) -> pyarrow.Schema:
        return arrow_schema(self._pandera_model)

    def _quoted(self, identifier: str) -> str:
        return f"{self._QUOTE}{identifier}{self._QUOTE}"

    def _describe(self) -> dict[str, Any]:
        return {"table": self._id, "mode": self._mode}
