"""The chapter of the demo in which the runbook goes into an Automation account."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from simulator import demo_estate
from simulator.demo_story import WIDTH, expect

DEPLOY = ".venv/bin/python deploy_runbooks.py"
EMPTY = "nothing to do: the account is as schedules.json says"
EDITED = "= timedelta(minutes=30)"
"""A line of policy in the runbook, for the reader to change."""
SHOWN_PACKAGES = 2


def environment() -> dict[str, str]:
    """Which account, and the storage account that schedules.json asks for."""
    return {
        "AZURE_SUBSCRIPTION_ID": demo_estate.ACCOUNT_SUBSCRIPTION,
        "AZURE_RESOURCE_GROUP": demo_estate.ACCOUNT_GROUP,
        "AZURE_AUTOMATION_ACCOUNT": demo_estate.ACCOUNT,
        "BACKUP_STORAGE": demo_estate.STORAGE,
    }


def excerpt(plan: Sequence[str]) -> Iterator[str]:
    """A plan with some of its packages, in lines that fit."""
    packages = [line for line in plan if line.split()[:2] == ["import", "package"]]
    for line in plan:
        if line in packages[SHOWN_PACKAGES:-1]:
            continue
        more = packages and line == packages[-1]
        yield f"... and {len(packages) - SHOWN_PACKAGES} more packages" if more else _fitting(line)


def _fitting(line: str) -> str:
    return line if len(line) <= WIDTH - 2 else f"{line[: WIDTH - 6].rstrip()} ..."


def check(plan: Sequence[str], applied: Sequence[str], again: Sequence[str]) -> int:
    """How many changes there were: what was planned was done, and then there is nothing to do.

    Raises:
        NotAsToldError: it is not so.
    """
    planned = [line.split()[:3] for line in plan if line.startswith(("create", "import"))]
    done = [line.split()[3:6] for line in applied[:-1]]
    expect(done == planned, "what was planned is done", done, planned)
    expect(list(again) == [EMPTY], "then there is nothing to do", again)
    return len(planned)
