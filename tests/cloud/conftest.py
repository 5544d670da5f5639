from collections.abc import Iterator, Mapping

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery, storage

from tests.support.emulators import BUCKET, PROJECT, running_emulators


@pytest.fixture(scope="session")
def emulators() -> Iterator[Mapping[str, str]]:
    """Both emulators, with the environment of this process pointing at them."""
    with running_emulators() as environment, pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        yield environment


@pytest.fixture(scope="session")
def warehouse(emulators: Mapping[str, str]) -> Iterator[bigquery.Client]:
    """A client of Google's, to look at what the project's own one did."""
    with bigquery.Client(PROJECT, AnonymousCredentials(), location="US") as client:
        yield client


@pytest.fixture(scope="session")
def bucket(emulators: Mapping[str, str]) -> storage.Bucket:
    return storage.Client(PROJECT, AnonymousCredentials()).bucket(BUCKET)
