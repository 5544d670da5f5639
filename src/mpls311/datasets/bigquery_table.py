"""Tables of the BigQuery warehouse."""

import hashlib
import io
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeAlias
from uuid import uuid4

import pandas as pd
import pandera.pandas as pa
import pyarrow
import pyarrow.compute as pc
import pyarrow.parquet as pq
import stamina
from google.api_core.exceptions import (
    Conflict,
    GoogleAPICallError,
    NotFound,
    ServerError,
    TooManyRequests,
)
from google.cloud import bigquery
from kedro.io import AbstractDataset
from kedro.utils import load_obj
from kedro_datasets._typing import TablePreview
from requests.exceptions import ConnectionError as RequestsConnectionError

from mpls311.cloud.google import (
    bigquery_client,
    explained,
    explanation,
    has_storage_read_api,
    reasons_of,
)
from mpls311.datasets.identifiers import quoted, split_table
from mpls311.datasets.preview import table_preview
from mpls311.errors import StorageError
from mpls311.schemas import arrow_schema, bigquery_schema

TableData: TypeAlias = Sequence[str] | pyarrow.Table | pd.DataFrame
"""Parquet files by gs:// URI, or rows."""

_ATTEMPTS = 5
_TRANSIENT = frozenset(
    {
        "backendError",
        "internalError",
        "jobBackendError",
        "jobInternalError",
        "jobRateLimitExceeded",
        "rateLimitExceeded",
        "tableUnavailable",
    }
)
"""Reasons that may be gone a little later (cloud.google.com/bigquery/docs/error-messages)."""


class BigQueryTableDataset(AbstractDataset[TableData, pd.DataFrame]):
    """A table of a BigQuery dataset, with the columns of a Pandera model.

    The twin of `DuckDBTableDataset`: `save` replaces the table, or appends to it, by one load
    job, which BigQuery carries out whole or not at all. No files at all leave the table alone.
    The table is made first where it does not exist: columns, descriptions, yearly partitions,
    clustering. With `key`, rows whose key the table already holds are left out. `load` gives
    the table, or the result of `query`, and an empty frame while the table does not exist.

    Example:
        raw_mpls_311data@files:
          type: mpls311.datasets.BigQueryTableDataset
          project: my-project
          location: US
          table: mpls_311_staging.raw_mpls_311data
          model: mpls311.schemas.ServiceRequest
          partition_by_year: open_datetime
          cluster_by: [source_year, case_id]
    """

    def __init__(
        self,
        *,
        project: str,
        location: str,
        table: str,
        model: str | None = None,
        mode: Literal["replace", "append"] = "replace",
        key: Sequence[str] = (),
        query: str | None = None,
        partition_by_year: str | None = None,
        cluster_by: Sequence[str] = (),
        metadata: dict[str, Any] | None = None,
    ) -> None:
        """Name the table; nothing is opened yet.

        Args:
            project: The Google Cloud project.
            location: Where its datasets are, such as US or us-central1.
            table: `dataset.table`.
            model: Import path of the Pandera model that gives columns, types, descriptions; not
                needed where only a `query` is loaded.
            mode: What `save` does with rows that are there already.
            key: Columns that tell rows apart, for `append`.
            query: SQL that `load` runs in place of reading the whole table; `{table}` stands
                for it.
            partition_by_year: A timestamp column, by whose UTC year the table is partitioned.
            cluster_by: Columns by which rows are sorted within a partition.
            metadata: Free for plugins, such as Kedro-Viz.
        """
        if mode not in ("replace", "append"):
            raise StorageError(f"mode of {table} is {mode!r}: write replace or append.")
        if not (model or query):
            raise StorageError(f"{table} needs a model, or a query if it is only read.")
        self._project = project
        self._location = location
        self._dataset, self._table = split_table(table)
        self._model = model
        self._mode = mode
        self._key = tuple(key)
        self._query = query
        self._partition_by_year = partition_by_year
        self._cluster_by = tuple(cluster_by)
        self.metadata = metadata

    @property
    def _name(self) -> str:
        return f"{self._project}.{self._dataset}.{self._table}"

    @property
    def _client(self) -> bigquery.Client:
        return bigquery_client(self._project, self._location)

    @property
    def _arrow_schema(self) -> pyarrow.Schema:
        return arrow_schema(self._pandera_model)

    @property
    def _pandera_model(self) -> type[pa.DataFrameModel]:
        if not self._model:
            raise StorageError(f"{self._name} is only read: give it a model to save rows.")
        model: type[pa.DataFrameModel] = load_obj(self._model)
        return model

    def load(self) -> pd.DataFrame:
        """The table, or the result of `query`."""
        if not self._exists():
            if self._query:
                return pd.DataFrame()
            return self._arrow_schema.empty_table().to_pandas(types_mapper=pd.ArrowDtype)
        rows = self._rows(self._select)
        if not self._query:
            rows = rows.select(self._arrow_schema.names).cast(self._arrow_schema)
        return rows.to_pandas(types_mapper=pd.ArrowDtype)

    def preview(self, nrows: int = 20) -> TablePreview:
        """The first rows of what `load` gives, for Kedro-Viz."""
        if not self._exists():
            return TablePreview({})
        rows = self._rows(f"select * from ({self._select}) limit {nrows:d}")
        return table_preview(rows.to_pandas())

    @property
    def _select(self) -> str:
        return self._query or "select * from {table}"

    def save(self, data: TableData) -> None:
        """Replace the rows, or append, by one load job."""
        self._create()
        if isinstance(data, pd.DataFrame):
            data = pyarrow.Table.from_pandas(data, schema=self._arrow_schema, preserve_index=False)
        if isinstance(data, pyarrow.Table):
            self._load_rows(self._unseen(data.select(self._arrow_schema.names)))
        elif len(data):
            self._load_files(list(data))

    def _load_files(self, uris: list[str]) -> None:
        def submit(job_id: str) -> Any:
            return self._client.load_table_from_uri(
                uris, self._name, job_id=job_id, location=self._location, job_config=self._config()
            )

        self._run(submit, "\n".join(uris).encode())

    def _load_rows(self, rows: pyarrow.Table) -> None:
        if self._mode == "append" and not rows.num_rows:
            return
        parquet = io.BytesIO()
        pq.write_table(rows, parquet)

        def submit(job_id: str) -> Any:
            return self._client.load_table_from_file(
                parquet,
                self._name,
                rewind=True,
                job_id=job_id,
                location=self._location,
                job_config=self._config(),
            )

        self._run(submit, parquet.getvalue())

    def _run(self, submit: Callable[[str], Any], content: bytes) -> None:
        """Run a load job, again under another id if it failed for a passing reason.

        An id is used for one attempt. As long as it is not known how that attempt ended, it is
        submitted under the same id, and "already exists" then means that it was received.

        Raises:
            StorageError: The job failed for good, with BigQuery's own reasons.
        """
        digest, save, failed = hashlib.sha256(content).hexdigest()[:16], uuid4().hex[:8], 0
        job = None
        try:
            for attempt in stamina.retry_context(on=_is_transient, attempts=_ATTEMPTS):
                with attempt:
                    job_id = f"mpls311-{self._table}-{digest}-{save}-a{failed + 1}"
                    job = self._submitted(submit, job_id)
                    try:
                        job.result()
                    except GoogleAPICallError:
                        failed += job.error_result is not None
                        raise
        except RequestsConnectionError as exc:
            raise StorageError(
                f"The connection to BigQuery broke off while {self._name} was loaded: run again."
            ) from exc
        except GoogleAPICallError as exc:
            if job is None or job.error_result is None:
                raise StorageError(explanation(self._name, exc)) from exc
            raise StorageError(
                f"BigQuery could not load {self._name}: "
                f"{reasons_of(exc, job.errors or ())}. The table is as it was before."
            ) from exc

    def _submitted(self, submit: Callable[[str], Any], job_id: str) -> Any:
        try:
            return submit(job_id)
        except Conflict:
            return self._client.get_job(job_id, location=self._location)

    def _config(self) -> bigquery.LoadJobConfig:
        append = self._mode == "append"
        return bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.PARQUET,
            write_disposition=bigquery.WriteDisposition.WRITE_APPEND
            if append
            else bigquery.WriteDisposition.WRITE_TRUNCATE,
            schema_update_options=[bigquery.SchemaUpdateOption.ALLOW_FIELD_ADDITION]
            if append
            else None,
            schema=self._schema,
            time_partitioning=self._partitioning,
            clustering_fields=list(self._cluster_by) or None,
        )

    def _unseen(self, rows: pyarrow.Table) -> pyarrow.Table:
        """The rows whose key the table does not hold yet."""
        if not self._key or not rows.num_rows:
            return rows
        columns = ", ".join(quoted(name, "`") for name in self._key)
        there = self._rows(f"select distinct {columns} from {{table}}").to_pylist()
        keys = {tuple(row.values()) for row in there}
        unseen = [tuple(row.values()) not in keys for row in rows.select(self._key).to_pylist()]
        return rows.filter(pc.equal(pyarrow.array(unseen), True))

    def _rows(self, query: str) -> pyarrow.Table:
        with explained(self._name):
            result = self._client.query_and_wait(query.format(table=f"`{self._name}`"))
            return result.to_arrow(create_bqstorage_client=has_storage_read_api())

    def _create(self) -> None:
        self._check_dataset()
        table = bigquery.Table(self._name, schema=self._schema)
        table.description = self._pandera_model.to_schema().description
        table.time_partitioning = self._partitioning
        table.clustering_fields = list(self._cluster_by) or None
        with explained(self._name):
            self._client.create_table(table, exists_ok=True)

    @property
    def _schema(self) -> list[bigquery.SchemaField]:
        return [
            bigquery.SchemaField.from_api_repr(column)
            for column in bigquery_schema(self._pandera_model)
        ]

    @property
    def _partitioning(self) -> bigquery.TimePartitioning | None:
        if not self._partition_by_year:
            return None
        return bigquery.TimePartitioning(
            type_=bigquery.TimePartitioningType.YEAR, field=self._partition_by_year
        )

    def _check_dataset(self) -> None:
        """Is the dataset there, and where it is said to be?

        Raises:
            StorageError: It is not.
        """
        name = f"{self._project}.{self._dataset}"
        with explained(f"BigQuery dataset {name}"):
            there = self._client.get_dataset(name).location
        if there and there.upper() != self._location.upper():
            raise StorageError(
                f"BigQuery dataset {name} is in {there}, and this run works in {self._location}. "
                f"Export MPLS311_LOCATION={there}, or write `location: {there}` into "
                "conf/local/globals.yml."
            )

    def _exists(self) -> bool:
        self._check_dataset()
        with explained(self._name):
            try:
                self._client.get_table(self._name)
            except NotFound:
                return False
        return True

    def _describe(self) -> dict[str, Any]:
        return {"project": self._project, "table": f"{self._dataset}.{self._table}"}


def _is_transient(exc: Exception) -> bool:
    if isinstance(exc, RequestsConnectionError | ServerError | TooManyRequests):
        return True
    return isinstance(exc, GoogleAPICallError) and any(
        isinstance(item, dict) and item.get("reason") in _TRANSIENT for item in exc.errors
    )
