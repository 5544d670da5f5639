"""Split every pending load into service requests and quarantined rows; count all of them."""

import logging
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mpls311.errors import UserError
from mpls311.lake import LakeFiles
from mpls311.loads import (
    Held,
    Limits,
    Load,
    LoadHistory,
    Manifest,
    Released,
    Standing,
    Validated,
    implausible,
    judge,
)
from mpls311.parameters import ValidationSettings
from mpls311.pipelines.validate.splitting import SplitLoad, split_load
from mpls311.pipelines.validate.standing import LiveCases

log = logging.getLogger(__name__)

Outputs = tuple[dict[str, Path], dict[str, Path], dict[str, Any], Sequence[Manifest]]


def validate_pending_loads(
    history: LoadHistory,
    raw: LakeFiles,
    earlier: LakeFiles,
    limits: ValidationSettings,
) -> Iterator[Outputs]:
    """Clean and check the rows of each pending load, and judge the year that it would make.

    A load is cleaned once, and judged until it is released or published: limits may change. One
    that is implausible is held: it stays pending and is not staged, and no other year waits.

    Args:
        history: What was loaded, this run's reads included.
        raw: Rows as served.
        earlier: Service requests of earlier loads, to tell new cases from changed ones, to find
            deleted ones, and to judge the year.
        limits: When a load is held, and the years whose load is released.

    Yields:
        For each load: service requests and quarantined rows as local files by their name in the
        lake, the validation report of all years, and the manifests to write last.

    Raises:
        UserError: There is no load at all.
    """
    if not history:
        raise UserError("No load exists yet: run `kedro run --pipeline ingest` first.")
    if all(load.validated for load in history.pending):
        log.info("Nothing to validate: no load is waiting for it.")
    yield {}, {}, validation_report(history), []
    for load in history.pending:
        if load.validated and load.released:
            continue
        # Kedro saves what is yielded before it asks for more, so the folder outlives its files.
        with tempfile.TemporaryDirectory(prefix="mpls311-") as spool:
            split, reasons = _checked(history, load, raw, earlier, limits, Path(spool))
            judgement = judge(
                load, reasons, datetime.now(UTC), accept=load.source_year in limits.accepted
            )
            _tell(load, split, reasons, judgement)
            manifests = _in_order(None if load.validated else split, judgement)
            history = history.plus(*manifests)
            files = (split.accepted, split.rejected) if split else ({}, {})
            yield *files, validation_report(history), manifests


def _checked(
    history: LoadHistory,
    load: Load,
    raw: LakeFiles,
    earlier: LakeFiles,
    limits: Limits,
    spool: Path,
) -> tuple[SplitLoad | None, tuple[str, ...]]:
    """The rows of a load, split unless they were before, and what speaks against it."""
    before, replaced = history.before(load), history.replaced_by(load)
    if replaced:
        log.warning(
            "%s: which rows are new and which updated is unknown, as what was written of %s is "
            "damaged.",
            load.source_year,
            ", ".join(sorted(replaced)),
        )
    try:
        split = (
            SplitLoad(load.validated)
            if load.validated
            else split_load(load, raw, earlier, before, spool, knows_all=not replaced)
        )
        reasons = implausible(
            split.manifest,
            _standing(earlier, before) if before else None,
            split.manifest.standing or _standing(earlier, (*before, load)),
            limits,
            has_geometry=load.ingested.has_geometry,
        )
    except UserError as exc:
        return None, (str(exc).removesuffix("."),)
    return split, reasons


def _in_order(split: SplitLoad | None, judgement: Held | Released | None) -> list[Manifest]:
    """What to write: where a run dies in between, no load passes for one that was judged."""
    validated = [split.manifest] if split else []
    if isinstance(judgement, Held):
        return [judgement, *validated]
    return [*validated, judgement] if judgement else [*validated]


def _tell(
    load: Load,
    split: SplitLoad | None,
    reasons: tuple[str, ...],
    judgement: Held | Released | None,
) -> None:
    year = load.source_year
    if split and not load.validated:
        log.info(_summary(split.manifest))
    if isinstance(judgement, Released):
        log.info("%s is released: %s.", year, "; ".join(reasons) or "it is within the limits now")
    elif reasons:
        log.warning("%s is held back: %s.", year, "; ".join(reasons))


def _standing(files: LakeFiles, loads: Sequence[Load]) -> Standing:
    """The year as validated loads leave it, the last full one first."""
    newest = loads[-1].validated
    return newest.standing if newest and newest.standing else LiveCases.of(files, loads).standing()


def validation_report(history: LoadHistory) -> dict[str, Any]:
    """The newest validation of each year: counts, and what was repaired or rejected for what."""
    report: dict[str, Any] = {}
    for year in history.years:
        validated = [load.validated for load in history.of_year(year) if load.validated]
        if validated:
            report[str(year)] = validated[-1].model_dump(
                mode="json",
                include={
                    "load_id",
                    "accepted",
                    "rejected",
                    "duplicates",
                    "new",
                    "updated",
                    "rejected_for",
                    "repaired_for",
                    "new_columns",
                },
            ) | {"deleted": len(validated[-1].deleted)}
    return report


def _summary(validated: Validated) -> str:
    return (
        f"{validated.source_year}  validated: {validated.accepted:,} accepted, "
        f"{validated.rejected:,} rejected, {validated.duplicates:,} duplicates"
    )
