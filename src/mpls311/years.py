"""The years of the city's layers, and what day it is there."""

import re
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import RootModel, model_validator

FIRST_YEAR = 2015
"""The city publishes one layer a year since then; older layers have other names and shapes."""

CITY_TIME = ZoneInfo("America/Chicago")

_HOW = "Write one year (2023), a range (2015-2026), several (2019,2021), all, or recent."


def city_today() -> date:
    """The calendar date in Minneapolis."""
    return datetime.now(CITY_TIME).date()


class Years(RootModel[str]):
    """The years a run is about, as typed: `2023`, `2015-2026`, `2019+2021`, `all`, `recent`.

    Commas work like `+`, and a configuration file may give a list. `recent` is this year and the
    one before.
    """

    @model_validator(mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> str:
        if isinstance(value, list | tuple):
            value = "+".join(str(item) for item in value)
        text = str(value).strip().lower()
        _parse_years(text)
        return text

    @property
    def are_named(self) -> bool:
        """Whether somebody asked for these very years: then each of them must exist."""
        return self.root not in ("all", "recent")

    def resolve(self, today: date) -> tuple[int, ...]:
        """The years, ascending; `all` and `recent` end with the year of `today`."""
        if self.root == "all":
            return tuple(range(FIRST_YEAR, today.year + 1))
        if self.root == "recent":
            return (today.year - 1, today.year)
        return _parse_years(self.root)


def _parse_years(text: str) -> tuple[int, ...]:
    if text in ("all", "recent"):
        return ()
    years: set[int] = set()
    compact = re.sub(r"\s*-\s*", "-", text.strip("[] "))
    for part in re.split(r"\s*[+,;]\s*|\s+", compact):
        match = re.fullmatch(r"(\d{4})(?:\s*-\s*(\d{4}))?", part)
        if not match:
            raise ValueError(f"years={text} is not understood. {_HOW}")
        first, last = int(match[1]), int(match[2] or match[1])
        if first > last:
            raise ValueError(f"years={text} runs backwards. Write {last}-{first}.")
        years.update(range(first, last + 1))
    this_year = city_today().year
    if outside := [year for year in sorted(years) if not FIRST_YEAR <= year <= this_year]:
        named = ", ".join(map(str, outside[:3])) + (" ..." if len(outside) > 3 else "")
        raise ValueError(
            f"years={text}: the city has layers for {FIRST_YEAR} to {this_year}, not {named}. "
            f"{_HOW}"
        )
    return tuple(sorted(years))
