"""What `--params` is taken to mean."""

from typing import Any

import pytest

from mpls311.errors import UserError
from mpls311.typed_params import parse_params


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("years=2023", {"years": "2023"}),
        ("years=2019,2021", {"years": "2019,2021"}),
        ("years=[2019,2021]", {"years": "[2019,2021]"}),
        ("years=2019, 2021 ,mode=full", {"years": "2019,2021", "mode": "full"}),
        ("mode=full,years=2015-2026", {"years": "2015-2026", "mode": "full"}),
        ("years=02023", {"years": "02023"}),
        ("source.concurrency=4", {"source": {"concurrency": 4}}),
        (
            "source.services_url=http://127.0.0.1:1/a?b=c,years=2020",
            {"source": {"services_url": "http://127.0.0.1:1/a?b=c"}, "years": "2020"},
        ),
    ],
)
def test_params_are_read_as_people_mean_them(typed: str, meant: dict[str, Any]) -> None:
    assert parse_params((typed,)) == meant


def test_a_configuration_file_gives_params_as_they_are() -> None:
    assert parse_params({"years": [2019, 2021]}) == {"years": [2019, 2021]}
    assert parse_params("years=2019,2021,mode=full") == {"years": "2019,2021", "mode": "full"}


def test_no_params_are_none() -> None:
    assert parse_params(()) == parse_params(None) == {}


@pytest.mark.parametrize(
    "typed",
    [("years=2019", "mode=full"), ("2019",), ("2019,years=2020",), 2019, [2019], ["a=1", "b=2"]],
)
def test_params_that_cannot_be_meant_are_refused(typed: object) -> None:
    with pytest.raises(UserError, match="params"):
        parse_params(typed)
