"""A chart of rpt_volumes in Apache Superset, on the DuckDB file; its numbers are those of the mart.

    python -m trials.superset --tool .venv-superset/bin/superset [--picture chart.png]

Superset gets a warehouse of the stand-in city to read and a database of its own, both for as long
as the trial takes. The chart is made through its REST API and drawn by the local Chromium.
"""

import argparse
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from playwright.sync_api import sync_playwright

from tests.support.project import Project

CITY = "years=2024+2025,sandbox.rows_per_year=5000,sandbox.as_of=2025-12-31"
MART = ("mpls_311_production", "rpt_volumes")
REQUESTS = {
    "expressionType": "SIMPLE",
    "column": {"column_name": "request_count"},
    "aggregate": "SUM",
    "label": "requests",
}
CHART = {
    "viz_type": "echarts_timeseries_bar",
    "x_axis": "open_month",
    "xAxisForceCategorical": True,
    "x_axis_sort": "open_month",
    "x_axis_sort_asc": True,
    "metrics": [REQUESTS],
    "groupby": ["subject_name"],
    "adhoc_filters": [],
    "stack": "Stack",
    "show_legend": True,
    "row_limit": 10_000,
}
# Caches in this process: that of its own database does not go with the newest Flask-Caching.
CONFIG = """
SECRET_KEY = {key!r}
SQLALCHEMY_DATABASE_URI = "sqlite:///{folder}/superset.db"
WTF_CSRF_ENABLED = TALISMAN_ENABLED = False
CACHE_CONFIG = DATA_CACHE_CONFIG = {{"CACHE_TYPE": "SimpleCache"}}
FILTER_STATE_CACHE_CONFIG = EXPLORE_FORM_DATA_CACHE_CONFIG = {{"CACHE_TYPE": "SimpleCache"}}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tool", required=True, type=Path, help="the program `superset`")
    parser.add_argument("--picture", type=Path, default=Path("superset.png"))
    options = parser.parse_args()
    tool, picture = options.tool.absolute(), options.picture.absolute()
    with tempfile.TemporaryDirectory(prefix="superset-") as name:
        project, began = Project(Path(name, "project")), time.monotonic()
        project.ran(CITY, env="demo")
        began = told("the warehouse is there", began)
        password = secrets.token_hex(8)
        environment = set_up(tool, Path(name), password)
        began = told("Superset is set up", began)
        with served(tool, environment) as address:
            began = told("it is served", began)
            api = Superset(address, password)
            database = project.folder / "data/demo/warehouse/mpls_311.duckdb"
            table = api.table(f"duckdb:///{database}")
            chart = api.chart(table, "Requests by month and major category")
            shown = api.numbers(table, ["open_month", "subject_name"])
            began = told("the chart is made", began)
            mart = project.query(
                "select open_month, subject_name, sum(request_count)::bigint "
                f"from {'.'.join(MART)} group by all",
                warehouse="data/demo/warehouse",
            )
            if shown != {(month, subject): count for month, subject, count in mart}:
                sys.exit(f"FAIL its {len(shown)} numbers are not the {len(mart)} of the mart")
            began = told(f"its {len(shown)} numbers are those of the mart", began)
            draw(address, password, chart, picture)
            told(f"drawn: {picture}", began)


def set_up(tool: Path, folder: Path, password: str) -> dict[str, str]:
    """Make Superset's own database with a user; the environment that it needs."""
    config = folder / "superset_config.py"
    config.write_text(CONFIG.format(key=secrets.token_hex(24), folder=folder))
    environment = os.environ | {"SUPERSET_CONFIG_PATH": str(config), "FLASK_APP": "superset"}
    user = [
        "--username",
        "admin",
        "--firstname",
        "A",
        "--lastname",
        "B",
        "--email",
        "a@example.org",
    ]
    for command in (
        ["db", "upgrade"],
        ["fab", "create-admin", *user, "--password", password],
        ["init"],
    ):
        done = subprocess.run([tool, *command], env=environment, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"FAIL superset {' '.join(command[:2])}:\n{done.stderr[-3000:]}")
    return environment


@contextmanager
def served(tool: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Serve it on loopback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(tool), "run", "-p", str(port), "--with-threads"]
    silent = subprocess.DEVNULL
    server = subprocess.Popen(command, env=environment, stdout=silent, stderr=silent)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 120
        while not is_healthy(address):
            if server.poll() is not None or time.monotonic() > deadline:
                sys.exit("FAIL superset is not served")
            time.sleep(0.5)
        yield address
    finally:
        server.terminate()
        server.wait()


def is_healthy(address: str) -> bool:
    """Whether it answers."""
    try:
        return requests.get(f"{address}/health", timeout=5).ok
    except requests.ConnectionError:
        return False


class Superset:
    """Its REST API, as far as it is needed."""

    def __init__(self, address: str, password: str) -> None:
        self._address = f"{address}/api/v1"
        self._session = requests.Session()
        login = {"username": "admin", "password": password, "provider": "db"}
        token = self._post("security/login", login)["access_token"]
        self._session.headers["Authorization"] = f"Bearer {token}"

    def _post(self, path: str, body: Mapping[str, Any]) -> Any:
        answer = self._session.post(f"{self._address}/{path}", json=body, timeout=120)
        if not answer.ok:
            sys.exit(f"FAIL {path}: {answer.text[:1000]}")
        return answer.json()

    def table(self, uri: str) -> int:
        """A dataset of the mart, in a database that is only read."""
        extra = json.dumps({"engine_params": {"connect_args": {"read_only": True}}})
        body = {"database_name": "mpls311", "sqlalchemy_uri": uri, "extra": extra}
        database = self._post("database/", body)["id"]
        schema, name = MART
        body = {"database": database, "schema": schema, "table_name": name}
        return int(self._post("dataset/", body)["id"])

    def chart(self, table: int, title: str) -> int:
        """A chart of a dataset."""
        body = {
            "slice_name": title,
            "viz_type": CHART["viz_type"],
            "datasource_id": table,
            "datasource_type": "table",
            "params": json.dumps({"datasource": f"{table}__table", **CHART}),
        }
        return int(self._post("chart/", body)["id"])

    def numbers(self, table: int, columns: list[str]) -> dict[tuple[Any, ...], int]:
        """What a chart of a dataset shows, by some columns."""
        query = {"columns": columns, "metrics": [REQUESTS], "row_limit": 10_000}
        body = {"datasource": {"id": table, "type": "table"}, "queries": [query]}
        rows = self._post("chart/data", body)["result"][0]["data"]
        return {tuple(row[name] for name in columns): row["requests"] for row in rows}


def draw(address: str, password: str, chart: int, picture: Path) -> None:
    """Open the chart in Chromium, and take its picture."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1100, "height": 700})
        page.goto(f"{address}/login/")
        page.fill("input[name=username], #username", "admin")
        page.fill("input[name=password], #password", password)
        with page.expect_navigation():
            page.keyboard.press("Enter")
        page.goto(f"{address}/explore/?slice_id={chart}&standalone=1")
        page.wait_for_selector("canvas", timeout=60_000)
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(1_500)  # while bars grow
        page.screenshot(path=picture)
        browser.close()


def told(what: str, began: float) -> float:
    """Say what is done and how long it took; the time now."""
    now = time.monotonic()
    sys.stdout.write(f"ok   {what}, {now - began:.1f} s\n")
    sys.stdout.flush()
    return now


if __name__ == "__main__":
    main()
