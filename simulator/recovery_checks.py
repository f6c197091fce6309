"""What Recovery Services says of a resource without naming a vault: is it protected, and could it be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.recovery_errors import cause
from simulator.recovery_kinds import KINDS
from simulator.recovery_rows import ITEMS, OLDEST, SUBSCRIPTION, TABLE, VAULTS, invalid, vault_of
from simulator.routes import Routes
from simulator.store import Row
from simulator.wire import Request, Response
from simulator.world import merged

if TYPE_CHECKING:
    from simulator.world import World

routes = Routes()
_LOCATION = SUBSCRIPTION + "/providers/Microsoft.RecoveryServices/locations/{region}"
_ACTION = "Microsoft.RecoveryServices/locations"
_STATUS = {
    "configuringprotection": "Protecting",
    "configuringprotectionfailed": "ProtectionFailed",
}
_INVALID = "BMSUserErrorInvalidInput"
"""Stands for the codes that are not public."""


@routes.on("POST", _LOCATION + "/backupStatus", f"{_ACTION}/backupStatus/action", since=OLDEST)
def backup_status(world: World, request: Request, **at: str) -> Response:
    """Whether any vault of the subscription protects a resource, whoever may read that vault."""
    given = _asked(request)
    found = _protecting(world, at["subscription"], given)
    answer = _status(world, given, found)
    return Response(200, merged(answer, world.known.backup_status.get(_resource(given), {})))


@routes.on(
    "POST",
    _LOCATION + "/backupPreValidateProtection",
    f"{_ACTION}/backupPreValidateProtection/action",
    since=OLDEST,
)
def pre_validate(world: World, request: Request, **at: str) -> Response:
    """Whether a vault could protect a resource; a refusal is a 200 too."""
    given = _asked(request)
    if not isinstance(given.get("vaultId"), str):
        raise invalid("Provide a vaultId.")
    error = _obstacle(world, given, at)
    if error:
        return Response(200, {"status": "Failed", **error})
    names = _names_to_be(given)
    return Response(200, {"status": "Succeeded", "errorCode": "Success", "errorMessage": "", **names})


@routes.on(
    "POST", _LOCATION + "/backupValidateFeatures", f"{_ACTION}/backupValidateFeatures/action", since=OLDEST
)
def validate_features(world: World, request: Request, **at: str) -> Response:
    """Machines of every size are supported."""
    given = request.json()
    kind = given.get("featureType") if isinstance(given, dict) else None
    if kind not in ("AzureVMResourceBackup", "AzureBackupGoals"):
        raise invalid(f"The featureType {kind!r} is neither AzureVMResourceBackup nor AzureBackupGoals.")
    return Response(200, {"supportStatus": "Supported"})


def _asked(request: Request) -> dict[str, Any]:
    given = request.json()
    if not isinstance(given, dict) or not isinstance(given.get("resourceId"), str):
        raise invalid("Provide a resourceId.")
    if not isinstance(given.get("resourceType"), str):
        raise invalid("Provide a resourceType.")
    return given


def _resource(given: dict[str, Any]) -> str:
    return str(given["resourceId"]).rstrip("/").lower()


def _protecting(world: World, subscription: str, given: dict[str, Any]) -> Row | None:
    """The item of a resource in whatever vault; a share or a database is named besides its resource.

    Of several the one that is backed up speaks, before one that was stopped, before one that is deleted.
    """
    within = f"/subscriptions/{subscription.lower()}/"
    found = world.store.about(TABLE, ITEMS, _resource(given), world.now())
    here = [world.rest_row(row) for row in found if row["id"].lower().startswith(within)]
    named = [row for row in here if _is_named(row["properties"], given)]
    return min(named, key=lambda row: _rank(row["properties"]), default=None)


def _is_named(properties: dict[str, Any], given: dict[str, Any]) -> bool:
    """The type of the resource is the item's workload; a database may be named with its instance."""
    if str(properties.get("workloadType")).lower() != given["resourceType"].lower():
        return False
    name = str(properties.get("friendlyName")).lower()
    full = f"{properties.get('parentName')}/{name}".lower()
    return str(given.get("poLogicalName") or "").lower() in ("", name, full)


def _rank(properties: dict[str, Any]) -> int:
    if properties.get("isScheduledForDeferredDelete") is True:
        return 2
    return 1 if properties.get("protectionState") == "ProtectionStopped" else 0


def _status(world: World, given: dict[str, Any], found: Row | None) -> dict[str, Any]:
    answer = {
        "protectionStatus": _protection_status(found),
        "fabricName": "Azure",
        **(_names_of(found["id"]) if found else _names_to_be(given)),
        "protectedItemsCount": 0,
        "objectType": "BackupStatusResponse",
    }
    if found is None:
        return answer
    answer["vaultId"] = vault_of(found["id"])
    answer["policyName"] = found["properties"].get("policyName") or ""
    if given["resourceType"].lower() != "vm":
        answer["registrationStatus"] = "Registered"
        answer["protectedItemsCount"] = _items_beside(world, found)
    return answer


def _protection_status(found: Row | None) -> str:
    """An item that was stopped or deleted is still its vault's, and so Protected: no other vault takes it."""
    if found is None:
        return "NotProtected"
    state = str(found["properties"].get("currentProtectionState") or "").lower()
    return _STATUS.get(state, "Protected")


def _items_beside(world: World, item: Row) -> int:
    container = str(item["id"]).rpartition("/protectedItems/")[0]
    return len(world.store.find(TABLE, world.now(), type=ITEMS, under=container))


def _names_of(item_id: str) -> dict[str, str]:
    parts = item_id.split("/")
    return {"containerName": _lower_kind(parts[-3]), "protectedItemName": _lower_kind(parts[-1])}


def _lower_kind(name: str) -> str:
    """`VM;...` of the item is `vm;...` here."""
    kind, _, rest = name.partition(";")
    return f"{kind.lower()};{rest}"


def _names_to_be(given: dict[str, Any]) -> dict[str, str]:
    """The names a virtual machine would get; of other kinds nothing is told."""
    parts = given["resourceId"].strip("/").split("/")
    if given["resourceType"].lower() != "vm" or len(parts) < 8:
        return {}
    where = f"iaasvmcontainerv2;{parts[3]};{parts[-1]}".lower()
    return {"containerName": f"iaasvmcontainer;{where}", "protectedItemName": f"vm;{where}"}


def _obstacle(world: World, given: dict[str, Any], at: dict[str, str]) -> dict[str, str]:
    """The first reason against it, in the order in which one would look; {} for none."""
    vault_id, resource = (
        given["vaultId"].rstrip("/"),
        world.store.get("resources", _resource(given), world.now()),
    )
    vault = world.store.get("resources", vault_id, world.now())
    found = _protecting(world, at["subscription"], given)
    if given["resourceType"].lower() not in KINDS:
        return _failed(f"The resource type {given['resourceType']} is not supported.")
    if resource is None:
        return _failed(f"The resource {given['resourceId']} was not found.")
    if vault is None or str(vault["type"]).lower() != VAULTS:
        return _failed(f"The vault {vault_id} was not found.")
    if (resource.get("properties") or {}).get("virtualMachineScaleSet"):
        return _failed("Instances of a scale set are not supported.")
    if len({str(one).lower() for one in (vault["location"], resource["location"], at["region"])}) > 1:
        return _told("UserErrorVmVaultLocationMismatch")
    if str(vault["subscriptionId"]).lower() != str(resource["subscriptionId"]).lower():
        return _failed("The vault is of another subscription.", "Select a vault of the same subscription.")
    if found:
        return _failed(f"The resource is protected already, in the vault {vault_of(found['id'])}.")
    return {}


def _failed(message: str, recommendation: str = "Choose another resource or vault.") -> dict[str, str]:
    return {"errorCode": _INVALID, "errorMessage": message, "recommendation": recommendation}


def _told(code: str) -> dict[str, str]:
    known = cause(code)
    return {"errorCode": code, "errorMessage": known.message, "recommendation": known.advice}
