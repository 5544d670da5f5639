"""What a run sends to BigQuery, read by Google's own ZetaSQL: grammar, names and types.

    python -m trials.grammar

The emulator takes what DuckDB takes. Here a first load and an increment run on it, and then ZetaSQL
reads every statement that it was sent: the models, incremental merges and tests of dbt, and what
this project asks of staging by itself. Partition limits, quotas, rights and cost are beyond it.
Ends with status 1 if it refuses any.
"""

import os
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from google.cloud import bigquery
from google.protobuf.message import DecodeError
from zetasql.api import Analyzer, CatalogBuilder, TableBuilder
from zetasql.types import (
    AnalyzerOptions,
    LanguageOptions,
    ProductMode,
    SimpleCatalog,
    TypeKind,
    ZetaSQLBuiltinFunctionOptions,
)

from mpls311.sandbox import City, serve
from tests.support.emulators import running_emulators
from tests.support.project import Project
from trials.statements import emulated, node_of, sent

DAYS = (date(2025, 1, 10), date(2025, 1, 20))
KINDS = {
    "INTEGER": TypeKind.TYPE_INT64,
    "INT64": TypeKind.TYPE_INT64,
    "FLOAT": TypeKind.TYPE_DOUBLE,
    "FLOAT64": TypeKind.TYPE_DOUBLE,
    "STRING": TypeKind.TYPE_STRING,
    "BOOLEAN": TypeKind.TYPE_BOOL,
    "BOOL": TypeKind.TYPE_BOOL,
    "DATE": TypeKind.TYPE_DATE,
    "DATETIME": TypeKind.TYPE_DATETIME,
    "TIMESTAMP": TypeKind.TYPE_TIMESTAMP,
}
TEMPORARY = re.compile(r"__dbt_tmp\d*$")
NAME = re.compile(r"`([\w.`-]+)`(?:\.`?(\w+)`?)*|\bmpls_311_\w+\.\w+")


def tables_of(client: bigquery.Client) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Every table and view with its columns and their types."""
    for dataset in client.list_datasets():
        for listed in client.list_tables(dataset.reference):
            schema = client.get_table(listed.reference).schema
            yield (
                f"{dataset.dataset_id}.{listed.table_id}",
                [(field.name, field.field_type) for field in schema],
            )


def flat(name: str) -> str:
    """A table as one word, which is all that a catalog of ZetaSQL in WebAssembly can hold."""
    *_, dataset, table = name.replace("`", "").split(".")
    return f"{dataset}__{re.sub(r'__dbt_tmp[0-9]*$', '', table)}"


def flattened(statement: str) -> str:
    """A statement with such names; dbt's temporary tables go by the table that they are for."""

    def word(match: re.Match[str]) -> str:
        name = match[0].replace("`", "")
        return flat(name) if name.count(".") else match[0]

    # What BigQuery calls int64 by another name, ZetaSQL does not.
    return NAME.sub(word, statement).replace("bigint", "int64")


def catalog(
    tables: Mapping[str, list[tuple[str, str]]], language: LanguageOptions
) -> SimpleCatalog:
    built = CatalogBuilder("catalog")
    for name, columns in tables.items():
        table = TableBuilder(flat(name))
        for column, kind in columns:
            table.add_column(column, KINDS[kind])
        built = built.add_table(table.build())
    functions = ZetaSQLBuiltinFunctionOptions(language_options=language)
    return built.with_builtin_functions(functions).build()


def run(folder: Path) -> None:
    """A first load and an increment."""
    project = Project(folder / "project")
    for day in DAYS:
        with serve(City(rows_per_year=300, as_of=day)) as city:
            project.ran(f"years=2024+2025,source.services_url={city.services_url}", env="gcp")


def main() -> None:
    with running_emulators() as variables, tempfile.TemporaryDirectory() as folder:
        os.environ.update(variables)
        run(Path(folder))
        client = emulated()
        statements, tables = list(dict.fromkeys(sent(client))), dict(tables_of(client))
    language = LanguageOptions.maximum_features()
    language.product_mode = ProductMode.PRODUCT_EXTERNAL
    analyzer = Analyzer(AnalyzerOptions(language_options=language), catalog(tables, language))
    began, refused, kinds = time.monotonic(), 0, Counter[str]()
    for statement in statements:
        kinds[node_of(statement)[0]] += 1
        try:
            analyzer.analyze_statement(flattened(statement))
        except DecodeError:
            pass  # it was read; what was made of it is nested too deep for an answer
        except Exception as exc:
            refused += 1
            say(f"{exc}\n{statement}\n")
    say(
        f"{len(statements)} statements ({dict(kinds)}) on {len(tables)} tables read in "
        f"{time.monotonic() - began:.0f} s, {refused} refused"
    )
    raise SystemExit(bool(refused))


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
