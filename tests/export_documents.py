"""What the documents of an export are made of: its schema, as tables and as readers declare it."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping

from backupkit.export_rows import OUTCOMES
from backupkit.export_schema import ENTITIES, VERSION, Column, Kind
from backupkit.failures import CAUSES

WIDTH = 110
MADE_BY = "Made by `python -m tests.test_docs` from backupkit/export_schema.py; do not edit."

# -- docs/export-schema.md ------------------------------------------------------------------------


def entity_rows() -> Iterator[str]:
    yield "| entity | a row is | a file's day is | columns |"
    yield "| --- | --- | --- | --- |"
    for entity, is_a in A_ROW.items():
        day = A_DAY.get(entity, "that on which it was read")
        yield f"| [`{entity}`](#{entity}) | {is_a} | {day} | {len(ENTITIES[entity])} |"


A_ROW = {
    "jobs": "a job of a vault: a backup, a restore, whatever the vault lists",
    "items": "a protected item as it was when it was read",
    "policies": "a backup policy, the same",
    "vaults": "a vault, the same",
    "alerts": "an alert that Azure Backup raised",
    "coverage": "a resource and what it is backed up as, with the verdict of unprotected_sweep",
}
A_DAY = {
    "jobs": "that of `started`",
    "alerts": "that of `fired`",
    "coverage": "that of the sweep",
}


def schema_rows() -> Iterator[str]:
    yield f"This is version {VERSION}."
    for entity, held in ENTITIES.items():
        yield from ("", f"### {entity}", "", "| column | type | meaning |", "| --- | --- | --- |")
        yield from (f"| `{one.name}` | {one.kind} | {one.meaning} |" for one in held)


def outcome_rows() -> Iterator[str]:
    yield "| outcome | `status` of the job, in any casing |"
    yield "| --- | --- |"
    for outcome in dict.fromkeys(OUTCOMES.values()):
        of = " ".join(f"`{status}`" for status, made in OUTCOMES.items() if made == outcome)
        yield f"| `{outcome}` | {of} |"
    yield "| `other` | any other, and none |"


def class_rows() -> Iterator[str]:
    yield "| class | meaning |"
    yield "| --- | --- |"
    yield from (f"| `{cause}` | {meaning} |" for cause, meaning in CAUSES.items())


# -- docs/reading-the-export.md, and the files that it names --------------------------------------


def declared(
    held: tuple[Column, ...], types: Mapping[Kind, str], form: str, keywords: tuple[str, ...] = ()
) -> str:
    """Columns as a reader declares them, in lines of four blanks."""
    named = [(f"['{one.name}']" if one.name in keywords else one.name, types[one.kind]) for one in held]
    # No declaration is broken: what is inside of it has no blank while lines are filled.
    text = ", ".join(form.format(name, kind).replace(" ", "\0") for name, kind in named)
    filled = textwrap.fill(
        text, WIDTH, initial_indent="    ", subsequent_indent="    ", break_on_hyphens=False
    )
    return filled.replace("\0", " ")


DUCKDB: Mapping[Kind, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
    "time": "TIMESTAMP",
}


def duckdb_view(entity: str) -> str:
    held = declared(ENTITIES[entity], DUCKDB, "{}: '{}'")
    return f"""\
CREATE OR REPLACE VIEW {entity} AS
FROM read_json(
    getvariable('export') || '/{entity}/*/*.ndjson*',
    format = 'newline_delimited', hive_partitioning = true, hive_types = {{'date': 'DATE'}},
    columns = {{
{textwrap.indent(held, "    ")}
    }}
);"""


def duckdb_file() -> Iterator[str]:
    yield f"-- {MADE_BY}"
    yield "-- A view an entity. One without any file is refused: leave out what you do not export."
    for entity in ENTITIES:
        yield from ("", duckdb_view(entity))


SPARK: Mapping[Kind, str] = {
    "text": "STRING",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
    "time": "TIMESTAMP",
}


def spark_table(entity: str) -> str:
    held = declared((*ENTITIES[entity],), SPARK, "{} {}")
    return f"""\
CREATE TABLE IF NOT EXISTS backup_{entity} (
{held},
    date DATE
)
USING JSON
PARTITIONED BY (date)
LOCATION '${{export}}/{entity}';"""


def spark_file() -> Iterator[str]:
    yield f"-- {MADE_BY}"
    yield "-- Tables over the folder; dropping one drops no file. Leave out what you do not export."
    yield "SET export = abfss://<container>@<account>.dfs.core.windows.net;"
    yield "SET spark.sql.session.timeZone = UTC;"
    for entity in ENTITIES:
        yield from ("", spark_table(entity), f"MSCK REPAIR TABLE backup_{entity};")


KUSTO: Mapping[Kind, str] = {"text": "string", "integer": "long", "boolean": "bool", "time": "datetime"}
KEYWORDS = ("kind",)
"""Columns whose names Kusto takes for its own where they are not quoted."""


def kusto_table(entity: str) -> str:
    held = declared(ENTITIES[entity], KUSTO, "{}:{}", KEYWORDS)
    return f"""\
.create-or-alter external table Backup{entity.capitalize()} (
{held}
)
kind=storage
partition by (Day:datetime)
pathformat=("date=" datetime_pattern("yyyy-MM-dd", Day))
dataformat=json
(
    h@'https://<account>.blob.core.windows.net/<container>/{entity};impersonate'
)
with (fileExtension='.ndjson.gz')"""


def kusto_mapping(entity: str) -> str:
    """Text in single quotes has no line end; the longest of these lines has some 3,000 characters."""
    paths = [{"Column": one.name, "Properties": {"Path": f"$.{one.name}"}} for one in ENTITIES[entity]]
    return f".create external table Backup{entity.capitalize()} mapping 'by_name' '{json.dumps(paths)}'"


def kusto_file() -> Iterator[str]:
    yield f"// {MADE_BY}"
    yield "// Commands are sent one at a time. Leave out what you do not export."
    for entity in ENTITIES:
        yield from ("", kusto_table(entity), "", kusto_mapping(entity))


def pandas_types() -> Iterator[str]:
    """Of every entity; a name has one kind wherever it stands."""
    for name, kind in (("INTEGERS", "integer"), ("BOOLEANS", "boolean"), ("TIMES", "time")):
        held = dict.fromkeys(one.name for held in ENTITIES.values() for one in held if one.kind == kind)
        text = " ".join(held)
        yield f'{name} = """'
        yield textwrap.fill(text, WIDTH, initial_indent="    ", subsequent_indent="    ")
        yield '""".split()'


def fenced(language: str, text: str) -> list[str]:
    return [f"```{language}", *text.splitlines(), "```"]


SCHEMA, READING = "docs/export-schema.md", "docs/reading-the-export.md"
BLOCKS = {
    (SCHEMA, "entities"): entity_rows,
    (SCHEMA, "columns"): schema_rows,
    (SCHEMA, "outcomes"): outcome_rows,
    (SCHEMA, "classes"): class_rows,
    (READING, "view of jobs"): lambda: fenced("sql", duckdb_view("jobs")),
    (READING, "types"): lambda: fenced("python", "\n".join(pandas_types())),
    (READING, "table of jobs"): lambda: fenced("sql", spark_table("jobs")),
    (READING, "external table of jobs"): lambda: fenced("kusto", kusto_table("jobs")),
}
FILES = {
    "docs/readers/duckdb.sql": duckdb_file,
    "docs/readers/spark.sql": spark_file,
    "docs/readers/kusto.kql": kusto_file,
}
