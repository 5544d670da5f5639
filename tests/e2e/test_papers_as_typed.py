"""The commands of the papers, as they are typed there, from the top of a copy of the project.

One after another as a person reads, so each finds what those before it left.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import duckdb
import nbformat
import pytest
from nbclient import NotebookClient

from tests.support.project import ROOT, leave_out_data_tests

PAPERS = ("README.md", "docs/runbook.md", "CONTRIBUTING.md")

IMAGE = "docker run --read-only --tmpfs /tmp --volume mpls311:/app/data mpls311"

NOT_TYPED = {
    "python -m mpls311.arcgis describe $LAYER": "asks the live city",
    'python -m mpls311.arcgis read $LAYER open.parquet --where "CASESTATUS = 1"': "the same",
    f"{IMAGE} run --env demo": "docker, and an image that takes minutes to build",
    f"{IMAGE} run --env base": "the same, and asks the live city",
    "gcloud run jobs execute mpls311 --project $PROJECT --region $REGION --wait "
    "--args='^;^run;--env;gcp;--params;years=2023,validation.accept=2023'": "Google Cloud",
    "make setup-dev": "installs",
    ".venv/bin/pre-commit install": "the same, into a clone of git",
    "pytest tests/unit": "is part of what this is part of",
    "pytest tests/e2e/test_incremental.py -k rebuilt": "the same",
}
"""Commands that are left out, and why."""

FILLED = {
    "<case>": "select min(case_id) from mpls_311_production.rpt_requests",
    "<day>": "select (now() at time zone 'America/Chicago')::date",
    "<load>": "select max(load_id) from mpls_311_staging.track_load where status = 'published'",
}
"""What the papers leave to the reader, and where it is found."""

SERVERS = {"kedro viz run", "make docs ENV=demo", "make notebook"}
"""Commands that serve until Ctrl-C."""

SHOWN = ("Year ", "feature layers ", '{"severity"')
"""How blocks begin that show something else than commands."""

LASTING = re.compile(r"source |export |cd |\w+=\S+$")
"""What concerns the terminal, and so the commands after it."""

FENCED = re.compile(r"^ *```\w*\n(.*?)^ *```", re.M | re.S)
INDENTED = re.compile(r"(?:^(?: {4}|\t).*\n)+", re.M)

ADDRESS = re.compile(r"http://(?:localhost|127\.0\.0\.1):\d+/?[^\s)]*")

Typed = tuple[str, ...]
"""A command, after the lines of its paper that concern the terminal."""


def commands(paper: str) -> Iterator[Typed]:
    text = (ROOT / paper).read_text("utf-8").replace("\\\n", " ")
    blocks = [*FENCED.findall(text), *INDENTED.findall(FENCED.sub("", text))]
    before: Typed = ()
    for block in sorted(blocks, key=text.index):
        lines = [
            re.sub(r" +", " ", line.partition(" # ")[0]).strip() for line in block.splitlines()
        ]
        if lines[0].startswith(SHOWN):
            continue
        for line in lines:
            if LASTING.match(line):
                before = (*before, line)
            else:
                yield (*before, line)


IN_PAPERS = [typed for paper in PAPERS for typed in commands(paper)]
TYPED = [typed for typed in dict.fromkeys(IN_PAPERS) if typed[-1] not in NOT_TYPED]


class Copy:
    """The project as it is cloned and set up, with a smaller city, which the live one is too."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "mpls311"
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.check_output(listed, cwd=ROOT, text=True).split("\0")
        for name in filter(None, names):
            if (ROOT / name).exists():
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, self.folder / name)
        self._set_up()
        leave_out_data_tests(self.folder)
        parameters = self.folder / "conf/base/parameters.yml"
        whole = parameters.read_text("utf-8")
        parameters.write_text(whole.replace("rows_per_year: 80000", "rows_per_year: 600"), "utf-8")
        (self.folder / "conf/local/parameters.yml").write_text(
            "source: {id: stand-in-city, services_url: null}\n", "utf-8"
        )
        places = os.environ["PATH"].split(os.pathsep)
        self.environment = {
            "PATH": os.pathsep.join(place for place in places if not is_environment(Path(place))),
            "HOME": str(folder),
            # Stands for `pip install --editable`, which was told of another folder.
            "PYTHONPATH": str(self.folder / "src"),
        }

    def _set_up(self) -> None:
        """What `make setup-dev` leaves, after which make installs nothing."""
        there = self.folder / ".venv"
        there.mkdir()
        for part in Path(sys.prefix).iterdir():
            if part.name not in {"runtime", "dev"}:
                (there / part.name).symlink_to(part)
        (there / "runtime").touch()
        (there / "dev").touch()

    def start(self, typed: Typed) -> subprocess.Popen[str]:
        """Type a command in a terminal of its own."""
        return subprocess.Popen(
            ["bash", "-ec", "\n".join(typed)],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def filled(self, typed: Typed) -> Typed:
        """A command with something in the places that the paper leaves open."""
        *before, line = typed
        for place, question in FILLED.items():
            if place in line:
                warehouse = self.folder / "data/warehouse/mpls_311.duckdb"
                with duckdb.connect(warehouse, read_only=True) as connection:
                    ((value,),) = connection.execute(question).fetchall()
                line = line.replace(place, str(value))
        return (*before, line)


def is_environment(place: Path) -> bool:
    return (place / "activate").exists()


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("reader"))


def named(typed: Typed) -> str:
    return typed[-1]


@pytest.mark.parametrize("typed", [t for t in TYPED if named(t) not in SERVERS], ids=named)
def test_what_is_typed_ends_well(copy: Copy, typed: Typed) -> None:
    with copy.start(copy.filled(typed)) as terminal:
        said, _ = terminal.communicate()
    assert terminal.returncode == 0, said


@pytest.mark.parametrize("typed", [t for t in TYPED if named(t) in SERVERS], ids=named)
def test_what_serves_answers_until_it_is_interrupted(copy: Copy, typed: Typed) -> None:
    with copy.start(typed) as terminal:
        assert terminal.stdout, "it is a pipe"
        said = ""
        while not (address := ADDRESS.search(said)):
            line = terminal.stdout.readline()
            assert line, said
            said += line
        try:
            # Jupyter says where it serves before it does.
            assert any(answers(address[0]) for _ in range(100_000)), said
        finally:
            interrupt(terminal)


def answers(address: str) -> bool:
    try:
        return urlopen(address).status == 200
    except URLError:
        return False


def interrupt(terminal: subprocess.Popen[str]) -> None:
    """Press Ctrl-C until all that runs in the terminal has ended; Jupyter may want it twice."""
    for _ in range(3):
        os.killpg(terminal.pid, signal.SIGINT)
        try:
            # Which lasts as long as anyone can still write.
            terminal.communicate(timeout=10)
            return
        except subprocess.TimeoutExpired:
            pass
    os.killpg(terminal.pid, signal.SIGKILL)
    pytest.fail("it goes on after Ctrl-C")


def test_what_is_left_out_stands_in_the_papers() -> None:
    stand = {named(typed) for typed in IN_PAPERS}
    assert stand >= {*NOT_TYPED, *SERVERS}


def test_the_notebook_shows_answers_and_no_log(copy: Copy) -> None:
    notebook = nbformat.read(ROOT / "notebooks/tour.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "clear its outputs"
    (first,) = (
        quoted for quoted in re.findall("`([^`]+)`", notebook.cells[0].source) if " " in quoted
    )
    assert first in map(named, TYPED), "which made its warehouse"

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", copy.environment["PYTHONPATH"])
        where = {"metadata": {"path": str(copy.folder / "notebooks")}}
        NotebookClient(notebook, resources=where).execute()

    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert {output.output_type for output in outputs} == {"display_data", "execute_result"}
    said = [output.data.get("text/plain", "") for output in outputs]
    assert not [text for text in said if "INFO" in text or "WARNING" in text]
    shown = "".join(output.data.get("text/html", "") for output in outputs)
    for word in ("Parking Violation Complaint", "Open311", "slower_share", "expected requests"):
        assert word in shown
    assert any("seasonal" in text and "naive" in text for text in said)
    assert "application/vnd.plotly.v1+json" in notebook.cells[-1].outputs[-1].data
