"""What Resource Graph is asked: of both kinds of vault at once.

`{since}`, `{until}`, `{vaults}` and `{ids}` are filled in.
"""

from __future__ import annotations

SUBSCRIPTIONS = """resourcecontainers
| where type =~ 'microsoft.resources/subscriptions'
| project id, subscriptionId, name, tenantId
| order by id asc"""

VAULTS = """resources
| where type in~ ('microsoft.recoveryservices/vaults', 'microsoft.dataprotection/backupvaults')
| project id, name, subscriptionId, location
| order by id asc"""

FAILED_JOBS = """recoveryservicesresources
| where type in~ ('microsoft.recoveryservices/vaults/backupjobs',
    'microsoft.dataprotection/backupvaults/backupjobs')
| where tostring(properties.status) =~ 'Failed'
| extend started = todatetime(properties.startTime), ended = todatetime(properties.endTime)
| where (started >= datetime({since}) or ended >= datetime({since})) and started < datetime({until})
| project id
| order by id asc"""

UNHEALTHY_DATABASES = """recoveryservicesresources
| where type =~ 'microsoft.recoveryservices/vaults/backupfabrics/protectioncontainers/protecteditems'
| where tostring(properties.backupManagementType) =~ 'AzureWorkload'
| where tostring(properties.lastBackupStatus) in~ ('Unhealthy', 'Failed')
| where todatetime(properties.lastBackupTime) >= datetime({since})
| project id
| order by id asc"""

JOBS = """recoveryservicesresources
| where type in~ ('microsoft.recoveryservices/vaults/backupjobs',
    'microsoft.dataprotection/backupvaults/backupjobs')
| extend vault = tostring(split(tolower(id), '/backupjobs/')[0])
| extend started = todatetime(properties.startTime), ended = todatetime(properties.endTime)
| where vault in~ ({vaults})
| where ((started >= datetime({since}) or ended >= datetime({since})) and started < datetime({until}))
    or tostring(properties.status) in~ ('InProgress', 'Cancelling', 'Started')
| project id, name, properties
| order by id asc"""

ITEMS = """recoveryservicesresources
| where type in~ ('microsoft.recoveryservices/vaults/backupfabrics/protectioncontainers/protecteditems',
    'microsoft.dataprotection/backupvaults/backupinstances')
| extend below = tostring(split(tolower(id), '/backupfabrics/')[0])
| extend vault = tostring(split(below, '/backupinstances/')[0])
| where vault in~ ({vaults})
| project id, name, properties
| order by id asc"""

POLICIES = """recoveryservicesresources
| where type in~ ('microsoft.recoveryservices/vaults/backuppolicies',
    'microsoft.dataprotection/backupvaults/backuppolicies')
| extend vault = tostring(split(tolower(id), '/backuppolicies/')[0])
| where vault in~ ({vaults})
| project id, name, properties
| order by id asc"""

SOURCES = """resources
| where tolower(id) in~ ({ids})
| project id, tags
| order by id asc"""

RESOURCES = """resources
| where type in~ ({types})
| extend created = tostring(properties.timeCreated)
| extend made = coalesce(tostring(properties.creationTime), tostring(properties.createDate))
| extend scaleSet = tostring(properties.virtualMachineScaleSet.id)
| extend machine = tostring(properties.virtualMachineResourceId)
| extend nodeGroup = tostring(properties.nodeResourceGroup)
| project id, name, type, kind, location, subscriptionId, resourceGroup, tags, managedBy, created, made,
    scaleSet, machine, nodeGroup
| order by id asc"""

MANAGED_GROUPS = """resourcecontainers
| where type =~ 'microsoft.resources/subscriptions/resourcegroups'
| where isnotempty(managedBy)
| project id, managedBy
| order by id asc"""

EVERY_ITEM = """recoveryservicesresources
| where type in~ ('microsoft.recoveryservices/vaults/backupfabrics/protectioncontainers/protecteditems',
    'microsoft.dataprotection/backupvaults/backupinstances',
    'microsoft.dataprotection/backupvaults/deletedbackupinstances')
| project id, name, properties
| order by id asc"""

EVERY_POLICY = """recoveryservicesresources
| where type in~ ('microsoft.recoveryservices/vaults/backuppolicies',
    'microsoft.dataprotection/backupvaults/backuppolicies')
| project id, name, properties
| order by id asc"""

PROTECTABLE = """recoveryservicesresources
| where type =~ 'microsoft.recoveryservices/vaults/backupfabrics/protectioncontainers/protectableitems'
| project id, name, properties
| order by id asc"""
