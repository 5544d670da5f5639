"""The parameters of a run, typed: they are validated before any node runs."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    RootModel,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)

from mpls311.commands import Commands
from mpls311.loads import Limits, Mode
from mpls311.years import Years, city_today

if TYPE_CHECKING:
    from mpls311.sandbox import City

STAND_IN_CITY = "stand-in-city"
"""The source id of the stand-in city: what bears it is made up, wherever it is kept."""

FORMER_NAMES = {"source.neighborhoods_service": "source.areas.neighborhood"}
"""Parameters that go on working by a name they once had -> the name they have."""

_LOAD_ID = re.compile(r"\d{8}T\d{9}Z-\d{4}")
_SERVER = re.compile(r"/(Feature|Map)Server(/\d+)?$", re.IGNORECASE)
_LAYER = re.compile(r"/\d+$")


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AreaLayers(_Settings):
    """The layers of the city's areas, each as `SourceSettings.service_name`; None does without."""

    neighborhood: str | None
    ward: str | None


class SourceSettings(_Settings):
    """Where the feature layers are and how gently to read them."""

    # What is refused may be a password.
    model_config = ConfigDict(hide_input_in_errors=True)

    id: str
    """Names the city service in every manifest and tracking row."""
    services_url: HttpUrl | None
    """The root up to /rest/services; None starts the stand-in city."""
    service_name: str
    """Where the layer of a `{year}` is: the name of a feature service; a path below services_url,
    as `Folder/Requests_{year}/MapServer/2`; or a whole address."""
    service_names: dict[int, str]
    """The same for the years that do not follow the pattern."""
    areas: AreaLayers
    """Where the layers of the city's areas are."""
    concurrency: Annotated[int, Field(ge=1, le=64)]
    deadline_minutes: Annotated[float, Field(gt=0)]
    overlap_days: Annotated[float, Field(ge=0)]
    full_every_days: Annotated[float, Field(gt=0)]
    today: date | None
    """The date that `all` and `recent` end with; None is today in Minneapolis."""

    @model_validator(mode="before")
    @classmethod
    def _by_new_names(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and "neighborhoods_service" in values:
            areas = {**values["areas"], "neighborhood": values["neighborhoods_service"]}
            values = {**values, "areas": areas}
            del values["neighborhoods_service"]
        return values

    @field_validator("services_url", "service_name", "service_names", "areas", mode="before")
    @classmethod
    def _only_addresses(cls, value: Any, info: ValidationInfo) -> Any:
        if set(str(value)) & set("@?#"):
            raise ValueError(
                f"source.{info.field_name} must be a plain address: leave out user name, password, "
                "? and #. Addresses are written into manifests and shown in messages."
            )
        return value

    @model_validator(mode="after")
    def _made_up_rows_say_so(self) -> "SourceSettings":
        if self.services_url is None and self.id != STAND_IN_CITY:
            raise ValueError(
                f"without source.services_url the stand-in city is read, and its made-up rows "
                f"would go by the name of {self.id}. Use --env demo."
            )
        return self

    @property
    def overlap(self) -> timedelta:
        """How far before the watermark an incremental read begins."""
        return timedelta(days=self.overlap_days)

    @property
    def full_every(self) -> timedelta:
        """How old the last full read of a year may grow."""
        return timedelta(days=self.full_every_days)

    @property
    def is_on_this_machine(self) -> bool:
        """Whether it is served on loopback, as the stand-in city is: no proxy leads there."""
        host = urlsplit(str(self.services_url)).hostname
        return host in ("127.0.0.1", "localhost", "::1")

    def layer_url(self, year: int) -> str:
        """The address of a year's feature layer."""
        return self._layer_url(self.service_names.get(year, self.service_name), year)

    @property
    def area_urls(self) -> dict[str, str]:
        """The address of the layer of each kind of areas."""
        return {kind: self._layer_url(name) for kind, name in self.areas if name}

    def _layer_url(self, service: str, year: int | None = None) -> str:
        # Not format(): whatever else is in braces belongs to the address.
        place = service.replace("{year}", str(year)).strip("/")
        if "://" not in place:
            place = f"{str(self.services_url).rstrip('/')}/{place}"
        if not _SERVER.search(place):
            place += "/FeatureServer"
        return place if _LAYER.search(place) else f"{place}/0"


class SandboxSettings(_Settings):
    """The stand-in city."""

    seed: int
    rows_per_year: int
    as_of: date | None
    """The day of the publication to serve; None is today."""
    temper: str
    """How times to close vary: steady or unsteady."""
    changes: str
    """Changes of times to close that are planted, `Pothole x1.3 from 2025-03-01`."""
    latency_ms: Annotated[float, Field(ge=0)]

    @field_validator("changes", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value or ""

    @model_validator(mode="after")
    def _not_in_the_future(self) -> "SandboxSettings":
        if self.as_of and self.as_of > city_today():
            raise ValueError(
                f"sandbox.as_of={self.as_of} lies in the future: times after the clock of this "
                "machine are never trusted. Give a past date."
            )
        return self

    def city(self, as_of: date | None = None) -> "City":
        """The city itself, on that day in place of `as_of`.

        Raises:
            ValueError: There is no such city.
        """
        # It takes a while to import.
        from mpls311.sandbox import City

        day = as_of or self.as_of
        return City(self.seed, self.rows_per_year, day, self.temper, self.changes)


class ValidationSettings(Limits):
    """When a person should look before a load is staged, and what that person releases."""

    accept: Years | None
    """The years whose held load is released; None for nobody's."""

    @field_validator("accept", mode="wrap")
    @classmethod
    def _named_as_typed(cls, value: Any, parse: ValidatorFunctionWrapHandler) -> Any:
        try:
            return parse(value)
        except ValidationError as exc:
            message = str(exc.errors()[0]["msg"]).removeprefix("Value error, ")
            raise ValueError(f"validation.accept: {message}") from None

    @property
    def accepted(self) -> tuple[int, ...]:
        """The years named in `accept`."""
        return self.accept.resolve(city_today()) if self.accept else ()


class LakeSettings(_Settings):
    """How long what the lake holds is kept."""

    raw_retention_days: Annotated[int, Field(ge=90)]
    """Raw files of published loads may be gone after that long: nothing reads them again."""

    @property
    def raw_retention(self) -> timedelta:
        """How long raw files of published loads are kept."""
        return timedelta(days=self.raw_retention_days)


class PruneSettings(_Settings):
    """Whether raw files that nothing reads again are deleted, or listed alone."""

    delete: bool


class PurgeSettings(_Settings):
    """What is to be in no file of the lake any more."""

    cases: tuple[Annotated[int, Field(gt=0)], ...]
    """Case ids; as typed several are written 101+102."""

    @field_validator("cases", mode="before")
    @classmethod
    def _as_typed(cls, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return value
        numbers = str("" if value is None else value).replace(" ", "").split("+")
        if not all(number.isdecimal() for number in numbers if number):
            raise ValueError(f"purge.cases={value}: write case ids, as 101 or 101+102.")
        return tuple(int(number) for number in numbers if number)


class RebuildSettings(_Settings):
    """Which loads a warehouse is rebuilt from, if not from all that were published."""

    until: date | str | None
    """The marts as they were at the end of that day in Minneapolis, or after the run of that load;
    they are built beside those that count."""
    without: str | None
    """A load that does not count any more."""

    @field_validator("until", mode="before")
    @classmethod
    def _day_or_load(cls, value: Any) -> Any:
        text = str(value)
        if value is None or _LOAD_ID.fullmatch(text):
            return value
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise ValueError(
                f"rebuild.until={text} is neither a day (2026-03-01) nor the id of a load."
            ) from None

    @model_validator(mode="after")
    def _one_at_a_time(self) -> "RebuildSettings":
        if self.until and self.without:
            raise ValueError("Give rebuild.until or rebuild.without, not both.")
        return self


class TransformSettings(_Settings):
    """How dbt is run."""

    profile: str
    """The engine: a profile of dbt/profiles.yml."""
    target: Literal["prod", "dev"]
    """`dev` builds mpls_311_development and publishes nothing."""
    project: str
    """The dbt project's folder."""
    artifacts: str
    """A local folder for what dbt writes for itself, so that two environments never share it."""
    environment: dict[str, str]
    """Environment variables that dbt/profiles.yml reads: where the warehouse is."""


class ChangeSettings(_Settings):
    """What a change must be to be shown as one, see `mpls311.changes`."""

    times: Annotated[float, Field(ge=0, lt=1)]
    shares: Annotated[float, Field(ge=0, lt=1)]
    false_discovery_rate: Annotated[float, Field(gt=0, lt=1)]


class ReadMode(RootModel[Mode]):
    """`incremental` reads what changed; `full` re-reads the years asked for."""


class Parameters(_Settings):
    """Everything that conf/base/parameters.yml sets, which is where the defaults are."""

    years: Years
    mode: ReadMode
    source: SourceSettings
    validation: ValidationSettings
    lake: LakeSettings
    transform: TransformSettings
    rebuild: RebuildSettings
    prune: PruneSettings
    purge: PurgeSettings
    changes: ChangeSettings
    sandbox: SandboxSettings
    commands: Commands
    spool: str
    """A local folder for what is being read."""
    run_lock: str
    """What only one run at a time can hold: a local file, or an object of a bucket."""

    @model_validator(mode="after")
    def _can_be_served(self) -> "Parameters":
        if self.source.services_url is None:
            self.sandbox.city()
        return self
