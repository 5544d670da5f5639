"""Tracking rows are what the manifests say, no more and no less."""

from mpls311.loads import LoadHistory, tracking_rows
from mpls311.schemas import TrackedLoad, arrow_schema
from tests.support.made import failed, ingested, published, validated


def told(*manifests: object) -> list[tuple[str, str]]:
    rows = tracking_rows(LoadHistory(manifests))
    assert rows.schema == arrow_schema(TrackedLoad)
    return list(zip(rows["load_id"].to_pylist(), rows["status"].to_pylist(), strict=True))


NEW, OLD = ingested(2), ingested(3)


def test_a_load_is_not_tracked_before_it_is_staged() -> None:
    assert told(NEW, validated(NEW)) == []


def test_a_published_load_was_staged_before() -> None:
    statuses = [status for _, status in told(NEW, validated(NEW), published(NEW))]

    assert sorted(statuses) == ["published", "staged"]


def test_a_failed_load_that_was_published_later_tells_all_of_it() -> None:
    told_of = told(NEW, validated(NEW), failed(NEW), published(NEW))

    assert sorted(status for _, status in told_of) == ["failed", "published", "staged"]


def test_the_order_of_manifests_does_not_matter() -> None:
    manifests = [phase for load in (OLD, NEW) for phase in (load, validated(load), published(load))]

    assert told(*manifests) == told(*reversed(manifests))
    assert len(set(told(*manifests))) == len(told(*manifests)) == 4
