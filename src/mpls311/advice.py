"""Advice that can be typed as it stands, in the environment that the person is in."""

import re

_COMMAND = re.compile(r"\b(kedro (?:run|status|check))\b(?! --env)")


_DEFAULTS = (None, "base", "local")


def typed_in(env: str | None, text: str) -> str:
    """A text in which commands of this project name the environment, unless it is the default."""
    return text if env in _DEFAULTS else _COMMAND.sub(rf"\1 --env {env}", text)
