"""What dbt's manifest says of the marts: their columns, and what tells their rows apart."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Nodes = Mapping[str, Mapping[str, Any]]
"""Those of a dbt manifest, by their ids."""


@dataclass(frozen=True)
class Column:
    """A column of a mart."""

    name: str
    data_type: str
    """In the words of the contracts: int64, float64, string, boolean, date, datetime, timestamp."""
    description: str
    is_required: bool


@dataclass(frozen=True)
class Contract:
    """A mart as its model promises it."""

    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    """The columns that tell its rows apart, as its tests say; none where no test does."""


def contracts_of_marts(nodes: Nodes) -> dict[str, Contract]:
    """The contract of each mart, by its name."""
    keys = keys_of_marts(nodes)
    return {
        node["name"]: Contract(
            name=node["name"],
            description=_one_line(node["description"]),
            columns=tuple(_columns(node["columns"].values())),
            key=tuple(keys[node["name"]]),
        )
        for node in _marts(nodes)
    }


def keys_of_marts(nodes: Nodes) -> dict[str, Sequence[str]]:
    """The columns that tell the rows of each mart apart, as its tests say."""
    keys: dict[str, Sequence[str]] = {node["name"]: () for node in _marts(nodes)}
    for node in nodes.values():
        mart = nodes.get(node.get("attached_node") or "", {}).get("name")
        if mart in keys and not keys[mart]:
            match node.get("test_metadata"):
                case {"name": "unique", "kwargs": {"column_name": column}}:
                    keys[mart] = (column,)
                case {"name": "unique_combination", "kwargs": {"columns": columns}}:
                    keys[mart] = columns
    return keys


def _marts(nodes: Nodes) -> Iterator[Mapping[str, Any]]:
    for node in nodes.values():
        if node["resource_type"] == "model" and "marts" in node["fqn"]:
            yield node


def _columns(columns: Any) -> Iterator[Column]:
    for column in columns:
        yield Column(
            name=column["name"],
            data_type=column["data_type"],
            description=_one_line(column["description"]),
            is_required=any(rule["type"] == "not_null" for rule in column["constraints"]),
        )


def _one_line(text: str) -> str:
    return " ".join(text.split())
