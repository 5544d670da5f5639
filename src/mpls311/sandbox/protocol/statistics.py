"""The `outStatistics` parameter: count, min, max, sum and avg over the rows selected."""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mpls311.sandbox.protocol.columns import Column, EsriType, Positions
from mpls311.sandbox.protocol.content import Content
from mpls311.sandbox.protocol.metadata import Field, in_replies


class InvalidStatisticsError(ValueError):
    """The parameter is malformed, or a statistic does not suit its field."""


def statistics(
    content: Content, described: Sequence[Field], selected: Positions, parameter: str
) -> dict[str, Any]:
    """Make the reply: one feature without geometry whose attributes are the statistics.

    Raises:
        InvalidStatisticsError: See there.

    """
    fields, attributes = [], {}
    for definition in _definitions(parameter):
        column = content.find(str(definition.get("onStatisticField")))
        kind = str(definition.get("statisticType")).casefold()
        if column is None:
            raise InvalidStatisticsError("'outStatistics' parameter names an unknown field")
        name = str(definition.get("outStatisticFieldName") or f"{kind}_{column.name}")
        attributes[name] = _value(column.take(selected), kind)
        of_column = next(field for field in described if field["name"] == column.name)
        fields.append(_described(of_column, kind, name))
    return {"fields": fields, "features": [{"attributes": attributes}]}


def _definitions(parameter: str) -> list[dict[str, Any]]:
    try:
        definitions = json.loads(parameter)
    except ValueError as error:
        raise InvalidStatisticsError("'outStatistics' parameter is invalid") from error
    if not isinstance(definitions, list) or not all(isinstance(d, dict) for d in definitions):
        raise InvalidStatisticsError("'outStatistics' parameter is invalid")
    return definitions


def _value(column: Column, kind: str) -> Any:
    known: NDArray[Any] = column.values[column.known_mask()]
    if kind == "count":
        return len(known)
    if kind in ("min", "max"):
        if not len(known):
            return None
        extreme = known.min() if kind == "min" else known.max()
        return column.words[extreme] if column.kind == "string" else extreme.item()
    if kind in ("sum", "avg") and column.kind == "number":
        if not len(known):
            return None
        return known.sum().item() if kind == "sum" else float(np.mean(known))
    raise InvalidStatisticsError(f"'{kind}' of {column.name} is not supported")


def _described(field: Field, kind: str, name: str) -> dict[str, Any]:
    described = in_replies(field) | {"name": name, "alias": name}
    if kind == "avg":
        described["type"] = EsriType.DOUBLE.value
    elif kind == "count" or field["type"] == EsriType.OID:
        described["type"] = EsriType.INTEGER.value
    return described
