"""A feature layer as the stand-in city publishes it."""

from __future__ import annotations

from dataclasses import dataclass

from .table import Table


@dataclass(frozen=True)
class RecordLimits:
    """How many rows a layer answers at once."""

    maximum: int
    standard: int
    """With ``resultType=standard``."""
    supports_result_type: bool


@dataclass(frozen=True)
class Layer:
    """A feature layer as of a day."""

    name: str
    """Also the name of its service."""
    table: Table
    data_last_edit_date: int | None
    """Epoch milliseconds; None before the first change."""
    limits: RecordLimits
