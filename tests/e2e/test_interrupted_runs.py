"""A run that is interrupted gives back what it holds, whatever runs it."""

from collections.abc import Iterator
from typing import Any

import pytest
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from mpls311.loads import LoadHistory, verdict
from tests.support.project import Project
from tests.support.tiny_layer import TinyLayers, feature


@pytest.fixture
def layers() -> Iterator[TinyLayers]:
    with TinyLayers(y2026=[feature(1_000_001, "2026-03-01T12:00")]) as layers:
        yield layers


def interrupted(*_: Any, **__: Any) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("plain", [False, True], ids=["project's", "Kedro's"])
def test_a_session_that_is_interrupted_leaves_the_lock_to_the_next(
    project: Project, layers: TinyLayers, monkeypatch: pytest.MonkeyPatch, plain: bool
) -> None:
    monkeypatch.chdir(project.folder)
    bootstrap_project(project.folder)
    from kedro.framework.project import settings

    kind = KedroSession if plain else settings.SESSION_CLASS
    params = {"years": "2026", "source": {"services_url": layers.services_url}}

    def run() -> Any:
        with kind.create(project.folder, runtime_params=params) as session:
            return session.run(pipeline_names=["ingest"])

    with monkeypatch.context() as patch:
        patch.setattr("mpls311.pipelines.ingest.nodes.iterate", interrupted)
        with pytest.raises(KeyboardInterrupt):
            run()
    if not plain:
        assert project.run(
            f"years=2026,source.services_url={layers.services_url}", pipeline="ingest"
        )

    result = run()
    history = KedroSession.create(project.folder).load_context().catalog.load("load_history")
    assert verdict(LoadHistory(), history, [2026]).exit_code == 0
    assert plain or result.verdict.exit_code == 0
