"""A run that ends in the middle of a year leaves what it read to the next one."""

from mpls311.sandbox.protocol import Script, error
from tests.support.project import Project
from tests.support.tiny_layer import TinyLayers, feature


def params(layers: TinyLayers) -> str:
    return f"years=2026,source.services_url={layers.services_url}"


def test_a_run_that_is_cut_off_leaves_its_pages_to_the_next_one(project: Project) -> None:
    two_pages = Script()
    two_pages.add("page", None, None)
    two_pages.always["page"] = error(499, "Token Required")
    rows = [feature(1_000_000 + n, "2026-03-01T12:00") for n in range(5_000)]
    with TinyLayers(two_pages, y2026=rows) as layers:
        outcome = project.run(f"{params(layers)},source.concurrency=1", pipeline="ingest")
        assert outcome.exit_code == 1
        assert "the layer is not public" in outcome.output
        kept = [name for name in project.files() if name.endswith(".arrow")]
        assert 0 < len(kept) <= 2
        two_pages.always.clear()
        layers.pages.clear()
        output = " ".join(project.ran(params(layers), pipeline="ingest").split())

    assert f"{len(kept)},000 of them from a read that was cut off" in output
    assert len(layers.pages) == 5 - len(kept)
    assert not [name for name in project.files() if name.startswith("spool")]
