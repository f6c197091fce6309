"""What of an account differs from what is wanted: plain values in, changes with reasons out."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from packaging.version import InvalidVersion, Version

from deployer import marks, timetable
from deployer.bundle import differences
from deployer.changes import Change, Findings, digest
from deployer.errors import DeployError
from deployer.live import Link, Live
from deployer.manifest import Manifest, Run, Schedule
from deployer.packages import Pin, azure_version
from deployer.packages import digest as digest_of
from deployer.wanted import Wanted

SETTLED = ("succeeded", "failed", "canceled", "cancelled")
"""States of a package in which nothing happens any more."""
LINKS = " -> "
"""Between the schedule and the runbook in the name of a link; no name may hold `>`."""
PACKAGES_TAG = "packages"
"""On the environment: which packages were all imported. A package itself may not tell its version."""


def compare(wanted: Wanted, live: Live) -> Findings:
    """All but alerts and webhooks."""
    found = Findings()
    for each in (_environment, _packages, _variables, _runbooks, _schedules):
        each(wanted, live, found)
    found.changes += links(wanted.manifest, live.links)
    found.notes += [
        f"parameters name variable {name}, neither in schedules.json nor in the account: make it there"
        for name in wanted.manifest.var_names()
        if name.lower() not in live.variables
    ]
    return found


# -- the environment and its packages --------------------------------------------------------------


def environment_body(wanted: Wanted, location: str, *, complete: bool) -> dict[str, Any]:
    """`complete` is written down when every package has been imported."""
    runtime = {"language": "Python", "version": wanted.manifest.runtime.version}
    recorded = {PACKAGES_TAG: digest_of(wanted.pins)} if complete else {}
    return {
        "location": location,
        "tags": {**marks.tags(), **recorded},
        "properties": {"runtime": runtime, "description": "Packages of the backup runbooks"},
    }


def _environment(wanted: Wanted, live: Live, found: Findings) -> None:
    runtime = wanted.manifest.runtime
    body = live.environments.get(runtime.name.lower())
    if body is None:
        found.changes.append(Change("create", "environment", runtime.name, f"Python {runtime.version}"))
        return
    has = body["properties"]["runtime"]
    if not marks.tagged(body):
        found.faults.append(f"runtime environment {runtime.name} {marks.NOT_OURS}")
    elif (has["language"].lower(), has["version"]) != ("python", runtime.version):
        found.faults.append(
            f"runtime environment {runtime.name} has {has['language']} {has['version']}, which Azure cannot "
            f"change: give runtime.name another name; the old one goes with --prune when nothing uses it"
        )


def _packages(wanted: Wanted, live: Live, found: Findings) -> None:
    name = wanted.environment
    recorded = (live.environments.get(name.lower()) or {}).get("tags", {}).get(PACKAGES_TAG)
    complete = recorded == digest_of(wanted.pins)
    imports = []
    for pin in wanted.pins:
        why = package_why(pin, live.packages, complete=complete)
        if why:
            imports.append(Change("import", "package", pin.name, why, to=pin.version))
    if not complete and not imports and name.lower() in live.environments:
        imports.append(
            Change("update", "environment", name, "all packages are there, which was not written down")
        )
    found.changes += imports
    known = {pin.name.lower() for pin in wanted.pins}
    for key, body in live.packages.items():
        if key not in known and not body["properties"].get("default"):
            found.left.append(Change("delete", "package", str(body["name"]), "not in the lock", id=name))


def package_why(pin: Pin, live: Mapping[str, marks.Json], *, complete: bool) -> str:
    """Why a package has to be imported, or nothing; `complete`: it is written down that all were."""
    body = live.get(pin.name.lower())
    if body is None:
        return f"{pin.version}, not in the environment"
    state = package_state(body)
    if state not in SETTLED:
        return f"{pin.version}, an import is going on ({state})"
    if state != "succeeded":
        return f"{pin.version}, its import ended {state}"
    version = str(body["properties"].get("version") or "")
    if not version or azure_version(pin.version) is None:
        return "" if complete else f"{pin.version}, the account does not say which version it has"
    return "" if _same_version(version, pin.version) else f"{pin.version} instead of {version}"


def _same_version(one: str, other: str) -> bool:
    """Azure may write 1.41.0 with another number of zeros."""
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other


def package_state(body: marks.Json) -> str:
    """Lower-cased. An error beside a state that sounds well is a failure all the same."""
    known = body["properties"]
    if (known.get("error") or {}).get("message"):
        return "failed"
    return str(known.get("provisioningState") or "").lower()


# -- variables -------------------------------------------------------------------------------------


def variable_body(wanted: Wanted, name: str) -> dict[str, Any]:
    """Holds the value, which may be a secret: for sending only."""
    one = wanted.manifest.variables[name]
    word = marks.fingerprint(_as_azure(one.value), f"{wanted.target.id}/{name}") if one.encrypted else ""
    return {
        "properties": {
            "value": _as_azure(one.value),
            "isEncrypted": one.encrypted,
            "description": marks.noted(one.description, word),
        }
    }


def _as_azure(value: object) -> str:
    return json.dumps(value)


def _variables(wanted: Wanted, live: Live, found: Findings) -> None:
    for name, one in wanted.manifest.variables.items():
        body = live.variables.get(name.lower())
        if body is None:
            found.changes.append(
                Change("create", "variable", name, "encrypted" if one.encrypted else "plain")
            )
        elif not marks.is_noted(body):
            found.faults.append(f"variable {name} {marks.NOT_OURS}")
        else:
            sent, has = variable_body(wanted, name)["properties"], body["properties"]
            why = _variable(sent, has)
            if why:
                verb = "replace" if sent["isEncrypted"] != has.get("isEncrypted") else "update"
                to = sent["description"] if one.encrypted else sent["value"]
                found.changes.append(Change(verb, "variable", name, why, to=digest(to)))


def _variable(sent: marks.Json, has: marks.Json) -> str:
    if bool(has.get("isEncrypted")) != sent["isEncrypted"]:
        return "encrypted from now on" if sent["isEncrypted"] else "not encrypted any more"
    if not sent["isEncrypted"] and has.get("value") != sent["value"]:
        return "another value"
    if has.get("description") == sent["description"]:
        return ""
    same = marks.plain({"properties": has}) == marks.plain({"properties": sent})
    return "another value" if same else "another description"


# -- runbooks --------------------------------------------------------------------------------------


def runbook_body(wanted: Wanted, name: str) -> dict[str, Any]:
    return {
        "tags": marks.tags(),
        "properties": {
            "runtimeEnvironment": wanted.environment,
            "description": wanted.about(name),
            "logVerbose": wanted.manifest.runbooks[name].verbose,
            "logProgress": False,
        },
    }


def _runbooks(wanted: Wanted, live: Live, found: Findings) -> None:
    for name, text in wanted.texts.items():
        body = live.runbooks.get(name.lower())
        if body is None:
            found.changes.append(Change("create", "runbook", name, "not in the account", to=digest(text)))
            continue
        if not marks.tagged(body):
            found.faults.append(f"runbook {name} {marks.NOT_OURS}")
            continue
        if str(body["properties"].get("runbookType")).lower() not in ("python", "python3"):
            found.faults.append(f"runbook {name} is no Python runbook, which Azure cannot change: delete it")
            continue
        sent = runbook_body(wanted, name)
        settings = _runbook_settings(sent["properties"], body["properties"])
        if settings:
            found.changes.append(Change("update", "runbook", name, settings, to=digest(sent)))
        why = _runbook_text(name, live.contents.get(name.lower()), text)
        if why:
            found.changes.append(Change("publish", "runbook", name, why, to=digest(text)))


def _runbook_settings(sent: marks.Json, has: marks.Json) -> str:
    different = []
    if str(has.get("runtimeEnvironment") or "").lower() != sent["runtimeEnvironment"].lower():
        different.append("environment")
    if (has.get("description") or "") != sent["description"]:
        different.append("description")
    if any(bool(has.get(key)) != sent[key] for key in ("logVerbose", "logProgress")):
        different.append("log settings")
    return f"another {', '.join(different)}" if different else ""


def _runbook_text(name: str, live: str | None, text: str) -> str:
    if live is None:
        return "never published"
    changed = differences(name, live, text)
    more = f" and {len(changed) - 4} more" if len(changed) > 4 else ""
    return f"changed: {', '.join(changed[:4])}{more}" if changed else ""


# -- schedules and links ---------------------------------------------------------------------------


def _schedules(wanted: Wanted, live: Live, found: Findings) -> None:
    for name, one in wanted.manifest.schedules.items():
        body = live.schedules.get(name.lower())
        told = timetable.told(one)
        to = digest(one.model_dump(mode="json", exclude={"runs"}))
        if body is None:
            found.changes.append(Change("create", "schedule", name, told, to=to))
            _check_it_starts(name, one, wanted, found)
        elif not marks.is_noted(body):
            found.faults.append(f"schedule {name} {marks.NOT_OURS}")
        elif why := _schedule(one, body):
            found.changes.append(Change("update", "schedule", name, why, to=to))
            _check_it_starts(name, one, wanted, found)


def _schedule(one: Schedule, body: marks.Json) -> str:
    why = timetable.difference(one, body["properties"])
    return why or ("another description" if marks.plain(body) != one.description else "")


def _check_it_starts(name: str, one: Schedule, wanted: Wanted, found: Findings) -> None:
    try:
        timetable.wanted(one, wanted.now)
    except DeployError as never:
        found.faults.append(f"schedule {name}: {never}")


def links(manifest: Manifest, live: Iterable[Link]) -> list[Change]:
    """What is to be linked, and what links of the same schedule and runbook are wrong.

    They are compared by names and parameters, never by id: publishing a runbook gives its links new ids.
    """
    has = list(live)
    return [
        change
        for schedule, one in manifest.schedules.items()
        for run in one.runs
        for change in _link(schedule, run, [link for link in has if same_pair(link, schedule, run.runbook)])
    ]


def _link(schedule: str, run: Run, there: Collection[Link]) -> Iterator[Change]:
    """A link cannot be changed, nor made beside another of the same two: a wrong one goes first."""
    name, wrong = link_name(schedule, run.runbook), [link for link in there if link.tokens != run.tokens]
    for link in wrong:
        told = f"not wanted: {' '.join(link.tokens) or 'no parameters'}"
        yield Change("delete", "link", name, told, id=link.id)
    if len(wrong) == len(there):
        told = f"{'other parameters' if wrong else 'not linked'}: {' '.join(run.tokens) or 'no parameters'}"
        yield Change("create", "link", name, told, to=digest(run.tokens), tokens=run.tokens)


def same_pair(link: Link, schedule: str, runbook: str) -> bool:
    return (link.schedule.lower(), link.runbook.lower()) == (schedule.lower(), runbook.lower())


def link_name(schedule: str, runbook: str) -> str:
    return f"{schedule}{LINKS}{runbook}"
