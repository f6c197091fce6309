"""The properties of what companies have beside their virtual machines, in the shapes Azure gives them."""

from __future__ import annotations

from typing import Any

Properties = dict[str, Any]


def disk(gigabytes: int, created: str, *, os: str = "", attached: bool = True) -> Properties:
    """A managed disk; `os` is Windows or Linux for one that a machine starts from."""
    described: Properties = {
        "provisioningState": "Succeeded",
        "diskState": "Attached" if attached else "Unattached",
        "diskSizeGB": gigabytes,
        "diskSizeBytes": gigabytes << 30,
        "creationData": {"createOption": "FromImage" if os else "Empty"},
        "encryption": {"type": "EncryptionAtRestWithPlatformKey"},
        "networkAccessPolicy": "AllowAll",
        "timeCreated": created,
    }
    return {**described, "osType": os} if os else described


def postgresql(name: str, created: str) -> Properties:
    """A flexible server."""
    return {
        "state": "Ready",
        "version": "16",
        "administratorLogin": "pgadmin",
        "fullyQualifiedDomainName": f"{name}.postgres.database.azure.com",
        "storage": {"storageSizeGB": 128, "autoGrow": "Enabled"},
        "backup": {"backupRetentionDays": 7, "geoRedundantBackup": "Disabled"},
        "highAvailability": {"mode": "Disabled"},
        "createDate": created,
    }


def cluster(name: str, node_group: str, nodes: int, *, scale_set: bool) -> Properties:
    """An AKS cluster; `node_group` is the name of the group that it makes for its nodes.

    Those of a scale set are no virtual machines of their own.
    """
    pool = "VirtualMachineScaleSets" if scale_set else "AvailabilitySet"
    return {
        "provisioningState": "Succeeded",
        "powerState": {"code": "Running"},
        "kubernetesVersion": "1.31",
        "dnsPrefix": f"{name}-dns",
        "nodeResourceGroup": node_group,
        "agentPoolProfiles": [
            {"name": "nodepool1", "count": nodes, "vmSize": "Standard_D4s_v5", "type": pool}
        ],
    }


def databricks(managed_group: str) -> Properties:
    """A workspace; `managed_group` is the id of the group that it makes for its workers."""
    return {"provisioningState": "Succeeded", "managedResourceGroupId": managed_group}


def scale_set(machines: int) -> Properties:
    """One whose instances are virtual machines of their own."""
    return {
        "provisioningState": "Succeeded",
        "orchestrationMode": "Flexible",
        "platformFaultDomainCount": 1,
        "singlePlacementGroup": machines < 100,
    }


def resource_group() -> Properties:
    return {"provisioningState": "Succeeded"}


def image(publisher: str, offer: str, sku: str) -> Properties:
    """What a machine was made from."""
    return {"publisher": publisher, "offer": offer, "sku": sku, "version": "latest"}


def data_disk(disk_id: str, lun: int, gigabytes: int) -> Properties:
    """A data disk, as the machine that has it says."""
    return {
        "lun": lun,
        "name": disk_id.rpartition("/")[2],
        "createOption": "Attach",
        "diskSizeGB": gigabytes,
        "managedDisk": {"id": disk_id, "storageAccountType": "Premium_LRS"},
    }
