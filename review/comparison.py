"""What differs between two editions of a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import pandas as pd

EXAMPLES = 3

Row = dict[str, Any]
Example = tuple[Row | None, Row | None]


@dataclass(frozen=True)
class Comparison:
    """What differs; rows are the same row if they have the same key."""

    key: Sequence[str]
    """Columns; all that both editions have, where there is no key that both have."""
    before: int
    """Rows of the earlier edition."""
    after: int
    added: int
    removed: int
    changed: int
    types: Mapping[str, tuple[str | None, str | None]]
    """Of each column that is new, gone or of another type, its type before and after."""
    changed_rows: Mapping[str, int]
    """Of each column that differs, in how many of the rows that both have."""
    examples: Sequence[Example]
    """A few rows before and after: changed ones, removed ones and added ones."""

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return not (self.types or self.added or self.removed or self.changed)


def compare(
    before: pd.DataFrame,
    after: pd.DataFrame,
    key: Sequence[str],
    *,
    without: Sequence[str] = (),
) -> Comparison:
    """Compare two editions of a table.

    Args:
        before: The earlier edition.
        after: The later edition.
        key: The columns that tell its rows apart.
        without: Columns that are not compared.
    """
    with duckdb.connect() as connection:
        connection.register("before", before)
        connection.register("after", after)
        old, new = (_columns(connection, name) for name in ("before", "after"))
        both = [name for name in old if name in new and name not in without]
        key = key if key and set(key) <= set(both) else both
        differs = {name: _differs(name, old[name] == new[name]) for name in both if name not in key}
        same_row = " and ".join(
            f"before.{_quoted(name)} is not distinct from after.{_quoted(name)}" for name in key
        )
        joined = f"from before join after on {same_row}"
        changes = f"{joined} where {' or '.join(differs.values()) or 'false'}"
        removals = f"from before anti join after on {same_row}"
        additions = f"from after anti join before on {same_row}"
        by_column = ", ".join(f"count(*) filter ({condition})" for condition in differs.values())
        found = connection.execute(f"select count(*), {by_column} {joined}").fetchall()[0][1:]

        def count(rows: str) -> int:
            return int(connection.execute(f"select count(*) {rows}").fetchall()[0][0])

        def examples(columns: str, rows: str, ordered: str) -> list[Example]:
            order = ", ".join(f"{ordered}.{_quoted(name)}" for name in key)
            return connection.execute(
                f"select {columns} {rows} order by {order} limit {EXAMPLES}"
            ).fetchall()

        return Comparison(
            key=key,
            before=len(before),
            after=len(after),
            added=count(additions),
            removed=count(removals),
            changed=count(changes),
            types={
                name: (old.get(name), new.get(name))
                for name in dict.fromkeys([*old, *new])
                if old.get(name) != new.get(name)
            },
            changed_rows={name: rows for name, rows in zip(differs, found, strict=True) if rows},
            examples=[
                *examples("before, after", changes, "before"),
                *examples("before, null", removals, "before"),
                *examples("null, after", additions, "after"),
            ],
        )


def _columns(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    described = connection.execute(f"describe {table}").fetchall()
    return {name: kind.lower() for name, kind, *_ in described}


def _differs(column: str, is_same_type: bool) -> str:
    sides = [f"{side}.{_quoted(column)}" for side in ("before", "after")]
    if not is_same_type:
        sides = [f"cast({side} as varchar)" for side in sides]
    return " is distinct from ".join(sides)


def _quoted(identifier: str) -> str:
    return f'"{identifier}"'
