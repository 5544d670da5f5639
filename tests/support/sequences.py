"""Random sequences of loads, kept up to date load by load and made anew from all of them."""

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from dbt.artifacts.resources.base import FileHash
from dbt.contracts.graph.nodes import SeedNode

from mpls311.loads import Ingested, LoadHistory, tracking_rows
from mpls311.loads.tracking import staged_rows
from tests.support import made
from tests.support.dbt_warehouse import NO_LOCATION, PROJECT, Row, Warehouse, request

YEARS = (2022, 2023, 2024)
TYPES = ("Pothole", "Graffiti", "Fireworks Complaint", "Robot Delivery Complaint - Open311")
FIRST_DAY = 400
UNTESTED = ("--exclude-resource-types", "test", "unit_test")
# In an order in which dbt can build them.
MODELS = (
    "resource_type:seed",
    "stg_mpls_311data",
    "int_requests_by_layer",
    "int_requests",
    "int_place_areas",
    "dim_categories",
    "dim_geography",
    "fact_311data",
    "int_named_requests",
    "int_layers",
    "int_years",
    "rpt_requests",
    "rpt_time_to_close",
    "rpt_neighborhoods",
)


@dataclass
class Sequence:
    """Three layers that change from day to day, and the loads that were made of them.

    Cases open, close, move to another place, leave a layer, come back and turn up in the next
    one; dbt fails after some model and a newer load takes over; a seed changes; on some days only
    time passes.
    """

    warehouse: Warehouse
    seed: int
    history: LoadHistory = field(default_factory=LoadHistory)
    layers: dict[int, dict[int, Row]] = field(default_factory=lambda: defaultdict(dict))
    files: dict[str, list[Row]] = field(default_factory=dict)
    day: int = FIRST_DAY

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        manifest = self.warehouse.manifest.deepcopy()  # type: ignore[no-untyped-call]
        self.warehouse = replace(self.warehouse, manifest=manifest)

    def run(self, days: int) -> None:
        """Live through some days, each of which ends with published loads."""
        for _ in range(days):
            years = self._random.sample(YEARS, self._random.randint(1, len(YEARS)))
            if self._random.random() < 0.2:
                self._turn_seed()
            if self._random.random() < 0.5:
                self._load(years)
                # dbt fails, and what it merged is superseded, or taken up where it is not.
                self._build(up_to=self._random.choice(MODELS))
                years = self._random.sample(years, self._random.randint(1, len(years)))
            self._load(years)
            self._build()
            self._publish()

    def made_anew(self, other: Warehouse) -> None:
        """Build the same in a warehouse that holds nothing, from all published loads at once."""
        published = [load for load in self.history.loads if load.published]
        self._stage(other, [load.load_id for load in published])
        other = replace(other, manifest=self.warehouse.manifest)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MPLS311_YEARS", ", ".join(map(str, self.history.years)))
            built = other.build("--vars", "{rebuild: true}", *UNTESTED)
        assert built.success, built.named("error")

    def _turn_seed(self) -> None:
        """Potholes are information only from now on, or no more."""
        categories = self.warehouse.manifest.nodes["seed.mpls_311.mpls_311_categories"]
        assert isinstance(categories, SeedNode)
        file = Path(categories.root_path or PROJECT, categories.original_file_path)
        turned = [_turned(line) for line in file.read_text("utf-8").splitlines()]
        categories.root_path = str(self.warehouse.path.parent)
        changed = Path(categories.root_path, categories.original_file_path)
        changed.parent.mkdir(exist_ok=True)
        changed.write_text("\n".join(turned) + "\n", "utf-8")
        categories.checksum = FileHash.from_contents(changed.read_text("utf-8"))
        self.warehouse.manifest.build_flat_graph()  # type: ignore[no-untyped-call]

    def _load(self, years: list[int]) -> None:
        self.day -= 1
        for year in years:
            self._change(year)
            full = not self.history.published(year) or self._random.random() < 0.3
            edited = made.NOW - timedelta(days=self.day, hours=self._random.randint(1, 72))
            load = made.ingested(
                self.day,
                year=year,
                mode="full" if full else "incremental",
                edition=round(edited.timestamp() * 1000),
            )
            self.files[load.load_id] = self._read(load)
            self.history = self.history.plus(load, made.validated(load))

    def _change(self, year: int) -> None:
        now = made.NOW - timedelta(days=self.day)
        layer = self.layers[year]
        for _ in range(self._random.randint(0, 12)):
            case_id = self._random.randint(1, 60)
            match self._random.choice(("change", "change", "change", "leave", "unstamped")):
                case "leave":
                    layer.pop(case_id, None)
                case "unstamped" if case_id in layer:
                    layer[case_id] = layer[case_id] | {"title": "Renamed"}
                case _:
                    layer[case_id] = self._version(case_id, year, now)

    def _version(self, case_id: int, year: int, now: datetime) -> Row:
        opened = now - timedelta(hours=self._random.randint(1, 3_000))
        if self._random.random() < 0.6:
            opened = opened.replace(year=year, day=1)
        closed = opened + timedelta(seconds=self._random.randint(-100, 4_000_000))
        x = -93.3 + self._random.randint(0, 40) / 1000
        place = NO_LOCATION if self._random.random() < 0.2 else {"geometry_x": x}
        return request(
            case_id,
            year,
            type_name=self._random.choice(TYPES),
            open_datetime=f"{opened:%Y-%m-%d %H:%M:%S+00}",
            closed_datetime=f"{closed:%Y-%m-%d %H:%M:%S+00}" if closed < now else None,
            last_update_datetime=f"{now:%Y-%m-%d %H:%M:%S+00}",
            **place,
        )

    def _read(self, load: Ingested) -> list[Row]:
        year = load.source_year
        published = [
            row for each in self.history.published(year) for row in self.files[each.load_id]
        ]
        known = {row["case_id"]: row for row in published}
        layer = self.layers[year]
        last = max((each.ingested.job_start for each in self.history.published(year)), default=None)
        since = "" if load.mode == "full" or last is None else f"{last:%Y-%m-%d %H:%M:%S+00}"
        rows = [row for row in layer.values() if row["last_update_datetime"] >= since]
        gone = [
            known[case_id] | {"deleted_at": f"{load.job_start:%Y-%m-%d %H:%M:%S+00}"}
            for case_id in known.keys() - layer.keys()
            if not known[case_id]["deleted_at"]
        ]
        return [row | {"load_id": load.load_id} for row in [*rows, *gone]]

    def _build(self, up_to: str | None = None) -> None:
        self._stage(self.warehouse, [load.load_id for load in self.history.to_stage])
        selected = MODELS[: MODELS.index(up_to) + 1] if up_to else ()
        with pytest.MonkeyPatch.context() as patch:
            years = {load.source_year for load in self.history.to_stage}
            patch.setenv("MPLS311_YEARS", ", ".join(map(str, sorted(years))))
            patch.setenv("MPLS311_REMADE_YEARS", ", ".join(map(str, self.history.remade_years)))
            select = ("--select", *selected) if selected else ()
            built = self.warehouse.build(*select, *UNTESTED)
        assert built.success, built.named("error")

    def _stage(self, warehouse: Warehouse, load_ids: list[str]) -> None:
        warehouse.stage(*(row for load_id in load_ids for row in self.files[load_id]))
        publishable = [load for load in self.history.publishable if load.load_id in load_ids]
        tracked = [tracking_rows(self.history), staged_rows(tuple(publishable))]
        warehouse.table("track_load").save(pa.concat_tables(tracked))

    def _publish(self) -> None:
        published = [made.published(load.ingested) for load in self.history.publishable]
        self.history = self.history.plus(*published)


def differences(one: Warehouse, other: Warehouse, marts: tuple[str, ...]) -> dict[str, Any]:
    """By mart, the rows that only one of two warehouses has."""
    found = {}
    for mart in marts:
        rows, others = (Counter(_rows(warehouse, mart)) for warehouse in (one, other))
        if different := (rows - others) + (others - rows):
            found[mart] = different
    return found


def _rows(warehouse: Warehouse, mart: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(warehouse.path, read_only=True) as connection:
        columns = connection.execute(f"describe mpls_311_production.{mart}").fetchall()
        names = ", ".join(sorted(row[0] for row in columns))
        return connection.execute(f"select {names} from mpls_311_production.{mart}").fetchall()


def _turned(line: str) -> str:
    rest, _, last = line.rpartition(",")
    is_about = rest.endswith(",Pothole,Phone or other") and last in ("true", "false")
    return f"{rest},{'false' if last == 'true' else 'true'}" if is_about else line
