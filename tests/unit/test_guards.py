"""What makes a load implausible, and what becomes of it."""

from typing import Any

import pytest

from mpls311.loads import (
    Held,
    Limits,
    Load,
    Released,
    Standing,
    implausible,
    judge,
)
from tests.support.made import BASE, NOW, held, ingested, validated

LIMITS = Limits(**{name: BASE["validation"][name] for name in Limits.model_fields})
COLUMNS = (
    *("case_id", "subject_name", "reason_name", "type_name", "title", "open_datetime"),
    *("closed_datetime", "last_update_datetime", "case_status", "is_accessibility_related"),
    *("coord_x", "coord_y", "geometry_x", "geometry_y"),
)
LOAD = ingested(1)


def year(cases: int, duplicates: int = 0, repaired: int = 0, **filled: int) -> Standing:
    """A year in which every case has every value, but for those given."""
    return Standing(
        cases=cases,
        duplicates=duplicates,
        filled=dict.fromkeys(COLUMNS, cases) | filled,
        repaired={"blank_text": repaired} if repaired else {},
    )


def reasons(before: Standing | None, after: Standing, **changes: Any) -> tuple[str, ...]:
    return implausible(validated(LOAD, rejected=0, **changes), before, after, LIMITS)


@pytest.mark.parametrize(
    ("live", "gone", "is_held"),
    [
        (1_000, 200, False),
        (1_000, 201, True),
        (400, 100, False),
        (400, 101, True),
        (10, 9, False),
        (10, 10, True),
        (0, 0, False),
    ],
)
def test_a_load_that_deletes_too_many_is_held(live: int, gone: int, is_held: bool) -> None:
    found = reasons(year(live), year(live - gone), deleted=tuple(range(gone)))

    told = (f"{gone:,} of {live:,} live cases would be marked deleted",)
    assert found == (told if is_held else ())


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        # One in five has no place, whatever happens to the size of the year.
        (year(1_000, geometry_x=800), year(90_000, geometry_x=71_900), None),
        (year(150, geometry_x=140), year(10_000, geometry_x=7_992), None),
        (year(1_000, geometry_x=800), year(1_000, geometry_x=600), None),
        (
            year(1_000, geometry_x=800),
            year(1_000, geometry_x=599),
            "401 of 1,000 cases would have no place (now 200 of 1,000)",
        ),
        # Of a hundred cases a share says nothing.
        (year(100), year(1_000, geometry_x=700), None),
        (year(100, geometry_x=80), year(100, geometry_x=0), "100 of 100 cases would have no place"),
        (year(1_000), year(1_000, repaired=200), None),
        (
            year(1_000),
            year(1_000, repaired=201),
            "201 of 1,000 cases would be repaired for blank_text (now 0 of 1,000)",
        ),
        # A city that pads every text has always done so.
        (year(1_000, repaired=1_000), year(1_100, repaired=1_100), None),
        (year(1_000), year(1_000, duplicates=250), None),
        (
            year(1_000),
            year(1_000, duplicates=251),
            "251 of 1,251 rows would merge into the case of another (now 0 of 1,000)",
        ),
        (year(1_000, duplicates=400), year(1_000, duplicates=400), None),
        (
            year(1_000, is_accessibility_related=3),
            year(1_000, is_accessibility_related=0),
            "no case would have a value in is_accessibility_related any more",
        ),
        (year(1_000, title=1), year(1_000, title=1), None),
    ],
)
def test_a_year_is_held_against_what_it_was(
    before: Standing, after: Standing, told: str | None
) -> None:
    found = reasons(before, after)

    assert bool(found) == bool(told)
    assert not told or told in found[0]


def test_of_a_first_load_only_what_is_wholly_empty_can_be_told() -> None:
    odd = year(5_000, duplicates=4_000, repaired=5_000, geometry_x=100, title=1)
    assert reasons(None, odd) == ()
    assert reasons(year(0), odd) == ()
    assert reasons(None, year(5_000, title=0, is_accessibility_related=0)) == (
        "none of 5,000 cases has a value in title",
    )
    assert reasons(None, year(100, title=0)) == ()
    table = year(5_000, geometry_x=0, geometry_y=0)
    assert implausible(validated(LOAD), None, table, LIMITS, has_geometry=False) == ()


def test_a_year_that_is_emptied_is_told_once() -> None:
    assert len(reasons(year(3), Standing(**NOTHING), deleted=(1, 2, 3))) == 1


NOTHING: dict[str, Any] = {"cases": 0, "duplicates": 0, "filled": {}, "repaired": {}}


def test_rows_that_cannot_be_used_are_a_reason_of_their_own() -> None:
    rejected = validated(LOAD, accepted=898, rejected=102, rejected_for={"case_id_unusable": 102})
    assert implausible(rejected, None, year(50), LIMITS) == (
        "102 of 1,000 rows were rejected (102 case_id_unusable)",
    )
    misfits = validated(
        LOAD, accepted=1_000, rejected=0, repaired_for={"title_unreadable": 101, "blank_text": 900}
    )
    assert implausible(misfits, None, year(50), LIMITS) == (
        "101 of 1,000 rows had a value that does not fit (title_unreadable)",
    )
    few = validated(LOAD, accepted=900, rejected=100, rejected_for={"case_id_unusable": 100})
    assert implausible(few, None, year(50), LIMITS) == ()


SEEN = Load(LOAD, validated(LOAD), held(LOAD))


@pytest.mark.parametrize(
    ("load", "found", "accept", "outcome"),
    [
        (Load(LOAD), (), False, None),
        (Load(LOAD), ("odd",), False, "held"),
        # Nobody can have looked at what is read only now.
        (Load(LOAD), ("odd",), True, "held"),
        (Load(LOAD, None, held(LOAD)), ("odd",), True, None),
        (SEEN, ("odd",), False, None),
        (SEEN, ("odd",), True, "accept"),
        (SEEN, (), False, "limits"),
    ],
)
def test_what_becomes_of_a_load(
    load: Load, found: tuple[str, ...], accept: bool, outcome: str | None
) -> None:
    judgement = judge(load, found, NOW, accept=accept)

    if isinstance(judgement, Held):
        assert (outcome, judgement.reasons) == ("held", found)
    elif isinstance(judgement, Released):
        assert outcome == judgement.by
    else:
        assert outcome is None
