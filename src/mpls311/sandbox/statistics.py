"""The ``outStatistics`` parameter: count, min, max, sum and avg over the rows selected."""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .metadata import field
from .table import Column, EsriType, Positions, Table

_NUMBERS: Final = (EsriType.OID, EsriType.INTEGER, EsriType.BIG_INTEGER, EsriType.DOUBLE)


class InvalidStatisticsError(ValueError):
    """The parameter is malformed, or a statistic does not suit its field."""


def statistics(table: Table, selected: Positions, parameter: str) -> dict[str, Any]:
    """Make the reply: one feature without geometry whose attributes are the statistics.

    Raises:
        InvalidStatisticsError: See there.

    """
    fields, attributes = [], {}
    for definition in _definitions(parameter):
        column = table.find(str(definition.get("onStatisticField")))
        kind = str(definition.get("statisticType")).casefold()
        if column is None:
            raise InvalidStatisticsError("'outStatistics' parameter names an unknown field")
        name = str(definition.get("outStatisticFieldName") or f"{kind}_{column.name}")
        attributes[name] = _value(column.take(selected), kind)
        fields.append(_described(column, kind, name))
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
        return column.words[extreme] if column.type is EsriType.STRING else extreme.item()
    if kind in ("sum", "avg") and column.type in _NUMBERS:
        if not len(known):
            return None
        return known.sum().item() if kind == "sum" else float(np.mean(known))
    raise InvalidStatisticsError(f"'{kind}' of {column.name} is not supported")


def _described(column: Column, kind: str, name: str) -> dict[str, Any]:
    described = field(column) | {"name": name, "alias": name}
    if kind == "count":
        described["type"] = EsriType.INTEGER.value
    elif kind == "avg":
        described["type"] = EsriType.DOUBLE.value
    elif column.type is EsriType.OID:
        described["type"] = EsriType.INTEGER.value
    return described
