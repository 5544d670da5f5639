"""Degrees (WGS84) to the metres of Web Mercator."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WGS84 = 4326
WEB_MERCATOR = 102100
EARTH_RADIUS = 6378137.0
"""Metres, of the sphere that EPSG:3857 projects."""


def to_web_mercator(longitude: Floats, latitude: Floats) -> tuple[Floats, Floats]:
    """EPSG:3857 metres of points in degrees."""
    x = EARTH_RADIUS * np.radians(longitude)
    y = EARTH_RADIUS * np.log(np.tan(np.pi / 4 + np.radians(latitude) / 2))
    return x, y


def spatial_reference(wkid: int) -> dict[str, int]:
    """Return a spatial reference as replies name it."""
    return {"wkid": wkid, "latestWkid": 3857 if wkid == WEB_MERCATOR else wkid}
