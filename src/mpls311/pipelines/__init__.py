"""The pipelines: ingest, validate, stage, transform, in this order; and rebuild."""
