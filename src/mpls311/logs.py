"""Log lines: the same from whatever folder, with commands as they are typed in the environment."""

import logging
import os
from pathlib import Path

import yaml
from kedro.framework.project import LOGGING

from mpls311.commands import Commands

_CONFIGURED = "KEDRO_LOGGING_CONFIG"


class _Typed(logging.Formatter):
    """Formats as another formatter, and lets the commands in a line name the environment."""

    def __init__(self, formatter: logging.Formatter, commands: Commands) -> None:
        super().__init__()
        self.formatter = formatter
        self._commands = commands

    def format(self, record: logging.LogRecord) -> str:
        return self._commands.typed(self.formatter.format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:
        return self._commands.typed(self.formatter.formatMessage(record))

    def usesTime(self) -> bool:
        return self.formatter.usesTime()


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
        formatter = handler.formatter or logging.Formatter()
        if isinstance(formatter, _Typed):
            formatter = formatter.formatter
        handler.setFormatter(_Typed(formatter, commands))
