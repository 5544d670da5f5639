"""Where requests come from: a fixed pool of made-up addresses inside the city.

The city outline and the centres of activity are coarse drawings of our own, in degrees (WGS84).
Many requests share an address, and a few default points stand for a surprising number of them.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# West side northwards, then clockwise.
OUTLINE: tuple[tuple[float, float], ...] = (
    (-93.327, 44.914),
    (-93.327, 44.974),
    (-93.319, 44.976),
    (-93.317, 44.981),
    (-93.317, 45.049),
    (-93.284, 45.049),
    (-93.286, 45.034),
    (-93.230, 45.034),
    (-93.230, 45.011),
    (-93.210, 45.004),
    (-93.210, 44.958),
    (-93.204, 44.946),
    (-93.203, 44.912),
    (-93.212, 44.900),
    (-93.257, 44.899),
    (-93.277, 44.894),
    (-93.317, 44.907),
)
# Longitude, latitude, spread north-south in degrees, weight.
_CENTRES = np.array(
    [
        (-93.2950, 45.0290, 0.012, 9),
        (-93.3000, 45.0050, 0.010, 9),
        (-93.2960, 44.9880, 0.008, 7),
        (-93.2500, 45.0150, 0.011, 9),
        (-93.2700, 44.9790, 0.006, 9),
        (-93.2350, 44.9780, 0.009, 8),
        (-93.2920, 44.9580, 0.007, 10),
        (-93.2650, 44.9590, 0.007, 9),
        (-93.2620, 44.9430, 0.009, 11),
        (-93.2250, 44.9450, 0.010, 8),
        (-93.3080, 44.9220, 0.011, 7),
        (-93.2780, 44.9190, 0.011, 8),
        (-93.2350, 44.9120, 0.011, 6),
    ]
)
_STRETCH = 1.35
"""A degree of latitude in degrees of longitude, or nearly so, as far north as here."""
_DEFAULTS = np.array(
    [(-93.2811, 44.9959), (-93.3069, 44.9728), (-93.2654, 44.9772), (-93.2629, 44.9486)]
)
_DEFAULT_SHARES = np.array([0.012, 0.005, 0.003, 0.002])
_POOL = 40_000


@dataclass(frozen=True)
class Places:
    """Addresses in degrees; a request refers to one by its position."""

    longitude: Floats
    latitude: Floats

    @classmethod
    def of_city(cls, seed: int) -> Self:
        """Draw the addresses of the city with that seed: default points first."""
        rng = np.random.default_rng([seed, 1])
        centre = rng.choice(len(_CENTRES), _POOL, p=_CENTRES[:, 3] / _CENTRES[:, 3].sum())
        points = _CENTRES[centre, :2].copy()
        outside = np.arange(_POOL)
        for _ in range(8):
            spread = _CENTRES[centre[outside], 2, None] * (_STRETCH, 1.0)
            points[outside] = _CENTRES[centre[outside], :2] + rng.normal(size=(len(outside), 2)) * (
                spread
            )
            outside = outside[~within_outline(points[outside])]
        points[outside] = _CENTRES[centre[outside], :2]
        points = np.vstack([_DEFAULTS, points.round(6)])
        return cls(points[:, 0].copy(), points[:, 1].copy())

    def nearest_centre(self) -> NDArray[np.int64]:
        """Return for each address the centre of activity that it is nearest to, from 0."""
        distances = [
            (self.longitude - x) ** 2 / _STRETCH**2 + (self.latitude - y) ** 2
            for x, y in _CENTRES[:, :2]
        ]
        nearest: NDArray[np.int64] = np.argmin(distances, axis=0)
        return nearest

    def draw(self, rng: np.random.Generator, size: int) -> NDArray[np.int32]:
        """Positions of `size` requests, busy addresses more often than quiet ones."""
        pool = len(self.longitude) - len(_DEFAULTS)
        chosen = len(_DEFAULTS) + (pool * rng.random(size) ** 1.6).astype(np.int32)
        default = np.searchsorted(np.cumsum(_DEFAULT_SHARES), rng.random(size), side="right")
        return np.where(default < len(_DEFAULTS), default, chosen).astype(np.int32)


def within_outline(points: Floats) -> NDArray[np.bool_]:
    """Which points (n x 2, degrees) lie within the coarse outline of the city."""
    x, y = points[:, 0], points[:, 1]
    inside = np.zeros(len(points), dtype=bool)
    corners = zip(OUTLINE, OUTLINE[1:] + OUTLINE[:1], strict=True)
    for (x1, y1), (x2, y2) in corners:
        if y1 != y2:
            inside ^= ((y1 > y) != (y2 > y)) & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return inside
