"""Which cities there can be."""

from datetime import date

FIRST_YEAR = 2015
"""The first year with a layer."""
FIRST_DAY = date(FIRST_YEAR, 1, 2)
"""The first publication: that of the first day of the first year."""
LAST_DAY = date(2090, 12, 31)
MIN_SEED = 0
MIN_ROWS_PER_YEAR = 1
MAX_ROWS_PER_YEAR = 5_000_000
"""A year of so many rows takes some 4 GB of memory."""
