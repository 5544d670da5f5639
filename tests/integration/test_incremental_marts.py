"""Marts that are kept up to date case by case are what all loads at once would make."""

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
