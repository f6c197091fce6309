"""What Resource Graph documents, checked on the parse tree of a query.

Operators and join flavours: learn.microsoft.com/azure/governance/resource-graph/concepts/query-language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from simulator.kql_errors import NotSimulatedError, invalid

OPERATORS = {
    "CountOperator",
    "DistinctOperator",
    "ExtendOperator",
    "JoinOperator",
    "MvexpandOperator",
    "ParseOperator",
    "ProjectAwayOperator",
    "ProjectOperator",
    "ProjectRenameOperator",
    "SortOperator",
    "SummarizeOperator",
    "TakeOperator",
    "TopOperator",
    "UnionOperator",
    "WhereOperator",
}
JOIN_FLAVOURS = ("innerunique", "inner", "leftouter", "fullouter")
_OTHER_FLAVOURS = {
    "anti": "LeftAnti",
    "leftanti": "LeftAnti",
    "leftantisemi": "LeftAnti",
    "leftsemi": "LeftSemi",
    "rightanti": "RightAnti",
    "rightantisemi": "RightAnti",
    "rightsemi": "RightSemi",
    "rightouter": "RightOuter",
}
_NO_SOURCES = (
    "DataTableExpression",
    "ExternalDataExpression",
    "MaterializeExpression",
    "RangeExpression",
    "ToScalarExpression",
    "ToTableExpression",
)
_PARAMETERS = {
    "JoinOperator": ("kind",),
    "UnionOperator": ("kind", "withsource", "with_source"),
    "MvexpandOperator": ("kind", "bagexpansion", "with_itemindex"),
}
_NAMING = {
    "DistinctOperator",
    "ExtendOperator",
    "MvexpandOperator",
    "ProjectOperator",
    "ProjectRenameOperator",
    "SummarizeOperator",
}


@dataclass(frozen=True)
class Edit:
    """`text` in place of the characters from `start` to before `stop`."""

    start: int
    stop: int
    text: str


class RefusedAtError(Exception):
    """What stands at this offset of the text is not Resource Graph's."""

    def __init__(self, node: Any, token: str = "", offset: int | None = None) -> None:
        self.offset: int = node.start.start if offset is None else offset
        self.token: str = token or node.start.text
        super().__init__(f"{self.token} at {self.offset}")


def check(tree: Any) -> list[Edit]:
    """Refuse what is not documented; returns what the engine wants spelled out.

    Raises:
        RefusedAtError, InvalidQueryError: Azure would refuse the query.
        NotSimulatedError: the engine would get it wrong.
    """
    statements = [one for one in _walk(tree) if _kind(one) == "Statement"]
    for number, statement in enumerate(statements):
        if number or _kind(_below(statement)[0]) != "QueryStatement":
            raise RefusedAtError(statement)
    return list(_checked(tree, ""))


def _checked(node: Any, within: str) -> Iterator[Edit]:
    """`within` is the operator or "call" around the node."""
    kind = _kind(node)
    if kind in OPERATORS:
        _check_operator(node, kind)
        within = kind
    elif kind in _NO_SOURCES or _is_other_operator(node, kind):
        raise RefusedAtError(node)
    elif kind.endswith("CallExpression"):
        within = "call"
    elif kind == "NamedExpressionNameClause" and within not in _NAMING:
        raise RefusedAtError(node, "=", node.stop.start)
    elif kind == "MvexpandOperatorExpression":
        yield from _named_expansion(node)
    for one in _below(node):
        yield from _checked(one, within)


def _kind(node: Any) -> str:
    return type(node).__name__.removesuffix("Context")


def _below(node: Any) -> list[Any]:
    return [one for one in (getattr(node, "children", None) or []) if type(one).__name__.endswith("Context")]


def _walk(node: Any) -> Iterator[Any]:
    yield node
    for one in _below(node):
        yield from _walk(one)


def _is_other_operator(node: Any, kind: str) -> bool:
    return kind.endswith("Operator") and _kind(node.parentCtx) in (
        "AfterPipeOperator",
        "BeforePipeExpression",
    )


def _check_operator(node: Any, kind: str) -> None:
    for one in _below(node):
        if "OperatorParameter" in _kind(one):
            name, _, value = one.getText().partition("=")
            if name.lower() not in _PARAMETERS.get(kind, ()):
                raise RefusedAtError(one)
            if kind == "JoinOperator":
                _check_flavour(one, value)
    if kind == "JoinOperator" and not any(_kind(one) == "JoinOperatorOnClause" for one in _below(node)):
        raise RefusedAtError(node)
    if kind in ("ProjectAwayOperator", "UnionOperator"):
        _check_wildcards(node, kind)


def _check_flavour(parameter: Any, flavour: str) -> None:
    """The wording of the refusal was seen on the wire."""
    if flavour.lower() in _OTHER_FLAVOURS:
        name = _OTHER_FLAVOURS[flavour.lower()]
        raise invalid("UnsupportedJoinFlavor", f'The join kind "{name}" is not supported or not allowed.')
    if flavour not in JOIN_FLAVOURS:
        raise RefusedAtError(parameter, flavour)


def _check_wildcards(node: Any, kind: str) -> None:
    """The engine leaves a wildcard out that stands beside a plain name."""
    for one in _walk(node):
        if _kind(one) == "WildcardedName" and "*" in one.getText():
            if kind == "UnionOperator":
                raise RefusedAtError(one, one.getText())
            raise NotSimulatedError(
                f"project-away {one.getText()}: the simulator does not expand wildcards; name the columns"
            )


def _named_expansion(node: Any) -> Iterator[Edit]:
    """`mv-expand properties.a` makes a column `properties_a`."""
    text = node.getText()
    if re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+", text):
        at = node.start.start
        yield Edit(at, at, text.replace(".", "_") + " = ")
