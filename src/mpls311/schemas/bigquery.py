"""BigQuery tables, derived from the Pandera models."""

from typing import Any

import pandera.pandas as pa
import pyarrow

from mpls311.schemas.arrow import arrow_schema

# The API's own spelling, not that of SQL: BigQuery answers with it, and Terraform compares.
_TYPES = {
    pyarrow.int64(): "INTEGER",
    pyarrow.float64(): "FLOAT",
    pyarrow.string(): "STRING",
    pyarrow.timestamp("us", tz="UTC"): "TIMESTAMP",
}


def bigquery_table(model: type[pa.DataFrameModel]) -> dict[str, Any]:
    """A table for the rows of a model, as the BigQuery API represents it.

    It has `description` and `schema`, and where the model's Config says so
    `timePartitioning` by the UTC year of a column and `clustering`;
    `google.cloud.bigquery.Table.from_api_repr` takes them as they are.
    """
    layout = getattr(model.Config, "metadata", {})
    table: dict[str, Any] = {"description": model.Config.description}
    if field := layout.get("partition_by_year"):
        table["timePartitioning"] = {"type": "YEAR", "field": field}
    if fields := layout.get("cluster_by"):
        table["clustering"] = {"fields": fields}
    return {**table, "schema": {"fields": [_column(field) for field in arrow_schema(model)]}}


def _column(field: pyarrow.Field) -> dict[str, str]:
    return {
        "name": field.name,
        "type": _TYPES[field.type],
        "mode": "NULLABLE" if field.nullable else "REQUIRED",
        "description": field.metadata[b"description"].decode(),
    }
