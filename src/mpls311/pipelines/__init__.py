"""The pipelines, in the order they run: ingest, validate, stage, transform."""
