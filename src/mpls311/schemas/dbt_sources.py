"""What dbt knows of the staging schema, written from the Pandera models.

    python -m mpls311.schemas.dbt_sources dbt/models/staging

The sources, and the description of each column for whichever model has it. A test fails when the
files and the models drift apart.
"""

import sys
from pathlib import Path
from typing import Any

import pandera.pandas as pa
import pyarrow
import yaml

from mpls311.schemas.arrow import arrow_schema
from mpls311.schemas.models import AreaVertex, ServiceRequest, TrackedLoad

_TYPES = {
    pyarrow.int64(): "int64",
    pyarrow.float64(): "float64",
    pyarrow.string(): "string",
    pyarrow.timestamp("us", tz="UTC"): "timestamp",
}

# How far the rows in the marts reach. Staging says nothing: it may hold a year long past.
_FRESHNESS = {
    "loaded_at_field": "watermark",
    "freshness": {
        "warn_after": {"count": 3, "period": "day"},
        "error_after": {"count": 7, "period": "day"},
        "filter": "status = 'published'",
    },
}


_TABLES: tuple[tuple[type[pa.DataFrameModel], dict[str, Any]], ...] = (
    (ServiceRequest, {"freshness": None}),
    (AreaVertex, {"freshness": None}),
    (TrackedLoad, _FRESHNESS),
)


def dbt_files() -> dict[str, str]:
    """The text of each file that is written into dbt/models/staging, by its name."""
    return {"_sources.yml": _sources(), "_columns.md": _columns()}


def _sources() -> str:
    document = {
        "version": 2,
        "sources": [
            {
                "name": "staging",
                "description": "What the load protocol writes before dbt runs.",
                "schema": "mpls_311_staging",
                "tables": [_table(model, config) for model, config in _TABLES],
            }
        ],
    }
    head = "# Written by `make schemas` from mpls311.schemas; change it there.\n"
    return head + yaml.safe_dump(document, sort_keys=False, width=100, allow_unicode=True)


def _columns() -> str:
    described = {
        field.name: field.metadata[b"description"].decode()
        for model, _ in _TABLES
        for field in arrow_schema(model)
    }
    head = "Written by `make schemas` from mpls311.schemas; change it there.\n"
    blocks = [f"{{% docs {name} %}}\n{text}\n{{% enddocs %}}\n" for name, text in described.items()]
    return "\n".join([head, *blocks])


def _table(model: type[pa.DataFrameModel], config: dict[str, Any]) -> dict[str, Any]:
    schema = model.to_schema()
    return {
        "name": schema.name,
        "description": schema.description,
        "config": config,
        "columns": [
            _column(field, schema.columns[field.name].metadata or {})
            for field in arrow_schema(model)
        ],
    }


def _column(field: pyarrow.Field, metadata: dict[str, Any]) -> dict[str, Any]:
    # What must not be null, the engine itself refuses in these tables.
    tests: list[Any] = []
    if values := metadata.get("expected"):
        # The city may well add a value; that is news, not a failure.
        arguments = {"values": values, "quote": isinstance(values[0], str)}
        tests.append({"accepted_values": {"arguments": arguments, "config": {"severity": "warn"}}})
    column = {
        "name": field.name,
        "description": f'{{{{ doc("{field.name}") }}}}',
        "data_type": _TYPES[field.type],
    }
    return {**column, "data_tests": tests} if tests else column


if __name__ == "__main__":
    for name, text in dbt_files().items():
        Path(sys.argv[1], name).write_text(text, encoding="utf-8")
