"""Split every pending load into service requests and quarantined rows; count all of them."""

import logging
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mpls311.errors import UserError
from mpls311.lake import KnownCases, LakeFiles
from mpls311.loads import LoadHistory, Manifest, Validated
from mpls311.parameters import ValidationSettings
from mpls311.pipelines.validate.splitting import split_load

log = logging.getLogger(__name__)

Outputs = tuple[dict[str, Path], dict[str, Path], dict[str, Any], Sequence[Manifest]]


def validate_pending_loads(
    history: LoadHistory,
    raw: LakeFiles,
    earlier: LakeFiles,
    limits: ValidationSettings,
) -> Iterator[Outputs]:
    """Clean and check the rows of each pending load that has not been validated yet.

    Args:
        history: What was loaded, this run's reads included.
        raw: Rows as served.
        earlier: Service requests of earlier loads, to tell new cases from changed ones and to
            find deleted ones.
        limits: When to stop because too many rows are bad.

    Yields:
        For each load: service requests and quarantined rows as local files by their name in the
        lake, the validation report of all years, and the manifest to write last.

    Raises:
        UserError: There is no load at all, or too many rows of one were rejected.
    """
    if not history.loads:
        raise UserError("No load exists yet: run `kedro run --pipeline ingest` first.")
    todo = [load for load in history.pending if not load.validated]
    if not todo:
        log.info("Nothing to validate: no load is waiting for it.")
    yield {}, {}, validation_report(history), []
    refused: list[str] = []
    for load in todo:
        known = KnownCases(earlier, history.before(load))
        # Kedro saves what is yielded before it asks for more, so the folder outlives its files.
        with tempfile.TemporaryDirectory(prefix="mpls311-") as spool:
            replaced = history.replaced_by(load)
            if replaced:
                log.warning(
                    "%s: which rows are new and which updated is unknown, as what was written of "
                    "%s is damaged.",
                    load.source_year,
                    ", ".join(sorted(replaced)),
                )
            split = split_load(load, raw, known, Path(spool), knows_all=not replaced)
            manifest = split.manifest
            if refusal := _refusal(manifest, limits):
                refused.append(refusal)
                continue
            log.info(_summary(manifest))
            history = history.plus(manifest)
            yield split.accepted, split.rejected, validation_report(history), [manifest]
    if refused:
        raise UserError(" ".join(refused))


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


def _refusal(validated: Validated, limits: ValidationSettings) -> str | None:
    """Why a person should look before the load is staged; None if there is no reason to."""
    total = validated.accepted + validated.rejected
    most = max(limits.min_rejected, limits.max_rejected_share * total)
    found = []
    if validated.rejected > most:
        reasons = ", ".join(f"{count:,} {code}" for code, count in validated.rejected_for.items())
        found.append(f"{validated.rejected:,} of {total:,} rows were rejected ({reasons})")
    for code, count in validated.repaired_for.items():
        if code.endswith("_unreadable") and count > most:
            found.append(f"{count:,} of {total:,} rows had a value that does not fit ({code})")
    if not found:
        return None
    return (
        f"{validated.source_year}: {', '.join(found)}, more than {limits.max_rejected_share:.0%}; "
        "nothing was staged. Look at the layer, or allow it with --params "
        "validation.max_rejected_share=..."
    )


def _summary(validated: Validated) -> str:
    repaired = ", ".join(f"{count:,} {code}" for code, count in validated.repaired_for.items())
    return (
        f"{validated.source_year}  validated: {validated.accepted:,} accepted, "
        f"{validated.rejected:,} rejected, {validated.duplicates:,} duplicates; "
        f"repaired: {repaired or 'nothing'}"
    )
