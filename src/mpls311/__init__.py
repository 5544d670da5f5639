"""Every Minneapolis 311 service request: read exactly once, validated, modelled, tracked."""

__version__ = "0.2.0"
