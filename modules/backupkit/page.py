"""A page of figures, charts and lists as plain values, and how it becomes one HTML file.

Whatever the values hold is escaped; the page has no script, loads nothing, and says so to the browser.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from backupkit.charts import Chart
from backupkit.page_style import STYLE
from backupkit.page_template import TEMPLATE
from backupkit.wording import grouped

Tone = Literal["good", "warn", "bad", "unknown", "plain"]

WORDS: Final[dict[Tone, str]] = {
    "good": "All well",
    "warn": "Have a look",
    "bad": "Act now",
    "unknown": "Incomplete",
    "plain": "",
}
"""What a tone says where its colour is not seen."""


@dataclass(frozen=True)
class Cell:
    """`note` stands below the text, smaller; `href` leads to what is behind it."""

    text: str
    href: str = ""
    note: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True)
class Row:
    cells: tuple[Cell, ...]
    id: str = ""


@dataclass(frozen=True)
class Column:
    name: str
    number: bool = False
    wide: bool = False


@dataclass(frozen=True)
class Table:
    """`rows` may be the first of `total`; `rest` says where all are, `empty` what it means to have none.

    The first `open` rows are shown, the others unfold.
    """

    id: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...] = ()
    total: int = 0
    rest: str = ""
    empty: str = ""
    lead: str = ""
    open: int = 10
    level: int = 3

    @property
    def first(self) -> tuple[Row, ...]:
        return self.rows if self.folded < 3 else self.rows[: self.open]

    @property
    def others(self) -> tuple[Row, ...]:
        return self.rows[len(self.first) :]

    @property
    def folded(self) -> int:
        return len(self.rows) - self.open

    @property
    def sums(self) -> bool:
        """Whether it is mostly numbers, which need little room."""
        return sum(column.number for column in self.columns) > len(self.columns) / 2

    @property
    def cut(self) -> bool:
        return self.total > len(self.rows)


@dataclass(frozen=True)
class Figure:
    """A number of the head of the page; `share` of 0 to 1 draws a bar below it."""

    label: str
    value: str
    note: str
    href: str
    tone: Tone = "plain"


@dataclass(frozen=True)
class Step:
    """Something to do, most urgent first."""

    title: str
    detail: str
    href: str
    tone: Tone
    count: str = ""


@dataclass(frozen=True)
class Section:
    id: str
    title: str
    lead: str
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Page:
    title: str
    tone: Tone
    headline: str
    detail: str
    facts: tuple[tuple[str, str], ...]
    figures: tuple[Figure, ...] = ()
    warnings: Table | None = None
    steps: tuple[Step, ...] = ()
    sections: tuple[Section, ...] = ()
    foot: Sequence[str] = field(default_factory=tuple)

    @property
    def word(self) -> str:
        return WORDS[self.tone]


def render(page: Page) -> str:
    """The page as HTML."""
    from jinja2 import DictLoader, Environment, StrictUndefined

    environment = Environment(
        loader=DictLoader({"page": TEMPLATE}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["grouped"] = grouped
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return environment.get_template("page").render(page=page, style=STYLE, policy=policy, words=WORDS)
