"""The stand-in city: deterministic, synthetic 311 requests, and what changes from day to day."""

from mpls311.sandbox.city.bounds import (
    FIRST_DAY,
    FIRST_YEAR,
    LAST_DAY,
    MAX_ROWS_PER_YEAR,
    MIN_ROWS_PER_YEAR,
    MIN_SEED,
)
from mpls311.sandbox.city.city import City
from mpls311.sandbox.city.history import LayerChanges

__all__ = [
    "FIRST_DAY",
    "FIRST_YEAR",
    "LAST_DAY",
    "MAX_ROWS_PER_YEAR",
    "MIN_ROWS_PER_YEAR",
    "MIN_SEED",
    "City",
    "LayerChanges",
]
