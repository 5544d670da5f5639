"""The concurrent part of ingest: look at every layer, decide, read."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from mpls311.arcgis import ArcGISClient, ArcGISError, ClientSettings
from mpls311.errors import UserError
from mpls311.lake import LakeFiles
from mpls311.loads import Edition, LoadHistory, Mode, decide, is_read_in_full, one_overdue
from mpls311.parameters import SourceSettings
from mpls311.pipelines.ingest.looking import as_user_error, look_at_layers
from mpls311.pipelines.ingest.progress import ReadingProgress
from mpls311.pipelines.ingest.year import YearRead, YearReader


async def read_years(
    history: LoadHistory,
    earlier: LakeFiles,
    years: Sequence[int],
    *,
    must_exist: bool,
    mode: Mode,
    source: SourceSettings,
    spool: Path,
) -> AsyncIterator[YearRead]:
    """Bring the years up to date, all at once under the client's one limit.

    A year that fails stops no other one.

    Args:
        history: What was loaded before.
        earlier: Its service requests.
        years: The years to look at.
        must_exist: Whether a year that the service never had is an error.
        mode: full or incremental.
        source: Where the layers are.
        spool: A local folder; what is read of a year is in the folder of that name within it.

    Yields:
        A `YearRead` for each year as it is done.

    Raises:
        UserError: What failed is no matter of one year, and nothing is recorded of it: before any
            row is read, or when every year that could be read is done.
    """
    settings = ClientSettings(
        concurrency=source.concurrency,
        deadline=source.deadline_minutes * 60,
        proxies=not source.is_on_this_machine,
    )
    async with ArcGISClient(settings) as client:
        certain = {year for year in years if is_read_in_full(history, year, mode)}
        looks, failures = await look_at_layers(
            client, years, certain, history.years, must_exist=must_exist, source=source
        )
        now = datetime.now(UTC)
        decisions = one_overdue(
            {
                year: decide(
                    history,
                    year,
                    Edition(look.layer.data_last_edit_date, look.count),
                    mode=mode,
                    now=now,
                    overlap=source.overlap,
                    full_every=source.full_every,
                )
                for year, look in looks.items()
            }
        )
        reader = YearReader(client, history, earlier, mode, source, spool, now)
        for year, problem in failures.items():
            yield reader.failed(year, problem)
        reads = []
        for year, decision in decisions.items():
            if mode != "full" and (lost := history.lost(year)):
                yield reader.failed(year, UserError(lost[0].sentence))
            elif decision.action in ("full", "incremental"):
                reads.append((year, decision))
            else:
                yield reader.no_read(year, looks[year], decision)
        with ReadingProgress(year for year, _ in reads) as progress:
            tasks = [
                asyncio.create_task(reader.read(year, looks[year], decision, progress))
                for year, decision in reads
            ]
            shared: ArcGISError | None = None
            try:
                for next_done in asyncio.as_completed(tasks):
                    try:
                        yield await next_done
                    except ArcGISError as exc:
                        shared = shared or exc
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            if shared:
                raise as_user_error(shared)
