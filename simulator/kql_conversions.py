"""What Kusto converts by itself and the engine has to be told."""

from __future__ import annotations

import dataclasses

from duckdb_kql import ir

from simulator.kql_types import SPELLED, Columns, branches_of, type_of

_NULL_AWARE = ("isnull", "isnotnull", "coalesce", "make_list", "make_set", "dcount")
_COMPARED = ("==", "!=", "<>", "<", "<=", ">", ">=")


def said(node: ir.Node, columns: Columns) -> ir.Node:
    """The node with every conversion spelled out."""
    if isinstance(node, ir.FunctionCall):
        node = dataclasses.replace(node, name=SPELLED.get(node.name, node.name))
        return _one_type(_seeing_nulls(node, columns), columns)
    if isinstance(node, ir.BinaryOp) and node.op in _COMPARED:
        left, right = type_of(node.left, columns), type_of(node.right, columns)
        return dataclasses.replace(
            node, left=_moment(node.left, left, right), right=_moment(node.right, right, left)
        )
    if isinstance(node, ir.Between):
        value = _moment(node.value, type_of(node.value, columns), type_of(node.low, columns))
        return dataclasses.replace(node, value=value)
    return node


def _seeing_nulls(node: ir.FunctionCall, columns: Columns) -> ir.FunctionCall:
    """A null inside a JSON document is null to Kusto and a value to the engine."""
    if node.name not in _NULL_AWARE:
        return node
    args = (_nullable(arg) if type_of(arg, columns) == "dynamic" else arg for arg in node.args)
    return dataclasses.replace(node, args=tuple(args))


def _nullable(value: ir.Expr) -> ir.Expr:
    is_null = ir.BinaryOp("==", ir.FunctionCall("gettype", (value,)), ir.Literal("null", "string"))
    return ir.FunctionCall("iff", (is_null, ir.Literal(None, "dynamic"), value))


def _one_type(node: ir.FunctionCall, columns: Columns) -> ir.FunctionCall:
    """A conditional with a dynamic branch is dynamic as a whole."""
    branches = branches_of(node)
    kinds = {one: type_of(one, columns) for one in branches}
    if "dynamic" not in kinds.values() or set(kinds.values()) == {"dynamic"}:
        return node
    plain = [one for one, kind in kinds.items() if kind not in ("dynamic", "null")]
    return dataclasses.replace(
        node, args=tuple(_as_dynamic(arg) if arg in plain else arg for arg in node.args)
    )


def _as_dynamic(value: ir.Expr) -> ir.Expr:
    packed = ir.FunctionCall("bag_pack", (ir.Literal("v", "string"), value))
    return ir.PathAccess(packed, (ir.PathStep("v"),))


def _moment(value: ir.Expr, kind: str, other: str) -> ir.Expr:
    if kind == "dynamic" and other in ("datetime", "timespan"):
        return ir.FunctionCall(f"to{other}", (value,))
    return value
