"""The commands that messages advise, as they are typed for the environment of a run."""

from pydantic import BaseModel, ConfigDict

BASE = "base"
"""The environment that a command means if it names none."""


class Commands(BaseModel):
    """Where a run is, and so what a person must type to run again on the same lake."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    environment: str
    """What `--env` takes."""
    cloud_job: str | None
    """The Cloud Run job that runs this environment, as gcloud is told of it; None without one."""

    def release(self, source_year: int) -> str:
        """Releases the held load of a year."""
        return self.run(f"years={source_year},validation.accept={source_year}")

    def run(self, params: str) -> str:
        """`kedro run` with parameters; and the same for the cloud job where there is one."""
        env = [] if self.environment == BASE else ["--env", self.environment]
        arguments = ["run", *env, "--params", params]
        typed = f"`kedro {' '.join(arguments)}`"
        if self.cloud_job is None:
            return typed
        # gcloud splits at commas unless it is told of another separator, and parameters have some.
        args = f"--args='^;^{';'.join(arguments)}'"
        return f"{typed}, or in the cloud `gcloud run jobs execute {self.cloud_job} --wait {args}`"
