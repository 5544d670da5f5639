"""How the stand-in city describes its layers: names, record limits, where it lies."""

from dataclasses import dataclass

from mpls311.sandbox.protocol import Table, TableLayer, capabilities
from mpls311.sandbox.protocol.projection import WEB_MERCATOR, spatial_reference

_EXTENT = {"xmin": -10390000.0, "ymin": 5603000.0, "xmax": -10374000.0, "ymax": 5630000.0}


@dataclass(frozen=True)
class RecordLimits:
    """How many rows a layer answers at once."""

    maximum: int
    standard: int
    """With `resultType=standard`."""
    supports_result_type: bool


_LIMITS = {
    2015: RecordLimits(1_000, 1_000, supports_result_type=False),
    2016: RecordLimits(1_000, 16_000, supports_result_type=True),
    2017: RecordLimits(2_000, 2_000, supports_result_type=False),
    2018: RecordLimits(2_000, 16_000, supports_result_type=True),
    2019: RecordLimits(2_000, 32_000, supports_result_type=True),
    2020: RecordLimits(4_000, 4_000, supports_result_type=False),
    2021: RecordLimits(2_000, 32_000, supports_result_type=True),
    2022: RecordLimits(8_000, 8_000, supports_result_type=False),
    2023: RecordLimits(16_000, 16_000, supports_result_type=True),
    2024: RecordLimits(16_000, 32_000, supports_result_type=True),
    2025: RecordLimits(32_000, 32_000, supports_result_type=False),
}
_LATER_LIMITS = RecordLimits(16_000, 32_000, supports_result_type=True)


def service_name(year: int) -> str:
    """Name of the feature service of a year, and of its layer."""
    return f"Public_311_{year}"


def limits_of(year: int) -> RecordLimits:
    """Record limits of the layer of a year."""
    return _LIMITS.get(year, _LATER_LIMITS)


def layer_of(name: str, table: Table, edited: int | None, limits: RecordLimits) -> TableLayer:
    """Describe a layer of the city; `edited` is None before its first change."""
    layer = TableLayer(
        name,
        table,
        description="Synthetic rows in the shape of the city's own",
        extent={**_EXTENT, "spatialReference": spatial_reference(WEB_MERCATOR)},
        advancedQueryCapabilities=capabilities(
            supportsQueryWithResultType=limits.supports_result_type
        ),
        maxRecordCount=limits.maximum,
        standardMaxRecordCount=limits.standard,
        standardMaxRecordCountNoGeometry=limits.standard,
    )
    layer.edited(edited)
    layer.service["serviceDescription"] = "A layer of a made-up city"
    return layer
