"""S3 on loopback.

    python tests/support/s3_server.py

prints the environment that `kedro run --env aws` needs to work on it, and serves until it is
interrupted or terminated.
"""

import logging
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import boto3
from moto.server import ThreadedMotoServer

BUCKET = "mpls311-lake"


@contextmanager
def running_s3() -> Iterator[dict[str, str]]:
    """Serve an empty bucket; gives the environment variables to set."""
    # It would tell of every request.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        environment = {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "anyone",
            "AWS_SECRET_ACCESS_KEY": "anything",
            "AWS_DEFAULT_REGION": "us-east-1",
            "MPLS311_BUCKET": BUCKET,
        }
        client = boto3.client(
            "s3",
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            aws_access_key_id="anyone",
            aws_secret_access_key="anything",
            region_name="us-east-1",
        )
        client.create_bucket(Bucket=BUCKET)
        client.close()
        yield environment
    finally:
        server.stop()


if __name__ == "__main__":
    told_to_end = {signal.SIGINT, signal.SIGTERM}
    # Also of what it starts, which ends when this does.
    signal.pthread_sigmask(signal.SIG_BLOCK, told_to_end)
    with running_s3() as variables:
        export = " ".join(f"{name}={value}" for name, value in variables.items())
        sys.stdout.write(f"export {export}\n")
        sys.stdout.flush()
        signal.sigwait(told_to_end)
