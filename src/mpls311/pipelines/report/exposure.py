"""What dbt knows of the dashboard, written from the list of marts that it reads.

    python -m mpls311.pipelines.report.exposure dbt/models/marts/_exposures.yml

A test fails when the file and the list drift apart.
"""

import sys
from pathlib import Path

import yaml

from mpls311.pipelines.report.tables import MARTS

_DESCRIPTION = (
    "The self-contained HTML dashboard: requests by year, month and category, times to close, "
    "service targets, a map of the neighbourhoods and their hot spots, and what is known to be "
    "wrong with the data. Written by the report pipeline to data/08_reporting/dashboard.html."
)


def exposure() -> str:
    """The text of dbt/models/marts/_exposures.yml."""
    dashboard = {
        "name": "dashboard",
        "label": "Minneapolis 311 dashboard",
        "type": "dashboard",
        "maturity": "high",
        "description": _DESCRIPTION,
        "owner": {"name": "mpls311"},
        "depends_on": [
            f"source('staging', '{name}')" if name.startswith("raw_") else f"ref('{name}')"
            for name in MARTS
        ],
    }
    head = "# Written by `make schemas` from mpls311.pipelines.report; change it there.\n"
    document = {"version": 2, "exposures": [dashboard]}
    return head + yaml.safe_dump(document, sort_keys=False, width=100, allow_unicode=True)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(exposure(), encoding="utf-8")
