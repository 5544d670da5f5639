"""A run that ends in the middle of a year leaves what it read to the next one."""

from __future__ import annotations

from http.server import ThreadingHTTPServer
from typing import Any

import pytest
from project import Project
from tiny_layer import TinyLayers, feature


def params(layers: TinyLayers) -> str:
    return f"years=2026,source.services_url={layers.services_url}"


def test_a_run_that_is_cut_off_leaves_its_pages_to_the_next_one(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = TinyLayers(y2026=[feature(1_000_000 + n, "2026-03-01T12:00") for n in range(5_000)])
    answer = layers.answer

    def answer_two_pages(path: str) -> dict[str, Any]:
        reply = answer(path)
        refusal = {"error": {"code": 499, "message": "Token Required"}}
        return refusal if "features" in reply and len(layers.pages) > 2 else reply

    with layers:
        with monkeypatch.context() as patch:
            patch.setattr(layers, "answer", answer_two_pages)
            # The run hangs up on the pages that are under way.
            patch.setattr(ThreadingHTTPServer, "handle_error", lambda *_: None)
            sentence = project.run(
                f"{params(layers)},source.concurrency=1", pipeline="ingest"
            ).sentence
        assert "the layer is not public" in sentence
        kept = [name for name in project.files() if name.endswith(".arrow")]
        assert 0 < len(kept) <= 2
        layers.pages.clear()
        output = " ".join(project.ran(params(layers), pipeline="ingest").split())

    assert f"{len(kept)},000 of them from a read that was cut off" in output
    assert len(layers.pages) == 5 - len(kept)
    assert not [name for name in project.files() if name.startswith("spool")]
