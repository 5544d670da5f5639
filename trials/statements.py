"""What a run sent to BigQuery, as its emulator remembers it."""

import re

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from tests.support.emulators import PROJECT


def emulated() -> bigquery.Client:
    """A client of the emulator that the environment names."""
    nobody = AnonymousCredentials()  # type: ignore[no-untyped-call]
    return bigquery.Client(PROJECT, nobody, location="US")


def sent(client: bigquery.Client) -> list[str]:
    """The statements of all jobs, oldest first."""
    # The emulator gives one page.
    jobs = sorted(client.list_jobs(all_users=True, page_size=10_000), key=lambda job: job.created)
    return [job.query for job in jobs if isinstance(job, bigquery.QueryJob)]


def node_of(statement: str) -> tuple[str, str]:
    """What of dbt sent a statement: its kind (model, test, seed) and name; else `own` and none."""
    node = re.search(r'"node_id": "(\w+)\.\w+\.(\w+)', statement)
    return (node[1], node[2]) if node else ("own", "")
