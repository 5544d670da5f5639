"""Project settings of Kedro."""

from pathlib import Path

from kedro.utils import find_kedro_project

from mpls311.hooks import DashboardPath, RunLock, RunSummary, StandInCity

HOOKS = (RunSummary(), DashboardPath(), StandInCity(), RunLock())


def in_project(path: str) -> str:
    """A path of the project as an absolute one, from whatever folder of it a run is started.

    Kedro does the same for `path` and `filepath` in the catalog, but not for parameters.
    """
    return str(Path(find_kedro_project(Path.cwd()) or Path.cwd(), path))


CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    # An overlay names only what differs from base.
    "merge_strategy": {"parameters": "soft", "globals": "soft"},
    "custom_resolvers": {"in_project": in_project},
}
