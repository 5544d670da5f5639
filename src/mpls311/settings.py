"""Project settings of Kedro."""

from mpls311.hooks import RunLock, RunSummary, StandInCity

HOOKS = (RunSummary(), StandInCity(), RunLock())

CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    # An overlay names only what differs from base.
    "merge_strategy": {"parameters": "soft", "globals": "soft"},
}
