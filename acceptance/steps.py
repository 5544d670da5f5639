"""What is done, in which order, and what must come of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from acceptance.stage import REGION, Ran, Stage, Wrong
from tests.support.project import ROOT

_WAIT = 400
"""Seconds that a killed run may be in the way: its lease lasts five minutes."""


@dataclass(frozen=True)
class Step:
    """Something that is done, and what must come of it."""

    name: str
    must: str
    take: Callable[[Stage], str]
    """Does it, and gives what was seen; raises `Wrong` where that is not what must be."""
    needs_cloud: bool = False
    """Whether no emulator can do it."""
    is_needed: bool = False
    """Whether nothing after it makes sense without it."""
    is_always_taken: bool = False
    """Whether it cleans up, whatever failed before."""


def apply(stage: Stage) -> str:
    """Make everything, with a state that is only here."""
    override = stage.terraform / "acceptance_override.tf"
    override.write_text('terraform {\n  backend "local" {}\n}\n')
    _must(stage, ["terraform", "init", "-input=false"])
    registry = "-target=google_artifact_registry_repository.images"
    _must(stage, ["terraform", "apply", "-input=false", "-auto-approve", registry, *_vars(stage)])
    _must(stage, ["make", "-C", str(ROOT), "image", f"IMAGE={stage.image}"])
    _must(stage, ["docker", "push", stage.image])
    said = _must(stage, ["terraform", "apply", "-input=false", "-auto-approve", *_vars(stage)])
    return next((line for line in said.splitlines() if line.startswith("Apply complete")), "")


def plan(stage: Stage) -> str:
    """Ask what another apply would change."""
    command = ["terraform", "plan", "-input=false", "-detailed-exitcode", *_vars(stage)]
    code, said = stage.typed(command, stage.terraform)
    _hold(code == 0, f"exit code {code}: {said[-400:]}")
    return "nothing would change"


def first_load(stage: Stage) -> str:
    """Read two years."""
    stage.turn(date(2025, 7, 1))
    ran = _well(stage.run())
    _hold(_years(ran) == (2024, 2025), f"published {_years(ran)}")
    stage.seen["cases"] = stage.cases()
    return f"{_cases(stage)}; {_summary(ran)}"


def nothing_new(stage: Stage) -> str:
    """Read the same edition again."""
    ran = _well(stage.run())
    _hold(not _years(ran), f"published {_years(ran)}")
    _hold(stage.cases() == stage.seen["cases"], f"the cases are {stage.cases()}")
    return _summary(ran)


def increment(stage: Stage) -> str:
    """Read an edition of two days later."""
    stage.turn(date(2025, 7, 3))
    ran = _well(stage.run())
    _hold(2025 in _years(ran), f"published {_years(ran)}")
    _hold("incr." in ran.said, "no year was read incrementally")
    return f"{_cases(stage)}; {_summary(ran)}"


def kill_and_resume(stage: Stage) -> str:
    """Kill a run while dbt builds, then run until its lease is over."""
    stage.turn(date(2025, 7, 5))
    stage.killed_at("dbt build")
    began = time.monotonic()
    while True:
        ran = stage.run()
        if "Another run is going on" not in ran.said:
            break
        _hold(time.monotonic() - began < _WAIT, "the lease of the killed run does not end")
        time.sleep(10)
    waited = time.monotonic() - began
    _hold(2025 in _years(_well(ran)), f"published {_years(ran)}")
    return f"{_cases(stage)}; published {waited:.0f} s after the kill"


def held(stage: Stage) -> str:
    """Publish half a year, then release it."""
    stage.turn(date(2025, 7, 7), halved=True)
    ran = stage.run()
    _hold(ran.code == 3, f"exit code {ran.code}: {_end(ran)}")
    _hold(bool(ran.record and ran.record.stopped), "no sentence tells of the year")
    released = _well(stage.run("validation.accept=2024"))
    _hold(_years(released) == (2024,), f"published {_years(released)}")
    sentence = ran.record.stopped[0] if ran.record else ""
    return f"{sentence.partition(' Look at')[0]} Released: {_cases(stage)}"


def export(stage: Stage) -> str:
    """Export twice, as what is there is replaced."""
    for _ in range(2):
        ran = _well(stage.run(pipeline="export"))
    return next(line for line in ran.said.splitlines() if "Exported" in line).partition("INFO")[2]


def rebuild(stage: Stage) -> str:
    """Make the warehouse anew from the lake."""
    before = stage.cases()
    _well(stage.run(pipeline="rebuild"))
    _hold(stage.cases() == before, f"before {before}, after {stage.cases()}")
    return f"the same cases: {_cases(stage)}"


def check(stage: Stage) -> str:
    """Hold every file and the warehouse against the manifests."""
    code, said = stage.kedro("check")
    _hold(code == 0, said[-600:])
    return said.strip().splitlines()[-1]


def cloud_run(stage: Stage) -> str:
    """Start the scheduled job, with the stand-in city inside it."""
    project = stage.environment["GOOGLE_CLOUD_PROJECT"]
    params = "years=2025,source.id=stand-in-city,source.services_url=null,sandbox.as_of=2025-07-09"
    arguments = f"--args=^;^run;--env;gcp;--params;{params},sandbox.rows_per_year=1500"
    job = ["gcloud", "run", "jobs", "execute", "mpls311", "--project", project]
    said = _must(stage, [*job, "--region", REGION, "--wait", arguments])
    return said.strip().splitlines()[-1]


def destroy(stage: Stage) -> str:
    """Destroy everything that apply made."""
    if not (stage.terraform / "terraform.tfstate").exists():
        return "nothing was made"
    said = _must(stage, ["terraform", "destroy", "-input=false", "-auto-approve", *_vars(stage)])
    return next((line for line in said.splitlines() if line.startswith("Destroy complete")), "")


STEPS = (
    Step("terraform apply", "make all of it, image included", apply, True, is_needed=True),
    Step("terraform plan", "change nothing", plan, needs_cloud=True),
    Step("first load", "publish both years", first_load, is_needed=True),
    Step("no-change run", "publish nothing", nothing_new),
    Step("increment", "publish what was read incrementally", increment),
    Step("kill and resume", "publish after a plain run", kill_and_resume),
    Step("held year released", "hold half a year, exit with 3, publish once accepted", held),
    Step("export", "write every mart, twice", export),
    Step("rebuild", "give the same cases from the lake alone", rebuild),
    Step("check", "find nothing", check),
    Step("Cloud Run job", "run to its end", cloud_run, needs_cloud=True),
    Step("terraform destroy", "leave nothing", destroy, needs_cloud=True, is_always_taken=True),
)


def _vars(stage: Stage) -> list[str]:
    given = {
        "project": stage.environment["GOOGLE_CLOUD_PROJECT"],
        "bucket": stage.environment["MPLS311_BUCKET"],
        "image_tag": "acceptance",
        "paused": "true",
        "deletion_protection": "false",
    }
    return [f"-var={name}={value}" for name, value in given.items()]


def _must(stage: Stage, command: list[str]) -> str:
    code, said = stage.typed(command, stage.terraform)
    _hold(code == 0, f"{' '.join(command[:3])}: {said[-600:]}")
    return said


def _hold(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Wrong(otherwise)


def _well(ran: Ran) -> Ran:
    _hold(ran.code == 0, f"exit code {ran.code}: {_end(ran)}")
    return ran


def _years(ran: Ran) -> tuple[int, ...]:
    return ran.record.published if ran.record else ()


def _summary(ran: Ran) -> str:
    lines = [line for line in ran.said.splitlines() if " loads in " in line or "No load" in line]
    return lines[-1].strip() if lines else ""


def _end(ran: Ran) -> str:
    return ran.said[max(ran.said.rfind("Error: "), 0) :][-600:]


def _cases(stage: Stage) -> str:
    return ", ".join(
        f"{year}: {live:,} live, {gone:,} deleted" for year, live, gone in stage.cases()
    )
