"""Read what dbt promises of the marts, hand on their rows, and describe what was handed on."""

import logging
from collections.abc import Mapping
from contextlib import suppress

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mpls311.contracts import Contract, contracts_of_marts
from mpls311.dbt_commands import invoke, options, surroundings
from mpls311.errors import UserError
from mpls311.loads import LoadHistory
from mpls311.parameters import TransformSettings
from mpls311.pipelines.export.package import Exported, data_package

log = logging.getLogger(__name__)


def read_contracts(settings: TransformSettings) -> dict[str, Contract]:
    """The contract of each mart, as dbt reads it from the models.

    Raises:
        UserError: dbt cannot read them.
    """
    with surroundings(settings):
        outcome = invoke(["parse", *options(settings)])
        if not outcome.success:
            raise UserError(f"dbt cannot read {settings.project}: {outcome.exception}")
    return contracts_of_marts(outcome.result.to_dict()["nodes"])


def export_rows(
    rows: pd.DataFrame, contract: Contract
) -> tuple[pd.DataFrame, pd.DataFrame, Exported]:
    """A mart with the columns of its contract, in their order.

    Returns:
        Its rows for Parquet; for CSV, where times are text; and how many there are.

    Raises:
        UserError: The warehouse does not have all of the columns.
    """
    names = [column.name for column in contract.columns]
    if lacking := [name for name in names if name not in rows]:
        raise UserError(
            f"The warehouse has no {contract.name} with the column {lacking[0]} yet: run `kedro "
            "run` first, or `kedro run --pipeline rebuild` where the marts are of an earlier "
            "version."
        )
    table = pa.Table.from_pandas(rows[names], preserve_index=False)
    instants = [column.name for column in contract.columns if column.data_type == "timestamp"]
    table = _changed(table, {name: _in_utc(table[name]) for name in instants})
    times = [field.name for field in table.schema if pa.types.is_timestamp(field.type)]
    text = _changed(table, {name: _as_text(table[name]) for name in times})
    return _frame(table), _frame(text), Exported(contract, len(rows))


def describe_export(history: LoadHistory, **exported: Exported) -> dict[str, object]:
    """The content of datapackage.json, once all files are there.

    Args:
        history: The manifests, which say where the rows are from.
        exported: What was written of each mart.
    """
    log.info("Exported %d marts.", len(exported))
    return data_package(history, exported.values())


def _changed(table: pa.Table, columns: Mapping[str, pa.ChunkedArray]) -> pa.Table:
    for name, column in columns.items():
        table = table.set_column(table.schema.get_field_index(name), name, column)
    return table


def _in_utc(instants: pa.ChunkedArray) -> pa.ChunkedArray:
    """Instants that say so: those of DuckDB and PostgreSQL are in UTC, and do not."""
    return pc.assume_timezone(instants, "UTC") if instants.type.tz is None else instants


def _as_text(times: pa.ChunkedArray) -> pa.ChunkedArray:
    """Times as ISO 8601 writes them."""
    zone = times.type.tz
    with suppress(pa.ArrowInvalid):  # Where there are parts of seconds, they stay.
        times = times.cast(pa.timestamp("s", zone))
    return pc.strftime(times, format=f"%Y-%m-%dT%H:%M:%S{'Z' if zone else ''}")


def _frame(table: pa.Table) -> pd.DataFrame:
    return table.to_pandas(types_mapper=pd.ArrowDtype)
