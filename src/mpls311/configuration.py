"""The configuration of an environment, checked: what is wrong with it has a file and a line."""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml
from kedro.config import AbstractConfigLoader, MissingConfigException
from kedro.framework.project import settings
from kedro.io import DatasetError
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import BaseModel, ValidationError

from mpls311.commands import DEFAULTS
from mpls311.errors import Mistake, about_file
from mpls311.machine_settings import missing_settings
from mpls311.parameters import Parameters

_REFERENCE = re.compile(r"\$\{globals:(\w+)|machine_setting:(\w+)|\$\{(\w+)\}")
_ENTRY = re.compile(
    r"(?:parsing config for dataset|Failed to instantiate dataset|Dataset) '([^']+)'"
    r"(?: must only contain| of type| cannot be|:)"
)
"""How Kedro says which entry of the catalog cannot be made."""
_SHOWN = 2
"""Mistakes that are told at once."""
_LISTED = 12
"""Names that are told at once."""


def check_params(conf: Path, env: str | None, params: Mapping[str, Any]) -> Parameters:
    """Refuse unknown names and values that make no sense.

    Args:
        conf: The folder of the configuration.
        env: The environment, if not the default one.
        params: What was given for this run.

    Raises:
        Mistake: One sentence for each of the first of them.
    """
    check_environment(conf, env)
    loader = settings.CONFIG_LOADER_CLASS(
        conf_source=str(conf),
        env=env,
        runtime_params=dict(params),
        **settings.CONFIG_LOADER_ARGS,
    )
    return check_configuration(loader)


def check_configuration(loader: AbstractConfigLoader) -> Parameters:
    """Refuse what cannot be meant, in files and in what was given for this run.

    Args:
        loader: Kedro's.

    Raises:
        Mistake: One sentence for each of the first mistakes.
    """
    files = _Files(Path(loader.conf_source), loader.env)
    check_environment(files.conf, loader.env)
    files.check_globals()
    try:
        places, parameters = loader["globals"], loader["parameters"]
        # Kept, or Kedro would read it anew.
        loader["catalog"] = loader["catalog"]
    except Exception as exc:
        raise Mistake(files.explained(exc)) from exc
    if missing := missing_settings(places):
        raise Mistake(" ".join(missing))
    try:
        return Parameters.model_validate(parameters)
    except ValidationError as exc:
        given = loader.runtime_params or {}
        told = dict.fromkeys(_sentence(error, given, files) for error in exc.errors())
        more = len(told) - _SHOWN
        shown = [*list(told)[:_SHOWN], *([f"And {more} more like it."] if more > 0 else [])]
        raise Mistake(" ".join(shown)) from exc


def explained(exc: BaseException, conf: Path, env: str | None) -> str | None:
    """What an error is, if it is one of the configuration; None if it is none.

    Args:
        exc: Of YAML, of OmegaConf, or Kedro's of an entry of the catalog.
        conf: The folder of the configuration.
        env: The environment.
    """
    files = _Files(conf, env)
    if isinstance(exc, yaml.YAMLError | OmegaConfBaseException | MissingConfigException):
        return files.explained(exc)
    entry = _ENTRY.search(str(exc)) if isinstance(exc, DatasetError) else None
    return files.about_entry(entry[1], str(exc)) if entry else None


def check_environment(conf: Path, env: str | None) -> None:
    """Refuse an environment that there is not.

    Raises:
        Mistake: There are others.
    """
    if env and conf.is_dir() and not (conf / env).is_dir():
        there = sorted(folder.name for folder in conf.iterdir() if folder.is_dir())
        raise Mistake(unknown("environment", env, there))


def unknown(kind: str, name: str, there: Sequence[str], where: str = "") -> str:
    """That there is no such thing, what may be meant by it, and what there is.

    Args:
        kind: What it is called: node, environment ...
        name: What was typed.
        there: What could be.
        where: In which file it stands.
    """
    close = get_close_matches(name, there, n=1, cutoff=0.6) or [n for n in there if name in n][:1]
    hint = f" Did you mean {close[0]}?" if close else ""
    if not there:
        rest = " There is none."
    elif len(there) <= _LISTED:
        rest = "" if close and where else f" There are: {', '.join(there)}."
    else:
        rest = "" if close else f" There are {', '.join(there[:_LISTED])} and others."
    return f"There is no {kind} {name}{f' ({where})' if where else ''}.{hint}{rest}"


def _sentence(error: Any, given: Mapping[str, Any], files: "_Files") -> str:
    path = [part for part in error["loc"] if not isinstance(part, int)]
    name = ".".join(map(str, path))
    message = str(error["msg"]).removeprefix("Value error, ")
    # What was typed needs no place.
    place = "" if _is_in(given, path) else files.place(path)
    where = f" ({place})" if place else ""
    match error["type"]:
        case "value_error":
            return f"{message.rstrip('.')}{where}."
        case "extra_forbidden":
            above = ".".join(map(str, path[:-1]))
            there = [f"{above}.{each}" if above else each for each in _names(path[:-1])]
            return unknown("parameter", name, there, place)
        case "missing":
            return f"The configuration does not set {name}."
        case "model_type" | "dict_type" if parts := _names(path):
            return f"{name} has parts{where}: {', '.join(f'{name}.{part}' for part in parts)}."
    return f"{name}={error['input']}: {message}{where}."


def _names(path: Sequence[Any]) -> list[str]:
    """The names of the parameters in a group."""
    model: Any = Parameters
    for part in path:
        model = model.model_fields[part].annotation if part in model.model_fields else None
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return []
    return list(model.model_fields)


def _is_in(given: Any, path: Sequence[Any]) -> bool:
    for part in path:
        if not isinstance(given, Mapping) or part not in given:
            return False
        given = given[part]
    return True


class _Files:
    """The files of an environment, as far as they lie in a folder."""

    def __init__(self, conf: Path, env: str | None) -> None:
        self.conf = conf
        self._own = env or DEFAULTS[1]

    def _of(self, folder: str, pattern: str = "*") -> Iterator[Path]:
        for ending in ("yml", "yaml", "json"):
            yield from sorted((self.conf / folder).rglob(f"{pattern}.{ending}"))

    def _named(self, file: Path, node: yaml.Node) -> str:
        return f"{self.conf.name}/{file.relative_to(self.conf)}, line {node.start_mark.line + 1}"

    def place(self, path: Sequence[Any], pattern: str = "parameters*") -> str:
        """Where a name stands that an environment sets; empty if only the base does."""
        for file in self._of(self._own, pattern):
            if key := _key(yaml.compose(file.read_text("utf-8")), path):
                return self._named(file, key)
        return ""

    def check_globals(self) -> None:
        """Refuse a name in globals.yml that nothing reads.

        Raises:
            Mistake: There is one, or a file cannot be read.
        """
        for file in {self.conf / folder / "globals.yml" for folder in (self._own, DEFAULTS[1])}:
            known = self._globals_known_beside(file)
            for key, _ in self._settings(file):
                if key.value not in known:
                    place = self._named(file, key)
                    raise Mistake(unknown("setting", key.value, sorted(known), place))

    def _globals_known_beside(self, file: Path) -> set[str]:
        known: set[str] = set()
        for other in self.conf.glob("*/globals.yml"):
            if other != file:
                known |= {key.value for key, _ in self._settings(other)}
        texts = [each.read_text("utf-8") for each in self.conf.glob("*/*.yml")]
        for found in _REFERENCE.finditer("\n".join(texts)):
            known |= {name for name in found.groups() if name}
        return known | {value.value for key, value in self._settings(file) if key.value == "engine"}

    def _types(self, folder: str, name: str | None = None) -> Iterator[str]:
        """The type of an entry of the catalog, or of all of them."""
        for file in self._of(folder, "*catalog*"):
            loaded = OmegaConf.to_container(OmegaConf.load(file))
            for entry, config in loaded.items() if isinstance(loaded, dict) else ():
                if isinstance(config, dict) and name in (None, entry):
                    yield str(config.get("type", ""))

    def _settings(self, file: Path) -> list[tuple[yaml.Node, yaml.Node]]:
        """The names at the top of a file, which may not be there, with their values."""
        try:
            top = yaml.compose(file.read_text("utf-8"))
        except FileNotFoundError:
            return []
        except (yaml.YAMLError, UnicodeDecodeError) as exc:
            raise Mistake(self.explained(exc)) from exc
        return top.value if isinstance(top, yaml.MappingNode) else []

    def about_entry(self, name: str, said: str) -> str:
        """Why an entry of the catalog cannot be made."""
        place = self.place([name, "type"], "*catalog*") or self.place([name], "*catalog*")
        where = f" ({place})" if place else ""
        written, known = next(self._types(self._own, name), ""), set(self._types(DEFAULTS[0]))
        close = get_close_matches(written, known, n=1) if written not in known else []
        if close:
            return f"{name} cannot be of type {written}{where}. Did you mean {close[0]}?"
        first = said.strip().removesuffix(".").splitlines()
        told = first[1] if first[0].startswith("An exception occurred") and first[1:] else first[0]
        return f"The catalog's {name} cannot be made{where}: {told.strip(' .')}. Correct it there."

    def explained(self, exc: BaseException) -> str:
        """What is wrong with files that Kedro could not load."""
        for folder in dict.fromkeys((self._own, DEFAULTS[1], DEFAULTS[0])):
            for file in self._of(folder):
                if text := self._broken(file):
                    return text
        said = str(exc).strip().splitlines()[0].rstrip(".")
        key = str(getattr(exc, "full_key", None) or "")
        place = self.place(key.split("."), "*") if key else ""
        return f"The configuration cannot be read{f' ({place})' if place else ''}: {said}."

    def _broken(self, file: Path) -> str | None:
        return what_is_wrong(file, f"{self.conf.name}/{file.relative_to(self.conf)}")


def what_is_wrong(file: Path, name: str) -> str | None:
    """Why a file sets no names to values; None if it does.

    Args:
        file: The file.
        name: What it is called in a sentence.
    """
    try:
        loaded = OmegaConf.load(file)
    except yaml.MarkedYAMLError as exc:
        line = f", line {exc.problem_mark.line + 1}" if exc.problem_mark else ""
        return f"{name}{line}: this is no YAML ({exc.problem or exc.context}). Correct it there."
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        return f"{name} is no YAML in UTF-8 ({str(exc).splitlines()[0]}). Correct it there."
    except OSError as exc:
        return about_file(exc, name)
    if not OmegaConf.is_dict(loaded):
        return f"{name} must set names to values, as in `years: 2023`. Correct it there."
    return None


def _key(node: yaml.Node | None, path: Sequence[Any]) -> yaml.Node | None:
    """The last key of a path within a document."""
    found = None
    for part in path:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        found, node = next(
            ((key, value) for key, value in pairs if key.value == str(part)), (None, None)
        )
        if found is None:
            return None
    return found
