"""One year through its read, to a load or to the reason why there is none."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mpls311.arcgis import (
    AccessDeniedError,
    ArcGISClient,
    ArcGISError,
    FeatureLayer,
    LayerNotFoundError,
    ReadReport,
    ServiceError,
    TornReadError,
    without_misfits,
)
from mpls311.cleaning import clean
from mpls311.errors import UserError
from mpls311.lake import (
    BATCH_ROWS,
    KEY_COLUMNS,
    KnownCases,
    LakeFiles,
    lake_file,
    without_cases,
)
from mpls311.loads import (
    Decision,
    Ingested,
    LoadHistory,
    Mode,
    NotRead,
    Unchanged,
    mint_load_id,
)
from mpls311.parameters import SourceSettings
from mpls311.pipelines.ingest.looking import Look, is_shared
from mpls311.pipelines.ingest.progress import ReadingProgress
from mpls311.pipelines.ingest.window import case_fields, compare, condition

log = logging.getLogger(__name__)

_LONGEST_MESSAGE = 1_000
"""Characters of what is recorded: a server may say more."""

_TORN_ATTEMPTS = 3
"""How often a window is read before a layer that goes on changing is left to the next run."""

Read = Callable[..., Awaitable[ReadReport]]
"""Of a layer and a condition into the spool, with progress."""


@dataclass(frozen=True)
class YearRead:
    """What came of one year.

    Where a pending load was taken up, or a year failed as it did before, there is no manifest;
    where nothing was read, no file.
    """

    year: int
    summary: str
    manifest: Ingested | Unchanged | NotRead | None = None
    files: Mapping[str, Path] = field(default_factory=dict)
    """The local file by its name in the lake."""
    has_failed: bool = False


class YearReader:
    """Carries one year through its read; holds what all years of a run share."""

    def __init__(
        self,
        client: ArcGISClient,
        history: LoadHistory,
        earlier: LakeFiles,
        mode: Mode,
        source: SourceSettings,
        spool: Path,
        now: datetime,
    ) -> None:
        self._client = client
        self._history = history
        self._earlier = earlier
        self._mode = mode
        self._source = source
        self._now = now
        self._spool = spool

    def failed(self, year: int, problem: Exception) -> YearRead:
        """What a year comes to that failed: recorded, unless the last look failed the same way."""
        message = str(problem)[:_LONGEST_MESSAGE]
        before = self._history.unread(year)
        is_known = before is not None and before.message == message
        manifest = NotRead(
            load_id=self._mint(year),
            source_year=year,
            source_id=self._source.id,
            mode=self._mode,
            job_start=self._now,
            ended_at=datetime.now(UTC),
            message=message,
        )
        return YearRead(
            year, f"{year}  not read: {message}", None if is_known else manifest, has_failed=True
        )

    def no_read(self, year: int, look: Look, decision: Decision) -> YearRead:
        """What a year comes to that is not to be read."""
        # That a year can be read again is news, even where there is nothing to read.
        if decision.action == "resume" and not self._history.unread(year):
            return YearRead(year, f"{year}  {decision.reason}, no rows fetched")
        return self._unchanged(year, look, decision.reason)

    async def read(
        self, year: int, look: Look, decision: Decision, progress: ReadingProgress
    ) -> YearRead:
        """Read a year, or say why it cannot be read.

        Raises:
            ArcGISError: What failed is no matter of one year.
        """
        try:
            return await self._read(year, look, decision, progress)
        except (ArcGISError, UserError) as exc:
            if is_shared(exc):
                raise
            return self.failed(year, exc)

    async def _read(
        self, year: int, look: Look, decision: Decision, progress: ReadingProgress
    ) -> YearRead:
        folder = self._spool / str(year)
        read = partial(
            self._fetch,
            path=folder / "rows.parquet",
            on_rows=progress.advance(year),
            on_plan=progress.expect(year),
        )
        reads: list[ReadReport] = []
        gone: tuple[int, ...] = ()
        if decision.since:
            decision, reads, gone = await self._read_window(year, look.layer, decision, read)
        if not decision.since:
            journal = folder / decision.action
            reads += [await read(look.layer, "1=1", journal=journal, listing=look.listing)]
        rows = folder / "rows.parquet"
        stands_still = decision.overdue_since is not None
        if stands_still and await asyncio.to_thread(self._is_known, year, rows, look):
            return self._unchanged(year, look, "all its rows are those known", reads)
        return await asyncio.to_thread(self._load, year, look, decision, reads, gone, rows)

    async def _fetch(
        self, layer: FeatureLayer, where: str, path: Path, **options: Any
    ) -> ReadReport:
        """Read rows; those of purged cases do not stay."""
        report = await self._client.read(layer, where, path, **options)
        if self._history.purged:
            await asyncio.to_thread(self._leave_out_purged, path)
        return report

    def _leave_out_purged(self, path: Path) -> None:
        others = path.with_suffix(".others")
        if without_cases(path, others, self._history.purged):
            others.replace(path)

    async def _read_window(
        self, year: int, layer: FeatureLayer, decision: Decision, read: Read
    ) -> tuple[Decision, list[ReadReport], tuple[int, ...]]:
        """Read a window and prove it.

        Returns:
            The decision, which is another one where the window cannot be trusted; the reads; and
            the cases that are gone from the layer.
        """
        known = await asyncio.to_thread(
            KnownCases, self._earlier, self._history.since_last_full(year)
        )
        if not (decision.since and known.newest):
            return Decision("full", "no case is known to prove a window by"), [], ()
        # Early enough to hold one known case at least.
        since = min(decision.since, known.newest)
        decision = replace(decision, since=since)
        folder = self._spool / str(year)
        try:
            reads = await self._window_and_cases(year, layer, since, read)
        except (LayerNotFoundError, AccessDeniedError):
            raise
        except ServiceError as exc:
            log.warning("%s is read in full, as its window is refused: %s", year, exc)
            return Decision("full", "the service refuses to give the newest rows alone"), [], ()
        window, _ = reads
        path, fields = folder / "cases.parquet", case_fields(window.layer)
        compared = await asyncio.to_thread(
            lambda: compare(
                known,
                since,
                pq.read_table(folder / "rows.parquet", columns=fields),
                pq.read_table(path),
                self._now,
            )
        )
        path.unlink()
        if compared.lost:
            log.warning(
                "%s is read in full: the service left out %s known cases of the window it was "
                "asked for, so it may misread the condition %s.",
                year,
                f"{compared.lost:,}",
                window.where,
            )
            return Decision("full", "the service misreads its window"), reads, ()
        if compared.unseen:
            why = f"{compared.unseen:,} cases that no recent stamp tells of"
            return Decision("full", why), reads, ()
        return decision, reads, compared.gone

    async def _window_and_cases(
        self, year: int, layer: FeatureLayer, since: datetime, read: Read
    ) -> list[ReadReport]:
        """Read the rows of a window and the cases of the whole layer, of one and the same edition.

        Raises:
            TornReadError: Another edition came between them, each time it was tried.
        """
        folder = self._spool / str(year)
        for attempt in range(1, _TORN_ATTEMPTS + 1):
            window = await read(layer, condition(layer, since), journal=folder / "incremental")
            try:
                cases = await self._fetch(
                    window.layer,
                    "1=1",
                    path=folder / "cases.parquet",
                    fields=case_fields(window.layer),
                    expect_edit_date=window.edit_date_after,
                )
            except TornReadError as exc:
                if attempt == _TORN_ATTEMPTS:
                    raise
                log.warning("%s: its window is read again: %s", year, exc)
                layer = await self._client.layer(layer.url)
            else:
                break
        return [window, cases]

    def _is_known(self, year: int, path: Path, look: Look) -> bool:
        """Whether the rows of a full read are those known already."""
        keys = []
        with pq.ParquetFile(path) as rows:
            for batch in rows.iter_batches(batch_size=BATCH_ROWS):
                served, misfits = without_misfits(pa.Table.from_batches([batch]))
                cleaned = clean(
                    served,
                    source_year=year,
                    load_id="",
                    loaded_at=self._now,
                    object_id_field=look.layer.object_id_field,
                    misfits=misfits,
                )
                keys.append(cleaned.accepted.select(KEY_COLUMNS))
        known = KnownCases(self._earlier, self._history.since_last_full(year))
        return bool(keys) and known.are(pa.concat_tables(keys))

    def _unchanged(
        self, year: int, look: Look, reason: str, reads: Sequence[ReadReport] = ()
    ) -> YearRead:
        manifest = Unchanged(
            load_id=self._mint(year),
            source_year=year,
            source_id=self._source.id,
            mode="full" if reads else "incremental",
            job_start=self._now,
            ended_at=datetime.now(UTC),
            edit_date_before=look.layer.data_last_edit_date,
            max_record_count=look.layer.page_limit,
            **_cost(look, reads),
        )
        return YearRead(year, f"{year}  unchanged: {reason}", manifest)

    def _load(
        self,
        year: int,
        look: Look,
        decision: Decision,
        reads: Sequence[ReadReport],
        gone: tuple[int, ...],
        rows: Path,
    ) -> YearRead:
        load_id = self._mint(year)
        # The read of the rows; case ids are read after a window.
        report = reads[0] if decision.since else reads[-1]
        kept = pq.read_metadata(rows).num_rows
        manifest = Ingested(
            load_id=load_id,
            source_year=year,
            ended_at=datetime.now(UTC),
            source_id=self._source.id,
            layer_url=look.layer.url,
            object_id_field=look.layer.object_id_field,
            has_geometry=look.layer.geometry_type is not None,
            mode="incremental" if decision.since else "full",
            since=decision.since,
            job_start=self._now,
            service_count=report.count,
            rows=report.rows,
            purged=report.rows - kept,
            layer_count=report.layer_count,
            gone=gone,
            replaces=() if decision.since else self._history.to_replace(year),
            edit_date_before=report.edit_date_before,
            edit_date_after=report.edit_date_after,
            max_record_count=look.layer.page_limit,
            pages=report.pages,
            **_cost(look, reads),
            file=lake_file(rows, f"{year}/{load_id}.parquet", kept),
        )
        files = {manifest.file.name: rows}
        return YearRead(year, _summary(decision, manifest, report.resumed), manifest, files)

    def _mint(self, year: int) -> str:
        return mint_load_id(year, self._now, self._history.newest_id(year))


def _cost(look: Look, reads: Sequence[ReadReport]) -> dict[str, Any]:
    return {
        "requests": look.requests + sum(each.requests for each in reads),
        "retries": sum(each.retries for each in reads),
        "bytes": sum(each.bytes for each in reads),
    }


def _summary(decision: Decision, load: Ingested, resumed: int) -> str:
    seconds = (load.ended_at - load.job_start).total_seconds()
    kept = f", {resumed:,} of them from a read that was cut off" if resumed else ""
    gone = f", {len(load.gone):,} cases gone" if load.gone else ""
    return (
        f"{load.source_year}  {decision.action} read: {load.rows:,} rows{kept}{gone}, "
        f"{load.bytes / 1e6:.1f} MB in {seconds:.1f} s ({decision.reason})"
    )
