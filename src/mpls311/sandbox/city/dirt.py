"""What is wrong with rows of the stand-in city.

`oddities` says which rows, where it is a matter of the case id or of the place; what a row with
any other dirt serves is in `publish`.
"""

from enum import IntEnum


class Dirt(IntEnum):
    """What is wrong with a row; the faults are there from its first publication."""

    NONE = 0
    CASE_ID_NULL = 1
    OPENED_NULL = 2
    OPENED_1899 = 3
    OPENED_9999 = 4
    CLOSED_BEFORE_OPENED = 5
    CLOSED_WITHOUT_DATE = 6
    OPEN_WITH_DATE = 7
    TITLE_BLANK = 8
    TYPE_LEADING_BLANK = 9
    OUTSIDE_CITY = 10
