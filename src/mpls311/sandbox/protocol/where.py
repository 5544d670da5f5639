"""The `where` parameter: parsed by sqlglot, evaluated over columns with SQL's three values.

Supported is what hosted feature layers call standardized queries, as far as readers use it:
comparisons, AND, OR, NOT, IN, BETWEEN, IS NULL, LIKE, DATE and TIMESTAMP literals (UTC). Anything
else is refused, a date compared with a plain number included.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from mpls311.sandbox.protocol.columns import Column, Mask
from mpls311.sandbox.protocol.content import Content


class InvalidWhereError(ValueError):
    """The clause cannot be parsed, names an unknown field, or uses something unsupported."""


@dataclass(frozen=True)
class Literal:
    """A constant: a number, a string, or a date in epoch milliseconds."""

    kind: str
    value: Any


Operand = Literal | Column


@dataclass(frozen=True)
class _Truth:
    """Which rows are true and which are false; the others are unknown (null)."""

    true: Mask
    false: Mask


_COMPARISONS: dict[type[exp.Expr], Callable[[Any, Any], Any]] = {
    exp.EQ: np.equal,
    exp.NEQ: np.not_equal,
    exp.LT: np.less,
    exp.LTE: np.less_equal,
    exp.GT: np.greater,
    exp.GTE: np.greater_equal,
}
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?)?")


def matches(content: Content, clause: str) -> Mask:
    """Find the rows that satisfy a `where` clause.

    Raises:
        InvalidWhereError: See there.

    """
    try:
        condition = parse_one(clause, into=exp.Condition)
        return _truth(content, condition).true
    except (SqlglotError, RecursionError) as error:
        raise InvalidWhereError("'where' parameter is invalid") from error


def _truth(content: Content, node: exp.Expr) -> _Truth:
    if isinstance(node, exp.Paren):
        return _truth(content, node.this)
    if isinstance(node, exp.Not):
        inner = _truth(content, node.this)
        return _Truth(inner.false, inner.true)
    if isinstance(node, exp.And | exp.Or):
        parts = [_truth(content, part) for part in node.flatten()]
        trues, falses = [p.true for p in parts], [p.false for p in parts]
        if isinstance(node, exp.And):
            return _Truth(np.logical_and.reduce(trues), np.logical_or.reduce(falses))
        return _Truth(np.logical_or.reduce(trues), np.logical_and.reduce(falses))
    if type(node) in _COMPARISONS:
        compare = _COMPARISONS[type(node)]
        return _compared(
            content, compare, _operand(content, node.this), _operand(content, node.expression)
        )
    if isinstance(node, exp.Between):
        return _between(content, node)
    if isinstance(node, exp.In):
        return _in(content, node)
    if isinstance(node, exp.Is):
        return _is_null(content, node)
    if type(node) is exp.Like:
        return _like(content, node)
    raise InvalidWhereError("'where' parameter is invalid")


def _operand(content: Content, node: exp.Expr) -> Operand:
    if isinstance(node, exp.Paren):
        return _operand(content, node.this)
    if isinstance(node, exp.Column) and isinstance(node.this, exp.Identifier) and not node.table:
        column = content.find(node.name)
        if column is None:
            raise InvalidWhereError(f"'Invalid field: {node.name}' parameter is invalid")
        return column
    if isinstance(node, exp.Literal):
        return Literal("string", node.this) if node.is_string else _number(node.this)
    if isinstance(node, exp.Neg):
        inner = _operand(content, node.this)
        if isinstance(inner, Literal) and inner.kind == "number":
            return Literal("number", -inner.value)
    if isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal) and node.this.is_string:
        return _instant(node)
    raise InvalidWhereError("'where' parameter is invalid")


def _number(text: str) -> Literal:
    try:
        return Literal("number", int(text) if text.isdecimal() and len(text) < 19 else float(text))
    except ValueError as error:
        raise InvalidWhereError(f"'{text}' is not a number") from error


def _instant(node: exp.Cast) -> Literal:
    text = node.this.this
    if not node.is_type(exp.DataType.Type.DATE, exp.DataType.Type.TIMESTAMP):
        raise InvalidWhereError("'where' parameter is invalid")
    if not _INSTANT.fullmatch(text):
        raise InvalidWhereError(f"'{text}' is not a date")
    try:
        instant = datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as error:
        raise InvalidWhereError(f"'{text}' is not a date") from error
    return Literal("date", round(instant.timestamp() * 1000))


def _compared(
    content: Content, compare: Callable[[Any, Any], Any], left: Operand, right: Operand
) -> _Truth:
    if left.kind != right.kind:
        raise InvalidWhereError(f"A {left.kind} cannot be compared with a {right.kind}")
    known = _known(content, left) & _known(content, right)
    if isinstance(left, Column) and left.words and isinstance(right, Literal):
        result = _by_word(left, lambda word: bool(compare(word, right.value)))
    elif isinstance(right, Column) and right.words and isinstance(left, Literal):
        result = _by_word(right, lambda word: bool(compare(left.value, word)))
    else:
        result = compare(_values(left), _values(right))
    return _Truth(result & known, ~result & known)


def _by_word(column: Column, test: Callable[[str], bool]) -> Mask:
    """Apply a test once for each distinct string, not for each row."""
    result: Mask = np.array([test(word) for word in column.words], dtype=bool)[column.values]
    return result


def _values(operand: Operand) -> NDArray[Any]:
    if isinstance(operand, Literal):
        return np.array(operand.value)
    values = operand.values
    return np.asarray(np.array(operand.words)[values] if operand.words else values)


def _known(content: Content, operand: Operand) -> Mask:
    return (
        operand.known_mask() if isinstance(operand, Column) else np.ones(len(content), dtype=bool)
    )


def _between(content: Content, node: exp.Between) -> _Truth:
    if node.args.get("symmetric"):
        raise InvalidWhereError("'where' parameter is invalid")
    value = _operand(content, node.this)
    low = _compared(content, np.greater_equal, value, _operand(content, node.args["low"]))
    high = _compared(content, np.less_equal, value, _operand(content, node.args["high"]))
    return _Truth(low.true & high.true, low.false | high.false)


def _in(content: Content, node: exp.In) -> _Truth:
    value = _operand(content, node.this)
    choices = [_operand(content, choice) for choice in node.expressions]
    if not choices or not all(isinstance(choice, Literal) for choice in choices):
        raise InvalidWhereError("'where' parameter is invalid")
    if {choice.kind for choice in choices} != {value.kind}:
        raise InvalidWhereError("The values of IN do not have the type of the field")
    known = _known(content, value)
    constants = [choice.value for choice in choices if isinstance(choice, Literal)]
    if isinstance(value, Column) and value.words:
        wanted = set(constants)
        result = _by_word(value, lambda word: word in wanted)
    else:
        result = np.isin(_values(value), np.array(constants))
    return _Truth(result & known, ~result & known)


def _is_null(content: Content, node: exp.Is) -> _Truth:
    if not isinstance(node.expression, exp.Null):
        raise InvalidWhereError("'where' parameter is invalid")
    known = _known(content, _operand(content, node.this))
    return _Truth(~known, known)


def _like(content: Content, node: exp.Like) -> _Truth:
    column, pattern = _operand(content, node.this), _operand(content, node.expression)
    if not isinstance(column, Column) or column.kind != "string":
        raise InvalidWhereError("LIKE needs a text field")
    if not isinstance(pattern, Literal) or pattern.kind != "string":
        raise InvalidWhereError("LIKE needs a text pattern")
    wildcards = {"%": ".*", "_": "."}
    regex = re.compile("".join(wildcards.get(c, re.escape(c)) for c in pattern.value), re.DOTALL)
    known = column.known_mask()
    result = _by_word(column, lambda word: regex.fullmatch(word) is not None)
    if node.args.get("negate"):  # NOT LIKE; older parsers wrap the node in a Not instead
        result = ~result
    return _Truth(result & known, ~result & known)
