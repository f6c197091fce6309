"""Between which moments a query wants rows to have started, so that the others are not looked into.

What is found here is only what must hold of a row in any case; the query decides for itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from duckdb_kql import ir

Bound = tuple[str, str]
"""An operator and the text of a moment: `("<", "2026-11-21")`."""

_PROPERTIES = "properties"
_STARTED = ir.FunctionCall(
    "todatetime", (ir.PathAccess(ir.ColumnRef(_PROPERTIES), (ir.PathStep("startTime"),)),)
)
_OPERATORS = ("<", "<=", ">", ">=")


def bounds(operators: Iterable[ir.Operator]) -> tuple[Bound, ...]:
    """Those that `where` sets on `todatetime(properties.startTime)`, or on its name, before all else."""
    found, names, steps = list[Bound](), set[str](), list(operators)
    if any(isinstance(one, ir.Join | ir.Lookup | ir.Union) for one in steps):
        return ()
    for one in steps:
        if isinstance(one, ir.Where):
            found += _of(one.predicate, names)
        elif isinstance(one, ir.Extend):
            for given in one.expressions:
                if given.name == _PROPERTIES:
                    return tuple(found)
                (names.add if given.expr == _STARTED else names.discard)(str(given.name))
        else:
            break
    return tuple(found)


def _of(predicate: ir.Expr, names: set[str]) -> Iterator[Bound]:
    if not isinstance(predicate, ir.BinaryOp):
        return
    if predicate.op == "and":
        yield from _of(predicate.left, names)
        yield from _of(predicate.right, names)
        return
    left, right = predicate.left, predicate.right
    is_start = left == _STARTED or (isinstance(left, ir.ColumnRef) and left.name in names)
    if not isinstance(right, ir.Literal) or right.kind != "datetime":
        return
    if is_start and predicate.op in _OPERATORS:
        yield predicate.op, str(right.value)
