"""Runs of auto_retry that start no Python."""

import atexit
import json
from functools import cache

from tests.faults.forks import Interpreter
from tests.journeys.runs import RUNBOOK, SANDBOX, SPEED, Run, checked

LIBRARIES = (
    "azure.core.rest",
    "azure.identity",
    "azure.mgmt.core.tools",
    "azure.mgmt.recoveryservicesbackup",
    "azure.mgmt.resourcegraph",
    "azure.storage.blob",
    "requests",
)
"""What runbooks import that is not ours; one that is missing here costs time, and no more."""


@cache
def sandbox() -> Interpreter:
    """The Python that Azure has, warmed for runbooks as long as this process lives."""
    made = Interpreter(SANDBOX, LIBRARIES)
    atexit.register(made.close)
    return made


def retry(estate, folder, *tokens, faults=(), known=True) -> Run:
    """What `runs.retry` does, by a fork."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"speed": SPEED}
    if faults:
        settings["faults"] = folder / "faults.json"
        settings["faults"].write_text(json.dumps(faults), encoding="utf-8")
    argv = [RUNBOOK, *tokens, f"report={folder / 'report.ndjson'}"]
    ended = sandbox().exec(estate, folder, argv, settings)
    return checked(Run(folder, ended.code, ended.stdout.splitlines(), ended.stderr), known=known)
