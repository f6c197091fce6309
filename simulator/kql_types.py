"""What type an expression has, as far as its text tells.

Resource Graph publishes no list of its functions; these are the ones its
official samples use, with the close relatives the engine answers the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from duckdb_kql import ir

UNKNOWN = "unknown"
Columns = dict[str, str]
"""The types of an operator's columns, in order."""

_BY_TYPE = {
    "string": "tostring tolower toupper strcat strcat_array substring replace replace_string replace_regex "
    "extract trim trim_start trim_end reverse format_datetime hash_sha256 gettype toguid strrep "
    "base64_encode_tostring base64_decode_tostring",
    "dynamic": "split parse_json todynamic pack pack_array bag_pack array_concat array_slice array_sort_asc "
    "array_sort_desc parse_url extract_all zip make_list make_set",
    "datetime": "ago now todatetime datetime_add startofday startofweek startofmonth startofyear endofday "
    "make_datetime",
    "timespan": "totimespan make_timespan",
    "bool": "isempty isnotempty isnull isnotnull not tobool toboolean set_has_element isnan",
    "long": "array_length strlen indexof countof toint tolong datetime_diff array_index_of dayofweek "
    "dayofmonth dayofyear hourofday getmonth getyear count countif dcount dcountif",
    "real": "todouble toreal round avg avgif percentile stdev variance sqrt pow log exp",
    UNKNOWN: "bin floor ceiling abs sum sumif min max min_of max_of arg_max arg_min any take_any iff iif "
    "case coalesce array_sum",
}
FUNCTIONS = {name: kind for kind, names in _BY_TYPE.items() for name in names.split()}
SPELLED = {"notempty": "isnotempty", "notnull": "isnotnull", "makeset": "make_set", "makelist": "make_list"}
"""Older spellings, and the ones the engine knows."""

_BRANCHES = {"iff": slice(1, None), "iif": slice(1, None), "coalesce": slice(0, None)}
_ARITHMETIC = ("+", "-", "*", "/", "%")
_AS_THEIR_INPUT = ("bin", "floor", "abs", "min", "max", "min_of", "max_of", "any", "take_any", "arg_max")


def type_of(node: ir.Expr | None, columns: Mapping[str, str]) -> str:
    """string, dynamic, datetime, timespan, bool, long, real, or "unknown"."""
    if isinstance(node, ir.ColumnRef):
        return columns.get(node.name, UNKNOWN)
    if isinstance(node, ir.Literal):
        return {"int": "long", "decimal": "real"}.get(node.kind, node.kind)
    if isinstance(node, ir.PathAccess):
        return "dynamic"
    if isinstance(node, ir.FunctionCall):
        return _of_call(node, columns)
    if isinstance(node, ir.BinaryOp):
        return _of_arithmetic(node, columns) if node.op in _ARITHMETIC else "bool"
    return "bool" if isinstance(node, ir.InList | ir.HasList | ir.Between) else UNKNOWN


def _of_call(node: ir.FunctionCall, columns: Mapping[str, str]) -> str:
    branches = branches_of(node)
    if branches:
        kinds = {type_of(one, columns) for one in branches}
        return "dynamic" if "dynamic" in kinds else kinds.pop() if len(kinds) == 1 else UNKNOWN
    if node.name in _AS_THEIR_INPUT and node.args:
        return type_of(node.args[0], columns)
    return FUNCTIONS.get(node.name, UNKNOWN)


def _of_arithmetic(node: ir.BinaryOp, columns: Mapping[str, str]) -> str:
    kinds = {type_of(node.left, columns), type_of(node.right, columns)}
    if "datetime" in kinds:
        return "timespan" if kinds == {"datetime"} else "datetime"
    return "timespan" if "timespan" in kinds else kinds.pop() if len(kinds) == 1 else UNKNOWN


def branches_of(node: ir.FunctionCall) -> tuple[ir.Expr, ...]:
    """The values a conditional may take; none for any other function."""
    if node.name == "case":
        return (*node.args[1::2], *node.args[-1:])
    return node.args[_BRANCHES[node.name]] if node.name in _BRANCHES else ()


def nodes(value: Any) -> Iterator[ir.Node]:
    """The node itself and all below it, but not the queries it holds."""
    if isinstance(value, ir.Query):
        return
    if isinstance(value, ir.Node):
        yield value
        for one in vars(value).values():
            yield from nodes(one)
    elif isinstance(value, tuple | list):
        for one in value:
            yield from nodes(one)


def rebuilt(value: Any, change: Callable[[ir.Node], ir.Node]) -> Any:
    """The same tree with `change` applied to every node, innermost first; queries inside are left alone."""
    if isinstance(value, tuple):
        return tuple(rebuilt(one, change) for one in value)
    if not isinstance(value, ir.Node) or isinstance(value, ir.Query):
        return value
    below = {name: rebuilt(one, change) for name, one in vars(value).items()}
    return change(type(value)(**below))
