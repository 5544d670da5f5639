"""The city renames its columns; the models say the new names, and nothing else does."""

import pytest

from mpls311.sandbox.protocol import EsriType, Feature
from mpls311.schemas import ServiceRequest
from tests.support.project import Project
from tests.support.tiny_layer import FIELDS, TinyLayers, feature

NEW_NAMES = {
    "OBJECTID": "FID",
    "CASEID": "caseid",
    "OPENEDDATETIME": "RequestOpened",
    "LastUpdateDate": "LASTUPDATEDATE",
}


def renamed(case: int, opened: str) -> Feature:
    """A row of the layer under its new names; OBJECTID is an ordinary column now."""
    row = feature(case, opened)
    named = {NEW_NAMES.get(name, name): value for name, value in row["attributes"].items()}
    row["attributes"] = named | {"OBJECTID": 7}
    return row


def test_full_and_incremental_reads_go_by_the_names_of_the_models(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = ServiceRequest.__fields__["open_datetime"][1]
    monkeypatch.setitem(opened.metadata, "source", ["RequestOpened", "OPENEDDATETIME"])
    # As if models.py had been edited: pandera keeps a schema for each thread.
    monkeypatch.setattr("pandera.api.dataframe.model.MODEL_CACHE", {})
    old = TinyLayers(y2025=[feature(1_000_001, "2025-03-01T12:00")])
    rows = [renamed(1_000_010 + day, f"2026-03-0{day}T12:00") for day in (1, 2, 3)]
    new = TinyLayers(y2026=rows)
    new.fields = {NEW_NAMES.get(name, name): kind for name, kind in FIELDS.items()}
    new.fields["OBJECTID"] = EsriType.INTEGER

    with old:
        project.ran(f"years=2025,source.services_url={old.services_url}")
    with new:
        project.ran(f"years=2026,source.services_url={new.services_url}")
        new.edited[2026] = 2
        rows.append(renamed(1_000_014, "2026-03-04T12:00"))
        del rows[0]
        project.ran(f"years=2026,source.services_url={new.services_url}")

    assert any(where.count("RequestOpened >=") for where in new.pages)
    assert [mode for _, mode, status in project.tracked() if status == "published"] == [
        "full",
        "full",
        "incremental",
    ]
    assert project.fact(live=True).keys() == {1_000_001, 1_000_012, 1_000_013, 1_000_014}
    assert project.query(
        "select object_id, extras from mpls_311_production.fact_311data where case_id = 1000014"
    ) == [(14, '{"OBJECTID": 7}')]
