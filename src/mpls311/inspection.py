"""What `kedro check` looks at, taken from the catalog."""

from datetime import UTC, datetime
from typing import Any

from rich import get_console
from rich.progress import Progress

from mpls311.check import Lake, Report, Warehouse, check_lake, check_warehouse, removal
from mpls311.lake import LoadFiles
from mpls311.parameters import LakeSettings


def checked(catalog: Any, *, checksums: bool) -> Report:
    """The report on the lake and the warehouse of a catalog.

    Args:
        catalog: Kedro's.
        checksums: Whether those of files are verified.
    """
    manifests = catalog.get("load_history")
    lake = Lake(
        history=manifests.unfolded(),
        manifests=manifests.address,
        strays=manifests.strays(),
        files=LoadFiles(
            raw=catalog.load("raw_requests"),
            service_requests=catalog.load("service_requests"),
            quarantine=catalog.load("quarantine"),
        ),
        raw_retention=LakeSettings.model_validate(catalog.load("params:lake")).raw_retention,
    )
    warehouse = Warehouse(catalog.load("load_tracking"), catalog.load("requests_by_layer"))
    report, console = Report(), get_console()
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("files", total=lake.number_of_files)
        cases = check_lake(
            lake,
            report,
            datetime.now(UTC),
            checksums=checksums,
            advance=lambda: progress.advance(task),
        )
    for address in catalog.get("areas").damaged():
        # The edition before it counts then, and the next run reads another one.
        report.find(f"{address} is not what was written", removal(address))
    check_warehouse(warehouse, lake.history, cases, report)
    return report
