"""Marts kept up to date, by case or by year, are what all loads at once would make."""

import os

import pytest

from tests.integration.test_dbt_models import MARTS
from tests.support.dbt_warehouse import Warehouse, request
from tests.support.sequences import Sequence, differences

# make trial-marts asks for more of both.
SEQUENCES = int(os.environ.get("SEQUENCES", "2"))
DAYS = int(os.environ.get("DAYS", "3"))


@pytest.mark.parametrize("seed", range(1, SEQUENCES + 1))
def test_day_by_day_is_the_same_as_all_at_once(
    warehouse: Warehouse, other_warehouse: Warehouse, seed: int
) -> None:
    sequence = Sequence(warehouse, seed)

    sequence.run(DAYS)
    sequence.made_anew(other_warehouse)

    assert warehouse.query("select count(*) > 20 from mpls_311_production.fact_311data") == [
        (True,)
    ]
    assert differences(warehouse, other_warehouse, (*MARTS, "int_requests_by_layer")) == {}


def test_time_alone_changes_the_state_of_a_year(warehouse: Warehouse) -> None:
    late = {"open_datetime": "2020-12-31 12:00:00+00", "closed_datetime": None}
    state = "select open_year, state from mpls_311_production_internal.int_years order by 1"

    # Two of them, whose hashes would leave out what they have in common.
    warehouse.load(request(1, **late), request(2, **late), request(3))
    before = warehouse.query(state)
    warehouse.load(request(4, run=2, open_datetime="2023-06-05 12:00:00+00"))

    assert [year for year, _ in before] == [2020, 2023]
    assert not set(before) & set(warehouse.query(state))


def test_states_are_known_before_a_report_asks_for_them(warehouse: Warehouse) -> None:
    nodes = warehouse.manifest.nodes

    def upstream(key: str) -> set[str]:
        parents = [
            parent for parent in getattr(nodes[key].depends_on, "nodes", ()) if parent in nodes
        ]
        return {key}.union(*map(upstream, parents))

    by_year = "macro.mpls_311.kept_by_year"
    reports = [key for key, node in nodes.items() if by_year in node.depends_on.macros]
    assert reports
    assert all("model.mpls_311.int_years" in upstream(report) for report in reports)


def test_what_a_model_is_made_of_decides_whether_it_is_made_anew(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.load(request(1), request(2))
    first = warehouse.query("select * from mpls_311_production_internal.model_fingerprints")
    monkeypatch.setenv("MPLS311_FINGERPRINT", "other borders")
    warehouse.load(request(3, run=2))

    second = warehouse.query("select * from mpls_311_production_internal.model_fingerprints")
    assert {model for model, _ in first} == {model for model, _ in second}
    assert not {print_ for _, print_ in first} & {print_ for _, print_ in second}
    assert warehouse.query("select count(*) from mpls_311_production.fact_311data") == [(3,)]
