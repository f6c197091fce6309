"""What Resource Graph allows in a query, and what the engine has to be told, decided on the lowered query.

Limits and operators: learn.microsoft.com/azure/governance/resource-graph/concepts/query-language.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

from duckdb_kql import ir
from duckdb_kql.schema import output_columns

from simulator.kql_conversions import said
from simulator.kql_errors import InvalidQueryError, NotSimulatedError, invalid, unknown_table, unresolved
from simulator.kql_types import FUNCTIONS, SPELLED, UNKNOWN, Columns, nodes, rebuilt, type_of

MAX_JOINS, MAX_EXPANSIONS, MAX_LEGS = 3, 3, 3
MAX_ROWS, DEFAULT_ROWS = 400, 128
"""What one mv-expand may make of a row."""
_FREELY_JOINED = {"resources", "resourcecontainers"}
_AZURE_TABLES = """
appserviceresources awsresources azurebusinesscontinuityresources cdnresources chaosresources
computeresources desktopvirtualizationresources dnsresources extendedlocationresources featureresources
guestconfigurationresources healthresourcechanges insightsresources iotsecurityresources
kubernetesconfigurationresources kustoresources maintenanceresources managedservicesresources
migrateresources networkresources orbitalresources patchassessmentresources patchinstallationresources
quotaresources resourcechanges resourcecontainerchanges securityresources servicefabricresources
servicehealthresources spotresources supportresources tagsresources
"""
_WORDS: dict[type[ir.Operator], str] = {
    ir.Where: "where",
    ir.Project: "project",
    ir.ProjectAway: "project-away",
    ir.ProjectRename: "project-rename",
    ir.Extend: "extend",
    ir.Take: "take",
    ir.Sort: "order",
    ir.Top: "top",
    ir.Count: "count",
    ir.Distinct: "distinct",
    ir.Parse: "parse",
    ir.MvExpand: "mv-expand",
    ir.Summarize: "summarize",
    ir.Join: "join",
    ir.Union: "union",
}


@dataclass
class Book:
    """`known` are the tables there are; the rest is counted over the whole query."""

    known: Mapping[str, Columns]
    tables: list[str] = field(default_factory=list)
    unioned: set[str] = field(default_factory=set)
    joins: int = 0
    expansions: int = 0
    legs: int = 0


def checked(query: ir.Query, known: Mapping[str, Columns]) -> tuple[ir.Query, Columns, list[str]]:
    """The query as the engine is to run it, its columns, and the tables it reads, the first one first.

    Raises:
        InvalidQueryError: Azure would refuse it.
        NotSimulatedError: we do.
    """
    book = Book(known)
    run, columns = _pipeline(query, book)
    _check_counts(book)
    return run, columns, book.tables


def _pipeline(query: ir.Query, book: Book) -> tuple[ir.Query, Columns]:
    source = query.source
    if not isinstance(source, ir.TableRef) or source.database or source.cluster:
        raise NotSimulatedError("a query reads from a table of Resource Graph; what it starts with is none")
    table = source.name.lower()
    if table not in book.known:
        if table in _AZURE_TABLES.split():
            raise NotSimulatedError(
                f"the simulator has no table {source.name}; it has {', '.join(book.known)}"
            )
        raise unknown_table(source.name)
    book.tables.append(table)
    columns, operators = dict(book.known[table]), list[ir.Operator]()
    for operator in query.operators:
        steps, columns = _step(operator, columns, book)
        operators += steps
    return ir.Query(ir.TableRef(table), operators), columns


def _step(operator: ir.Operator, columns: Columns, book: Book) -> tuple[list[ir.Operator], Columns]:
    word = _WORDS.get(type(operator))
    if not word:
        raise NotSimulatedError(f"the simulator does not run {type(operator).__name__}")
    if isinstance(operator, ir.Join):
        return _join(operator, columns, book)
    if isinstance(operator, ir.Union):
        return _union(operator, columns, book)
    _check_names(operator, word, columns)
    _check_functions(operator)
    if isinstance(operator, ir.Summarize):
        operator = _named(operator, columns)
    operator = rebuilt(operator, lambda node: said(node, columns))
    _check_keys(operator, columns)
    if isinstance(operator, ir.MvExpand):
        book.expansions += 1
        operator = _limited(operator)
    return [operator], _after(operator, columns)


def _check_names(operator: ir.Operator, word: str, columns: Columns) -> None:
    """Names are case-sensitive in Kusto; the engine would fold them."""
    read = [node.name for node in nodes(operator) if isinstance(node, ir.ColumnRef)]
    read += [node.column for node in nodes(operator) if isinstance(node, ir.MvExpandTarget)]
    if isinstance(operator, ir.ProjectAway):
        read += operator.columns
    if isinstance(operator, ir.ProjectRename):
        read += [old for old, _ in operator.renames]
    for name in read:
        if name not in columns:
            raise unresolved(word, name)


def _check_functions(operator: ir.Operator) -> None:
    for node in nodes(operator):
        if isinstance(node, ir.FunctionCall) and SPELLED.get(node.name, node.name) not in FUNCTIONS:
            raise NotSimulatedError(f"the simulator does not run the function {node.name}()")
        if isinstance(node, ir.InList | ir.HasList) and node.subquery is not None:
            raise NotSimulatedError("the simulator does not run a query inside in (...)")


def _check_keys(operator: ir.Operator, columns: Columns) -> None:
    if isinstance(operator, ir.Sort | ir.Top):
        for key in operator.keys:
            if type_of(key.expr, columns) == "dynamic":
                raise invalid("Default", "order operator: key can't be of dynamic type")
    grouped: tuple[ir.NamedExpr, ...] = ()
    if isinstance(operator, ir.Summarize):
        grouped = operator.by
    elif isinstance(operator, ir.Distinct):
        grouped = operator.expressions
    for one in grouped:
        if type_of(one.expr, columns) == "dynamic":
            name = _after(ir.Project((one,)), columns).popitem()[0]
            raise invalid(
                "Default",
                f"Summarize group key '{name}' is of a 'dynamic' type. Please use an explicit cast (for "
                f"example, 'summarize ... by tostring({name})') as grouping by a 'dynamic' type is not "
                f"supported.",
            )


def _named(operator: ir.Summarize, columns: Columns) -> ir.Summarize:
    """Aggregates under the names the client's own spelling gives them."""
    names = _names(operator, columns)[len(operator.by) :]
    if len(names) != len(operator.aggregates):
        return operator
    named = tuple(
        dataclasses.replace(one, name=name) for one, name in zip(operator.aggregates, names, strict=True)
    )
    return dataclasses.replace(operator, aggregates=named)


def _limited(operator: ir.MvExpand) -> ir.MvExpand:
    if operator.limit is not None and operator.limit > MAX_ROWS:
        raise invalid(
            "DisallowedMvExpandRowLimit",
            f"The row limit {operator.limit} of mv-expand is over the maximum of {MAX_ROWS}.",
        )
    return dataclasses.replace(operator, limit=DEFAULT_ROWS if operator.limit is None else operator.limit)


def _join(operator: ir.Join, columns: Columns, book: Book) -> tuple[list[ir.Operator], Columns]:
    book.joins += 1
    right, right_columns = _pipeline(operator.right, book)
    for key in operator.keys:
        _check_join_key(key.left, columns)
        _check_join_key(key.right, right_columns)
    plain = dataclasses.replace(operator, right=ir.Query(ir.TableRef("right")))
    names = _names(plain, columns, right_columns)
    kinds = [*columns.values(), *right_columns.values()]
    after = dict(zip(names, kinds, strict=True))
    open_side = {"leftouter": names[len(columns) :], "fullouter": names}.get(operator.kind, [])
    strings = [name for name in open_side if after[name] == "string"]
    # an unmatched string is '' in Kusto and NULL in SQL
    filled = tuple(ir.NamedExpr(ir.FunctionCall("tostring", (ir.ColumnRef(one),)), one) for one in strings)
    steps: list[ir.Operator] = [dataclasses.replace(operator, right=right)]
    return steps + ([ir.Extend(filled)] if filled else []), after


def _check_join_key(name: str, columns: Columns) -> None:
    if name not in columns:
        raise unresolved("join", name)
    if columns[name] == "dynamic":
        raise invalid(
            "Default",
            f"join key '{name}' is of a 'dynamic' type. Please use an explicit cast using extend operator in "
            f"the join legs (for example, '... | extend {name} = tostring({name}) | join (... | extend "
            f"{name} = tostring({name})) on {name}') as join on a 'dynamic' type is not supported.",
        )


def _union(operator: ir.Union, columns: Columns, book: Book) -> tuple[list[ir.Operator], Columns]:
    before = len(book.tables)
    book.unioned.add(book.tables[0])
    legs = [_pipeline(branch, book) for branch in operator.branches]
    book.legs += len(legs)
    book.unioned.update(book.tables[before:])
    kinds = dict(columns)
    for _, leg in legs:
        kinds = {name: kinds.get(name, kind) for name, kind in {**kinds, **leg}.items()}
    whole = dataclasses.replace(operator, branches=tuple(query for query, _ in legs))
    plain = dataclasses.replace(
        operator, branches=tuple(ir.Query(ir.TableRef(str(n))) for n in range(len(legs)))
    )
    schema = {"left": list(columns), **{str(n): list(leg) for n, (_, leg) in enumerate(legs)}}
    names = output_columns(ir.Query(ir.TableRef("left"), [plain]), schema)
    return [whole], {name: kinds.get(name, "string") for name in names}


def _names(operator: ir.Operator, columns: Columns, right: Columns | None = None) -> list[str]:
    return output_columns(
        ir.Query(ir.TableRef("left"), [operator]), {"left": list(columns), "right": list(right or ())}
    )


def _after(operator: ir.Operator, columns: Columns) -> Columns:
    names = _names(operator, columns)
    given = dict(columns)
    if isinstance(operator, ir.Project | ir.Distinct):
        given = {
            name: type_of(one.expr, columns) for name, one in zip(names, operator.expressions, strict=True)
        }
    elif isinstance(operator, ir.Extend):
        given |= {one.name: type_of(one.expr, columns) for one in operator.expressions if one.name}
    elif isinstance(operator, ir.Summarize):
        given |= {one.name: type_of(one.expr, columns) for one in operator.aggregates if one.name}
        given |= {name: type_of(one.expr, columns) for name, one in zip(names, operator.by, strict=False)}
    elif isinstance(operator, ir.ProjectRename):
        given |= {new: columns[old] for old, new in operator.renames}
    elif isinstance(operator, ir.Parse):
        given |= {one.name: one.type or "string" for one in operator.segments if one.name}
    elif isinstance(operator, ir.MvExpand):
        given |= {one.name or one.column: one.to_type or "dynamic" for one in operator.targets}
    return {name: given.get(name, UNKNOWN) for name in names}


def _check_counts(book: Book) -> None:
    for what, code, used, allowed in (
        ("joins", "Joins", book.joins, MAX_JOINS),
        ("mv-expands", "MvExpands", book.expansions, MAX_EXPANSIONS),
        ("union legs", "UnionLegs", book.legs, MAX_LEGS),
    ):
        if used > allowed:
            raise _too_many(code, f"The query has {used} {what}; the maximum allowed is {allowed}.")
    first, *others = book.tables
    remote = [one for one in others if one != first]
    if len(remote) > 1 and not set(book.tables) <= _FREELY_JOINED:
        raise _too_many(
            "RemoteTables",
            f"The query reads {len(remote)} times from tables other than {first} ({', '.join(remote)}); "
            f"the maximum allowed is 1.",
        )
    if len(book.unioned) > 1 and not book.unioned <= _FREELY_JOINED:
        raise _too_many(
            "RemoteTables", f"The tables {', '.join(sorted(book.unioned))} cannot be combined by union."
        )


def _too_many(what: str, message: str) -> InvalidQueryError:
    return invalid(f"DisallowedMaxNumberOf{what}", message)
