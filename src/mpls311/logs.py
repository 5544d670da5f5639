"""Log lines: the same from whatever folder, with commands as they are typed in the environment."""

import logging
import os
from pathlib import Path

import yaml
from kedro.framework.project import LOGGING

from mpls311.commands import Commands

_CONFIGURED = "KEDRO_LOGGING_CONFIG"


class _Typed(logging.Filter):
    """Lets the commands in a log line name the environment."""

    def __init__(self, commands: Commands) -> None:
        super().__init__()
        self._commands = commands

    def filter(self, record: logging.LogRecord) -> bool:
        if "kedro " in (message := record.getMessage()):
            record.msg, record.args = self._commands.typed(message), ()
        return True


def log_as_configured(project: Path) -> None:
    """Take conf/logging.yml, which Kedro finds only from the top folder of a project."""
    file = project / "conf" / "logging.yml"
    if Path.cwd() != project and _CONFIGURED not in os.environ and file.is_file():
        LOGGING.configure(yaml.safe_load(file.read_text("utf-8")))
        # For the processes that this one starts.
        os.environ[_CONFIGURED] = str(file)


def name_environment(commands: Commands) -> None:
    """From here on, commands in log lines are those of an environment."""
    for handler in logging.getLogger().handlers:
        for each in [each for each in handler.filters if isinstance(each, _Typed)]:
            handler.removeFilter(each)
        handler.addFilter(_Typed(commands))
