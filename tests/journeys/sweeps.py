"""Estates for sweeps, with what is true of everything in them, and runs of the built runbook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simulator.estate_databases import protectable
from simulator.estate_shares import file_share
from tests.journeys import workloads
from tests.journeys.runs import GRAPH, PREFIXES, Entry, Run, built, check_streams, ran

RUNBOOK = built("unprotected_sweep")
KINDS = ("vm", "sql", "hana", "files", "disk", "blob", "postgresql", "aks")
VERDICTS = ("protected", "unprotected", "unknown", "excluded")
STATUS = "/backupstatus"
MEMORY = "/ledger/runs/unprotected_sweep.json"
OFF = {"backup": "off"}
STOPPED = {"protectionState": "ProtectionStopped"}
DELETED = {**STOPPED, "isScheduledForDeferredDelete": True}


class Estate(workloads.Estate):
    """The estate of the workloads, with things that nothing protects; the ledger's account is no matter."""

    def __init__(self) -> None:
        super().__init__()
        for row in self.rows("resources"):
            row["tags"] = OFF if row["name"] == "stledger" else row["tags"]

    def bare(self, name: str, of: str, **columns: Any) -> str:
        """Something of a kind that no vault protects; returns the id of it, or of what it is in."""
        place = {"subscription": self.group, "group": "rg-app", "location": "westeurope"}
        if of in ("sql", "hana"):
            machine = self.vm(f"vm-{name}", subscription=self.group, group="rg-app", **columns)
            protectable(self, self.recovery, machine, name, kind=of)
            return machine
        if of == "vm":
            return self.vm(name, subscription=self.group, group="rg-app", **columns)
        if of == "files":
            account = self.storage_account(f"st{name}", subscription=self.group, group="rg-app")
            self.row(account).update(columns)
            file_share(self, account, name)
            return account
        return self.resource(workloads.TYPE_OF[of], name, **place, **columns)

    def covered(self, name: str, kind: str) -> str:
        """Something of a kind that a vault protects, and that was backed up lately; returns the item."""
        if kind == "vm":
            return self.protected(self.recovery, name)
        if kind in ("sql", "hana"):
            return self.database(name, kind, last_recovery_point_ago="30m")
        if kind == "files":
            return self.share(name)
        return self.ends(self.instance(name, kind), "Completed", ago="20h")


def sweep(estate: Path, folder: Path, *tokens: str, faults: Sequence[Entry] = (), **settings: Any) -> Run:
    """Run unprotected_sweep, and check what is true of every run: nothing but reads, and counts that fit."""
    run = ran((RUNBOOK, *tokens), estate, folder, faults, settings)
    assert changes(run) == []
    if run.code == 2:
        assert all(line.startswith(("ERROR: ", "done", "ok ")) for line in run.lines)
        assert run.decisions == []
        return run
    check_streams(run)
    if any(not line.startswith(PREFIXES) and line.startswith("done decided=") for line in run.lines):
        assert {name: run.done[name] for name in VERDICTS} == {name: len(run.of(name)) for name in VERDICTS}
        assert (run.done["decided"], run.done["unread"]) == (len(run.decisions), len(run.unread))
        unknown = [one for one in run.decisions if one["verdict"] == "unknown"]
        accepted = [one for one in unknown if one["rule"] == "accepted_unread"]
        assert run.code == int(len(unknown) > len(accepted) or bool(run.unread))
    keys = [(one["resource"].lower(), one["kind"]) for one in run.decisions]
    assert len(set(keys)) == len(keys)
    return run


def changes(run: Run) -> list[tuple[str, str]]:
    """Requests that may change something, but for what a dry run writes of itself to its ledger.

    A container is made where a run that may write finds none, so that is no part of it.
    """
    return [
        (one["method"], one["path"])
        for one in run.requests
        if one["method"] != "GET"
        and not (one["method"] == "POST" and one["path"] == GRAPH)
        and not (one["method"] == "POST" and one["path"].lower().endswith(STATUS))
        and not (one["method"] == "PUT" and one["path"] == MEMORY)
    ]


def verdicts(run: Run, kind: str = "vm") -> dict[str, tuple[str, str, str]]:
    """Verdict, state and rule by name of all of a kind."""
    return {
        one["name"]: (one["verdict"], one["state"], one["rule"])
        for one in run.decisions
        if one["kind"] == kind
    }


def by_name(run: Run, verdict: str, kind: str = "vm") -> list[str]:
    return sorted(one["name"] for one in run.decisions if (one["verdict"], one["kind"]) == (verdict, kind))


def coverage(run: Run) -> Mapping[str, str]:
    """The lines about coverage, by what each is of."""
    told = [line.split() for line in run.lines if line.startswith("coverage ")]
    return {line[1]: " ".join(line[2:]) for line in told}


def asked(run: Run, ending: str) -> int:
    """How many requests had a path that ends so."""
    return len([one for one in run.requests if one["path"].lower().endswith(ending.lower())])
