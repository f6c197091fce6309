"""The text of a query, respelled for the grammar at hand.

Resource Graph takes a few spellings Kusto's grammar does not: the leading table
may be left out (it is `resources` then) and `kind` is a column. An error found
in the respelled text is told at its place in the client's own.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from duckdb_kql._antlr.KqlLexer import KqlLexer
from duckdb_kql.errors import Diagnostic, KqlSyntaxError
from duckdb_kql.parser import parse

from simulator.kql_errors import Detail, InvalidQueryError, parser_failure, syntax_error
from simulator.kql_tree import Edit, RefusedAtError, check

_antlr: Any = importlib.import_module("antlr4")  # it has no types
_OPERATOR_FIRST = re.compile(
    r"count|distinct|extend|join|limit|mvexpand|mv-expand|order|parse|project|project-away|project-rename|"
    r"sort|summarize|take|top|where"
)
_TAKES_KIND = ("join", "union", "parse", "mv-expand", "mvexpand")


@dataclass(frozen=True)
class Respelled:
    """`query` as the client wrote it, `text` as the grammar reads it."""

    query: str
    edits: tuple[Edit, ...]

    @property
    def text(self) -> str:
        return edited(self.query, self.edits)

    def offset(self, there: int) -> int:
        """Where in the client's query the offset `there` of the text came from."""
        for edit in sorted(self.edits, key=lambda one: one.start):
            if there > edit.start:
                there = max(edit.start, there - len(edit.text) + edit.stop - edit.start)
        return there

    def failure(self, there: int, token: str = "", expected: str = "") -> Detail:
        at = self.offset(there)
        if not token and self.query[at : at + 1] == "|":
            # the parser stops at the pipe before an operator it cannot read
            at = len(self.query) - len(self.query[at + 1 :].lstrip())
        word = re.match(r"[\w-]+|\S", self.query[at:])
        line, column = self.query.count("\n", 0, at) + 1, at - self.query.rfind("\n", 0, at) - 1
        return parser_failure(line, column, token or (word[0] if word else "<EOF>"), expected)


def accepted(query: str) -> str:
    """The query in the grammar's spelling.

    Raises:
        InvalidQueryError: Azure would refuse its text.
        NotSimulatedError: we do.
    """
    said = Respelled(query, tuple(_respellings(_tokens(query))))
    if query.lstrip().startswith("."):
        raise syntax_error(said.failure(query.index(".")))
    try:
        tree = parse(said.text).tree
        return edited(said.text, check(tree))
    except KqlSyntaxError as error:
        raise _unparsed(said, error.diagnostics) from error
    except RefusedAtError as refused:
        raise syntax_error(said.failure(refused.offset, refused.token)) from refused


def edited(text: str, edits: Iterable[Edit]) -> str:
    for edit in sorted(edits, key=lambda one: one.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.stop :]
    return text


def _tokens(query: str) -> list[Any]:
    lexer = KqlLexer(_antlr.InputStream(query))
    lexer.removeErrorListeners()
    return [one for one in lexer.getAllTokens() if one.channel == _antlr.Token.DEFAULT_CHANNEL]


def _respellings(tokens: list[Any]) -> Iterator[Edit]:
    if tokens and _OPERATOR_FIRST.fullmatch(tokens[0].text):
        yield Edit(tokens[0].start, tokens[0].start, "resources | ")
    texts = ["", *(token.text for token in tokens), ""]
    for at, token in enumerate(tokens):
        before, after = texts[at], texts[at + 2]
        if token.text == "kind" and not (after == "=" and before in _TAKES_KIND):
            start = tokens[at - 1].start if before == "." else token.start
            yield Edit(start, token.stop + 1, "['kind']")


def _unparsed(said: Respelled, diagnostics: list[Diagnostic]) -> InvalidQueryError:
    starts = [0, *(match.end() for match in re.finditer("\n", said.text))]
    failures = []
    for one in diagnostics[:3]:
        wanted = re.search(r"(?:missing|expecting) '([^']+)'(?: at|$)", one.message)
        at = starts[one.span.line - 1] + one.span.column
        failures.append(said.failure(at, expected=wanted[1] if wanted else ""))
    return syntax_error(*failures)
