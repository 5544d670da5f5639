"""Tables of the BigQuery warehouse."""

import hashlib
import io
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from uuid import uuid4

import pyarrow
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
from requests.exceptions import ConnectionError as RequestsConnectionError

from mpls311.cloud.google import (
    bigquery_client,
    explained,
    explanation,
    has_storage_read_api,
    reasons_of,
)
from mpls311.datasets.table import TableDataset
from mpls311.errors import PATIENCE, StorageError
from mpls311.schemas import bigquery_table

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


class BigQueryTableDataset(TableDataset):
    """A table of a BigQuery dataset, written by one load job, which happens whole or not at all.

    The table is made first where it does not exist: columns, descriptions, partitions and
    clustering as the model says.

    Example:
        raw_mpls_311data@files:
          type: mpls311.datasets.bigquery_table.BigQueryTableDataset
          connection:
            project: my-project
            location: US
          table: mpls_311_staging.raw_mpls_311data
          model: mpls311.schemas.ServiceRequest
    """

    _QUOTE = "`"
    _READS_ADDRESSES = True

    def __init__(self, *, connection: Mapping[str, str], **table: Any) -> None:
        """Name the table; nothing is opened yet.

        Args:
            connection: `project`, of Google Cloud, and `location`, where its datasets are, such
                as US or us-central1.
            **table: As for `TableDataset`.
        """
        super().__init__(**table)
        self._project, self._location = connection["project"], connection["location"]

    @property
    def _id(self) -> str:
        return f"{self._project}.{super()._id}"

    @property
    def _client(self) -> bigquery.Client:
        return bigquery_client(self._project, self._location)

    @property
    def _definition(self) -> bigquery.Table:
        ids = {"projectId": self._project, "datasetId": self._schema, "tableId": self._table}
        return bigquery.Table.from_api_repr(
            {"tableReference": ids, **bigquery_table(self._pandera_model)}
        )

    def _is_there(self, session: None) -> bool:
        self._check_dataset()
        with explained(self._id):
            try:
                self._client.get_table(self._id)
            except NotFound:
                return False
        return True

    def _create(self, session: None) -> None:
        self._check_dataset()
        with explained(self._id):
            self._client.create_table(self._definition, exists_ok=True)

    def _read(self, session: None, sql: str) -> pyarrow.Table:
        with explained(self._id):
            result = self._client.query_and_wait(sql)
            return result.to_arrow(create_bqstorage_client=has_storage_read_api())

    def _write(self, session: None, data: pyarrow.Table | list[str]) -> None:
        if isinstance(data, list):
            self._run(partial(self._client.load_table_from_uri, data), "\n".join(data).encode())
        else:
            parquet = io.BytesIO()
            pq.write_table(data, parquet)
            load = partial(self._client.load_table_from_file, parquet, rewind=True)
            self._run(load, parquet.getvalue())

    @property
    def _config(self) -> bigquery.LoadJobConfig:
        made = self._definition
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.PARQUET,
            write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE,
            schema=made.schema,
            time_partitioning=made.time_partitioning,
            clustering_fields=made.clustering_fields,
        )
        if self._mode == "append":
            config.write_disposition = bigquery.WriteDisposition.WRITE_APPEND
            config.schema_update_options = [bigquery.SchemaUpdateOption.ALLOW_FIELD_ADDITION]
        return config

    def _run(self, load: Callable[..., Any], content: bytes) -> None:
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
                    job = self._submitted(load, job_id)
                    try:
                        job.result()
                    except GoogleAPICallError:
                        failed += job.error_result is not None
                        raise
        except RequestsConnectionError as exc:
            raise StorageError(
                f"The connection to BigQuery broke off while {self._id} was loaded: run again."
            ) from exc
        except GoogleAPICallError as exc:
            if job is None or job.error_result is None:
                raise StorageError(explanation(self._id, exc)) from exc
            raise StorageError(
                f"BigQuery could not load {self._id}: "
                f"{reasons_of(exc, job.errors or ())}. The table is as it was before."
            ) from exc

    def _submitted(self, load: Callable[..., Any], job_id: str) -> Any:
        try:
            return load(
                destination=self._id,
                job_id=job_id,
                location=self._location,
                job_config=self._config,
            )
        except Conflict:
            return self._client.get_job(job_id, location=self._location)

    def _check_dataset(self) -> None:
        """Is the dataset there, and where it is said to be?

        Raises:
            StorageError: It is not.
        """
        name = f"{self._project}.{self._schema}"
        with explained(f"BigQuery dataset {name}"):
            retry = bigquery.DEFAULT_RETRY.with_timeout(PATIENCE)
            there = self._client.get_dataset(name, retry=retry, timeout=PATIENCE).location
        if there and there.upper() != self._location.upper():
            raise StorageError(
                f"BigQuery dataset {name} is in {there}, and this run works in {self._location}. "
                f"Export MPLS311_LOCATION={there}, or write `location: {there}` into "
                "conf/local/globals.yml."
            )


def _is_transient(exc: Exception) -> bool:
    if isinstance(exc, RequestsConnectionError | ServerError | TooManyRequests):
        return True
    return isinstance(exc, GoogleAPICallError) and any(
        isinstance(item, dict) and item.get("reason") in _TRANSIENT for item in exc.errors
    )
