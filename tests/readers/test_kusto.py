"""The commands and queries for Azure Data Explorer, looked at by Microsoft's own parser of the language."""

import json
import os
import re
import subprocess

import pytest
from backupkit.export_schema import ENTITIES

from tests.journeys.reading import text
from tests.journeys.runs import ROOT

PACKAGE = str(ROOT / os.environ["KUSTO"])
FILE = "docs/readers/kusto.kql"
TYPES = {"text": "string", "integer": "long", "boolean": "bool", "time": "datetime"}


def commands():
    """Each begins with a dot, after an empty line."""
    return [one.strip() for one in re.split(r"\n\n(?=\.)", text(FILE))[1:]]


def queries():
    found = re.findall(r"```kusto\n(.*?)```", text("docs/reading-the-export.md"), re.DOTALL)
    return [one for one in found if not one.startswith(".")]


def tables():
    """Their columns, the partition among them, as the commands declare them."""
    found = re.findall(r"external table (\w+) \((.*?)\)\nkind.*?by \((.*?)\)\n", text(FILE), re.DOTALL)
    return {name: f"({columns.strip()}, {partition})" for name, columns, partition in found}


def faults(*texts):
    asked = json.dumps({"tables": tables(), "texts": texts})
    command = ["node", str(ROOT / "tests/readers/kusto.js"), PACKAGE]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_every_command_and_query_is_the_languages():
    asked = [*commands(), *queries()]

    assert len(commands()) == 2 * len(ENTITIES)
    assert len(queries()) == 2
    assert dict(zip(asked, faults(*asked), strict=True)) == {one: [] for one in asked}


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param("external_table('BackupJobs') | where Date > ago(7d)", id="a column that is not there"),
        pytest.param(".create external table X (kind:string) kind=storage", id="a keyword for a name"),
    ],
)
def test_the_parser_sees(wrong):
    assert faults(wrong)[0]


def test_columns_are_the_schemas():
    told = {
        name: re.findall(r"(\w+)(?:'\])?:(\w+)", columns)[:-1]  # the last is the partition
        for name, columns in tables().items()
    }

    assert told == {
        f"Backup{entity.capitalize()}": [(one.name, TYPES[one.kind]) for one in held]
        for entity, held in ENTITIES.items()
    }


def test_mappings_name_every_column_by_its_own_key():
    found = re.findall(r"external table Backup(\w+) mapping 'by_name' '(.*)'", text(FILE))
    told = {
        name.lower(): [(one["Column"], one["Properties"]["Path"]) for one in json.loads(mapping)]
        for name, mapping in found
    }

    assert told == {
        entity: [(one.name, f"$.{one.name}") for one in held] for entity, held in ENTITIES.items()
    }
