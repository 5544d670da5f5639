"""The tables of the staging dataset for Terraform, written from the Pandera models.

    python -m mpls311.schemas.table_files terraform/generated

One JSON file per table: description, columns, partitions and clustering, as the BigQuery API
represents them. A test fails when the files and the models drift apart.
"""

import json
import sys
from pathlib import Path

from mpls311.schemas.bigquery import bigquery_table
from mpls311.schemas.models import AreaVertex, ServiceRequest, TrackedLoad


def table_files() -> dict[str, str]:
    """The text of each file in terraform/generated, by its name."""
    return {
        f"{model.to_schema().name}.json": json.dumps(bigquery_table(model), indent=2) + "\n"
        for model in (ServiceRequest, AreaVertex, TrackedLoad)
    }


if __name__ == "__main__":
    for name, text in table_files().items():
        Path(sys.argv[1], name).write_text(text, encoding="utf-8")
