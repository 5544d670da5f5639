"""`--params` as a person types it, and `--config`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import click
from omegaconf import OmegaConf

from mpls311.configuration import unknown, what_is_wrong
from mpls311.errors import Mistake

_HELP = (
    "Parameters for this run, as name=value,name=value: years=2019,2021,mode=full. Those of a "
    "group are written with a dot: source.concurrency=4."
)


class ParamsOption(click.Option):
    """`--params` as typed: every occurrence, or the mapping of a `--config` file."""

    def __init__(self) -> None:
        super().__init__(["--params"], multiple=True, help=_HELP)

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        """Leave it as it is."""
        return value


class ConfigOption(click.Option):
    """`--config`, whose file is checked before Kedro reads it."""

    def __init__(self, kedros: click.Option) -> None:
        super().__init__(
            ["--config", "-c"], type=kedros.type, help=kedros.help, callback=self._read
        )
        self._kedros = kedros

    def _read(self, ctx: click.Context, option: click.Parameter, file: str | None) -> Any:
        if file:
            _check_options(ctx, Path(file))
        assert self._kedros.callback, "it reads the file"
        return self._kedros.callback(ctx, option, file)


def _check_options(ctx: click.Context, file: Path) -> None:
    """Refuse a file that sets no options of the command, or other ones.

    Raises:
        Mistake: With what may be meant.
    """
    if wrong := what_is_wrong(file, file.name):
        raise Mistake(wrong)
    section = str(ctx.command.name)
    options = OmegaConf.to_container(OmegaConf.load(file))
    given = options.get(section) if isinstance(options, dict) else None
    if not isinstance(given, dict):
        raise Mistake(f"{file.name} must set options below `{section}:`.")
    known = [str(option.name) for option in ctx.command.params]
    for name in given:
        if name not in known:
            raise Mistake(unknown("option", str(name), known, file.name))


def parse_params(typed: Any) -> dict[str, Any]:
    """The parameters of `--params key=value,key=value`, nested at dots.

    Args:
        typed: Every `--params` as typed, or what a `--config` file says: the same text, or a
            mapping.

    An item without `=` belongs to the value before it, so that `years=2019,2021` is one
    parameter. `years` stays as typed: YAML would read 02023 as an octal number.

    Raises:
        Mistake: There are two `--params`, or the first item has no `=`, or the file says
            something else.
    """
    if isinstance(typed, Mapping):
        return dict(typed)
    if not typed:
        return {}
    if isinstance(typed, str):
        typed = (typed,)
    if not isinstance(typed, list | tuple) or not all(isinstance(text, str) for text in typed):
        raise Mistake(
            f"params: {typed} in the --config file: write them as a mapping (years: 2023), or as "
            "after --params (years=2023,mode=full)."
        )
    if len(typed) > 1:
        raise Mistake("Give --params once: --params " + ",".join(typed))
    items: list[str] = []
    for item in typed[0].split(","):
        if "=" in item:
            items.append(item.strip())
        elif items:
            items[-1] += f",{item.strip()}"
        else:
            raise Mistake(f"--params {typed[0]}: write name=value, for example years=2023.")
    years = [item.partition("=")[2] for item in items if item.startswith("years=")]
    others = OmegaConf.from_dotlist([item for item in items if not item.startswith("years=")])
    params = cast(dict[str, Any], OmegaConf.to_container(others))
    return {**params, "years": years[-1]} if years else params
