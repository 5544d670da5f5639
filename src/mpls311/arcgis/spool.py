"""One Parquet file, filled page by page, that appears whole or not at all."""

import os
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from mpls311.arcgis.layer import MISFITS

_ROWS_PER_GROUP = 16_384


class Spool:
    """Collects tables of one schema into row groups of about 16k rows or a page, zstd.

    A table with the column `MISFITS` widens the file by it; what was written is written anew.
    Writes beside `path`, under the suffix .part, until `commit`; leaving the context without
    it removes what was written. Safe to call from several threads.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path = path
        self._part = path.with_name(f"{path.name}.part")
        self._narrow = path.with_name(f"{path.name}.narrow.part")
        self._schema = schema
        self._waiting: list[pa.Table] = []
        self._lock = threading.Lock()
        self._open = True
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = self._new_writer()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Remove the unfinished file unless `commit` was called."""
        with self._lock:
            if self._open:
                self._open = False
                try:
                    self._writer.close()
                finally:
                    self._part.unlink(missing_ok=True)
                    self._narrow.unlink(missing_ok=True)

    def add(self, table: pa.Table) -> None:
        """Take the rows of one page; a page that comes after the end is ignored.

        A worker thread cannot be cancelled, so a page of an abandoned read may still arrive.
        """
        with self._lock:
            if not self._open:
                return
            if len(table.schema) > len(self._schema):
                self._widen(table.schema)
            self._waiting.append(self._widened(table))
            if sum(waiting.num_rows for waiting in self._waiting) >= _ROWS_PER_GROUP:
                self._flush()

    def finish(self) -> None:
        """Write what waits, and the end of the file; no page may follow."""
        with self._lock:
            self._flush()
            self._writer.close()

    def commit(self) -> None:
        """Move the finished file to `path`, in one step."""
        with self._lock:
            self._open = False
            os.replace(self._part, self._path)

    def _new_writer(self) -> pq.ParquetWriter:
        text = [column.name for column in self._schema if pa.types.is_string(column.type)]
        # dictionaries of ids, times and coordinates cost twice the time and a larger file
        return pq.ParquetWriter(self._part, self._schema, compression="zstd", use_dictionary=text)

    def _widen(self, schema: pa.Schema) -> None:
        self._flush()
        self._writer.close()
        os.replace(self._part, self._narrow)
        self._schema = schema
        self._writer = self._new_writer()
        with pq.ParquetFile(self._narrow) as written:
            for number in range(written.num_row_groups):
                self._write(self._widened(written.read_row_group(number)))
        self._narrow.unlink()

    def _widened(self, table: pa.Table) -> pa.Table:
        if len(table.schema) == len(self._schema):
            return table
        return table.append_column(MISFITS, pa.nulls(table.num_rows, MISFITS.type))

    def _write(self, table: pa.Table) -> None:
        self._writer.write_table(table, row_group_size=max(1, table.num_rows))

    def _flush(self) -> None:
        if self._waiting:
            table = pa.concat_tables(self._waiting)
            self._waiting.clear()
            self._write(table)
