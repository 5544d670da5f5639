"""The command line, and the page."""

import argparse
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from acceptance.stage import Stage, Wrong, on_emulators, on_google_cloud
from acceptance.steps import STEPS, Step

DOLLARS_A_TIB = 6.25
"""BigQuery's list price of 2025 for what queries read, in the US."""


@dataclass(frozen=True)
class Result:
    """How a step ended."""

    step: Step
    verdict: str
    """PASS, FAIL or NOT RUN."""
    said: str
    seconds: float = 0.0
    billed: int | None = None
    """Bytes; None where nobody tells."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Take all steps and print the page.

    Returns:
        1 if a step failed, else 0.
    """
    parser = argparse.ArgumentParser(prog="python -m acceptance", description=__doc__)
    parser.add_argument("--project", help="an empty project of Google Cloud; else emulators")
    parser.add_argument("--page", type=Path, default=Path("acceptance.md"))
    options = parser.parse_args(arguments)
    with on_google_cloud(options.project) if options.project else on_emulators() as stage:
        results = list(taken(stage, STEPS))
    page = "\n".join(page_of(options.project, results))
    options.page.write_text(page, "utf-8")
    sys.stdout.write(page)
    return int(any(result.verdict == "FAIL" for result in results))


def taken(stage: Stage, steps: Iterable[Step]) -> Iterator[Result]:
    """Take steps one after the other; what builds on one that failed is left out."""
    is_broken = False
    for step in steps:
        if step.needs_cloud and not stage.is_cloud:
            yield Result(step, "NOT RUN", "emulators cannot do it")
        elif is_broken and not step.is_always_taken:
            yield Result(step, "NOT RUN", "what it builds on failed")
        else:
            result = _took(stage, step)
            is_broken = is_broken or (step.is_needed and result.verdict == "FAIL")
            sys.stderr.write(f"{result.verdict:<7} {step.name}, {result.seconds:.1f} s\n")
            yield result


def _took(stage: Stage, step: Step) -> Result:
    began, since = time.monotonic(), datetime.now(UTC)
    try:
        verdict, said = "PASS", step.take(stage)
    except Wrong as wrong:
        verdict, said = "FAIL", str(wrong)
    seconds = time.monotonic() - began
    return Result(step, verdict, said, seconds, stage.billed(since))


def page_of(project: str | None, results: Sequence[Result]) -> Iterator[str]:
    """The page, line by line."""
    counted = {
        verdict: sum(result.verdict == verdict for result in results)
        for verdict in ("PASS", "FAIL", "NOT RUN")
    }
    yield f"# Acceptance: {project or 'a rehearsal on emulators'}"
    yield ""
    yield f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC. " + ", ".join(
        f"{verdict} {count}" for verdict, count in counted.items()
    )
    yield ""
    yield "| | step | must | seconds | MB billed | seen |"
    yield "|---|---|---|---:|---:|---|"
    for result in results:
        seconds = f"{result.seconds:,.1f}" if result.seconds else ""
        billed = "" if result.billed is None else f"{result.billed / 1e6:,.1f}"
        said = " ".join(result.said.split()).replace("|", "/")
        cells = (result.verdict, result.step.name, result.step.must, seconds, billed, said)
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield from _cost(results)


def _cost(results: Sequence[Result]) -> Iterator[str]:
    told = [result.billed for result in results if result.billed is not None]
    if told:
        dollars = sum(told) / 2**40 * DOLLARS_A_TIB
        yield f"Queries: {sum(told) / 1e6:,.1f} MB billed, ${dollars:.4f} at ${DOLLARS_A_TIB} a TiB"
        yield "(the first TiB of a month is free). Storage and the job cost less than a cent."
    else:
        yield "Nobody told what would be billed: emulators have no job statistics."
    yield ""


if __name__ == "__main__":
    sys.exit(main())
