"""dbt on a DuckDB file of a test's own, whose staging is made by hand."""

import os
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from mpls311.datasets.duckdb_table import DuckDBTableDataset
from mpls311.schemas import AreaVertex, ServiceRequest, TrackedLoad, arrow_schema

PROJECT = Path(__file__).parents[2] / "dbt"
STAGING = {
    "raw_mpls_311data": ServiceRequest,
    "raw_areas": AreaVertex,
    "track_load": TrackedLoad,
}
RAW_COLUMNS = arrow_schema(ServiceRequest).names

Row = dict[str, Any]


def load_id(year: int, run: int) -> str:
    """Return the id of run number ``run``'s load of ``year``; ids of a year sort by run."""
    return f"202601{run:02d}T000000000Z-{year}"


def request(case_id: int, year: int = 2023, run: int = 1, **changes: Any) -> Row:
    """Return a closed pothole request as run ``run`` read it from the layer of ``year``."""
    row: Row = dict.fromkeys(RAW_COLUMNS)
    row |= {
        "case_id": case_id,
        "object_id": case_id * 100 + run,
        "subject_name": "Streets",
        "reason_name": "Street Maintenance",
        "type_name": "Pothole",
        "open_datetime": "2023-06-01 12:00:00+00",
        "closed_datetime": "2023-06-02 12:00:00+00",
        "last_update_datetime": "2023-06-02 12:00:00+00",
        "case_status": 0,
        "is_accessibility_related": "No",
        "coord_x": -10383934.5879,
        "coord_y": 5614523.8163,
        "geometry_x": -93.28047149607914,
        "geometry_y": 44.95553322115808,
        "source_year": year,
        "load_id": load_id(year, run),
        "loaded_at": "2026-01-01 00:00:00+00",
        "content_hash": 1,
    }
    row |= changes
    return row | {"title": changes.get("title", row["type_name"])}


NO_LOCATION: Row = dict.fromkeys(("coord_x", "coord_y", "geometry_x", "geometry_y"))


@dataclass(frozen=True)
class Built:
    """Outcome of one dbt command: the status of every node by its name."""

    success: bool
    statuses: Mapping[str, str]

    def named(self, *statuses: str) -> set[str]:
        return {name for name, status in self.statuses.items() if status in statuses}


@dataclass(frozen=True)
class Warehouse:
    """A DuckDB file with a staging schema, and dbt to build the rest of it."""

    path: Path
    manifest: Manifest

    def stage(self, *rows: Row) -> None:
        """Replace staging by ``rows``."""
        names = ", ".join(RAW_COLUMNS)
        marks = ", ".join("?" * len(RAW_COLUMNS))
        for table in STAGING:
            self.table(table).save([])
        with duckdb.connect(self.path) as connection:
            connection.execute("delete from mpls_311_staging.raw_mpls_311data")
            if rows:
                connection.executemany(
                    f"insert into mpls_311_staging.raw_mpls_311data ({names}) values ({marks})",
                    [[row[name] for name in RAW_COLUMNS] for row in rows],
                )

    def table(self, name: str) -> DuckDBTableDataset:
        """A table of the staging schema."""
        model = STAGING[name]
        return DuckDBTableDataset(
            connection={"database": str(self.path)},
            table=f"mpls_311_staging.{name}",
            model=f"{model.__module__}.{model.__name__}",
        )

    def build(self, *arguments: str) -> Built:
        """Run ``dbt build`` with ``arguments`` added."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MPLS311_DUCKDB", str(self.path))
            outcome = dbt(
                self.path.parent, "build", *arguments, runner=dbtRunner(manifest=self.manifest)
            )
        results = getattr(outcome.result, "results", [])
        assert results, f"dbt did not start: {outcome.exception}"
        return Built(
            success=outcome.success,
            statuses={result.node.name: str(result.status) for result in results},
        )

    def load(self, *rows: Row) -> None:
        """Stage ``rows`` and build what depends on them, without tests."""
        self.stage(*rows)
        built = self.build(
            "--select=stg_mpls_311data+", "--exclude-resource-type", "test", "unit_test"
        )
        assert built.success, built.statuses

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(self.path, read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def case(self, case_id: int, *columns: str) -> tuple[Any, ...]:
        """``columns`` of one row of the fact table."""
        (row,) = self.query(
            f"select {', '.join(columns)} from mpls_311_production.fact_311data"
            f" where case_id = {case_id}"
        )
        return row

    def mart(self, name: str, without: tuple[str, ...] = ()) -> Counter[tuple[Any, ...]]:
        """All rows of a mart in no order, columns ``without`` left out."""
        left_out = f"exclude ({', '.join(without)})" if without else ""
        return Counter(self.query(f"select * {left_out} from mpls_311_production.{name}"))


def dbt(folder: Path, *arguments: str, runner: dbtRunner | None = None) -> Any:
    """Invoke dbt in this process with all of its output in ``folder``."""
    before = Path.cwd()
    try:
        return (runner or dbtRunner()).invoke(
            [
                "--quiet",
                *arguments,
                f"--project-dir={PROJECT}",
                f"--profiles-dir={PROJECT}",
                f"--target-path={folder / 'target'}",
                f"--log-path={folder / 'logs'}",
                # dbt never closes its log file.
                "--log-level-file=none",
                "--no-write-json",
            ]
        )
    finally:
        os.chdir(before)
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]


def copy_of(warehouse: Warehouse, folder: Path) -> Warehouse:
    folder.mkdir(exist_ok=True)
    copied = folder / warehouse.path.name
    shutil.copy(warehouse.path, copied)
    return Warehouse(copied, warehouse.manifest)
