"""What servers answer besides pages, typed at the boundary.

Where a member has a safe default, anything that is not what it should be counts as left out;
where it has none, the reply is refused with the member's name. Names are those of Esri's "Layer
(Feature Service)" and "Query (Feature Service/Layer)" resources.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Self

from pydantic import (
    AliasGenerator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    FailFast,
    Field,
    StrictStr,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from mpls311.arcgis.errors import ServiceError
from mpls311.arcgis.spelling import epoch_ms, whole

_LARGEST_PAGE = 32_000  # rows; what ArcGIS Online allows at most, and what one body can well hold
_MOST_ROWS = 10**9  # no layer has so many; a plan for them would not fit into memory
_LONGEST_QUOTE = 80


def _spelled(read: Callable[[object], object]) -> BeforeValidator:
    def validate(value: object) -> object:
        try:
            return read(value)
        except (TypeError, OverflowError) as exc:
            raise ValueError(str(exc)) from None  # the only exception that pydantic takes for a no

    return BeforeValidator(validate)


def _page_limit(value: object) -> int | None:
    limit = whole(value)
    return min(limit, _LARGEST_PAGE) if limit > 0 else None


def _whole_or_none(value: object) -> int | None:
    return None if value is None else whole(value)


def _code(value: object) -> str:
    return value if isinstance(value, str) else str(whole(value))


def _each_whole(values: object) -> object:
    if values is None:
        return []
    if not isinstance(values, list) or set(map(type, values)) <= {int}:
        return values
    return [whole(value) for value in values]


def _or_none(value: object, handler: ValidatorFunctionWrapHandler) -> object:
    try:
        return handler(value)
    except ValidationError:
        return None


def _or_empty(value: object) -> object:
    return value if isinstance(value, Mapping) else {}


_OrNone = WrapValidator(_or_none)
_Limit = Annotated[int | None, _spelled(_page_limit), _OrNone]
_Moment = Annotated[int | None, _spelled(epoch_ms), _OrNone]
_Flag = Annotated[bool | None, _OrNone]
_Text = Annotated[str | None, _OrNone]
_Wkid = Annotated[int | None, _spelled(whole), _OrNone]
_Id = Annotated[Annotated[int, Field(ge=-(2**63), lt=2**63)] | None, _spelled(_whole_or_none)]
_Count = Annotated[int, _spelled(whole), Field(ge=0, le=_MOST_ROWS)]
_Ids = Annotated[list[Annotated[int, Field(strict=True)]], FailFast(), _spelled(_each_whole)]


class _Reply(BaseModel):
    model_config = ConfigDict(
        frozen=True, alias_generator=AliasGenerator(validation_alias=to_camel)
    )

    @classmethod
    def of(cls, body: Mapping[str, Any], url: str) -> Self:
        """Type a reply.

        Raises:
            ServiceError: A member without a safe default is not what it should be; names it.

        """
        try:
            return cls.model_validate(body)
        except ValidationError as exc:
            raise _misunderstood(exc, url) from None


class SpatialReference(_Reply):
    """A reference by its numbers; `latest_wkid` is the newer of two for the same one."""

    wkid: _Wkid = None
    latest_wkid: _Wkid = None


class Extent(_Reply):
    """The box around a layer; of interest only for its reference."""

    spatial_reference: Annotated[SpatialReference, BeforeValidator(_or_empty)] = SpatialReference()


class ExtentReply(_Reply):
    """The answer to returnExtentOnly: a box, or no numbers where no row has a place."""

    extent: Mapping[str, Any] | None


class IdStatistics(_Reply):
    """How many object ids there are, the least and the greatest; null where there are none."""

    model_config = ConfigDict(alias_generator=None)

    id_count: _Count
    id_min: _Id = None
    id_max: _Id = None

    @model_validator(mode="before")
    @classmethod
    def _of_one_feature(cls, body: Mapping[str, Any]) -> Mapping[str, Any]:
        match body:
            case {"features": [{"attributes": {**attributes}}]}:
                return {str(name).lower(): value for name, value in attributes.items()}
        return {}


class CodedValue(_Reply):
    """One code of a domain, as text, and what it stands for."""

    name: StrictStr
    code: Annotated[str, _spelled(_code)]


class Domain(_Reply):
    """The values that a field may have; None among them are such as nobody can read."""

    coded_values: tuple[Annotated[CodedValue | None, _OrNone], ...] = ()


class FieldReply(_Reply):
    """One field of a layer."""

    name: StrictStr = Field(min_length=1)
    type: StrictStr = Field(min_length=1)
    domain: Annotated[Domain | None, _OrNone] = None


class EditingInfo(_Reply):
    """When a layer was last edited, in epoch milliseconds."""

    last_edit_date: _Moment = None
    data_last_edit_date: _Moment = None


class Capabilities(_Reply):
    """What a layer says it can do; None where it does not say."""

    supports_pagination: _Flag = None
    supports_order_by: _Flag = None
    supports_statistics: _Flag = None
    supports_query_with_result_type: _Flag = None


class LayerReply(Capabilities):
    """The metadata of a layer. Older servers have the capabilities at the top."""

    name: _Text = None
    fields: tuple[FieldReply, ...] | None = None
    object_id_field: _Text = None
    geometry_type: str | None = None
    max_record_count: _Limit = None
    standard_max_record_count: _Limit = None
    advanced_query_capabilities: Annotated[Capabilities, BeforeValidator(_or_empty)] = (
        Capabilities()
    )
    editing_info: Annotated[EditingInfo, BeforeValidator(_or_empty)] = EditingInfo()
    extent: Annotated[Extent, BeforeValidator(_or_empty)] = Extent()


class CountReply(_Reply):
    """The answer to returnCountOnly."""

    count: _Count


class IdsReply(_Reply):
    """The answer to returnIdsOnly; newer servers may give the ids under another name."""

    object_ids: _Ids

    @model_validator(mode="before")
    @classmethod
    def _under_either_name(cls, body: Mapping[str, Any]) -> Mapping[str, Any]:
        given = [body[name] for name in ("objectIds", "uniqueIds") if name in body]
        return {"objectIds": next(filter(None, given), given[0])} if given else {}


def _misunderstood(exc: ValidationError, url: str) -> ServiceError:
    first = exc.errors(include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    came = str(first["input"])[:_LONGEST_QUOTE]
    what = f"{came!r} as {place}" if first["type"] != "missing" else f"{came!r} without {place}"
    return ServiceError(
        f"answers with {what}: check that the url names one layer, as in .../FeatureServer/0, or "
        "tell its owner.",
        url=url,
    )
