"""The dbt models as a drawing, for Kedro-Viz."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kedro.pipeline.preview_contract import MermaidPreview, TextPreview
from kedro.utils import find_kedro_project

_SHAPES = {
    "source": ("[(", ")]"),
    "seed": ("[/", "/]"),
    "model": ("[", "]"),
    "exposure": ("([", "])"),
}
"""How Mermaid draws each kind of node."""

_LOOK = (
    "%%{init: "
    + json.dumps(
        {
            "theme": "base",
            "themeVariables": {"fontSize": "14px", "lineColor": "#7f8c9b"},
            "flowchart": {"useMaxWidth": False, "nodeSpacing": 12, "rankSpacing": 36, "padding": 8},
        }
    )
    + "}%%"
)
"""In its own size, which Kedro-Viz shrinks to its panel, and when expanded to the page."""

_STYLES = {
    "source": "fill:#ffe3a8,stroke:#b47a00,color:#1b1b1b",
    "seed": "fill:#e4d7f5,stroke:#7d5ab5,color:#1b1b1b",
    "model": "fill:#d6e9fb,stroke:#2f77b8,color:#1b1b1b",
    "exposure": "fill:#d3f0da,stroke:#2d8a4a,color:#1b1b1b",
}
"""Dark letters on light colours, to be read on the dark page and on the light one."""


def dbt_graph() -> MermaidPreview | TextPreview:
    """Sources, seeds, models and exposures, as the last dbt run in this project saw them."""
    project = find_kedro_project(Path.cwd()) or Path.cwd()
    # Every environment has one; the models are the same.
    places = ("data/dbt/target/manifest.json", "data/*/dbt/target/manifest.json")
    manifests = [path for place in places for path in project.glob(place)]
    newest = max(manifests, key=lambda path: path.stat().st_mtime, default=None)
    if newest is None:
        return TextPreview("The dbt models are drawn here after the first run.")
    return MermaidPreview(mermaid(json.loads(newest.read_text(encoding="utf-8"))))


def mermaid(manifest: dict[str, Any]) -> str:
    """A Mermaid flowchart of a dbt manifest; tests are left out."""
    nodes = {
        unique_id: node
        for unique_id, node in _all_nodes(manifest)
        if node["resource_type"] in _SHAPES
    }
    lines = [_LOOK, "flowchart LR"]
    for unique_id, node in nodes.items():
        before, after = _SHAPES[node["resource_type"]]
        lines.append(f'  {unique_id}{before}"{node["name"]}"{after}')
    lines += [f"  classDef {kind} {style}" for kind, style in _STYLES.items()]
    lines += [f"  class {unique_id} {node['resource_type']}" for unique_id, node in nodes.items()]
    lines += [
        f"  {parent} --> {unique_id}"
        for unique_id, node in nodes.items()
        for parent in node.get("depends_on", {}).get("nodes", ())
        if parent in nodes
    ]
    return "\n".join(lines)


def _all_nodes(manifest: dict[str, Any]) -> Iterable[tuple[str, dict[str, Any]]]:
    for part in ("sources", "nodes", "exposures"):
        yield from sorted(manifest.get(part, {}).items())
