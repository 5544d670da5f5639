"""A progress bar per year; nothing at all where the output is not a terminal."""

from collections.abc import Callable, Iterable
from types import TracebackType

from rich import get_console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn


class ReadingProgress:
    """Bars for the years that are being read, drawn on the console that Kedro logs to."""

    def __init__(self, years: Iterable[int]) -> None:
        self._progress = Progress(
            TextColumn("{task.fields[year]}"),
            BarColumn(),
            TextColumn("{task.completed:>9,.0f} rows"),
            TimeElapsedColumn(),
            console=get_console(),
            disable=not get_console().is_terminal,
            transient=True,
        )
        self._tasks = {year: self._progress.add_task("", total=None, year=year) for year in years}

    def __enter__(self) -> "ReadingProgress":
        self._progress.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def advance(self, year: int) -> Callable[[int], None]:
        """A callback that counts rows of a year."""
        return lambda rows: self._progress.advance(self._tasks[year], rows)

    def expect(self, year: int) -> Callable[[int], None]:
        """A callback that takes the number of rows a year will have."""
        return lambda rows: self._progress.update(self._tasks[year], total=rows)
