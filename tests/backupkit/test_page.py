"""The page as HTML: whole, without script, every link leads somewhere, every colour can be read."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from backupkit.page import Cell, Column, Page, Row, Section, Table, render
from backupkit.page_style import DARK, LIGHT, STYLE

from runbooks import backup_report
from tests.decisions.reports import read
from tests.pages import exports

VOID = {"meta", "link", "br", "img"}
LANDMARKS = ("html", "head", "body", "header", "h1", "nav", "main", "footer")
ROOMS = {"empty": exports.empty, "odd": exports.odd}
ESTATES = ("empty", "healthy", "burning", "odd")


class Elements(HTMLParser):
    """What stands in a page; every element that begins has to end, in its place."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        assert len(dict(attrs)) == len(attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data

    def all(self, attribute: str) -> list[str]:
        return [attrs[attribute] for _, attrs in self.found if attribute in attrs]


@pytest.fixture(scope="module", params=ESTATES)
def html(request, tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("page")
    if request.param in ROOMS:
        ROOMS[request.param](folder)
    elif request.param == "healthy":
        exports.Estate(items=60).write(folder)
    else:
        unread = [("/subscriptions/x/vaults/rsv-dark", "Azure answered 403")]
        exports.Estate(items=400, rate=0.05, burning=True).write(folder, unread)
    return render(backup_report.page(read(folder), backup_report.Params(), "run"))


def test_a_page_is_well_formed_and_has_its_landmarks(html):
    tags = [tag for tag, _ in Elements(html).found]

    assert {one: tags.count(one) for one in LANDMARKS} == dict.fromkeys(LANDMARKS, 1)


def test_headings_skip_no_level(html):
    levels = [int(tag[1]) for tag, _ in Elements(html).found if re.fullmatch(r"h\d", tag)]

    assert [(one, after) for one, after in pairwise(levels) if after > one + 1] == []


def test_ids_are_unique_and_every_link_has_its_target(html):
    page = Elements(html)
    ids, hrefs = page.all("id"), page.all("href")

    assert len(set(ids)) == len(ids)
    assert {href[1:] for href in hrefs} <= set(ids)
    assert all(href.startswith("#") for href in hrefs)
    labels = " ".join(page.all("aria-labelledby")).split()
    assert set(labels) <= set(ids)


def test_nothing_runs_and_nothing_is_loaded(html):
    page = Elements(html)

    assert not {"script", "link", "img", "iframe", "object", "embed", "form"} & {tag for tag, _ in page.found}
    assert [
        name for _, attrs in page.found for name in attrs if name.startswith("on") or name in ("src", "style")
    ] == []
    assert "@import" not in STYLE
    assert set(re.findall(r"url\((.*?)\)", STYLE)) == {"#hatch", "#dots"}


def test_the_policy_allows_this_style_and_nothing_else(html):
    [policy] = [attrs["content"] for _, attrs in Elements(html).found if "http-equiv" in attrs]
    [style] = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_every_chart_is_told_in_words_and_in_numbers(html):
    page = Elements(html)
    drawn = [attrs for tag, attrs in page.found if tag == "svg" and "aria-hidden" not in attrs]
    figures = [attrs["id"] for tag, attrs in page.found if tag == "figure"]

    assert all(attrs["role"] == "img" and attrs["aria-labelledby"] for attrs in drawn)
    assert len(drawn) == 2 * len(figures)
    assert page.text.count("The numbers") == len(figures)


def test_every_cell_names_its_column_for_a_phone(html):
    cells = [attrs for tag, attrs in Elements(html).found if tag == "td" and attrs.get("role") == "cell"]

    assert all(attrs["data-label"] for attrs in cells)


def test_names_are_text_whatever_stands_in_them(tmp_path):
    exports.odd(tmp_path)

    page = Elements(render(backup_report.page(read(tmp_path), backup_report.Params(), "run")))

    assert "<script>alert(1)</script>" in page.text
    assert "vm-\u6771\u4eac-\u672c\u756a" in page.text
    assert "{{ 7*7 }}" in page.text
    assert not {"script", "i", "b", "k"} & {tag for tag, _ in page.found}


def test_a_list_unfolds_and_says_how_much_of_all_it_is():
    rows = tuple(Row((Cell(f"row {n}"),)) for n in range(30))
    table = Table("list", "A list", (Column("Name"),), rows, 5_312, "jobs/date=2026-11-25/jobs.csv", open=10)
    page = Page("t", "good", "h", "d", (), sections=(Section("s", "S", "", tables=(table,)),))

    text = " ".join(Elements(render(page)).text.split())

    assert "20 more" in text
    assert "30 of 5,312 are shown; all are in jobs/date=2026-11-25/jobs.csv." in text


# -- Contrast, as WCAG 2 has it -------------------------------------------------------------------

TEXT = [
    *[(name, ground) for name in ("text", "muted", "link") for ground in ("ground", "card", "raised")],
    *[(name, ground) for name in ("good", "warn", "bad", "unknown") for ground in ("card", f"{name}-tint")],
    ("axis", "card"),
]
"""Text and what it stands on."""
MARKS = [
    *[(f"{name}-mark", "card") for name in ("ok", "failed", "warned", "cancelled", "line")],
    ("failed-mark", "failed-ground"),
    ("warned-mark", "warned-ground"),
    ("focus", "ground"),
    ("focus", "card"),
]
"""What has to be told from what is beside it, but is no text."""


def colours(rules: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", rules))


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [pytest.param(LIGHT, id="light"), pytest.param(DARK, id="dark")])
@pytest.mark.parametrize(
    ("least", "pairs"), [pytest.param(4.5, TEXT, id="text"), pytest.param(3, MARKS, id="marks")]
)
def test_colours_can_be_told_apart(scheme, least, pairs):
    """WCAG 2.2 AA: 4.5 for text, 3 for what is drawn."""
    known = colours(scheme)
    weak = {pair: round(contrast(known[pair[0]], known[pair[1]]), 2) for pair in pairs}

    assert {pair: ratio for pair, ratio in weak.items() if ratio < least} == {}


def test_both_schemes_have_the_same_colours_and_all_are_defined():
    used = set(re.findall(r"var\(--([\w-]+)\)", STYLE)) - {"tone", "tint"}

    assert colours(LIGHT).keys() == colours(DARK).keys()
    assert used <= colours(LIGHT).keys()


def test_colours_stand_nowhere_but_in_the_schemes():
    rest = STYLE.replace(LIGHT, "").replace(DARK, "")

    assert set(re.findall(r"#[0-9a-f]{3,8}\b", rest)) <= {"#ffffff"}
    assert Path(backup_report.__file__).read_text().count("#0") == 0


def test_a_page_is_in_the_order_in_which_it_is_read(tmp_path):
    """What is not known, the figures, what to do, then the parts, of which nav has every one."""
    exports.Estate(items=400, rate=0.05, burning=True, days=3, snapshots=2).write(
        tmp_path, [("rsv-dark", "403")]
    )
    html = render(backup_report.page(read(tmp_path), backup_report.Params(), "run"))
    page = Elements(html)
    parts = [attrs["id"] for _, attrs in page.found if attrs.get("class") == "part"]

    assert parts == ["coverage", "days", "failures", "items", "retries", "storms", "classes"]
    spots = [
        html.index(mark) for mark in ('id="verdict"', 'id="unread"', 'class="figures"', 'id="first"', "<nav")
    ]
    assert spots == sorted(spots)
    nav = html[html.index("<nav") : html.index("</nav>")]
    assert re.findall(r'href="#(\w+)"', nav) == parts
