"""What the papers name is there: links, files, tests, make targets, commands, parameters."""

import ast
import re
import shlex
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from mpls311.cli import cli, run
from mpls311.pipeline_registry import register_pipelines
from mpls311.typed_params import parse_params

ROOT = Path(__file__).parents[2]
TOP = sorted(path.name for path in ROOT.iterdir() if path.name not in {"data", "__pycache__"})
# What changed is told in the words of its day.
PAPERS = sorted(
    {path for top in TOP for path in (ROOT / top).rglob("*.md") if not top.startswith(".")}
    | set(ROOT.glob("*.md")) - {ROOT / "CHANGELOG.md"}
)

FENCE = re.compile(r"^ *```.*?^ *```", re.M | re.S)
INDENTED = re.compile(r"^(?: {4,}|\t)(.+)$", re.M)
QUOTED = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.M)
# `<name>` stands for a name of the reader's, and three dots for whatever fits.
OPEN = re.compile(r"<\w[\w -]*>|\.\.\.")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    names = [str(paper.relative_to(ROOT)) for paper in PAPERS]
    metafunc.parametrize("paper", PAPERS, ids=names)


def quoted(paper: Path) -> list[str]:
    return QUOTED.findall(FENCE.sub("", paper.read_text("utf-8")))


def commands(paper: Path, program: str) -> Iterator[list[str]]:
    """The words of each command of a program, as typed, whatever is assigned before it."""
    text = paper.read_text("utf-8").replace("\\\n", " ")
    lines = [*INDENTED.findall(text), *quoted(paper)]
    lines += [line for block in FENCE.findall(text) for line in block.splitlines()]
    for line in lines:
        command = re.fullmatch(rf"(?:\w+=\S+ +)*{program} (.+)", line.strip())
        if command:
            yield shlex.split(command[1], comments=True)


def test_links_lead_somewhere(paper: Path) -> None:
    for target, anchor in LINK.findall(paper.read_text("utf-8")):
        there = paper.parent / target if target else paper
        assert there.exists(), target
        if anchor:
            headings = HEADING.findall(there.read_text("utf-8"))
            assert anchor in {slug(heading) for heading in headings}, f"{target}#{anchor}"


def slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_files_and_tests_are_there(paper: Path) -> None:
    for name in quoted(paper):
        path, *test = name.split("::")
        if re.fullmatch(r"[\w.*/-]+", path) and is_ours(Path(path)):
            found = list(ROOT.glob(path.rstrip("/")))
            assert found, name
            if test:
                assert test[-1] in defined(found[0]), name


def is_ours(path: Path) -> bool:
    """Whether a path is meant that the repository has; a person's own and a run's are not."""
    is_file = len(path.parts) > 1 and path.suffix in {".csv", ".md", ".py", ".sql", ".tf", ".yml"}
    is_made = path.parts[0] == "data" or path.parts[:2] == ("conf", "local")
    return not is_made and (is_file or path.parts[0] in TOP)


def defined(module: Path) -> set[str]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    nodes = ast.walk(ast.parse(module.read_text("utf-8")))
    return {node.name for node in nodes if isinstance(node, kinds)}


def test_modules_are_there(paper: Path) -> None:
    for name in quoted(paper):
        if re.fullmatch(r"(mpls311|bench)(\.\w+)+", name):
            assert is_importable(name), name
    for first, *rest in commands(paper, "python"):
        if first == "-m":
            assert find_spec(rest[0]), rest[0]
        elif first != "-c" and not OPEN.search(first):
            assert (ROOT / first).exists(), first


def is_importable(name: str) -> bool:
    """Whether it is a module, or what one defines or offers."""
    path = ROOT / ("src" if name.startswith("mpls311") else "") / name.replace(".", "/")
    if path.is_dir() or path.with_suffix(".py").exists():
        return True
    module, attribute = path.parent, path.name
    file = module / "__init__.py" if module.is_dir() else module.with_suffix(".py")
    return file.exists() and re.search(rf"\b{attribute}\b", file.read_text("utf-8")) is not None


def test_make_targets_are_there(paper: Path) -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    for words in commands(paper, "make"):
        named = {word for word in words if "=" not in word and not OPEN.search(word)}
        assert named <= targets, words


def test_kedro_takes_what_is_typed(paper: Path) -> None:
    parameters = yaml.safe_load((ROOT / "conf/base/parameters.yml").read_text("utf-8"))
    for command, *words in commands(paper, "kedro"):
        if command not in cli.commands:
            assert command in {"viz", "catalog", "registry", "jupyter", "ipython"}, command
            continue
        typed = cli.commands[command].make_context(command, words).params
        env = typed["env"]
        assert not env or OPEN.search(env) or (ROOT / "conf" / env).is_dir(), env
        if command == run.name:
            pipeline = typed["pipeline"]
            assert not pipeline or pipeline in register_pipelines(), pipeline
            for name in leaves(parse_params(typed["params"])):
                assert is_parameter(name, parameters), name


def test_parameters_are_there(paper: Path) -> None:
    parameters = yaml.safe_load((ROOT / "conf/base/parameters.yml").read_text("utf-8"))
    groups = "|".join(name for name, value in parameters.items() if isinstance(value, dict))
    for name in quoted(paper):
        if re.fullmatch(rf"({groups})\.[a-z_]+", name):
            assert is_parameter(name, parameters), name


def leaves(parameters: dict[str, Any], path: str = "") -> Iterator[str]:
    for name, value in parameters.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}"


def is_parameter(name: str, parameters: Any) -> bool:
    for part in name.split("."):
        if not isinstance(parameters, dict) or part not in parameters:
            return False
        parameters = parameters[part]
    return True
