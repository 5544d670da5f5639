"""What a change does to the marts, as Markdown: `make review BASE=main`.

Both sides run the whole job on the same stand-in city, each with its own code; of the working
tree, what is not committed counts too. With `--env`, the models of the working tree are built in
dbt's target dev of that environment's warehouse and set against those of target prod.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from mpls311.errors import UserError
from review.comparison import Comparison, Example, compare
from review.editions import Edition, of_a_warehouse, of_the_city

WITHOUT = ("load_id", "last_read_at", "last_full_read_at")
"""Columns that say by which load a row came, and when: not the same in any two runs."""


def report(before: Edition, after: Edition) -> Iterator[str]:
    """Lines of Markdown; none where no mart differs."""
    found = {
        mart: compare(before.rows(mart), after.rows(mart), after.keys[mart], without=WITHOUT)
        for mart in sorted(before.keys.keys() & after.keys)
    }
    differing = {mart: comparison for mart, comparison in found.items() if not comparison.is_same}
    gone, new = sorted(before.keys - after.keys.keys()), sorted(after.keys - before.keys.keys())
    if not (differing or gone or new):
        return
    yield from ("| mart | rows | added | removed | changed |", "| --- | --- | --- | --- | --- |")
    for mart in gone:
        yield f"| {mart} | {len(before.rows(mart)):,} -> no such mart | | | |"
    for mart in new:
        yield f"| {mart} | new: {len(after.rows(mart)):,} | | | |"
    for mart, it in differing.items():
        rows = f"{it.before:,}" + (f" -> {it.after:,}" if it.before != it.after else "")
        yield f"| {mart} | {rows} | {it.added:,} | {it.removed:,} | {it.changed:,} |"
    for mart, comparison in differing.items():
        yield from ("", f"### {mart}", "", *_details(comparison))


def _details(comparison: Comparison) -> Iterator[str]:
    for column, types in comparison.types.items():
        match types:
            case (None, kind):
                yield f"- new column `{column}`, {kind}"
            case (kind, None):
                yield f"- column `{column}` is gone ({kind})"
            case (old, new):
                yield f"- column `{column}`: {old} -> {new}"
    for column, rows in comparison.changed_rows.items():
        yield f"- `{column}` differs in {rows:,} of the rows that both have"
    yield from (f"- {_told(comparison, example)}" for example in comparison.examples)


def _told(comparison: Comparison, example: Example) -> str:
    before, after = example
    there = before or after or {}
    named = {column: there[column] for column in comparison.key if there[column] is not None}
    name = ", ".join(f"{column} {value}" for column, value in named.items())
    if before is None or after is None:
        return f"{'removed' if before else 'added'}: {name}"
    changes = (
        f"`{column}` {before[column]} -> {after[column]}"
        for column in comparison.changed_rows
        if before[column] != after[column]
    )
    return f"{name}: {', '.join(changes)}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the review.

    Returns:
        1 where marts differ and `--fail-on changed` is given, else 0.
    """
    parser = argparse.ArgumentParser(
        prog="python -m review",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--base", default="main", help="a commit, a branch or a tag (main)")
    parser.add_argument("--env", help="the environment of a real warehouse, such as gcp")
    parser.add_argument("--fail-on", choices=["changed"], help="exit with 1 if marts differ")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="review-") as name:
        folder = Path(name)
        try:
            before, after = (
                of_a_warehouse(options.env, options.base, folder)
                if options.env
                else of_the_city(options.base, folder)
            )
        except UserError as exc:
            sys.exit(f"Error: {exc}")
        place = f"the warehouse of {options.env}" if options.env else "the stand-in city"
        lines = list(report(before, after))
    said = lines or [f"No mart differs: {len(after.keys)} are the same, row by row."]
    head = [f"## The marts of {place}: {options.base} -> working tree", ""]
    left_out = ["", f"(Not compared: {', '.join(WITHOUT)}.)"]
    sys.stdout.write("\n".join([*head, *said, *left_out, ""]))
    return int(bool(lines) and options.fail_on == "changed")


if __name__ == "__main__":
    sys.exit(main())
