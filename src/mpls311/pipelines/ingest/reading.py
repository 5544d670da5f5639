"""The concurrent part of ingest: look at every layer, decide, read."""

import asyncio
import logging
from collections.abc import AsyncIterator, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from mpls311.arcgis import (
    ArcGISClient,
    ArcGISError,
    ClientSettings,
    FeatureLayer,
    LayerNotFoundError,
    Listing,
    ReadReport,
    TransportError,
    unwrap,
)
from mpls311.errors import UserError
from mpls311.lake import KnownCases, LakeFiles, sha256_of
from mpls311.loads import (
    Decision,
    Ingested,
    LakeFile,
    LoadHistory,
    Mode,
    Unchanged,
    decide,
    is_read_in_full,
    mint_load_id,
)
from mpls311.parameters import SourceSettings
from mpls311.pipelines.ingest.deletions import CasesCompared, compare_cases
from mpls311.pipelines.ingest.progress import ReadingProgress
from mpls311.schemas import ServiceRequest, check_source_schema, source_columns

log = logging.getLogger(__name__)

LOOK_REQUESTS = 1
"""The metadata that a decision is made on."""


@dataclass(frozen=True)
class YearRead:
    """What came of one year.

    Where a pending load was taken up, there is no manifest; where nothing was read, no file.
    """

    year: int
    summary: str
    manifest: Ingested | Unchanged | None = None
    files: Mapping[str, Path] = field(default_factory=dict)
    """The local file by its name in the lake."""


class _Look(NamedTuple):
    """A layer, and the listing of its rows if it is certain that they will be read."""

    layer: FeatureLayer
    listing: Listing | None = None


async def read_years(
    history: LoadHistory,
    earlier: LakeFiles,
    years: Sequence[int],
    *,
    must_exist: bool,
    mode: Mode,
    source: SourceSettings,
    spool: Path,
) -> AsyncIterator[YearRead | UserError]:
    """Bring the years up to date, all at once under the client's one limit.

    Args:
        history: What was loaded before.
        earlier: Its service requests.
        years: The years to look at.
        must_exist: Whether a year that the service does not have is an error.
        mode: full or incremental.
        source: Where the layers are.
        spool: A local folder; what is read of a year is in the folder of that name within it.

    Yields:
        A `YearRead` for each year as it is done, or the error that stopped it.

    Raises:
        UserError: Before any row was read: layers are missing, unreachable or have drifted; all
            of them are told.
    """
    settings = ClientSettings(
        concurrency=source.concurrency,
        deadline=source.deadline_minutes * 60,
        proxies=not source.is_on_this_machine,
    )
    async with ArcGISClient(settings) as client:
        certain = {year for year in years if is_read_in_full(history, year, mode)}
        looks = await _look(client, years, certain, must_exist=must_exist, source=source)
        _check_schemas(look.layer for look in looks.values())
        now = datetime.now(UTC)
        decisions = {
            year: decide(
                history,
                year,
                layer.data_last_edit_date,
                mode=mode,
                now=now,
                overlap=source.overlap,
                full_every=source.full_every,
            )
            for year, (layer, _) in looks.items()
        }
        reader = _Reader(client, history, earlier, mode, source, spool, now)
        reads = []
        for year, decision in decisions.items():
            if decision.action in ("full", "incremental"):
                reads.append((year, decision))
            else:
                yield reader.no_read(year, looks[year].layer, decision)
        with ReadingProgress(year for year, _ in reads) as progress:
            tasks = [
                asyncio.create_task(reader.read(year, looks[year], decision, progress))
                for year, decision in reads
            ]
            try:
                for next_done in asyncio.as_completed(tasks):
                    try:
                        yield await next_done
                    except ArcGISError as exc:
                        yield as_user_error(exc)
                    except UserError as exc:
                        yield exc
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)


def _check_schemas(layers: Iterable[FeatureLayer]) -> None:
    problems = []
    for layer in layers:
        try:
            new = check_source_schema(layer.arrow_schema, layer.name, layer.object_id_field)
        except UserError as exc:
            problems.append(exc)
            continue
        if new:
            log.warning(
                "%s has columns this project does not know: %s. They are kept in extras.",
                layer.name,
                ", ".join(new),
            )
    if problems:
        raise UserError.of(problems)


async def _look(
    client: ArcGISClient,
    years: Sequence[int],
    certain: Container[int],
    *,
    must_exist: bool,
    source: SourceSettings,
) -> dict[int, _Look]:
    looks: dict[int, asyncio.Task[_Look | ArcGISError]] = {}
    try:
        async with asyncio.TaskGroup() as group:
            for year in years:
                looks[year] = group.create_task(
                    _look_at(client, source.layer_url(year), is_certain=year in certain)
                )
    except BaseExceptionGroup as exc:
        raise as_user_error(unwrap(exc)) from exc
    found, missing, problems = {}, [], []
    for year, task in looks.items():
        match task.result():
            case LayerNotFoundError():
                missing.append(year)
            case ArcGISError() as problem:
                problems.append(problem)
            case look:
                found[year] = look
    if problems:
        raise UserError.of(problems)
    if missing:
        names = ", ".join(map(str, missing))
        if must_exist or not found:
            raise UserError(
                f"The service at {source.services_url} has no layer for {names}. "
                "Leave out what is not published yet, or give the service's name of that year "
                "in source.service_names."
            )
        log.warning("No layer for %s: not published yet.", names)
    return found


async def _look_at(client: ArcGISClient, url: str, *, is_certain: bool) -> _Look | ArcGISError:
    """What is there, or why it cannot be seen.

    Raises:
        TransportError: Not even a connection was made, which is no matter of one layer.
    """
    try:
        if is_certain:
            return _Look(*await client.layer_and_listing(url))
        return _Look(await client.layer(url))
    except ArcGISError as exc:
        if isinstance(exc, TransportError) and exc.unreachable:
            raise
        return exc


class _Reader:
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

    def no_read(self, year: int, layer: FeatureLayer, decision: Decision) -> YearRead:
        if decision.action == "resume":
            return YearRead(year, f"{year}  {decision.reason}, no rows fetched")
        manifest = Unchanged(
            load_id=self._mint(year),
            source_year=year,
            source_id=self._source.id,
            mode=self._mode,
            job_start=self._now,
            ended_at=datetime.now(UTC),
            edit_date_before=layer.data_last_edit_date,
            max_record_count=layer.page_limit,
            requests=LOOK_REQUESTS,
            retries=0,
            bytes=0,
        )
        return YearRead(year, f"{year}  unchanged: {decision.reason}", manifest)

    async def read(
        self,
        year: int,
        look: _Look,
        decision: Decision,
        progress: ReadingProgress,
    ) -> YearRead:
        layer = look.layer
        load_id = self._mint(year)
        folder = self._spool / str(year)
        spool = folder / "rows.parquet"
        where = window(layer, decision.since) if decision.since else "1=1"
        read = partial(
            self._client.read,
            path=spool,
            on_rows=progress.advance(year),
            on_plan=progress.expect(year),
        )
        report = await read(layer, where, journal=folder / decision.action, listing=look.listing)
        reads, compared = [report], CasesCompared()
        if decision.since:
            compared = await self._compare_cases(year, report, spool)
            reads += compared.reads
        if compared.unseen:
            why = f"{compared.unseen:,} cases that no recent stamp tells of"
            decision, compared = Decision("full", why), CasesCompared()
            report = await read(report.layer, "1=1", journal=folder / decision.action)
            reads.append(report)
        manifest = Ingested(
            load_id=load_id,
            source_year=year,
            ended_at=datetime.now(UTC),
            source_id=self._source.id,
            layer_url=layer.url,
            object_id_field=layer.object_id_field,
            mode="incremental" if decision.since else "full",
            since=decision.since,
            job_start=self._now,
            service_count=report.count,
            rows=report.rows,
            layer_count=report.layer_count,
            gone=compared.gone,
            edit_date_before=report.edit_date_before,
            edit_date_after=report.edit_date_after,
            max_record_count=layer.page_limit,
            pages=report.pages,
            requests=LOOK_REQUESTS + sum(each.requests for each in reads),
            retries=sum(each.retries for each in reads),
            bytes=sum(each.bytes for each in reads),
            file=LakeFile(
                name=f"{year}/{load_id}.parquet",
                rows=report.rows,
                bytes=spool.stat().st_size,
                sha256=sha256_of(spool),
            ),
        )
        files = {manifest.file.name: spool}
        return YearRead(year, _summary(decision, manifest, report.resumed), manifest, files)

    async def _compare_cases(self, year: int, report: ReadReport, window: Path) -> CasesCompared:
        loads = self._history.since_last_full(year)
        known = await asyncio.to_thread(KnownCases, self._earlier, loads)
        counted = loads[-1].ingested.layer_count
        return await compare_cases(self._client, report, window, known, counted, self._now)

    def _mint(self, year: int) -> str:
        return mint_load_id(year, self._now, self._history.newest_id(year))


def window(layer: FeatureLayer, since: datetime) -> str:
    """The where clause for rows of a layer opened or updated at or after an instant (UTC)."""
    fields = source_columns(ServiceRequest, layer.arrow_schema.names)
    literal = f"TIMESTAMP '{since.astimezone(UTC):%Y-%m-%d %H:%M:%S}'"
    stamps = (fields["open_datetime"], fields["last_update_datetime"])
    return "(" + " OR ".join(f"{field} >= {literal}" for field in stamps) + ")"


def _summary(decision: Decision, load: Ingested, resumed: int) -> str:
    seconds = (load.ended_at - load.job_start).total_seconds()
    kept = f" ({resumed:,} of them from a read that was cut off)" if resumed else ""
    gone = f"cases gone {len(load.gone):,}, " if load.gone else ""
    return (
        f"{load.source_year}  {decision.action} read ({decision.reason}): rows {load.rows:,}"
        f"{kept}, {gone}pages {load.pages}, requests {load.requests}, retries {load.retries}, "
        f"{load.bytes / 1e6:.1f} MB in {seconds:.1f} s"
    )


def as_user_error(exc: Exception) -> UserError:
    """An error of the source as a sentence for the person who started the run.

    Raises:
        Exception: `exc`, if it is none of the source.
    """
    if not isinstance(exc, ArcGISError):
        raise exc
    if isinstance(exc, TransportError) and exc.unreachable:
        return UserError(
            f"{exc} Or try the stand-in city, which needs no network: kedro run --env demo"
        )
    return UserError(str(exc))
