"""Whatever comes as metadata, count, ids, statistics or page: the exact rows or a typed error.

`make trial-answers` runs thousands of examples.
"""

import asyncio
import copy
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mpls311.arcgis import ArcGISClient, ArcGISError, ClientSettings
from tests.support.lying_service import LyingService, Reply, features
from tests.support.waiting import no_waiting

EXAMPLES = int(os.environ.get("EXAMPLES", "200"))
KINDS = ("metadata", "statistics", "extent", "page")
# One of these alone: a count and a list of ids that agree in a lie cannot be seen through.
EITHER = ("count", "ids")

junk = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 60),
    st.sampled_from([2**31, 2**63, -(2**63), 10**17, 10**30, 1e12, 1e300, -1, 0.5, 7.0]),
    st.floats(),
    st.sampled_from(["", " ", "N/A", "NaN", "12", "1.0", "true", "2024-01-01", "esriFieldTypeOID"]),
    st.text(max_size=5),
    st.sampled_from([[], {}, [None], [1], {"wkid": 3857}, {"x": "NaN", "y": "NaN"}, [[]], [{}]]),
)
OPERATIONS = ("replace", "remove", "double", "wrap", "text", "swap case")
BYTES = ("cut", "drop", "insert", "again", "prefix")


@dataclass
class Damage:
    """One change to one kind of reply, and where in it."""

    kind: str
    what: str
    path: list[int]
    value: Any
    nth: int  # of its kind that is damaged; 0: all of them


damages = st.builds(
    Damage,
    kind=st.sampled_from(KINDS),
    what=st.sampled_from([*OPERATIONS, *OPERATIONS, *BYTES]),
    path=st.lists(st.integers(0, 40), min_size=1, max_size=6),
    value=junk,
    nth=st.integers(0, 2),
)


@dataclass
class Damaged:
    """Tells damaged replies, and remembers every title that was served under an object id."""

    damages: list[Damage]
    titles: set[tuple[Any, Any]] = field(default_factory=set)
    times: dict[str, int] = field(default_factory=dict)

    def __call__(self, kind: str, _query: object, reply: Reply) -> Any:
        self.times[kind] = self.times.get(kind, 0) + 1
        told: Any = reply
        for damage in self.damages:
            if damage.kind == kind and damage.nth in (0, self.times[kind]):
                told = damaged(told, damage)
        if kind == "page" and not isinstance(told, bytes):
            self.remember(told)
        return told

    def remember(self, reply: Any) -> None:
        rows = reply.get("features") if isinstance(reply, dict) else None
        for row in rows if isinstance(rows, list) else ():
            attributes = row.get("attributes") if isinstance(row, dict) else None
            if isinstance(attributes, dict):
                title = attributes.get("TITLE")
                self.titles.add((str(attributes.get("OBJECTID")), _spelled(title)))


def _spelled(title: Any) -> Any:
    """A title as a read gives it: a number as its digits, null for what is no text."""
    if isinstance(title, str):
        return title
    is_number = isinstance(title, int | float) and not isinstance(title, bool)
    return json.dumps(title) if is_number else None


def damaged(reply: Any, damage: Damage) -> Any:
    if isinstance(reply, bytes):
        return reply
    if damage.what in BYTES:
        return _damaged_bytes(json.dumps(reply).encode(), damage)
    reply = [copy.deepcopy(reply)]
    holder, key = reply, 0
    for step in damage.path:
        inner = holder[key]
        if not isinstance(inner, dict | list) or not inner:
            break
        keys = list(inner) if isinstance(inner, dict) else range(len(inner))
        holder, key = inner, keys[step % len(keys)]
    _change(holder, key, damage)
    return reply[0] if reply else None


def _change(holder: Any, key: Any, damage: Damage) -> None:
    found = holder[key]
    match damage.what:
        case "replace":
            holder[key] = damage.value
        case "remove":
            del holder[key]
        case "double" if isinstance(holder, list):
            holder.insert(key, found)
        case "wrap":
            holder[key] = [found]
        case "text":
            holder[key] = found if isinstance(found, str) else json.dumps(found)
        case "swap case" if isinstance(holder, dict):
            holder[str(key).swapcase()] = holder.pop(key)


def _damaged_bytes(body: bytes, damage: Damage) -> bytes:
    at = damage.path[0] * len(body) // 41
    match damage.what:
        case "cut":
            return body[:at]
        case "drop":
            return body[:at] + body[at + 1 :]
        case "insert":
            return body[:at] + bytes([damage.path[-1] * 6]) + body[at:]
        case "again":
            return body + body
    return b"<html>" + body


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with no_waiting(2):
        yield


async def outcome(service: LyingService, folder: Path) -> list[tuple[Any, Any]] | None:
    """The object ids and titles of a read, None for a typed error."""
    path = folder / "rows.parquet"
    async with service.running(), ArcGISClient(ClientSettings(concurrency=2)) as client:
        try:
            layer, listing = await client.layer_and_listing(service.url)
            report = await client.read(layer, "1=1", path, listing=listing)
        except ArcGISError as error:
            failed = error
        else:
            failed = None
    if failed:
        assert str(failed).isprintable()
        assert not path.exists()
        return None
    table = pq.read_table(path)
    assert table.num_rows == report.rows
    titles = table["TITLE"] if "TITLE" in table.column_names else [None] * table.num_rows
    ids = table[report.layer.object_id_field].to_pylist()
    return list(zip(ids, map(_value, titles), strict=True))


def _value(scalar: Any) -> Any:
    return scalar if scalar is None else scalar.as_py()


@settings(
    max_examples=EXAMPLES,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    rows=st.integers(0, 45),
    damaged_replies=st.lists(damages, max_size=2),
    either=st.lists(damages, max_size=1),
    liar=st.sampled_from(EITHER),
)
@example(
    rows=1,
    damaged_replies=[Damage("page", "replace", [4, 0, 0, 1], 10**30, 0)],
    either=[],
    liar="count",
)
def test_the_exact_rows_or_a_typed_error(
    rows: int, damaged_replies: list[Damage], either: list[Damage], liar: str
) -> None:
    for damage in either:
        damage.kind = liar
    lie = Damaged([*damaged_replies, *either])
    service = LyingService(features(range(rows)), lie)

    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(outcome(service, Path(folder)))

    if found is None:
        assert lie.damages, "nothing was wrong"
        return
    assert sorted(oid for oid, _ in found) == list(range(rows))
    served = lie.titles | {(str(oid), f"row {oid}") for oid in range(rows)}
    wrong = {
        (oid, title)
        for oid, title in found
        if title is not None and (str(oid), title) not in served
    }
    is_text = not any(damage.what in BYTES for damage in lie.damages)
    assert not wrong or not is_text
