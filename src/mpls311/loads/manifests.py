"""Manifests: one immutable JSON document per load and phase."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

from mpls311.loads.seals import sealed, unsealed

Mode = Literal["full", "incremental"]
Folder = Literal["raw", "service_requests", "quarantine"]
"""What a file holds."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LakeFile(_Frozen):
    """A Parquet file in the lake, named within its dataset."""

    name: str
    rows: int
    bytes: int
    sha256: str
    md5: str | None = None
    """What object stores keep of their objects; None in manifests of versions that did not say."""


class _OfALoad(_Frozen):
    load_id: str
    source_year: int
    ended_at: AwareDatetime


class Ingested(_OfALoad):
    """A year was read whole and proven: `count_before == rows == count_after`."""

    phase: Literal["ingest"] = "ingest"
    source_id: str
    layer_url: str
    object_id_field: str | None = None
    """What the layer names as its object id; None in manifests of versions that did not say."""
    has_geometry: bool = True
    """Whether the layer says that its rows have a place; a table does not."""
    mode: Mode
    since: AwareDatetime | None = None
    """Incremental: rows opened or updated at or after this instant were asked for."""
    job_start: AwareDatetime
    service_count: int
    """Rows the service counts for the window, before and after the read."""
    rows: int
    purged: int = 0
    """Of them, rows of cases that were purged: they are not in the file."""
    layer_count: int | None = None
    """Rows the service counts in the whole layer after the read; None where it was not asked."""
    gone: tuple[int, ...] = ()
    """Incremental: known cases of which the layer has no acceptable row any more."""
    replaces: tuple[str, ...] = ()
    """Full: names of files and manifests that are not what was written; this load stands for
    them."""
    edit_date_before: int | None
    edit_date_after: int | None
    """The layer's dataLastEditDate around the read, milliseconds since 1970."""
    max_record_count: int
    pages: int
    requests: int
    retries: int
    bytes: int
    file: LakeFile


class Standing(_Frozen):
    """A year as it stands after a load, in counts of its live cases."""

    cases: int
    duplicates: int
    """Rows beyond the first of their case."""
    filled: dict[str, int]
    """Cases that have a value, by column."""
    repaired: dict[str, int]
    """Cases that were repaired, by the code of the reason."""


class Validated(_OfALoad):
    """The rows of a load were split into accepted and rejected: nothing is lost."""

    phase: Literal["validate"] = "validate"
    accepted: int
    rejected: int
    duplicates: int
    """Accepted rows beyond the first of their case."""
    new: int | None
    updated: int | None
    """None where loads before it are not what was written."""
    deleted: tuple[int, ...] = ()
    """Case ids that are gone from the layer."""
    rejected_for: dict[str, int] = {}
    repaired_for: dict[str, int] = {}
    new_columns: tuple[str, ...] = ()
    candidate_watermark: AwareDatetime | None
    """Greatest opening or update time of the accepted rows that is not after the job's start."""
    file: LakeFile
    quarantine: LakeFile | None = None
    standing: Standing | None = None
    """The year with this load; None in manifests of versions that did not count."""


class Published(_OfALoad):
    """The rows of a load are in the marts."""

    phase: Literal["published"] = "published"
    watermark: AwareDatetime | None
    bytes_processed: int | None = None
    """Bytes that BigQuery read to build the marts, for all loads of the run together."""


class Unchanged(_OfALoad):
    """A year was looked at and had nothing new.

    With mode full, all its rows were read and were those known.
    """

    phase: Literal["unchanged"] = "unchanged"
    source_id: str
    mode: Mode
    job_start: AwareDatetime
    edit_date_before: int | None
    max_record_count: int
    requests: int
    retries: int
    bytes: int


class NotRead(_OfALoad):
    """A year could not be looked at or read; written once per cause, until it changes."""

    phase: Literal["not_read"] = "not_read"
    source_id: str
    mode: Mode
    """What was asked for."""
    job_start: AwareDatetime
    message: str


class Held(_OfALoad):
    """A guard stopped a load: it stays pending and is not staged until it is released."""

    phase: Literal["held"] = "held"
    reasons: tuple[str, ...]
    """What is implausible about the year as it would stand, with the figures; or why its rows
    cannot be read as service requests at all."""


class Released(_OfALoad):
    """A held load may be staged; it is not judged again."""

    phase: Literal["released"] = "released"
    by: Literal["accept", "limits"]
    """A person named it in validation.accept; or nothing speaks against it any more, as where the
    limits were widened."""


class Withdrawn(_OfALoad):
    """A published load does not count any more: somebody said so."""

    phase: Literal["withdrawn"] = "withdrawn"


class Replacement(_Frozen):
    """A file that a load does not name any more."""

    folder: Folder
    name: str
    by: LakeFile | None
    """What is there in its place; None if nothing is to be."""


class Rewritten(_OfALoad):
    """Files of earlier loads of the year were rewritten, or deleted for good.

    Its own id is of no load: it only sorts by age like theirs.
    """

    phase: Literal["rewritten"] = "rewritten"
    files: tuple[Replacement, ...]
    purged: tuple[int, ...] = ()
    """Cases that were taken out of them, and are to be in no file again."""


class Failed(_OfALoad):
    """dbt failed on a staged load; the load stays pending."""

    phase: Literal["failed"] = "failed"
    message: str


Manifest = Annotated[
    Ingested
    | Validated
    | Held
    | Released
    | Published
    | Withdrawn
    | Rewritten
    | Unchanged
    | NotRead
    | Failed,
    Field(discriminator="phase"),
]

_ADAPTER: TypeAdapter[Manifest] = TypeAdapter(Manifest)


def manifest_document(manifest: Manifest) -> bytes:
    """A manifest as a JSON document that carries its own checksum."""
    return sealed(f"{manifest.model_dump_json(indent=1)}\n".encode())


def parse_manifest(document: bytes) -> Manifest:
    """The manifest a JSON document holds.

    Raises:
        ValueError: It is not one, or not what was written.
    """
    return _ADAPTER.validate_json(unsealed(document))


def mint_load_id(source_year: int, now: datetime, newest: str | None = None) -> str:
    """A load id: UTC time to the millisecond and the year, e.g. 20261124T035100123Z-2023.

    Args:
        source_year: The year of the layer.
        now: The time of the read.
        newest: The newest load id of that year. Ids of a year must sort by age, even when the
            clock was set back, so the new one is at least a millisecond later.
    """
    if newest is not None:
        latest = datetime.strptime(newest.split("Z-")[0], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
        now = max(now, latest + timedelta(milliseconds=1))
    now = now.astimezone(UTC)
    return f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}Z-{source_year}"
