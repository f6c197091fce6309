"""What an export writes is read back equal, in every form, by us and by others; half a file is no file."""

import csv
import gzip
import io
import string
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from backupkit.blobs import CHUNK
from backupkit.export_files import Form, FormError, records
from backupkit.export_schema import ENTITIES, Record, columns
from hypothesis import given
from hypothesis import strategies as st

KINDS = ("ndjson", "json", "csv")
FORMS = [Form(kind, compressed) for kind in KINDS for compressed in (False, True)]
EXECUTED = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a cell begins with that a spreadsheet may take for a formula: https://owasp.org/www-community/attacks/
CSV_Injection. The last four are the full-width ones, which it names for Japanese and Chinese editions."""
ODD = [
    '=HYPERLINK("https://example.com", "click")',
    "+1",
    "-2+3",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "\nx",
    "'x",
    "''x",
    "'",
    "'=1",
    "\uff1d1",
    "\uff0b1",
    "\uff0d1",
    "\uff20x",
    'say "no"',
    '"',
    '""',
    ",",
    "a,b",
    "a\nb",
    "a\rb",
    "a\r\nb",
    "\r\n",
    " padded ",
    "NULL",
    "null",
    "NaN",
    "None",
    "true",
    "0012",
    "1e5",
    "12.50",
    "2026-11-25",
    "\ufeffbom",
    "\u2028",
    "\u0085",
    "\x1a",
    "\\",
    "\\N",
    '\\"',
    "#",
    "Ärger",
    "резервная копия",
    "備份失敗",
    "백업",
    "نسخ احتياطي",
    "गलती",
    "🦖",
    "e\u0301",
    "\U0010ffff",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
]

TEXT = st.one_of(
    st.sampled_from(ODD),
    st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=12),
    st.builds("{}{}".format, st.sampled_from(EXECUTED), st.text(string.printable, max_size=6)),
)
CELLS = {
    "text": TEXT,
    "time": st.sampled_from(["2026-11-25T22:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]),
    "integer": st.integers(-(2**53), 2**53),
    "boolean": st.booleans(),
}


@st.composite
def exports(draw: st.DrawFn) -> tuple[str, bool, list[Record]]:
    """An entity, whether rows are exported raw, and records, of which most cells are null."""
    entity, raw = draw(st.sampled_from(list(ENTITIES))), draw(st.booleans())
    held = columns(entity, raw=raw)
    blank = {column.name: None for column in held}
    filled = st.fixed_dictionaries({}, optional={column.name: CELLS[column.kind] for column in held})
    found = draw(st.lists(filled, max_size=4))
    return entity, raw, [blank | one | {"key": f"/key/{number}"} for number, one in enumerate(found)]


def written(form: Form, entity: str, rows: Sequence[Record]) -> bytes:
    return b"".join(form.whole(entity, map(form.line(entity), rows)))


def read(form: Form, entity: str, whole: bytes) -> list[Record]:
    return list(records(form.name(entity, "2026-11-25"), [whole]))


@given(exports())
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.extension)
def test_what_is_written_is_read_back_equal(form, export):
    entity, raw, rows = export
    form = Form(form.kind, form.compressed, raw)

    assert read(form, entity, written(form, entity, rows)) == rows


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.extension)
def test_the_same_records_make_the_same_bytes(form):
    rows = odd_rows()

    assert written(form, "jobs", rows) == written(form, "jobs", list(rows))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.extension)
def test_an_error_text_of_any_length_is_kept_whole(form):
    rows = [job(1, error_text='=Fehler, "été"\r\n' * 4_000), job(2, error_text="x" * (2 * CHUNK))]

    assert read(form, "jobs", written(form, "jobs", rows)) == rows


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.extension)
def test_a_file_that_is_cut_off_is_refused(form):
    """Where the cut leaves a file that looks whole, its records are the first of those that were written."""
    rows = odd_rows()
    whole = written(form, "jobs", rows)

    for end in cuts(whole):
        kept = first_of(form, whole[:end])
        if kept is not None:
            assert kept == rows[: len(kept)]
            assert len(kept) == len(rows) or looks_whole(form, whole[:end])


def cuts(whole: bytes) -> Iterator[int]:
    """Every byte of the head and of the end, and one in 23 between."""
    yield from range(500)
    yield from range(500, len(whole) - 200, 23)
    yield from range(len(whole) - 200, len(whole))


def first_of(form: Form, cut: bytes) -> list[Record] | None:
    try:
        return read(form, "jobs", cut)
    except FormError:
        return None


def looks_whole(form: Form, cut: bytes) -> bool:
    """Uncompressed lines that end where one ends; the table form has an end, and so has gzip."""
    if form.compressed or form.kind == "json":
        return False
    return cut.endswith((b"\r", b"\n")) if form.kind == "csv" else cut.endswith((b"\n", b"}")) or not cut


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.extension)
def test_what_no_export_writes_is_refused(form):
    with pytest.raises(FormError, match="move it out of the way"):
        read(form, "jobs", b"no export\n")


def test_text_that_a_form_cannot_hold_is_shown_as_unknown():
    """Half a surrogate pair is no Unicode; a NUL no CSV."""
    rows = [job(1, error_text="a\ud800b"), job(2, error_text="a\0b")]
    told = {
        form.kind: [row["error_text"] for row in read(form, "jobs", written(form, "jobs", rows))]
        for form in FORMS
    }

    assert told == {"ndjson": ["a?b", "a\0b"], "json": ["a?b", "a\0b"], "csv": ["a?b", "a\ufffdb"]}


# -- CSV, as others read it -----------------------------------------------------------------------


def test_no_cell_is_executed_by_a_spreadsheet():
    """No text begins with what OWASP names, and an apostrophe of its own stands behind another."""
    whole = written(Form("csv", compressed=False), "jobs", odd_rows()).decode()
    cells = [cell for row in csv.reader(io.StringIO(whole, newline="")) for cell in row]

    assert [cell for cell in cells if cell.startswith(EXECUTED)] == []
    assert "'+1" in cells
    assert "''x" in cells


@pytest.fixture(scope="module")
def day(tmp_path_factory) -> Path:
    """A day of jobs as CSV, with every odd text in it."""
    form = Form("csv", compressed=True)
    path: Path = tmp_path_factory.mktemp("csv") / "jobs.csv.gz"
    path.write_bytes(written(form, "jobs", odd_rows()))
    return path


def test_python_duckdb_and_pandas_read_the_same_cells(day):
    names = [column.name for column in columns("jobs", raw=False)]
    with gzip.open(day, "rt", encoding="utf-8", newline="") as lines:
        python = [[cell or None for cell in row] for row in csv.reader(lines)][1:]
    text = "{" + ", ".join(f"'{name}': 'VARCHAR'" for name in names) + "}"
    duck = duckdb.sql(f"FROM read_csv('{day}', columns={text}, header=true, quote='\"', escape='\"')")
    pandas = pd.read_csv(day, dtype=str, keep_default_na=False, na_values=[""])

    assert len(python) == len(odd_rows())
    assert [list(row) for row in duck.fetchall()] == python
    assert pandas.columns.tolist() == names
    assert pandas.astype(object).where(pandas.notna(), None).to_numpy().tolist() == python


def job(number: int, **told: str | None) -> Record:
    blank = {column.name: None for column in columns("jobs", raw=False)}
    return blank | {"key": f"/jobs/{number}", "backup": True, "duration_s": number} | told


def odd_rows() -> list[Record]:
    """Each odd text first in a row, last in one and in between."""
    return [
        job(number, id=one, item_name=one, remedy=ODD[-number] if number % 2 else None)
        for number, one in enumerate(ODD, 1)
    ]
