"""A small `schedules.json` that is right, and how to change it."""

import copy
import json

from deployer.errors import ManifestError
from deployer.manifest import read

from tests.test_shape import ROOT

RUNBOOKS = ROOT / "runbooks"
STAGING = "https://stbackup.blob.core.windows.net/runbook-packages"
LEAVE_OUT = object()

RIGHT = {
    "runtime": {"name": "azure-backup-runbooks", "staging": STAGING},
    "runbooks": {"auto_retry": {}},
    "schedules": {
        "hourly": {
            "every": "1 hour",
            "at": "00:20",
            "runs": [{"runbook": "auto_retry", "parameters": {"dry_run": True}}],
        },
        "weekly": {
            "every": "1 week",
            "at": "06:30",
            "on": ["Monday"],
            "starts": "2026-12-01",
            "runs": [{"runbook": "auto_retry"}],
        },
    },
    "webhooks": {"backup-failed": {"runbook": "auto_retry", "valid_days": 365}},
    "alerts": {"ag-backup-failed": {"webhook": "backup-failed", "short_name": "bkp-failed"}},
    "variables": {"backup-reports": {"value": "here"}},
}


def changed(*changes):
    """RIGHT with values put at places such as `schedules hourly runs 0 runbook`."""
    document = copy.deepcopy(RIGHT)
    for where, value in changes:
        *way, last = [int(step) if step.isdigit() else step for step in where.split(" / ")]
        holder = document
        for step in way:
            holder = holder[step]
        if value is LEAVE_OUT:
            del holder[last]
        elif isinstance(holder, list) and last == len(holder):
            holder.append(value)
        else:
            holder[last] = value
    return document


def written(folder, document):
    path = folder / "schedules.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


def manifest(folder, document, environ=(), runbooks=RUNBOOKS):
    return read(written(folder, document), runbooks, dict(environ))


def faults(folder, document, environ=(), runbooks=RUNBOOKS):
    """Each without the path of the file, which it begins with."""
    try:
        manifest(folder, document, environ, runbooks)
    except ManifestError as error:
        return [one.removeprefix(f"{folder / 'schedules.json'}: ") for one in error.faults]
    return []
