"""What the Pandera models say reaches Arrow, DuckDB and dbt; drift of the source is named."""

from pathlib import Path
from typing import Any

import duckdb
import pandera.pandas as pandera
import pyarrow as pa
import pytest
import yaml
from google.cloud.bigquery import SchemaField

from mpls311.errors import UserError
from mpls311.schemas import (
    MissingColumnsError,
    QuarantinedRow,
    RetypedColumnError,
    ServiceRequest,
    TrackedLoad,
    arrow_schema,
    bigquery_schema,
    check_source_schema,
    source_names,
)
from mpls311.schemas.table_files import table_files
from tests.support.made import row, served

PROJECT = Path(__file__).parents[2]
SOURCES = PROJECT / "dbt" / "models" / "staging" / "_sources.yml"
TERRAFORM_SCHEMAS = PROJECT / "terraform" / "schemas"
IN_DBT = {
    pa.int64(): "int64",
    pa.float64(): "float64",
    pa.string(): "string",
    pa.timestamp("us", tz="UTC"): "timestamp",
}
IN_BIGQUERY = {
    pa.int64(): "INTEGER",
    pa.float64(): "FLOAT",
    pa.string(): "STRING",
    pa.timestamp("us", tz="UTC"): "TIMESTAMP",
}
IN_DUCKDB = {
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.string(): "VARCHAR",
    pa.timestamp("us", tz="UTC"): "TIMESTAMP WITH TIME ZONE",
}
MODELS = [ServiceRequest, QuarantinedRow, TrackedLoad]
WAREHOUSE_MODELS = [ServiceRequest, TrackedLoad]
Model = type[pandera.DataFrameModel]


def table_name(model: Model) -> str:
    name = model.to_schema().name
    assert name
    return str(name)


def in_dbt(model: Model) -> dict[str, Any]:
    """Return the entry of the model's table among dbt's sources."""
    [source] = yaml.safe_load(SOURCES.read_text())["sources"]
    [table] = [one for one in source["tables"] if one["name"] == table_name(model)]
    return dict(table)


@pytest.mark.parametrize("model", MODELS, ids=table_name)
def test_every_column_is_described(model: Model) -> None:
    undescribed = [
        field.name
        for field in arrow_schema(model)
        if not (field.metadata or {})[b"description"].strip()
    ]

    assert undescribed == []


@pytest.mark.parametrize("model", WAREHOUSE_MODELS, ids=table_name)
def test_dbt_sources_have_the_columns_of_the_model(model: Model) -> None:
    columns = {column["name"]: column["data_type"] for column in in_dbt(model)["columns"]}

    assert columns == {field.name: IN_DBT[field.type] for field in arrow_schema(model)}


@pytest.mark.parametrize("model", WAREHOUSE_MODELS, ids=table_name)
def test_dbt_sources_have_the_descriptions_of_the_model(model: Model) -> None:
    table = in_dbt(model)
    written = {column["name"]: column["description"].strip() for column in table["columns"]}
    expected = {
        field.name: (field.metadata or {})[b"description"].decode() for field in arrow_schema(model)
    }

    assert written == expected
    assert table["description"].strip() == model.to_schema().description


@pytest.mark.parametrize("model", WAREHOUSE_MODELS, ids=table_name)
def test_what_the_model_requires_dbt_tests(model: Model) -> None:
    tested = {
        column["name"]
        for column in in_dbt(model)["columns"]
        if "not_null" in column.get("data_tests", ())
    }
    required = {field.name for field in arrow_schema(model) if not field.nullable}

    assert tested <= required


@pytest.mark.parametrize("model", MODELS, ids=table_name)
def test_duckdb_reads_the_arrow_types_as_they_are(model: Model) -> None:
    empty = arrow_schema(model).empty_table()
    with duckdb.connect() as connection:
        connection.register("empty", empty)
        described = connection.execute("describe empty").fetchall()

    types = {name: kind for name, kind, *_ in described}
    assert types == {field.name: IN_DUCKDB[field.type] for field in arrow_schema(model)}


def test_terraform_has_the_schemas_of_the_models() -> None:
    committed = {file.name: file.read_text("utf-8") for file in TERRAFORM_SCHEMAS.iterdir()}

    assert committed == table_files(), "run `make schemas`"


@pytest.mark.parametrize("model", WAREHOUSE_MODELS, ids=table_name)
def test_bigquery_takes_the_schema_as_it_is(model: Model) -> None:
    fields = [SchemaField.from_api_repr(column) for column in bigquery_schema(model)]

    assert [(f.name, f.field_type, f.mode, f.description) for f in fields] == [
        (
            field.name,
            IN_BIGQUERY[field.type],
            "NULLABLE" if field.nullable else "REQUIRED",
            (field.metadata or {})[b"description"].decode(),
        )
        for field in arrow_schema(model)
    ]


def test_source_names_are_those_a_layer_serves() -> None:
    required = source_names(ServiceRequest, optional=False)

    assert list(required) == list(row())
    assert source_names(ServiceRequest).keys() - required.keys() == {"IsAccessibilityRelated"}


def test_a_layer_as_known_has_no_drift() -> None:
    assert check_source_schema(served().schema, "Public_311_2026") == []
    with_optional = served(row(IsAccessibilityRelated="No")).schema
    assert check_source_schema(with_optional, "Public_311_2026") == []


def test_new_columns_are_reported() -> None:
    schema = served(row(Ward="3", Bin="7")).schema

    assert check_source_schema(schema, "Public_311_2026") == ["Ward", "Bin"]


@pytest.mark.parametrize("name", source_names(ServiceRequest, optional=False))
def test_a_missing_column_is_named(name: str) -> None:
    schema = served().schema
    schema = schema.remove(schema.get_field_index(name))

    with pytest.raises(MissingColumnsError) as caught:
        check_source_schema(schema, "Public_311_2026")

    assert str(caught.value).startswith(f"Public_311_2026 no longer has the column {name}.")
    assert isinstance(caught.value, UserError)


def test_several_missing_columns_are_named_at_once() -> None:
    schema = served().select(["OBJECTID", "OPENEDDATETIME"]).schema

    with pytest.raises(MissingColumnsError, match="the columns CASEID, SUBJECTNAME, "):
        check_source_schema(schema, "Public_311_2026")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("CASEID", pa.string()),
        ("OPENEDDATETIME", pa.string()),
        ("OPENEDDATETIME", pa.date32()),
        ("CLOSEDDATETIME", pa.int64()),
        ("TITLE", pa.int64()),
        ("CASESTATUS", pa.string()),
        ("XCOORD", pa.string()),
        ("IsAccessibilityRelated", pa.int16()),
    ],
)
def test_a_retyped_column_is_named(name: str, kind: pa.DataType) -> None:
    fields = {field.name: field for field in served().schema} | {name: pa.field(name, kind)}

    with pytest.raises(RetypedColumnError) as caught:
        check_source_schema(pa.schema(list(fields.values())), "Public_311_2026")

    assert str(caught.value).startswith(f"Public_311_2026 now serves {name} as {kind}, where ")
    assert isinstance(caught.value, UserError)


@pytest.mark.parametrize("kind", [pa.int16(), pa.int32(), pa.float32(), pa.float64()], ids=str)
def test_numbers_may_come_in_any_width(kind: pa.DataType) -> None:
    fields = [
        field.with_type(kind) if field.name in ("CASESTATUS", "XCOORD") else field
        for field in served().schema
    ]

    assert check_source_schema(pa.schema(fields), "Public_311_2026") == []
