"""What the page of acceptance says of steps that fail, and of those that build on them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from acceptance.__main__ import page_of, taken
from acceptance.stage import Wrong
from acceptance.steps import STEPS, Step


@dataclass
class Place:
    """A place where nothing can be done but to ask what it cost."""

    is_cloud: bool = True

    def billed(self, since: datetime) -> int | None:
        return 10_000_000 if self.is_cloud else None


def fails(_: Any) -> str:
    raise Wrong("2024 is | not there")


def verdicts(place: Place, *steps: Step) -> list[str]:
    return [result.verdict for result in taken(place, steps)]  # type: ignore[arg-type]


WELL = Step("look", "see", lambda _: "seen")
NEEDED = Step("make", "be made", fails, is_needed=True)
CLEANS = Step("clean", "be gone", lambda _: "", needs_cloud=True, is_always_taken=True)


def test_what_builds_on_a_failure_is_left_out_and_cleaning_up_is_not() -> None:
    assert verdicts(Place(), WELL, NEEDED, WELL, CLEANS) == ["PASS", "FAIL", "NOT RUN", "PASS"]
    assert verdicts(Place(), Step("odd", "hold", fails), WELL) == ["FAIL", "PASS"]


def test_emulators_do_not_run_what_they_cannot() -> None:
    assert verdicts(Place(is_cloud=False), CLEANS, WELL) == ["NOT RUN", "PASS"]
    assert [step.name for step in STEPS if step.needs_cloud] == [
        "terraform apply",
        "terraform plan",
        "Cloud Run job",
        "terraform destroy",
    ]


def test_the_page_has_a_line_for_each_step_and_what_it_cost() -> None:
    page = [*page_of("my-project", [*taken(Place(), [WELL, NEEDED])])]  # type: ignore[arg-type]

    assert page[0] == "# Acceptance: my-project"
    assert page[2].endswith("PASS 1, FAIL 1, NOT RUN 0")
    assert [line.split(" | ")[0] for line in page[6:8]] == ["| PASS", "| FAIL"]
    assert page[7].endswith("| 10.0 | 2024 is / not there |")
    assert any("20.0 MB billed, $0.0001" in line for line in page)
