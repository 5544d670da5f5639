"""The pages: the dashboard, the marts as files, the models, the findings, and how old all is."""

import html
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from isal import igzip

from mpls311.dbt_commands import invoke, options, surroundings
from mpls311.errors import UserError
from mpls311.loads import LoadHistory, verdict
from mpls311.parameters import STAND_IN_CITY, TransformSettings
from mpls311.run_record import RunRecord
from publish.findings import findings


def make_site(
    site: Path, lake: Path, history: LoadHistory, record: RunRecord, transform: TransformSettings
) -> None:
    """Put the pages together.

    Args:
        site: A folder that is not there yet.
        lake: Where the dashboard and the export are.
        history: The manifests.
        record: How the run ended.
        transform: How dbt is run.
    """
    exports = lake / "09_export"
    (site / "models").mkdir(parents=True)
    shutil.copy(lake / "08_reporting/dashboard.html", site / "index.html")
    package = _put_files(exports, site / "data")
    (site / "data/index.html").write_text(_listing(package, site / "data"), "utf-8")
    shutil.copy(_models(transform), site / "models/index.html")
    (site / "findings.md").write_text(findings(exports), "utf-8")
    status = _status(history, record, exports)
    (site / "status.json").write_text(json.dumps(status, indent=1), "utf-8")


def _put_files(exports: Path, folder: Path) -> dict[str, Any]:
    """Copy an export, CSV compressed, as pages may be 1 GB large; the description of the copy."""
    folder.mkdir()
    package: dict[str, Any] = json.loads((exports / "datapackage.json").read_text("utf-8"))
    for resource in package["resources"]:
        plain = exports / resource["path"]
        if resource["format"] == "csv":
            resource |= {"path": f"{plain.name}.gz", "compression": "gz"}
            _compress(plain, folder / resource["path"])
        else:
            shutil.copy(plain, folder)
    (folder / "datapackage.json").write_text(json.dumps(package, indent=2), "utf-8")
    return package


def _compress(plain: Path, packed: Path) -> None:
    opened: Any = igzip.open(packed, "wb", 2)  # type: ignore[no-untyped-call]
    with plain.open("rb") as source, opened as target:
        shutil.copyfileobj(source, target)


def _models(transform: TransformSettings) -> Path:
    """Dbt's own documentation of the models, as one page."""
    with surroundings(transform):
        outcome = invoke(["docs", "generate", "--static", *options(transform)])
    if not outcome.success:
        raise UserError(f"dbt could not document the models: {outcome.exception}")
    return Path(transform.artifacts).resolve() / "target/static_index.html"


def _status(history: LoadHistory, record: RunRecord, exports: Path) -> dict[str, Any]:
    """How the run ended, how old things are, and how many requests of which year there are."""
    quality = pq.read_table(exports / "data_quality.parquet", columns=["source_year", "case_count"])
    requests = dict(zip(*quality.to_pydict().values(), strict=True))
    return {
        "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        **record.model_dump(exclude={"message", "news"}),
        "made_up": STAND_IN_CITY in history.source_ids,
        "requests": sum(requests.values()),
        "years": [
            {
                "year": year.year,
                "state": year.state,
                "requests": requests.get(year.year, 0),
                "watermark": _iso(history.watermark(year.year)),
                "last_full_read": _iso(history.last_full_read(year.year)),
                "stopped": year.sentence,
            }
            for year in verdict(history, history).years
        ],
    }


def _iso(instant: datetime | None) -> str | None:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if instant else None


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}: data</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto }}
td, th {{ text-align: left; vertical-align: top; padding: .3rem 1rem .3rem 0 }}
td.n {{ text-align: right }}
td:first-child {{ white-space: nowrap }}
</style>
<h1>{title}: data</h1>
<p>{description}</p>
<p><a href="datapackage.json">datapackage.json</a> has names, types and descriptions of all columns.
<a href="../">Dashboard</a>, <a href="../models/">models</a>, <a href="../findings.md">findings</a>,
<a href="../status.json">status</a>.</p>
<table><tr><th>files<th>rows<th>what</tr>
{rows}
</table></html>
"""


def _listing(package: dict[str, Any], folder: Path) -> str:
    """A page that leads to the files, which a server of files does not list."""
    tables = [each for each in package["resources"] if each["format"] == "csv"]
    rows = "\n".join(_row(each, folder) for each in tables)
    told = {name: html.escape(package[name]) for name in ("title", "description")}
    return _PAGE.format(rows=rows, **told)


def _row(table: dict[str, Any], folder: Path) -> str:
    names = (f"{table['name']}.parquet", table["path"])
    files = "<br>".join(_link(folder / name) for name in names)
    description = html.escape(table["description"])
    return f'<tr><td>{files}<td class="n">{table["rows"]:,}<td>{description}</tr>'


def _link(file: Path) -> str:
    return f'<a href="{file.name}">{file.name}</a> ({file.stat().st_size / 1e6:,.1f} MB)'
