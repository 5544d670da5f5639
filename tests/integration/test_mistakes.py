"""Whatever a person or a machine does wrong ends in at most three lines, and never a traceback."""

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import fsspec
import pytest
import stamina
from click.testing import CliRunner
from stamina.instrumentation import RetryDetails

from mpls311.arcgis import TransportError
from mpls311.datasets import filesystem
from mpls311.retries import RetriesTold
from tests.support.project import Outcome, Project

CITY = "sandbox.rows_per_year=200,sandbox.as_of=2026-03-01"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project without data: what is refused before any work leaves none."""
    return Project(tmp_path_factory.mktemp("mistakes") / "project")


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2):
        yield


@pytest.fixture
def new_file_systems() -> Iterator[None]:
    """None of the kept ones: they know the server of whatever was tested before."""
    kinds = [fsspec.get_filesystem_class(protocol) for protocol in ("gs", "s3")]
    with ExitStack() as afterwards:
        for kind in kinds:
            kind.clear_instance_cache()
            afterwards.callback(kind.clear_instance_cache)
        yield


def told(outcome: Outcome, code: int = 1) -> str:
    """What is said, once it is short and no traceback."""
    assert outcome.exit_code == code, outcome.output
    assert "Traceback" not in outcome.output
    answer = outcome.output.rpartition("\nError: ")[2].removeprefix("Error: ").strip()
    assert len(answer.splitlines()) <= 3, answer
    return answer


RUN = "run --env demo "


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("--nodes run_dbt", "no node run_dbt. Did you mean run_dbt_and_record_loads?"),
        ("--from-nodes read_feature_layer", "Did you mean read_feature_layers?"),
        ("--to-nodes zzz", "There is no node zzz. There are verify_earlier_loads, "),
        ("--tags ingst", "There is no tag ingst. Did you mean ingest? There are: ingest, report"),
        ("--from-inputs raw_reqests", "no dataset raw_reqests. Did you mean raw_requests?"),
        ("--to-outputs dashbord", "Did you mean dashboard?"),
        ("--load-versions dashbord:1", "Did you mean dashboard?"),
        ("--namespaces x", "There is no namespace x."),
        ("--tags ingest --nodes write_dashboard", "These filters together leave no node to run."),
        ("--pipelines transfrom", "There is no pipeline transfrom. Did you mean transform?"),
        ("--pipeline stage --pipelines report", "--pipelines stage,report"),
        ("--runner ThredRunner", "There is no runner ThredRunner. Did you mean ThreadRunner?"),
        ("--runner no.such.Runner", "There is no runner no.such.Runner."),
        ("--runner ParallelRunner", "leave them out."),
        ("--runner-params is_async=True", "leave them out."),
        ("--async", "leave them out."),
        ("--runner-params workers=3", "--runner-params do not fit SequentialRunner"),
    ],
)
def test_what_cannot_be_run_is_refused_before_any_work(
    project: Project, typed: str, said: str
) -> None:
    assert said in told(project.kedro(*f"{RUN}{typed}".split()))
    assert not (project.folder / "data").exists()


@pytest.mark.parametrize(
    "typed",
    [
        "run",
        "status",
        "check",
        "first-contact",
        "catalog list-patterns",
        "viz run",
    ],
)
def test_every_command_refuses_an_environment_that_there_is_not(
    project: Project, typed: str
) -> None:
    answer = told(project.kedro(*typed.split(), "--env", "dmo"))
    assert answer.startswith("There is no environment dmo. Did you mean demo? There are: ")


@pytest.mark.parametrize("env", ["base", "demo", "aws", "gcp", "postgres"])
def test_every_environment_is_what_its_check_takes(
    project: Project, env: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GOOGLE_CLOUD_PROJECT", "MPLS311_BUCKET", "PGUSER"):
        monkeypatch.setenv(name, "mine")
    outcome = project.kedro("catalog", "list-patterns", "--env", env)
    assert outcome.exit_code == 0, outcome.output


def test_commands_of_kedro_are_told_of_pipelines(project: Project) -> None:
    for typed in ("viz run --pipeline stge", "catalog describe-datasets --pipeline stge"):
        assert "Did you mean stage?" in told(project.kedro(*typed.split()))
    assert "stage" in told(project.kedro("registry", "describe", "stge"))
    assert "transform" in project.kedro("registry", "list").output
    assert told(project.kedro("catalog", "lst"), code=2) == "No such command 'lst'."


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("parameters.yml", "years: 2024\nmode: [\n", "parameters.yml, line 3: this is no YAML"),
        ("parameters.yml", "mode: full\nmode: full\n", "line 2: this is no YAML (found duplicate"),
        ("parameters.yml", "- years\n", "conf/local/parameters.yml must set names to values"),
        (
            "parameters.yml",
            "# mine\nsource: {concurency: 4}\n",
            "There is no parameter source.concurency (conf/local/parameters.yml, line 2). Did you "
            "mean source.concurrency?",
        ),
        ("parameters.yml", "yeers: 2025\n", "(conf/local/parameters.yml, line 1). Did you mean"),
        ("parameters.yml", "years: 20b5\n", "(conf/local/parameters.yml, line 1)"),
        ("parameters.yml", "source: 4\n", "source has parts (conf/local/parameters.yml, line 1)"),
        ("parameters.yml", "spool: ${globals:spol}\n", "(conf/local/parameters.yml, line 1)"),
        ("globals.yml", "lakee: x\n", "(conf/local/globals.yml, line 1). Did you mean lake?"),
        ("globals.yml", "lake: [x\n", "conf/local/globals.yml, line 2: this is no YAML"),
        ("catalog.yml", "a: {type: [\n", "conf/local/catalog.yml, line 2: this is no YAML"),
        (
            "catalog.yml",
            "load_history:\n  type: mpls311.datasets.ManifestDataset\n  path: x\n",
            "load_history cannot be of type mpls311.datasets.ManifestDataset "
            "(conf/local/catalog.yml, line 2). Did you mean mpls311.datasets.ManifestsDataset?",
        ),
        (
            "catalog.yml",
            "load_history:\n  type: mpls311.datasets.ManifestsDataset\n  pth: x\n",
            "unexpected keyword argument 'pth'",
        ),
    ],
)
def test_a_mistake_in_the_configuration_has_a_file_and_a_line(
    project: Project, file: str, text: str, said: str
) -> None:
    local = project.folder / "conf/local" / file
    local.parent.mkdir(exist_ok=True)
    local.write_text(text)
    try:
        assert said in told(project.kedro("status"))
        assert said in told(project.kedro("viz", "run"))
    finally:
        local.unlink()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("run: [\n", "mine.yml, line 2: this is no YAML"),
        ("- run\n", "mine.yml must set names to values"),
        ("years: 2023\n", "mine.yml must set options below `run:`."),
        ("run:\n  pramas: years=2023\n", "There is no option pramas (mine.yml). Did you mean para"),
    ],
)
def test_a_file_of_options_is_checked(project: Project, text: str, said: str) -> None:
    file = project.folder / "mine.yml"
    file.write_text(text)
    assert said in told(project.command("--config", str(file)))


def test_with_threads_one_city_is_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from mpls311.sandbox.protocol import FeatureServer

    stopped: list[FeatureServer] = []
    stop = FeatureServer.stop
    monkeypatch.setattr(
        FeatureServer, "stop", lambda server: (stopped.append(server), stop(server))
    )
    twin = Project(tmp_path / "project")

    arguments = ("--pipelines", "ingest", "--runner", "ThreadRunner", "--params")
    outcome = twin.command("--env", "demo", *arguments, f"years=2026,{CITY}")

    assert outcome.exit_code == 0, outcome.output
    assert outcome.output.count("The stand-in city of") == 1
    assert len(stopped) == 1


@pytest.mark.parametrize("command", ["status", "check", "viz"])
def test_outside_of_a_project(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mpls311.global_commands import commands

    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(commands, [command, "--env", "demo"])
    outcome = Outcome(result.exit_code, result.output)
    assert told(outcome).startswith(f"There is no project in {tmp_path}.")


def test_the_module_outside_of_a_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from mpls311.__main__ import main

    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main()
    assert told(Outcome(int(str(ended.value)), capsys.readouterr().err)).startswith("There is no")


@pytest.mark.parametrize(
    ("env", "where", "said"),
    [
        ("gcp", {"STORAGE_EMULATOR_HOST": "http://127.0.0.1:1"}, "gs://mine/manifests cannot be"),
        ("aws", {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"}, "s3://mine/manifests cannot be"),
    ],
)
def test_a_cloud_that_does_not_answer_is_not_waited_for(
    project: Project,
    env: str,
    where: dict[str, str],
    said: str,
    new_file_systems: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(filesystem, "PATIENCE", 0.5)
    names = ("GOOGLE_CLOUD_PROJECT", "MPLS311_BUCKET", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    for name, value in {
        **dict.fromkeys(names, "mine"),
        "MPLS311_LAKE_TOKEN": "anon",
        **where,
    }.items():
        monkeypatch.setenv(name, value)
    answer = told(project.kedro("status", "--env", env))
    assert said in answer
    assert "Check login and network." in answer


def test_a_server_that_is_not_there(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGUSER", "mine")
    monkeypatch.setenv("PGPORT", "1")
    answer = told(project.run(env="postgres"))
    assert answer.startswith("PostgreSQL at localhost:1: ")
    assert "export PGHOST=... and PGPORT=..." in answer


def test_an_unreachable_service_is_told_once_with_a_countdown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "mpls311")
    say = RetriesTold()
    what = "cannot be reached (Name or service not known): check the address and the network."
    for number, wait in enumerate((0.5, 1.0, 2.0, 4.0, 8.0), start=1):
        for layer in range(12):
            error = TransportError(what, url=f"https://city.test/{layer}/FeatureServer/0")
            say(RetryDetails("fetch", (), {}, number, wait, 0.0, error))

    assert caplog.messages == [
        "city.test cannot be reached (Name or service not known); asking again for up to 62 s.",
        "city.test cannot be reached (Name or service not known); asking again for up to 54 s.",
    ]


def test_what_is_logged_names_the_environment(tmp_path: Path) -> None:
    output = Project(tmp_path / "project").run(pipeline="report", env="demo").output
    assert "run `kedro run --env demo` first" in " ".join(output.split())


def test_a_session_of_a_notebook_refuses_the_same(project: Project) -> None:
    from kedro.framework.session import KedroSession

    from mpls311.errors import Mistake
    from mpls311.session import RunSession

    project.kedro("registry", "list")
    for session in (KedroSession, RunSession):
        with (
            pytest.raises(Mistake, match=r"There is no parameter yeers. Did you mean years\?"),
            session.create(project.folder, env="demo", runtime_params={"yeers": 2025}) as opened,
        ):
            opened.run()
    with (
        pytest.raises(Mistake, match=r"Did you mean write_dashboard\?") as caught,
        RunSession.create(project.folder, env="demo") as opened,
    ):
        opened.run(node_names=["write_dashbord"])
    [shown] = caught.value._render_traceback_()
    assert shown.startswith("Error: There is no node")


@pytest.fixture(scope="module")
def lake(project: Project) -> Project:
    """A lake with two published years and their warehouse, without marts."""
    twin = project.copy(project.folder.parent / "with-a-lake")
    with stamina.set_testing(True, attempts=2):
        for pipeline in ("ingest", "validate", "stage"):
            twin.ran(f"years=2025+2026,{CITY}", env="demo", pipeline=pipeline)
    return twin


@pytest.fixture
def spoiled(lake: Project, tmp_path: Path) -> Project:
    """A copy of it, to be spoiled."""
    return lake.copy(tmp_path / "project")


@pytest.mark.parametrize(
    "folder",
    ["spool", "manifests", "01_raw", "02_intermediate", "03_primary", "warehouse"],
)
def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, folder: str) -> None:
    broken = Project(tmp_path / "project")
    file = broken.folder / "data/demo" / folder
    file.parent.mkdir(parents=True)
    file.write_text("a file")

    answer = told(broken.run(f"years=2026,{CITY}", env="demo"))

    assert f"{file} is a file where a folder must be. Move it away" in answer
    log = broken.folder / answer.rpartition("Details: ")[2]
    assert "Traceback (most recent call last)" in log.read_text()


def test_data_of_another_place_or_user_is_named(tmp_path: Path) -> None:
    broken = Project(tmp_path / "project")
    (broken.folder / "data").write_text("a file")

    answer = told(broken.run(CITY, env="demo"))

    assert f"{broken.folder / 'data'} is a file" in answer
    log = Path(answer.rpartition("Details: ")[2])
    assert log.is_absolute()
    log.unlink()
    nothing = broken.kedro("status", "--env", "demo").output
    assert "No load exists yet: run `kedro run --env demo` first." in nothing


def test_a_warehouse_that_is_none(spoiled: Project) -> None:
    warehouse = spoiled.folder / "data/demo/warehouse/mpls_311.duckdb"
    advice = "Delete it, then make it anew from the lake: kedro run --env demo --pipeline rebuild"
    for content in (b"", b"garbage" * 1000, warehouse.read_bytes()[:10_000]):
        warehouse.write_bytes(content)
        assert advice in told(spoiled.run(pipeline="report", env="demo"))
    assert advice in told(spoiled.kedro("check", "--env", "demo"))
    warehouse.unlink()
    warehouse.mkdir()
    assert f"{warehouse} is a folder" in told(spoiled.run(pipeline="report", env="demo"))


def test_what_duckdb_cannot_be_set_to(spoiled: Project) -> None:
    (spoiled.folder / "conf/demo/globals.yml").write_text(
        "environment: demo\nlake: data/demo\nduckdb: {database: data/demo/warehouse/mpls_311.duckdb"
        ", memory_limit: 1XB}\n"
    )
    answer = told(spoiled.run(pipeline="stage", env="demo"))
    assert "DuckDB cannot take memory_limit: 1XB, as globals.yml sets it" in answer


@pytest.mark.parametrize("damage", ["gone", "garbage", "a folder"])
def test_a_file_of_the_lake_that_cannot_be_read(spoiled: Project, damage: str) -> None:
    file = next((spoiled.folder / "data/demo/03_primary/service_requests/2025").iterdir())
    size = file.stat().st_size
    file.unlink()
    if damage == "garbage":
        file.write_bytes(b"x" * size)
    elif damage == "a folder":
        file.mkdir()

    answer = told(spoiled.run(pipeline="stage", env="demo"))

    assert str(file) in answer
    assert "kedro run --env demo --params years=2025,mode=full" in answer


@pytest.mark.parametrize("text", ["not json", "{}", "[]"])
def test_a_manifest_that_is_none_stops_its_year_alone(spoiled: Project, text: str) -> None:
    manifest = next((spoiled.folder / "data/demo/manifests/2025").glob("*.ingest.json"))
    manifest.write_text(text)

    shown = spoiled.kedro("status", "--env", "demo").output

    assert f"2025: the manifest 2025/{manifest.name} is not what was written" in shown
    assert "kedro run --env demo --params years=2025,mode=full" in shown
    assert re.search(r"^2026 ", shown, re.MULTILINE)


def test_an_edition_of_areas_that_is_no_parquet(spoiled: Project) -> None:
    for file in (spoiled.folder / "data/demo/01_raw").glob("[nw]*/*.parquet"):
        file.write_text("garbage")
    answer = told(spoiled.run(pipeline="stage", env="demo"))
    assert ".parquet is not what was written. Restore it, or delete it" in answer


def test_a_full_disk_is_told_with_a_path(spoiled: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device", str(source), None, str(target))

    monkeypatch.setattr(shutil, "copyfile", full)
    answer = told(spoiled.run(f"years=2024,{CITY}", pipeline="ingest", env="demo"))
    assert re.search(r"The disk is full \(\S+ cannot be written\)\. Free some space", answer)


def test_a_fault_of_ours_is_called_one(spoiled: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    from mpls311.datasets.manifests import ManifestsDataset

    def wrong(_: object) -> None:
        raise KeyError("watermark")

    monkeypatch.setattr(ManifestsDataset, "_read", wrong)
    answer = told(spoiled.kedro("status", "--env", "demo"))
    assert answer.startswith("Unexpected: ")
    assert "open an issue, with the file data/demo/logs/errors.log in it" in answer
    log = (spoiled.folder / "data/demo/logs/errors.log").read_text()
    assert "in wrong" in log

    shown = spoiled.kedro("status", "--env", "demo", "--traceback").output
    assert "Traceback (most recent call last)" in shown
    assert "in wrong" in shown
