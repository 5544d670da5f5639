"""Settings of a person or a machine, not of the project: which cloud project, which bucket."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from kedro.utils import find_kedro_project

_UNSET = re.compile(r"\$(\w+)")


def in_project(path: str) -> str:
    """A path of the project as an absolute one, from whatever folder of it a run is started.

    Kedro does the same for `path` and `filepath` in the catalog, but not for parameters.
    """
    return str(Path(find_kedro_project(Path.cwd()) or Path.cwd(), path))


def machine_setting(key: str, variable: str, default: str | None = None) -> str:
    """A setting from the environment, else from conf/local/globals.yml, else the default.

    Kedro reads conf/local only when no other environment is chosen, which is why this does.

    Returns:
        The value; `$variable`, as a shell leaves it, where there is none: a catalog can then be
        drawn and listed without any cloud, and `missing_settings` finds what a run lacks.
    """
    own = Path(in_project("conf/local/globals.yml"))
    written = (yaml.safe_load(own.read_text()) or {}) if own.exists() else {}
    return os.environ.get(variable) or str(written.get(key) or default or f"${variable}")


def missing_settings(settings: Mapping[str, Any]) -> list[str]:
    """One sentence for each machine setting that has no value.

    Args:
        settings: Kedro's globals, resolved.
    """
    return [
        f"{key} is not set: export {unset[1]}=..., or write `{key}: ...` into "
        "conf/local/globals.yml."
        for key, value in settings.items()
        if (unset := _UNSET.fullmatch(str(value)))
    ]
