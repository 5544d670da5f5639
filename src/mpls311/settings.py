"""Project settings of Kedro."""

from mpls311.hooks import Checked, OneHistory, OneOpening, RunSummary, SingleRun, StandInCity
from mpls311.machine_settings import in_project, machine_setting
from mpls311.memory import share_of_memory
from mpls311.session import RunSession

HOOKS = (Checked(), RunSummary(), StandInCity(), OneHistory(), OneOpening(), SingleRun())

SESSION_CLASS = RunSession

CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    # An overlay names only what differs from base.
    "merge_strategy": {"parameters": "soft", "globals": "soft"},
    "custom_resolvers": {
        "in_project": in_project,
        "machine_setting": machine_setting,
        "share_of_memory": share_of_memory,
    },
}
