"""BigQuery table schemas, derived from the Pandera models."""

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


def bigquery_schema(model: type[pa.DataFrameModel]) -> list[dict[str, str]]:
    """The columns of a model in order, as the BigQuery API represents them.

    Each has `name`, `type` (INTEGER, FLOAT, STRING or TIMESTAMP), `mode` (REQUIRED or NULLABLE)
    and `description`; `google.cloud.bigquery.SchemaField.from_api_repr` takes it as it is.
    """
    return [
        {
            "name": field.name,
            "type": _TYPES[field.type],
            "mode": "NULLABLE" if field.nullable else "REQUIRED",
            "description": field.metadata[b"description"].decode(),
        }
        for field in arrow_schema(model)
    ]
