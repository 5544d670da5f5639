"""The commands that messages advise, as they are typed for the environment of a run."""

import os
import re
import shlex
from typing import Self

from pydantic import BaseModel, ConfigDict

DEFAULTS = ("base", "local")
"""The environments that a command means if it names none."""

_COMMAND = re.compile(r"\b(kedro (?:run|status|check|first-contact|viz run))\b(?! --env)")


class Commands(BaseModel):
    """Where a run is, and so what a person must type to run again on the same lake."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    environment: str
    """What `--env` takes."""
    cloud_job: str | None = None
    """The Cloud Run job that runs this environment, as gcloud is told of it; None without one."""

    @classmethod
    def of(cls, env: str | None) -> Self:
        """Those of the environment that a command names, or of the one that Kedro takes then."""
        return cls(environment=env or os.environ.get("KEDRO_ENV") or DEFAULTS[1])

    def typed(self, text: str) -> str:
        """A text in which commands of this project name the environment, unless it is a default."""
        named = rf"\1 --env {self.environment}"
        return text if self.environment in DEFAULTS else _COMMAND.sub(named, text)

    def release(self, source_year: int) -> str:
        """Releases the held load of a year; here, and in the cloud job where there is one."""
        here = self.typed(f"kedro run --params years={source_year},validation.accept={source_year}")
        if self.cloud_job is None:
            return f"`{here}`"
        # gcloud splits at commas unless it is told of another separator, and parameters have some.
        args = f"--args='^;^{';'.join(shlex.split(here)[1:])}'"
        return f"`{here}`, or in the cloud `gcloud run jobs execute {self.cloud_job} --wait {args}`"
