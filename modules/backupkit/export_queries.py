"""What an export asks Resource Graph.

`{columns}`, `{since}` and `{until}` are filled in.
"""

from __future__ import annotations

from backupkit import queries

COLUMNS = "id, name, tenantId, properties"
RAW_COLUMNS = f"{COLUMNS}, type, kind, location, resourceGroup, subscriptionId, tags"
"""What an export takes of a row."""

VAULTS = """resources
| where type in~ ('microsoft.recoveryservices/vaults', 'microsoft.dataprotection/backupvaults')
| project {columns}
| order by id asc"""

ITEMS = queries.EVERY_ITEM.replace("id, name, properties", "{columns}")
POLICIES = queries.EVERY_POLICY.replace("id, name, properties", "{columns}")

_STARTED = {
    "jobs": """recoveryservicesresources
| where type in~ ('microsoft.recoveryservices/vaults/backupjobs',
    'microsoft.dataprotection/backupvaults/backupjobs')
| extend started = todatetime(properties.startTime)
""",
    "alerts": """alertsmanagementresources
| where type =~ 'microsoft.alertsmanagement/alerts'
| where tostring(properties.essentials.targetResourceType) in~ ('microsoft.recoveryservices/vaults',
    'microsoft.dataprotection/backupvaults')
| extend started = todatetime(properties.essentials.startDateTime)
""",
}
"""What is filed by the UTC day it started on."""

DAYS = {
    entity: f"""{rows}| where isnull(started) or started < datetime({{until}})
| extend day = tostring(bin(started, 1d))
| summarize rows = count() by id = day
| order by id asc"""
    for entity, rows in _STARTED.items()
}
OF_A_DAY = {
    entity: f"""{rows}| where started >= datetime({{since}}) and started < datetime({{until}})
| project {{columns}}
| order by id asc"""
    for entity, rows in _STARTED.items()
}
