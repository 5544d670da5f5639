"""The codes of what is wrong with rows, in words."""

from collections.abc import Mapping

_WORDS = {
    "case_id_unusable": "without a usable case id",
    "open_datetime_missing": "without an opening time",
    "blank_text": "with a blank text",
    "trimmed_text": "with blanks around a text",
    "case_status_unknown": "with an unknown status",
    "location_zero": "without a place (0, 0)",
    "location_outside_city": "with a place outside the city",
    "coordinates_outside_city": "with coordinates outside the city",
}

_OF_COLUMNS = {"_absurd": "with an impossible", "_unreadable": "with an unreadable"}
"""Ends of codes that begin with a column."""


def in_words(counts: Mapping[str, int]) -> str:
    """How often each code occurs, the most frequent first.

    Args:
        counts: By code, as `mpls311.cleaning` names them.
    """
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return "; ".join(f"{count:,} {_of(code)}" for code, count in ordered)


def _of(code: str) -> str:
    for end, word in _OF_COLUMNS.items():
        if code.endswith(end):
            column = code.removesuffix(end).replace("datetime", "time").replace("_", " ")
            return f"{word} {column}"
    return _WORDS.get(code, code.replace("_", " "))
