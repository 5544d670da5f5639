"""A stand-in city: a FeatureServer on loopback over deterministic, synthetic 311 requests.

    from mpls311.sandbox import City, serve

    with serve(City(rows_per_year=4_000)) as server:
        print(server.services_url)

The rows have the shape of the real ones, faults included, and none of their content. What can
change from one day of publication to the next is in `mpls311.sandbox.city`.
"""

from .city import City
from .history import LayerChanges
from .layer import Layer, RecordLimits
from .server import SandboxServer, serve

__all__ = ["City", "Layer", "LayerChanges", "RecordLimits", "SandboxServer", "serve"]
