"""What a backup instance says of its policy: what the policy is told of it, and when it is late."""

from __future__ import annotations

import re
from typing import Any

from simulator import clock
from simulator.protection_kinds import Kind

Properties = dict[str, Any]


def facts(every: str, retention: str) -> Properties:
    """An instance is late after one and a half times its frequency, as recorded of a weekly policy."""
    often = duration_seconds(every) if every else 0.0
    return {
        "configuredRPGenerationFrequency": clock.span(often) if often else None,
        "rpoWarningThresholdInPrimaryRegion": clock.span(often * 1.5) if often else None,
        "configuredMaximumRetention": clock.span(duration_seconds(retention)),
    }


def duration_seconds(text: str) -> float:
    """Read such as PT4H, P1D, P2W, P3M, P10Y; months have 31 days, as recorded."""
    match = re.fullmatch(r"P(?:T(\d+)H|(\d+)([DWMY]))", text)
    if not match:
        raise ValueError(f"a duration of a policy is such as PT4H, P7D, P3M; got {text!r}")
    hours, count, unit = match.groups()
    days = {"D": 1, "W": 7, "M": 31, "Y": 366}
    return float(hours) * 3600 if hours else float(count) * days[unit] * 86400


def parameters(kind: Kind, group: str) -> Properties | None:
    """What a policy needs to be told of one instance: where snapshots go, which containers and namespaces."""
    stores = [
        {
            "dataStoreType": kind.store,
            "objectType": "AzureOperationalStoreParameters",
            "resourceGroupId": group,
        }
    ]
    if kind.backup_type == "Discrete":
        return {"backupDatasourceParametersList": [_CONTAINERS]}
    if kind.resource.endswith("/managedClusters"):
        return {"dataStoreParametersList": stores, "backupDatasourceParametersList": [_CLUSTER]}
    return {"dataStoreParametersList": stores} if kind.backup_type == "Incremental" else None


_CONTAINERS = {"objectType": "BlobBackupDatasourceParameters", "containersList": ["data"]}
_CLUSTER = {
    "objectType": "KubernetesClusterBackupDatasourceParameters",
    "snapshotVolumes": True,
    "includeClusterScopeResources": True,
    "includedNamespaces": [],
    "excludedNamespaces": [],
    "labelSelectors": [],
}
