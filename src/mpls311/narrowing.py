"""Tables that lose whole columns where a terminal is narrow, and never a digit."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderResult
from rich.table import Table

_GAP = 2  # of a padding and a divider


@dataclass(frozen=True)
class Column:
    """A column; the one that is most dispensable goes first, one with 0 never."""

    header: str
    dispensable: int = 0
    is_text: bool = False


@dataclass(frozen=True)
class NarrowingTable:
    """A table of cells as text.

    Attributes:
        columns: What there is to show.
        rows: A cell for each column, or fewer.
        caption: What is said below it.

    """

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    caption: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The columns that fit, then the caption."""
        shown = self._fitting(options.max_width)
        table = Table(
            box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, _GAP - 1, 0, 0)
        )
        for number in shown:
            column = self.columns[number]
            justify: JustifyMethod = "left" if column.is_text else "right"
            table.add_column(column.header, justify=justify, no_wrap=True)
        for row in self.rows:
            table.add_row(*(row[number] if number < len(row) else "" for number in shown))
        yield table
        yield self.caption

    def _cells(self, number: int) -> list[str]:
        return [row[number] for row in self.rows if number < len(row)]

    def _fitting(self, width: int) -> list[int]:
        shown = list(range(len(self.columns)))
        while sum(map(self._width, shown)) - _GAP > width:
            least = max(shown, key=lambda number: self.columns[number].dispensable)
            if not self.columns[least].dispensable:
                break
            shown.remove(least)
        return shown

    def _width(self, number: int) -> int:
        return max(map(len, (self.columns[number].header, *self._cells(number)))) + _GAP
