"""Pandera models: the single source of column names, types, renames and descriptions.

    ServiceRequest     an accepted row: the lake's Parquet and the warehouse's staging table
    QuarantinedRow     a row without a usable case id or opening time, kept with its reasons
    AreaVertex         a corner of the border of a neighbourhood or a ward, in the warehouse
    TrackedLoad        a row of the load tracking table

`arrow_schema` turns a model into the Arrow schema that files and tables are written with,
`bigquery_table` into a BigQuery table with its partitions and clustering; `source_columns` finds
the columns of a model in a feature layer.
"""

from mpls311.schemas.arrow import arrow_schema, coded_values
from mpls311.schemas.bigquery import bigquery_table
from mpls311.schemas.drift import (
    MissingColumnsError,
    RetypedColumnError,
    check_source_schema,
    source_columns,
)
from mpls311.schemas.models import AreaVertex, QuarantinedRow, ServiceRequest, TrackedLoad

__all__ = [
    "AreaVertex",
    "MissingColumnsError",
    "QuarantinedRow",
    "RetypedColumnError",
    "ServiceRequest",
    "TrackedLoad",
    "arrow_schema",
    "bigquery_table",
    "check_source_schema",
    "coded_values",
    "source_columns",
]
