"""The two ways a query is turned down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Detail = Mapping[str, Any]
"""One entry of `error.details` in Resource Graph's 400: code, message, and for a parser failure where."""

_INVALID = {
    "code": "InvalidQuery",
    "message": "Query is invalid. Please refer to the documentation for the Azure Resource Graph service "
    "and fix the error before retrying.",
}


class InvalidQueryError(Exception):
    """Azure refuses this query; `details` is what its 400 lists."""

    def __init__(self, *details: Detail) -> None:
        super().__init__("; ".join(f"{one['code']}: {one['message']}" for one in details))
        self.details = [dict(one) for one in details]


class NotSimulatedError(Exception):
    """Azure may well answer this query; the simulator cannot and will not guess."""


def parser_failure(line: int, column: int, token: str, expected: str = "") -> Detail:
    """Lines count from 1, columns from 0."""
    where = {"line": line, "characterPositionInLine": column, "token": token}
    wanted = {"expectedToken": expected} if expected else {}
    return {"code": "ParserFailure", "message": "ParserFailure", **where, **wanted}


def syntax_error(*failures: Detail) -> InvalidQueryError:
    return InvalidQueryError(_INVALID, *failures)


def invalid(code: str, message: str) -> InvalidQueryError:
    return InvalidQueryError(_INVALID, {"code": code, "message": message})


def unknown_table(name: str) -> InvalidQueryError:
    """Seen on the wire: this refusal stands alone, without InvalidQuery before it."""
    message = f"Table {name} is invalid, unsupported or disallowed."
    return InvalidQueryError({"code": "DisallowedLogicalTableName", "message": message})


def unresolved(operator: str, name: str) -> InvalidQueryError:
    message = f"'{operator}' operator: Failed to resolve column or scalar expression named '{name}'"
    return invalid("Operator_FailedToResolveEntity", message)
