"""What the built-in roles allow, as far as backup operations meet them.

Actions as in Azure's built-in role definitions, where `*` stands for any text,
slashes too. Reads of one provider are written as one pattern.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

_RSV = "Microsoft.RecoveryServices"
_ITEMS = f"{_RSV}/Vaults/backupFabrics/protectionContainers"
_DPP = "Microsoft.DataProtection"
_AA = "Microsoft.Automation/automationAccounts"
_JOB_VERBS = (
    "read",
    "write",
    "stop/action",
    "suspend/action",
    "resume/action",
    "streams/read",
    "output/read",
)
_BLOBS = "Microsoft.Storage/storageAccounts/blobServices"
_DELEGATE = f"{_BLOBS}/generateUserDelegationKey/action"
_AROUND = (
    "Microsoft.Authorization/*/read",
    "Microsoft.Resources/deployments/*",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.Storage/storageAccounts/read",
    "Microsoft.Support/*",
)


@dataclass(frozen=True)
class Role:
    """`data_actions` are what the storage data plane asks for; `*` in `actions` is none of them."""

    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()

    def allows(self, action: str, *, data: bool = False) -> bool:
        if data:
            return _any(self.data_actions, action)
        return _any(self.actions, action) and not _any(self.not_actions, action)


BUILT_IN = {
    "Owner": Role(("*",)),
    "Contributor": Role(
        ("*",),
        (
            "Microsoft.Authorization/*/Delete",
            "Microsoft.Authorization/*/Write",
            "Microsoft.Authorization/elevateAccess/Action",
        ),
    ),
    "Reader": Role(("*/read",)),
    "Backup Reader": Role(
        (
            *_AROUND,
            f"{_RSV}/*/read",
            f"{_RSV}/Vaults/backupJobsExport/action",
            f"{_RSV}/locations/backupStatus/action",
            f"{_DPP}/*/read",
            f"{_DPP}/locations/getBackupStatus/action",
        )
    ),
    "Backup Operator": Role(
        (
            *_AROUND,
            "Microsoft.Network/virtualNetworks/read",
            f"{_RSV}/*/read",
            f"{_ITEMS}/write",
            f"{_ITEMS}/inquire/action",
            f"{_ITEMS}/protectedItems/write",
            f"{_ITEMS}/protectedItems/backup/action",
            f"{_ITEMS}/protectedItems/recoveryPoints/*/action",
            f"{_RSV}/Vaults/backupFabrics/backupProtectionIntent/write",
            f"{_RSV}/Vaults/backupFabrics/refreshContainers/action",
            f"{_RSV}/Vaults/backupJobs/*",
            f"{_RSV}/Vaults/backupJobsExport/action",
            f"{_RSV}/Vaults/backupOperationResults/*",
            f"{_RSV}/Vaults/backupProtectableItems/*",
            f"{_RSV}/Vaults/backupstorageconfig/*",
            f"{_RSV}/Vaults/backupValidateOperation/action",
            f"{_RSV}/Vaults/monitoringAlerts/write",
            f"{_RSV}/Vaults/monitoringConfigurations/*",
            f"{_RSV}/locations/*/action",
            f"{_DPP}/*/read",
            f"{_DPP}/backupVaults/backupInstances/write",
            f"{_DPP}/backupVaults/backupInstances/backup/action",
            f"{_DPP}/backupVaults/backupInstances/restore/action",
            f"{_DPP}/backupVaults/backupInstances/validateRestore/action",
            f"{_DPP}/backupVaults/validateForBackup/action",
            f"{_DPP}/locations/*/action",
        )
    ),
    "Backup Contributor": Role(
        (
            *_AROUND,
            "Microsoft.Network/virtualNetworks/read",
            f"{_RSV}/*/read",
            f"{_RSV}/locations/*",
            f"{_RSV}/Vaults/backup*",
            f"{_RSV}/Vaults/certificates/*",
            f"{_RSV}/Vaults/extendedInformation/*",
            f"{_RSV}/Vaults/monitoringAlerts/*",
            f"{_RSV}/Vaults/monitoringConfigurations/*",
            f"{_RSV}/Vaults/registeredIdentities/*",
            f"{_RSV}/Vaults/usages/*",
            f"{_RSV}/Vaults/write",
            f"{_DPP}/*/read",
            f"{_DPP}/backupVaults/write",
            f"{_DPP}/backupVaults/backupInstances/*",
            f"{_DPP}/backupVaults/backupPolicies/*",
            f"{_DPP}/backupVaults/validateForBackup/action",
            f"{_DPP}/locations/*",
        )
    ),
    "Virtual Machine Contributor": Role(
        (
            *_AROUND,
            "Microsoft.Compute/*",
            "Microsoft.Network/*/read",
            "Microsoft.Network/networkInterfaces/*",
            f"{_RSV}/locations/*",
            f"{_RSV}/Vaults/backupFabrics/backupProtectionIntent/write",
            f"{_ITEMS}/protectedItems/*/read",
            f"{_ITEMS}/protectedItems/read",
            f"{_ITEMS}/protectedItems/write",
            f"{_RSV}/Vaults/backupPolicies/read",
            f"{_RSV}/Vaults/backupPolicies/write",
            f"{_RSV}/Vaults/read",
            f"{_RSV}/Vaults/usages/read",
            f"{_RSV}/Vaults/write",
            "Microsoft.Storage/storageAccounts/listKeys/action",
        )
    ),
    "Automation Contributor": Role((*_AROUND, f"{_AA}/*", "Microsoft.Insights/ActionGroups/*")),
    "Automation Operator": Role(
        (
            *_AROUND,
            f"{_AA}/read",
            f"{_AA}/hybridRunbookWorkerGroups/read",
            *(f"{_AA}/jobs/{verb}" for verb in _JOB_VERBS),
            f"{_AA}/jobSchedules/read",
            f"{_AA}/jobSchedules/write",
            f"{_AA}/runbooks/read",
            f"{_AA}/schedules/read",
            f"{_AA}/schedules/write",
        )
    ),
    "Automation Job Operator": Role((*_AROUND, *(f"{_AA}/jobs/{verb}" for verb in _JOB_VERBS))),
    "Automation Runbook Operator": Role((*_AROUND, f"{_AA}/runbooks/read")),
    "Monitoring Contributor": Role(
        (*_AROUND, "*/read", "Microsoft.AlertsManagement/*", "Microsoft.Insights/*")
    ),
    "Resource Policy Contributor": Role(
        ("*/read", "Microsoft.Authorization/policy*", "Microsoft.PolicyInsights/*")
    ),
    "Storage Blob Data Reader": Role(
        (f"{_BLOBS}/containers/read", _DELEGATE), (), (f"{_BLOBS}/containers/blobs/read",)
    ),
    "Storage Blob Data Contributor": Role(
        (*(f"{_BLOBS}/containers/{verb}" for verb in ("read", "write", "delete")), _DELEGATE),
        (),
        tuple(
            f"{_BLOBS}/containers/blobs/{verb}"
            for verb in ("read", "write", "delete", "move/action", "add/action")
        ),
    ),
    "Storage Blob Data Owner": Role(
        (f"{_BLOBS}/containers/*", _DELEGATE), (), (f"{_BLOBS}/containers/blobs/*",)
    ),
    "Storage Blob Delegator": Role((_DELEGATE,)),
}


def role(given: Any) -> Role:
    """A built-in role by its name, or a custom one: its actions, or {"actions", "notActions", "dataActions"}.

    Raises:
        ValueError: no such role.
    """
    if isinstance(given, str):
        for name, known in BUILT_IN.items():
            if name.lower() == given.lower():
                return known
        raise ValueError(f"no such role: {given!r}; known are {', '.join(BUILT_IN)}, or list its actions")
    if isinstance(given, list) and all(isinstance(one, str) for one in given):
        return Role(tuple(given))
    if isinstance(given, dict) and set(given) <= {"actions", "notActions", "dataActions"}:
        return Role(
            tuple(given.get("actions", ())),
            tuple(given.get("notActions", ())),
            tuple(given.get("dataActions", ())),
        )
    raise ValueError(f"a role is a name, a list of actions or an object with actions, got {given!r}")


def _any(patterns: tuple[str, ...], action: str) -> bool:
    return any(matcher(pattern).fullmatch(action) for pattern in patterns)


@cache
def matcher(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in pattern.split("*")), re.IGNORECASE)
