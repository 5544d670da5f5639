"""A year in counts, and that what is known of the cities' data never makes it implausible."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem
from hypothesis import given
from hypothesis import strategies as st

from mpls311.cleaning import clean
from mpls311.lake import LakeFiles, sha256_of
from mpls311.loads import LakeFile, Limits, LoadHistory, Standing, implausible
from mpls311.pipelines.validate.standing import LiveCases, traits
from mpls311.sandbox import City
from mpls311.sandbox.protocol import EsriType, Points, Table
from mpls311.schemas import ServiceRequest, arrow_schema
from tests.support.made import BASE, INSTANT, NOW, ingested, row, served, validated, whole
from tests.support.real_data import real_file

LIMITS = Limits(**{name: BASE["validation"][name] for name in Limits.model_fields})
LOAD = ingested(1)


def cleaned(rows: pa.Table) -> pa.Table:
    return clean(rows, source_year=2023, load_id=LOAD.load_id, loaded_at=NOW).accepted


versions = st.fixed_dictionaries(
    {
        "CASEID": st.integers(1, 5).map(float),
        "LastUpdateDate": st.integers(1, 3).map(lambda day: datetime(2026, 5, day, tzinfo=UTC)),
        "TITLE": st.sampled_from([None, " ", "Pothole", "Graffiti "]),
        "geometry_x": st.sampled_from([None, -93.25]),
    }
)


@given(st.lists(st.lists(versions, min_size=1, max_size=6), max_size=4), st.sets(st.integers(1, 5)))
def test_it_counts_the_newest_version_of_each_case(
    loads: list[list[dict[str, Any]]], gone: set[int]
) -> None:
    live = LiveCases()
    known: dict[int, tuple[dict[str, Any], int]] = {}
    for load in loads:
        rows = cleaned(served(*(row(**one) for one in load)))
        live.add(traits(rows))
        of_load: dict[int, list[dict[str, Any]]] = {}
        for one in rows.to_pylist():
            of_load.setdefault(one["case_id"], []).append(one)
        known |= {
            case: (
                max(rival, key=lambda r: (r["last_update_datetime"], r["content_hash"])),
                len(rival),
            )
            for case, rival in of_load.items()
        }
    marked = [kept | {"deleted_at": NOW} for case, (kept, _) in known.items() if case in gone]
    live.add(traits(pa.Table.from_pylist(marked, schema=arrow_schema(ServiceRequest))))

    kept = [(one, rows) for case, (one, rows) in known.items() if case not in gone]
    standing = live.standing()
    assert standing.cases == len(kept)
    assert standing.duplicates == sum(rows - 1 for _, rows in kept)
    for name, count in standing.filled.items():
        assert count == sum(one[name] is not None for one, _ in kept), name
    codes = Counter(code for one, _ in kept if one["repairs"] for code in one["repairs"].split(","))
    assert standing.repaired == codes


def test_files_of_an_older_version_are_counted_too(tmp_path: Path) -> None:
    load, split, _ = whole(LOAD)
    rows = cleaned(served(row(), row(CASEID=2.0, TITLE=" ")))
    path = tmp_path / split.file.name
    path.parent.mkdir()
    pq.write_table(rows.drop_columns(["repairs", "is_accessibility_related"]), path)
    written = LakeFile(
        name=split.file.name, rows=2, bytes=path.stat().st_size, sha256=sha256_of(path)
    )
    [found] = LoadHistory([load, split.model_copy(update={"file": written})]).loads

    standing = LiveCases.of(LakeFiles(LocalFileSystem(), str(tmp_path)), [found]).standing()

    assert (standing.cases, standing.filled["title"], standing.repaired) == (2, 1, {})
    assert standing.filled["is_accessibility_related"] == 0


def reasons_through(readings: Iterable[pa.Table]) -> Iterator[tuple[str, ...]]:
    """What speaks against each reading of a whole layer, after the ones before it."""
    before: Standing | None = None
    cases: set[int] = set()
    for reading in readings:
        rows, live = cleaned(reading), LiveCases()
        live.add(traits(rows))
        there = set(rows["case_id"].to_pylist())
        after, gone = live.standing(), tuple(cases - there)
        yield implausible(validated(LOAD, rejected=0, deleted=gone), before, after, LIMITS)
        before, cases = after, there


def as_served(table: Table) -> pa.Table:
    """The rows of the stand-in city as the source client hands them on."""
    columns: dict[str, pa.Array] = {}
    for column in table:
        values = np.array(column.words)[column.values] if column.words else column.values
        array = pa.array(values, mask=~column.known_mask())
        if column.type == EsriType.DATE:
            array = array.cast(pa.timestamp("ms")).cast(INSTANT, safe=False)
        columns[column.name] = array
    points = table.geometry
    assert isinstance(points, Points)
    nowhere = points.absent | points.null | points.empty
    columns["geometry_x"] = pa.array(points.longitude, mask=nowhere)
    columns["geometry_y"] = pa.array(points.latitude, mask=nowhere)
    return pa.table(columns)


def test_no_day_of_the_stand_in_city_is_implausible() -> None:
    days = [date(2024, 1, 3) + timedelta(days=18 * n) for n in range(25)]
    layers = (City(rows_per_year=4_000, as_of=day).layer(2024) for day in days)

    assert set(reasons_through(as_served(layer.table) for layer in layers)) == {()}


def test_the_known_dirt_of_the_real_city_is_not_implausible() -> None:
    """Real places and types; 58,769 of 292,722 real requests are at 0, 0."""
    with real_file("points_2017.csv").open(newline="") as file:
        points = [(float(one["lon"]), float(one["lat"])) for one in csv.DictReader(file)]
    with real_file("type_stats_2023H2_2026H1.csv").open(newline="") as file:
        stats = list(csv.DictReader(file))
    weights = np.array([int(one["n_closed"]) for one in stats], dtype=float)
    rng = np.random.default_rng(311)
    rows = []
    for case, (x, y) in enumerate(points, 1):
        kind = stats[rng.choice(len(stats), p=weights / weights.sum())]
        nowhere = rng.random() < 58_769 / 292_722
        place = {"geometry_x": 0.0, "geometry_y": 0.0, "XCOORD": 0.0, "YCOORD": 0.0}
        rows.append(
            row(
                CASEID=float(case),
                **{f"{name}NAME": kind[f"{name.lower()}_name"] for name in ("SUBJECT", "REASON")},
                TYPENAME=kind["type_name"],
                TITLE=kind["type_name"],
                **(place if nowhere else {"geometry_x": x, "geometry_y": y}),
            )
        )
    sizes = [1, 20, 90, 150, 400, 1_000, 2_500, len(rows)]

    assert set(reasons_through(served(*rows[:size]) for size in sizes)) == {()}
