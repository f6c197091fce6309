"""What runbooks were seen to get from a webhook, round an alert of our own making.

`SHAPES` carry ALERT whole; `COLLAPSED` have lost blanks inside its strings.
"""

from __future__ import annotations

import json
from typing import Any

SUBSCRIPTION = "7d1c52e0-41b6-4f0e-9a55-0c6be3f1a2d4"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups"
VAULT = f"{GROUP}/rg-Backup/providers/Microsoft.RecoveryServices/vaults/vault-north"
MACHINE = f"{GROUP}/rg-shop/providers/Microsoft.Compute/virtualMachines/shop-07"
ITEM = (
    f"{VAULT}/backupFabrics/Azure/protectionContainers/IaasVMContainer;iaasvmcontainerv2;rg-shop;shop-07"
    "/protectedItems/VM;iaasvmcontainerv2;rg-shop;shop-07"
)
JOB = "3b0f6c1a-92d7-4c58-8a3e-5f1b7d20c964"
FIRED = "2026-11-21T23:14:07.5120034Z"

HOSTILE = (
    'Snapshot of "shop-07"  failed, RequestHeader:{a:b}} RequestBody:{} dry_run=false help '
    "C:\\temp \u2014 it's {open, max_attempts=99"
)
"""Text of a failure, which may quote anything; two blanks in a row."""

HEADERS = {
    "Connection": "Keep-Alive",
    "Host": "3c1e.webhook.ne.azure-automation.net",
    "User-Agent": "Caller/2.1 (test; mode=on)",
    "X-Trace": "bm90IGEgdG9rZW4=",
    "x-note": "RequestBody here, dry_run=false",
}


def alert(context: dict[str, Any] | None = None, **essentials: Any) -> dict[str, Any]:
    """A Recovery Services vault's alert of a failed backup of a machine, but for what is given."""
    return {
        "schemaId": "azureMonitorCommonAlertSchema",
        "data": {
            "essentials": {
                "alertId": f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.AlertsManagement/alerts/{JOB}",
                "alertRule": "Backup Failure",
                "severity": "Sev1",
                "signalType": "Log",
                "monitorCondition": "Fired",
                "monitoringService": "Azure Backup",
                "alertTargetIDs": [VAULT.lower()],
                "firedDateTime": FIRED,
                "description": HOSTILE,
                **essentials,
            },
            "alertContext": {
                "category": "Jobs",
                "sourceId": MACHINE,
                "protectedItemId": ITEM,
                "linkedResourceId": MACHINE,
                "extendedInfo": {"jobId": JOB, "possibleCauses": None, "occurrenceCount": 1},
            }
            if context is None
            else context,
            "customProperties": None,
        },
    }


ALERT = alert()


def plain(value: Any) -> str:
    return json.dumps(value)


def pretty(value: Any) -> str:
    return json.dumps(value, indent=2).replace("\n", "\r\n")


def unquoted_headers() -> str:
    return "{" + ",".join(f"{name}:{value}" for name, value in HEADERS.items()) + "}"


def unquoted(body: str, *, name: str = "retry-hook", headers: str = "after") -> str:
    """The cloud sandbox's envelope: no quotes but those of the body."""
    head = f"RequestHeader:{unquoted_headers()}"
    parts = {
        "after": [f"WebhookName:{name}", f"RequestBody:{body}", head],
        "before": [f"WebhookName:{name}", head.replace("RequestBody", "Body"), f"RequestBody:{body}"],
        "none": [f"WebhookName:{name}", f"RequestBody:{body}"],
    }
    return "{" + ",".join(parts[headers]) + "}"


def envelope(body: Any) -> dict[str, Any]:
    return {"WebhookName": "retry-hook", "RequestBody": body, "RequestHeader": HEADERS}


def escaped(text: str) -> str:
    """As it stands inside a JSON string."""
    return json.dumps(text)[1:-1]


SHAPES: dict[str, list[str]] = {
    "cloud sandbox: an Action Group's alert, split on blanks": unquoted(plain(ALERT)).split(" "),
    "cloud sandbox: the same in one argument": [unquoted(plain(ALERT))],
    "cloud sandbox: a body over several lines": unquoted(pretty(ALERT)).split(" "),
    "cloud sandbox: a caller whose headers are not passed on": unquoted(plain(ALERT), headers="none").split(
        " "
    ),
    "cloud sandbox: headers before the body": unquoted(plain(ALERT), headers="before").split(" "),
    "cloud sandbox: the body with backslashes before its quotes": unquoted(escaped(pretty(ALERT))).split(" "),
    "cloud sandbox: the body as quoted text": unquoted(json.dumps(plain(ALERT))).split(" "),
    "portal start: valid JSON with the body as text": [json.dumps(envelope(pretty(ALERT)))],
    "portal start: valid JSON split on blanks": json.dumps(envelope(pretty(ALERT))).split(" "),
    "portal start: a body with backslashes before its quotes": [json.dumps(envelope(escaped(pretty(ALERT))))],
    "portal start: quotes typed round it": [f"'{json.dumps(envelope(plain(ALERT)))}'"],
    "REST start: the body as an object": [json.dumps(envelope(ALERT))],
    "REST start: the envelope encoded once more": [json.dumps(json.dumps(envelope(plain(ALERT))))],
    "REST start: the unquoted envelope encoded once more": [json.dumps(unquoted(plain(ALERT)))],
    "REST start: the body encoded once more": [json.dumps(envelope(json.dumps(plain(ALERT))))],
    "REST start: the inside of a JSON string": escaped(json.dumps(envelope(plain(ALERT)))).split(" "),
    "Linux hybrid worker: Python repr with the body as text": [repr(envelope(pretty(ALERT)))],
    "Linux hybrid worker: Python repr with the body as an object": [repr(envelope(ALERT))],
    "Linux hybrid worker: what was no JSON, unchanged": [unquoted(pretty(ALERT))],
    "no envelope: the alert by itself": [plain(ALERT)],
    "no envelope: the alert split on blanks": pretty(ALERT).split(" "),
    "no envelope: the alert as Python repr": [repr(ALERT)],
}

COLLAPSED: dict[str, list[str]] = {
    "cloud sandbox: runs of blanks lost": unquoted(plain(ALERT)).split(),
    "cloud sandbox: a body over several lines on one": unquoted(pretty(ALERT)).split(),
    "portal start: runs of blanks lost": json.dumps(envelope(pretty(ALERT))).split(),
}
