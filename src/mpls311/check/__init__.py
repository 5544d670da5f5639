"""`kedro check`: the whole lake and the warehouse, looked at and left as they are."""

from mpls311.check.findings import Finding, Report
from mpls311.check.lake import Lake, check_lake, removal
from mpls311.check.warehouse import Warehouse, check_warehouse

__all__ = ["Finding", "Lake", "Report", "Warehouse", "check_lake", "check_warehouse", "removal"]
