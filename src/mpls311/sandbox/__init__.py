"""A stand-in city: a FeatureServer on loopback over deterministic, synthetic 311 requests.

    from mpls311.sandbox import City, serve

    with serve(City(rows_per_year=4_000)) as server:
        print(server.services_url)

The rows have the shape of the real ones, faults included, and none of their content. What can
change from one day of publication to the next is in `mpls311.sandbox.city.city`. The server, which
knows nothing of the city, is in `mpls311.sandbox.protocol`.
"""

from mpls311.sandbox.city import City, LayerChanges
from mpls311.sandbox.protocol import FeatureServer, serve

__all__ = ["City", "FeatureServer", "LayerChanges", "serve"]
