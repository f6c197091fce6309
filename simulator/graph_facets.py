"""Facets: how often each value of a column occurs in the whole result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from simulator import kql
from simulator.kql_errors import NotSimulatedError

if TYPE_CHECKING:
    from simulator.graph_results import Results, Written


def facet(
    results: Results, written: Written, columns: list[str], wanted: Mapping[str, Any], as_table: bool
) -> dict[str, Any]:
    column, options = str(wanted.get("expression", "")), wanted.get("options") or {}
    if options.get("filter"):
        raise NotSimulatedError("the simulator does not filter facets")
    if column not in columns:
        return _unknown(column)
    by = 1 if str(options.get("sortBy", "count")).lower() != "count" else 2
    direction = "ASC" if str(options.get("sortOrder", "desc")).lower() == "asc" else "DESC"
    found = results.groups(written, column, f"{by} {direction}, 1")
    shown = kql.Result(found.columns, found.rows[: int(options.get("$top", 10))])
    return {
        "expression": column,
        "totalRecords": len(found.rows),
        "count": len(shown.rows),
        "data": shown.table() if as_table else shown.objects(),
        "resultType": "FacetResult",
    }


def _unknown(column: str) -> dict[str, Any]:
    errors = [
        {"code": "NoValidColumns", "message": "No valid columns in facet expression."},
        {"code": "InvalidColumnNames", "message": f"Invalid column names: [{column}]."},
    ]
    return {"expression": column, "errors": errors, "resultType": "FacetError"}
