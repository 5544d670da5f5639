"""What the Pandera models say reaches Arrow, DuckDB and dbt; drift of the source is named."""

import ast
import re
from pathlib import Path
from typing import Any

import duckdb
import pandera.pandas as pandera
import pyarrow as pa
import pytest
import yaml
from google.cloud.bigquery import Table

import mpls311
from mpls311.errors import UserError
from mpls311.schemas import (
    AreaVertex,
    MissingColumnsError,
    QuarantinedRow,
    RetypedColumnError,
    ServiceRequest,
    TrackedLoad,
    arrow_schema,
    bigquery_table,
    check_source_schema,
    source_columns,
)
from mpls311.schemas.dbt_sources import dbt_files
from mpls311.schemas.drift import missing_columns
from mpls311.schemas.table_files import table_files
from tests.support.made import row, served

PROJECT = Path(__file__).parents[2]
SOURCES = PROJECT / "dbt" / "models" / "staging" / "_sources.yml"
MARTS = sorted((PROJECT / "dbt" / "models" / "marts").glob("[!_]*.yml"))
TERRAFORM_SCHEMAS = PROJECT / "terraform" / "generated"
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
WAREHOUSE_MODELS = [ServiceRequest, AreaVertex, TrackedLoad]
MODELS = [*WAREHOUSE_MODELS, QuarantinedRow]
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


def test_dbt_has_what_the_models_say() -> None:
    committed = {name: (SOURCES.parent / name).read_text("utf-8") for name in dbt_files()}

    assert committed == dbt_files(), "run `make schemas`"


@pytest.mark.parametrize("path", MARTS, ids=lambda path: path.stem)
def test_contracts_name_types_as_the_schemas_do(path: Path) -> None:
    """An engine that calls them otherwise says so in `dbt/macros/contracts.sql`."""
    for model in yaml.safe_load(path.read_text("utf-8"))["models"]:
        types = {column["data_type"] for column in model["columns"]}
        assert types <= {*IN_DBT.values(), "boolean", "date", "datetime"}


@pytest.mark.parametrize("model", MODELS, ids=table_name)
def test_duckdb_reads_the_arrow_types_as_they_are(model: Model) -> None:
    empty = arrow_schema(model).empty_table()
    with duckdb.connect() as connection:
        connection.register("empty", empty)
        described = connection.execute("describe empty").fetchall()

    types = {name: kind for name, kind, *_ in described}
    assert types == {field.name: IN_DUCKDB[field.type] for field in arrow_schema(model)}


def test_terraform_has_the_schemas_of_the_models() -> None:
    committed = {file.name: file.read_text("utf-8") for file in TERRAFORM_SCHEMAS.glob("*.json")}

    assert committed == table_files(), "run `make schemas`"


@pytest.mark.parametrize("model", WAREHOUSE_MODELS, ids=table_name)
def test_bigquery_takes_the_table_as_it_is(model: Model) -> None:
    ids = {"projectId": "p", "datasetId": "d", "tableId": table_name(model)}
    table = Table.from_api_repr({"tableReference": ids, **bigquery_table(model)})

    assert table.description == model.to_schema().description
    assert [(f.name, f.field_type, f.mode, f.description) for f in table.schema] == [
        (
            field.name,
            IN_BIGQUERY[field.type],
            "NULLABLE" if field.nullable else "REQUIRED",
            (field.metadata or {})[b"description"].decode(),
        )
        for field in arrow_schema(model)
    ]


def test_staging_is_laid_out_by_year_and_case() -> None:
    table = bigquery_table(ServiceRequest)

    assert table["timePartitioning"] == {"type": "YEAR", "field": "open_datetime"}
    assert table["clustering"] == {"fields": ["source_year", "case_id"]}
    assert bigquery_table(TrackedLoad).keys() == {"description", "schema"}


def test_source_names_are_those_a_layer_serves() -> None:
    fields = [*row(), "IsAccessibilityRelated"]

    found = source_columns(ServiceRequest, fields)

    assert sorted(found.values()) == sorted(fields)
    assert missing_columns(ServiceRequest, found) == {}
    assert missing_columns(ServiceRequest, []).keys() == found.keys() - {"is_accessibility_related"}


def test_a_field_may_have_had_other_names_and_be_spelled_in_any_case(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    columns = ServiceRequest.to_schema().columns
    monkeypatch.setitem(columns["title"].metadata, "source", ["Headline", "TITLE"])

    for served_as in ("Headline", "HEADLINE", "TITLE", "Title"):
        assert source_columns(ServiceRequest, ["caseid", served_as]) == {
            "case_id": "caseid",
            "title": served_as,
        }
    assert source_columns(ServiceRequest, ["TITLE", "Headline"]) == {"title": "Headline"}
    assert source_columns(ServiceRequest, ["title", "TITLE"]) == {"title": "TITLE"}
    assert missing_columns(ServiceRequest, [])["title"] == "Headline"


@pytest.mark.parametrize("name", ["FID", "ObjectId", "OBJECTID_1", "CASEID"])
def test_the_object_id_is_what_the_layer_says(name: str) -> None:
    fields = ["OBJECTID", "CASEID", name]

    assert source_columns(ServiceRequest, fields, name)["object_id"] == name
    assert source_columns(ServiceRequest, fields)["object_id"] == "OBJECTID"


def test_only_the_models_know_names_of_the_city() -> None:
    """The stand-in city apart, which serves them."""
    package = Path(mpls311.__file__).parent
    named = {
        name
        for model in (ServiceRequest, AreaVertex)
        for name in missing_columns(model, []).values()
        if not name.startswith("geometry_")
    }
    found = {
        f"{path.relative_to(package)}: {name}"
        for path in package.rglob("*.py")
        if path.parts[len(package.parts)] != "sandbox" and path.name != "models.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for name in named
        if re.search(rf"\b{name}\b", node.value)
    }

    assert found == set()


def test_a_layer_as_known_has_no_drift() -> None:
    assert check_source_schema(served().schema, "Public_311_2026") == []
    with_optional = served(row(IsAccessibilityRelated="No")).schema
    assert check_source_schema(with_optional, "Public_311_2026") == []


def test_new_columns_are_reported() -> None:
    schema = served(row(Ward="3", Bin="7")).schema

    assert check_source_schema(schema, "Public_311_2026") == ["Ward", "Bin"]


@pytest.mark.parametrize("column", missing_columns(ServiceRequest, []))
def test_a_missing_column_is_named(column: str) -> None:
    schema = served().schema
    field = source_columns(ServiceRequest, schema.names)[column]
    index = schema.get_field_index(field)
    schema = schema.set(index, schema.field(field).with_name("Renamed"))

    with pytest.raises(MissingColumnsError) as caught:
        check_source_schema(schema, "Public_311_2026")

    name = missing_columns(ServiceRequest, [])[column]
    assert str(caught.value).startswith(f"Public_311_2026 no longer has the column {name}.")
    assert (
        f"(new in the layer: Renamed), put its new name in front of the source of {column} in"
        in (str(caught.value))
    )
    assert isinstance(caught.value, UserError)


def test_several_missing_columns_are_named_at_once() -> None:
    schema = served().select(["OBJECTID", "OPENEDDATETIME"]).schema

    with pytest.raises(MissingColumnsError, match="the columns CASEID, SUBJECTNAME, "):
        check_source_schema(schema, "Public_311_2026")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("CASEID", pa.string()),
        ("CASEID", pa.float32()),
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
