"""Google Cloud clients, and what their errors mean for the person who started the run.

Credentials are the Application Default ones, which includes a key file that
GOOGLE_APPLICATION_CREDENTIALS names. Where BIGQUERY_EMULATOR_HOST or STORAGE_EMULATOR_HOST is
set, Google's libraries talk to that emulator, and nobody has to log in.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

from google.api_core.exceptions import (
    Forbidden,
    GoogleAPICallError,
    NotFound,
    RetryError,
    Unauthorized,
)
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, TransportError
from google.cloud import bigquery, storage
from requests.exceptions import RequestException

from mpls311.errors import StorageError, in_brief

_SHOWN_REASONS = 3
_UNREACHABLE = (RetryError, TransportError, RequestException)


@cache
def bigquery_client(project: str, location: str) -> bigquery.Client:
    """A client whose jobs run, and are billed, in a project and a location."""
    with explained(f"BigQuery project {project}"):
        return bigquery.Client(project=project, location=location, credentials=_anonymous())


def storage_bucket(name: str) -> storage.Bucket:
    """A bucket; nothing is asked of it yet."""
    with explained(f"gs://{name}"):
        client = storage.Client(project="none", credentials=_anonymous())
        return client.bucket(name)


def has_storage_read_api() -> bool:
    """Whether results come as Arrow through BigQuery's Storage Read API; no emulator has it."""
    return "BIGQUERY_EMULATOR_HOST" not in os.environ


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Turn an error of Google's libraries into one that says what to do.

    Args:
        what: The thing that was asked for: a table, a bucket, a project.

    Raises:
        StorageError: In place of any error of authentication or of the service.
    """
    try:
        yield
    except (GoogleAuthError, GoogleAPICallError, *_UNREACHABLE) as exc:
        raise StorageError(explanation(what, exc)) from exc


def explanation(what: str, exc: Exception) -> str:
    """One or two sentences about an error of Google's libraries."""
    if isinstance(exc, _UNREACHABLE):
        return (
            f"{what}: Google Cloud cannot be reached ({in_brief(exc)}). Check the network and the "
            "proxy, then run again."
        )
    if isinstance(exc, DefaultCredentialsError):
        return (
            f"{what}: there are no Google credentials ({_first_sentence(exc)}). Log in with "
            "`gcloud auth application-default login`, or let GOOGLE_APPLICATION_CREDENTIALS name "
            "a key file."
        )
    if isinstance(exc, GoogleAuthError | Unauthorized):
        return (
            f"{what}: Google does not accept these credentials ({_first_sentence(exc)}). Log in "
            "again with `gcloud auth application-default login`, or renew the key file."
        )
    assert isinstance(exc, GoogleAPICallError)
    if isinstance(exc, Forbidden):
        return (
            f"{what}: permission denied ({reasons_of(exc)}). Grant the account of this run the "
            "roles that terraform/README.md lists."
        )
    if isinstance(exc, NotFound):
        return (
            f"{what} does not exist ({reasons_of(exc)}). Check the name, or make it: "
            "`terraform apply` in terraform/."
        )
    return f"{what}: {reasons_of(exc)}."


def reasons_of(exc: GoogleAPICallError, details: Iterable[Mapping[str, Any]] = ()) -> str:
    """What the service itself says, each reason once, the first few of them.

    Args:
        exc: The error.
        details: The errors of the job, which are more exact: they name files and columns.
    """
    listed = [*details] or [*exc.errors]
    said = [_reason(item) for item in listed if isinstance(item, Mapping)]
    distinct = list(dict.fromkeys(text for text in said if text)) or [exc.message]
    more = len(distinct) - _SHOWN_REASONS
    shown = "; ".join(text.rstrip(".") for text in distinct[:_SHOWN_REASONS])
    return shown + (f"; and {more} more" if more > 0 else "")


def _first_sentence(exc: Exception) -> str:
    return str(exc.args[0] if exc.args else exc).split(". ")[0].rstrip(".")


def _reason(item: Mapping[str, Any]) -> str:
    message, place = str(item.get("message") or ""), str(item.get("location") or "")
    return f"{message} ({place})" if place and place not in message else message


def _anonymous() -> AnonymousCredentials | None:
    emulated = {"BIGQUERY_EMULATOR_HOST", "STORAGE_EMULATOR_HOST"} & os.environ.keys()
    return AnonymousCredentials() if emulated else None  # type: ignore[no-untyped-call]
