"""The documents say what the code does: tables are made from it or compared with it, links lead somewhere.

`python -m tests.test_docs` writes the tables, and the files beside them, that are made from the code.
"""

import json
import os
import re
import subprocess
import sys
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer.main
from backupkit.coverage import Resource
from backupkit.evidence import Attempt, Case, History
from backupkit.export_schema import ENTITIES
from backupkit.failures import CAUSES, TABLES, Failure, classify, known_codes
from backupkit.findings import Finding
from backupkit.page import Page
from backupkit.params import CommonParams, Parameter, parameters, shown
from backupkit.records import Job
from deployer import cli as deploying
from deployer.errors import ManifestError
from deployer.manifest import read as read_manifest
from deployer.manifest import schema

from runbooks import auto_retry, backup_report, job_export, unprotected_sweep
from simulator import demo_estate, faults
from simulator.app import all_routes
from simulator.cli import app
from simulator.identity import Issuer
from simulator.routes import Route
from tests import export_documents
from tests.decisions.cases import item
from tests.journeys import exports

ROOT = Path(__file__).parents[1]
README, OPERATING, SIMULATOR = "README.md", "docs/operating.md", "docs/simulator.md"
EXPORTING = "docs/exporting.md"
DEPLOYING, FAILURE_CODES = "docs/deploying.md", "docs/failure-codes.md"
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
)
COMMON = {one.name for one in parameters(CommonParams)}

# -- Tables made from the code --------------------------------------------------------------------


def parameter_rows(kind: type[CommonParams], wanted: Callable[[str], bool]) -> Iterator[str]:
    yield "| parameter | default | meaning |"
    yield "| --- | --- | --- |"
    for one in parameters(kind):
        if wanted(one.name):
            meaning = one.meaning.replace("<", "&lt;")
            yield f"| `{one.name}` | {code(one.default_text)} | {meaning}{choices(one)} |"


def own(name: str) -> bool:
    return name not in COMMON


def code(text: str) -> str:
    return f"`{text}`" if text else ""


def choices(parameter: Parameter) -> str:
    kind = parameter.type
    if typing.get_origin(kind) is tuple:
        kind = typing.get_args(kind)[0]
    if typing.get_origin(kind) is not typing.Literal:
        return ""
    return f" ({', '.join(code(one) for one in typing.get_args(kind) if one)})"


VAULT = (
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.RecoveryServices/vaults/{vault}"
)
BACKUP_VAULT = (
    "/subscriptions/{subscription}/resourceGroups/{group}"
    "/providers/Microsoft.DataProtection/backupVaults/{vault}"
)
ACCOUNT = (
    "/subscriptions/{subscription}/resourceGroups/{group}"
    "/providers/Microsoft.Automation/automationAccounts/{account}"
)
ITEM = "/backupFabrics/{fabric}/protectionContainers/{container}/protectedItems/{item}"


def operation_rows() -> Iterator[str]:
    yield "| method | path | operation | since |"
    yield "| --- | --- | --- | --- |"
    for route in all_routes(Issuer()):
        action = route.action if route.action != "*" else "that of the resource's type"
        yield f"| {route.method} | `{host(route)}{path(route)}` | {action} | {route.since} |"


def host(route: Route) -> str:
    """Nothing for Azure Resource Manager's; of several names the first."""
    name = route.host.pattern.split("|")[0].replace("[a-z0-9-]+", "*").replace(r"(\.*)?", "")
    return name.replace("\\", "").replace("management.azure.com", "")


def path(route: Route) -> str:
    text = re.sub(r"\(\?P<(\w+)>\[\^/\]\+\)", r"{\1}", route.path.pattern)
    text = re.sub(r"\(\?P<(\w+)>\.\+\)", r"{\1*}", text).replace("\\", "")
    text = text.replace(BACKUP_VAULT + "/backupInstances/{instance}", "{instance}")
    text = text.replace(BACKUP_VAULT, "{backup vault}")
    return text.replace(VAULT + ITEM, "{item}").replace(VAULT, "{vault}").replace(ACCOUNT, "{account}")


SECTIONS = {
    "runtime": "Runtime",
    "runbooks.*": "Runbook",
    "schedules.*": "Schedule",
    "schedules.*.runs[]": "Run",
    "webhooks.*": "Webhook",
    "alerts.*": "Alert",
    "variables.*": "Variable",
}
"""Keys of schedules.json, where `*` is a name, and what its schema calls what stands there."""


def key_rows() -> Iterator[str]:
    yield "| key | default | meaning |"
    yield "| --- | --- | --- |"
    described = schema()["$defs"]
    for place, kind in SECTIONS.items():
        for name, said in described[kind]["properties"].items():
            meaning = " ".join(said["description"].split()).replace("<", "&lt;")
            default = json.dumps(said["default"]) if said.get("default") not in (None, "", [], {}) else ""
            yield f"| `{place}.{name}` | {code(default)} | {meaning} |"


def class_rows() -> Iterator[str]:
    yield "| class | meaning | codes |"
    yield "| --- | --- | --- |"
    for cause, meaning in CAUSES.items():
        yield f"| `{cause}` | {meaning} | {sum(row.cause == cause for row in known_codes())} |"


def failure_rows() -> Iterator[str]:
    for name, rows in TABLES.items():
        yield from (f"## {name}", "", "| code | class | what to do | from |", "| --- | --- | --- | --- |")
        for row in known_codes():
            if row in rows:
                yield f"| {code_cell(row)} | {row.cause} | {row.remedy} | {source_cell(row)} |"
        yield ""


def code_cell(row: Failure) -> str:
    numbers = [str(number) for number in row.numbers if str(number) != row.code]
    return ", ".join([code(row.code), *numbers])


def source_cell(row: Failure) -> str:
    return f"[{row.source.rsplit('/', 1)[-1]}](https://{row.source})" if "/" in row.source else row.source


MADE = {
    (DEPLOYING, "keys of schedules.json"): key_rows,
    (README, "parameters of auto_retry"): lambda: parameter_rows(auto_retry.Params, own),
    (README, "parameters of unprotected_sweep"): lambda: parameter_rows(unprotected_sweep.Params, own),
    (README, "parameters of job_export"): lambda: parameter_rows(job_export.Params, own),
    (README, "parameters of backup_report"): lambda: parameter_rows(backup_report.Params, own),
    (README, "parameters of every runbook"): lambda: parameter_rows(auto_retry.Params, COMMON.__contains__),
    (SIMULATOR, "operations"): operation_rows,
    (FAILURE_CODES, "classes"): class_rows,
    (FAILURE_CODES, "codes"): failure_rows,
    **export_documents.BLOCKS,
}


def block(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {name} -->\n)(.*?)(<!-- end of {name} -->)", re.DOTALL)


def write_tables() -> None:
    for (document, name), make in MADE.items():
        table = "\n" + "\n".join(make()) + "\n\n"
        text, found = block(name).subn(lambda old, table=table: old[1] + table + old[3], read(document))
        if not found:
            raise SystemExit(f"{document}: no <!-- {name} --> ... <!-- end of {name} -->")
        (ROOT / document).write_text(text, encoding="utf-8")
    for name, make in export_documents.FILES.items():
        (ROOT / name).write_text("\n".join(make()) + "\n", encoding="utf-8")


@pytest.mark.parametrize(("document", "name"), MADE)
def test_a_table_made_from_the_code_is_as_the_code_has_it(document, name):
    """If not: .venv/bin/python -m tests.test_docs"""
    found = block(name).search(read(document))

    assert found is not None
    assert found[2].split("\n")[1:-2] == list(MADE[document, name]())


@pytest.mark.parametrize("name", export_documents.FILES)
def test_a_file_made_from_the_code_is_as_the_code_has_it(name):
    """If not: .venv/bin/python -m tests.test_docs"""
    assert read(name) == "\n".join(export_documents.FILES[name]()) + "\n"


# -- Tables written by hand, and what must stand in them -----------------------------------------


def read(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def section(document: str, heading: str) -> str:
    """What stands under a heading, up to the next one."""
    found = re.search(
        rf"^(#+) {re.escape(heading)}\n(.*?)(?=^#{{1,6}} |\Z)", prose(document), re.MULTILINE | re.DOTALL
    )
    assert found, f"{document} has no heading {heading!r}"
    return found[2]


def prose(document: str) -> str:
    """The text, its headings but no comment lines of code blocks among them."""
    return re.sub(
        r"^```.*?^```$",
        lambda one: re.sub(r"^#", " #", one[0], flags=re.MULTILINE),
        read(document),
        flags=re.MULTILINE | re.DOTALL,
    )


def table(document: str, heading: str) -> dict[str, list[str]]:
    """The rows of a section's tables whose first cell is code, by that."""
    rows = [
        line.strip("|").split("|") for line in section(document, heading).splitlines() if line[:2] == "| "
    ]
    cells = [[cell.strip() for cell in row] for row in rows]
    return {row[0].strip("`"): row[1:] for row in cells if row[0].startswith("`")}


def test_every_reason_to_leave_an_item_is_explained():
    """In the order in which the rules are asked; what is left at the last moment comes after."""
    left = [rule.__name__ for rule in auto_retry.RULES]

    assert list(table(OPERATING, "Why an item is left")) == [*left, "out_of_time", "taken_by_another_run"]


def test_every_reason_to_retry_an_item_is_explained():
    assert set(table(OPERATING, "Why an item is retried")) == set(reasons_to_retry())


def reasons_to_retry() -> Iterator[str]:
    """The rules of items that no rule holds back, whatever their failure and whatever was asked for."""
    started = datetime(2026, 11, 22, tzinfo=UTC)
    for cause in [*known_codes(), classify([{"errorCode": 499999}])]:
        job = Job("", "", "job", "Backup", "Failed", "sql", started, None, False, "", "", "", cause)
        attempts = (Attempt(started, started, "job"),)
        case = Case(History("", "", item(workload="sql"), (job,), ledger=attempts), job, cause, attempts)
        for asked in ((), (cause.code,)):
            options = auto_retry.Params(retry_codes=asked)
            yield auto_retry.judge(case, auto_retry.Situation(started, options), ()).rule


def test_every_parameter_is_explained_with_its_default():
    explained = {name: cells[0] for name, cells in table(OPERATING, "Parameters").items()}

    assert explained == {one.name: code(shown(one.default)) for one in parameters(auto_retry.Params)}


def test_every_parameter_of_a_sweep_is_explained_with_its_default():
    explained = {name: cells[0] for name, cells in table(OPERATING, "Its parameters").items()}
    sweeps = [one for one in parameters(unprotected_sweep.Params) if own(one.name)]

    assert explained == {one.name: code(shown(one.default)) for one in sweeps}


def test_every_parameter_of_an_export_is_explained_with_its_default():
    explained = {name: cells[0] for name, cells in table(EXPORTING, "Its parameters").items()}
    its_own = [one for one in parameters(job_export.Params) if own(one.name)]

    assert explained == {one.name: code(shown(one.default)) for one in its_own}


def test_every_entity_of_an_export_is_explained():
    assert set(table(EXPORTING, "What it does")) == set(ENTITIES)


def test_every_key_of_an_exports_manifest_is_explained():
    told = {name.strip("`") for cell in table(EXPORTING, "The manifest") for name in cell.split("`, `")}

    assert told == exports.MANIFEST


def test_every_parameter_of_a_report_is_explained_with_its_default():
    explained = {name: cells[0] for name, cells in table(OPERATING, "Parameters of a report").items()}
    reports = [one for one in parameters(backup_report.Params) if own(one.name)]

    assert explained == {one.name: code(shown(one.default)) for one in reports}


def test_every_key_that_a_report_adds_to_the_message_is_explained():
    said = backup_report.message(Page("t", "good", "fine", "", ()), "")

    assert list(table(OPERATING, "Its message")) == list(said.rest)


def test_every_exclusion_of_a_sweep_is_explained():
    known = table(OPERATING, "What decides")

    assert {one.__name__ for one in unprotected_sweep.EXCLUSIONS} <= known.keys()


def test_every_key_of_a_sweeps_report_is_explained():
    resource = Resource("id", "vm", "vm-1", "westeurope", "sub", "rg")
    finding = Finding(resource, None, "protected", "healthy", "by rsv-1", "its_item")

    assert set(table(OPERATING, "Its report")) == finding.entry.keys()


def test_every_key_of_world_json_is_explained():
    schema = json.loads(read("simulator/world.schema.json"))

    assert set(table(SIMULATOR, "world.json")) == set(schema["properties"])


def test_every_fault_is_explained():
    assert set(table(SIMULATOR, "What goes wrong")) == set(faults.KINDS)


@pytest.mark.parametrize(
    ("tool", "document"),
    [pytest.param(app, SIMULATOR, id="simulator"), pytest.param(deploying.app, DEPLOYING, id="deployer")],
)
def test_every_option_is_explained(tool, document):
    options = {name for command in commands(tool).values() for one in command.params for name in one.opts}

    assert set(table(document, "Options")) == {name for name in options if name[0] == "-"}


def test_every_command_of_the_deployer_is_explained():
    assert set(table(DEPLOYING, "Commands")) == set(commands(deploying.app))


def commands(tool: typer.Typer) -> Any:
    return typing.cast("typer.core.TyperGroup", typer.main.get_command(tool)).commands


def test_every_part_of_schedules_json_has_its_keys_in_the_table():
    assert set(SECTIONS.values()) == set(schema()["$defs"]) - {"Start"}


# -- A night of the demo, as the runbook really tells it -----------------------------------------


@dataclass(frozen=True)
class Night:
    log: list[str]
    report: list[dict[str, object]]
    messages: list[dict[str, object]]


@pytest.fixture(scope="module")
def night(tmp_path_factory) -> Night:
    """A dry run on the demo's estate."""
    folder = tmp_path_factory.mktemp("night")
    options = ["--speed", "60", "--estate", str(demo_estate.build(folder / "estate")), "--state", str(folder)]
    runbook = [
        sys.executable,
        "runbooks/auto_retry.py",
        "notify=var:HOOK",
        f"report={folder / 'report.ndjson'}",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "simulator", "exec", *options, "--", *runbook],
        cwd=ROOT,
        env={**os.environ, "HOOK": "https://prod-01.westeurope.logic.azure.com/workflows/1"},
        capture_output=True,
        text=True,
        check=True,
    )
    report, messages = (
        [json.loads(line) for line in (folder / name).read_text().splitlines()]
        for name in ("report.ndjson", "messages.ndjson")
    )
    return Night(done.stdout.splitlines(), report, [one["body"] for one in messages])


def test_every_key_of_a_report_is_explained(night):
    assert list(table(OPERATING, "The report")) == list(night.report[0])


def test_every_key_of_a_message_is_explained(night):
    assert list(table(OPERATING, "The message")) == list(night.messages[0])


@pytest.mark.parametrize("document", [README, OPERATING])
def test_the_lines_of_a_dry_run_that_a_document_quotes_are_what_a_run_prints(document, night):
    printed = {general(line) for line in night.log}
    quoted = [general(line) for line in quotes(document)]

    assert quoted
    assert [line for line in quoted if line not in printed] == []


def quotes(document: str) -> Iterator[str]:
    """Lines of the blocks marked as quoted from a dry run of the demo."""
    for found in re.findall(r"<!-- from the demo -->\n```text\n(.*?)```", read(document), re.DOTALL):
        yield from (line for line in found.splitlines() if line != "...")


def general(line: str) -> str:
    """Without what differs from run to run: ids and times."""
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:]{8}Z", "<time>", re.sub(r" job=[0-9a-f-]{36}", "", line))


def test_the_faults_of_schedules_json_that_a_document_quotes_are_what_is_told(tmp_path):
    said = json.loads(read("schedules.json"))
    said["schedules"] = {"hourly": {**said["schedules"]["backup-retry-hourly"], "every": "minute"}}
    said["webhooks"] = {"failed": {"runbook": "auto_retri"}}
    said["alerts"]["ag-backup-failed"]["webhook"] = "failed"
    path = tmp_path / "schedules.json"
    path.write_text(json.dumps(said))
    with pytest.raises(ManifestError) as refused:
        read_manifest(path, ROOT / "runbooks", {"BACKUP_STORAGE": "stbackup"})
    quoted = re.search(r"<!-- faults of a file -->\n```text\n(.*?)```", read(DEPLOYING), re.DOTALL)

    assert quoted is not None
    assert quoted[1].splitlines() == [one.replace(f"{tmp_path}/", "") for one in refused.value.faults]


# -- Links and commands ---------------------------------------------------------------------------


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_within_the_project_lead_somewhere(document):
    here = (ROOT / document).parent
    broken = []
    for link in links(document):
        file, _, anchor = link.partition("#")
        target = (here / file).resolve() if file else ROOT / document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)

    assert broken == []


def links(document: str) -> list[str]:
    found = re.findall(r"\]\(([^)\s]+)\)", read(document))
    return [link for link in found if not link.startswith("https://")]


def anchors(document: Path) -> set[str]:
    """As GitHub makes them from headings."""
    headings = re.findall(r"^#+ (.+)$", prose(document.relative_to(ROOT).as_posix()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_document_can_be_reached_from_the_readme():
    reached, waiting = set[str](), [README]
    while waiting:
        document = waiting.pop()
        reached.add(document)
        files = {link.partition("#")[0] for link in links(document)}
        targets = {
            (ROOT / document).parent.joinpath(file).resolve() for file in files if file.endswith(".md")
        }
        waiting += sorted({target.relative_to(ROOT).as_posix() for target in targets} - reached)

    assert set(DOCUMENTS) - reached == set()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_that_a_document_names_exists(document):
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^\$ |^)make ([a-z]+)", read(document), re.MULTILINE))

    assert named - targets == set()


if __name__ == "__main__":
    write_tables()
