"""What an alert says failed, and what of it is taken at its word: nothing but ids of the right form."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from backupkit.alerts import MOST, AlertHint, NotOurs, read
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.backupkit.webhook_shapes import ALERT, GROUP, ITEM, JOB, MACHINE, SUBSCRIPTION, VAULT, alert

AT = datetime(2026, 11, 21, 23, 14, 7, tzinfo=UTC)
OTHER_VAULT = VAULT.replace("vault-north", "vault-south")
BACKUP_VAULT = f"{GROUP}/rg-backup/providers/Microsoft.DataProtection/BackupVaults/disks-north"
INSTANCE = f"{BACKUP_VAULT}/backupInstances/data-7-data-7-5d0e7f0a-1c8e-4f8e-9a11-5b0c0d8e2f31"
DISK = f"{GROUP}/rg-shop/providers/Microsoft.Compute/disks/data-7"
ACCOUNT = f"{GROUP}/rg-shop/providers/Microsoft.Storage/storageAccounts/shopfiles"
SQL = (
    f"{VAULT}/backupFabrics/Azure/protectionContainers/VMAppContainer;Compute;rg-shop;shop-07/protectedItems"
)
NO_SCHEMA = NotOurs("not in the common alert schema; turn that on in the action group")
NOTHING_NAMED = NotOurs("names neither protected item nor data source nor job")


def hint(**changes: Any) -> AlertHint:
    """Of the failed backup of the machine, but for what is given; ids lower-cased."""
    known = {"vault": VAULT, "item": ITEM, "source": MACHINE, "job": JOB, "fired": AT, "code": ""} | changes
    return AlertHint(
        **{key: value.lower() if isinstance(value, str) else value for key, value in known.items()}
    )


def context(**changes: Any) -> dict[str, Any]:
    """Of the alert of a failed backup of a machine."""
    return {**ALERT["data"]["alertContext"], **changes}


# -- Alerts that vaults raise --------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(ALERT, hint(), id="a machine"),
        pytest.param(
            alert(
                {
                    "category": "Jobs",
                    "sourceId": f"{MACHINE}/providers/Microsoft.RecoveryServices/backupProtectedItem"
                    "/SQLDataBase;INST1;Orders 2026",
                    "sourceType": "SQLDataBase",
                    "protectedItemId": f"{SQL}/SQLDataBase;INST1;Orders 2026",
                    "linkedResourceId": MACHINE,
                    "extendedInfo": {"jobId": JOB, "recommendedActions": "see https://aka.ms/AB-UserErrorX."},
                }
            ),
            hint(item=f"{SQL}/SQLDataBase;INST1;Orders 2026", code="usererrorx"),
            id="a SQL database",
        ),
        pytest.param(
            alert(
                {
                    "sourceType": "SAPHanaDatabase",
                    "protectedItemId": f"{SQL}/SAPHanaDatabase;hn1;systemdb",
                    "sourceId": f"{MACHINE}/providers/Microsoft.RecoveryServices/backupProtectedItem"
                    "/SAPHanaDatabase;hn1;systemdb",
                    "extendedInfo": {"jobId": JOB.upper()},
                }
            ),
            hint(item=f"{SQL}/SAPHanaDatabase;hn1;systemdb"),
            id="a HANA database whose machine only its source tells",
        ),
        pytest.param(
            alert(
                {
                    "protectedItemId": f"{VAULT}/backupFabrics/Azure/protectionContainers"
                    "/StorageContainer%3BStorage%3Brg-shop%3Bshopfiles/protectedItems/AzureFileShare%3Bscans",
                    "linkedResourceId": ACCOUNT,
                    "extendedInfo": {"jobId": JOB},
                }
            ),
            hint(
                item=f"{VAULT}/backupFabrics/Azure/protectionContainers"
                "/StorageContainer;Storage;rg-shop;shopfiles/protectedItems/AzureFileShare;scans",
                source=ACCOUNT,
            ),
            id="a share, its id percent-encoded",
        ),
        pytest.param(
            alert(
                {
                    "sourceId": DISK,
                    "protectedItemId": INSTANCE,
                    "linkedResourceId": DISK,
                    "extendedInfo": {"jobId": f"{BACKUP_VAULT}/backupJobs/{JOB}"},
                },
                alertTargetIDs=[BACKUP_VAULT],
                targetResourceType="microsoft.dataprotection/backupvaults",
            ),
            hint(vault=BACKUP_VAULT, item=INSTANCE, source=DISK),
            id="a disk in a Backup vault, its job by its whole id",
        ),
        pytest.param(
            alert({"sourceId": INSTANCE}, alertTargetIDs=[BACKUP_VAULT]),
            hint(vault=BACKUP_VAULT, item=INSTANCE, source="", job=""),
            id="an item of a Backup vault as the source",
        ),
        pytest.param(
            alert({"linkedResourceId": MACHINE}),
            hint(item="", job=""),
            id="no item, but the machine",
        ),
        pytest.param(
            alert({"sourceId": MACHINE, "protectedItemId": None, "extendedInfo": None}),
            hint(item="", job=""),
            id="the machine as the source alone",
        ),
        pytest.param(
            alert({"extendedInfo": {"jobId": JOB}}),
            hint(item="", source=""),
            id="no item, but the job",
        ),
        pytest.param(
            alert(context(), alertTargetIDs=[], firedDateTime="just now"),
            hint(fired=None),
            id="no target, and no time that can be read",
        ),
        pytest.param(
            alert(context(), alertTargetIDs=[MACHINE, OTHER_VAULT, VAULT]),
            hint(),
            id="several targets, the item's vault among them",
        ),
        pytest.param(
            alert(
                context(protectedItemId=f"https://management.azure.com/{ITEM}".replace("/vaults", "//vaults"))
            ),
            hint(),
            id="the item's id as a URL with doubled slashes",
        ),
        pytest.param(
            alert(context(protectedItemId=ITEM.replace("/subscriptions", "/Subscriptions").upper())),
            hint(),
            id="odd casing",
        ),
        pytest.param(
            alert(monitoringService="azure  BACKUP", alertRule="Backup  failure", monitorCondition="fired"),
            hint(),
            id="words with other blanks and casing",
        ),
        pytest.param({"data": ALERT["data"]}, hint(), id="a body that lost the name of its schema"),
    ],
)
def test_a_built_in_alert_names(body, expected):
    assert read(body) == [expected]


@pytest.mark.parametrize(
    ("advice", "origin", "code"),
    [
        pytest.param("see https://aka.ms/AB-UserErrorX.", None, "usererrorx", id="its link"),
        pytest.param(
            "See HTTP://AKA.MS/ab-UserErrorX", "1_0_2azureiaasvmother", "usererrorx", id="its link first"
        ),
        pytest.param(None, "25_0_46azureworkloadusererrorxlog", "usererrorx", id="its key, of a log backup"),
        pytest.param("", "25_0_46AzureWorkloadUserErrorXCopyOnlyFull", "usererrorx", id="its key, of a copy"),
        pytest.param("", "25_0_46azureiaasvmdiskfull", "diskfull", id="its key, of a machine"),
        pytest.param("", "25_0_46azurestorageusererrorx", "usererrorx", id="its key, of a share"),
        pytest.param(
            "https://example.com/AB-x", JOB, "", id="nothing, from a key and a link of another kind"
        ),
        pytest.param(["aka.ms/AB-UserErrorX"], 7, "", id="nothing, where neither is text"),
        pytest.param("aka.ms/AB-" + "x" * 200, None, "", id="nothing, where it is too long"),
    ],
)
def test_a_failure_code_is_taken_from(advice, origin, code):
    body = alert(context(extendedInfo={"jobId": JOB, "recommendedActions": advice}), originAlertId=origin)

    assert read(body) == [hint(code=code)]


# -- Alerts of log search rules ------------------------------------------------


def log_search(*rows: dict[str, object], **essentials: Any) -> dict[str, Any]:
    """An alert with a condition for each row, as a rule split by dimensions raises it."""
    conditions = [
        {
            "searchQuery": "AddonAzureBackupJobs | where JobStatus == 'Failed'",
            "operator": "GreaterThan",
            "threshold": "0",
            "metricValue": 1,
            "dimensions": [{"name": name, "value": value} for name, value in row.items()],
            "linkToSearchResultsAPI": "https://api.loganalytics.io/v1/workspaces/w/query",
        }
        for row in rows
    ]
    given = {"alertRule": "night-watch", "monitoringService": "Log Alerts V2", "alertTargetIDs": [VAULT]}
    return alert(
        {"conditionType": "LogQueryCriteria", "condition": {"windowSize": "PT1H", "allOf": conditions}},
        **{**given, **essentials},
    )


WORKSPACE = f"{GROUP}/rg-logs/providers/Microsoft.OperationalInsights/workspaces/logs"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(
            log_search({"JobUniqueId": JOB, "JobFailureCode": "UserErrorX"}),
            hint(item="", source="", code="usererrorx"),
            id="the vault as its target, the job as a dimension",
        ),
        pytest.param(
            log_search(
                {"_ResourceId": VAULT.upper(), "DatasourceResourceId": MACHINE.upper()},
                alertTargetIDs=[WORKSPACE],
            ),
            hint(item="", job=""),
            id="the vault as a dimension, in capitals as the table has it",
        ),
        pytest.param(
            log_search(
                {"ResourceId": VAULT, "JobUniqueId": JOB, "JobOperation": "Backup", "JobStatus": "Failed"},
                alertTargetIDs=[OTHER_VAULT],
            ),
            hint(item="", source=""),
            id="a row's own vault rather than the target",
        ),
        pytest.param(
            log_search(
                {
                    "BackupItemUniqueId": "northeurope;4711;vm;iaasvmcontainerv2;rg-shop;shop-07",
                    "JobUniqueId": JOB,
                }
            ),
            hint(item="", source=""),
            id="the service's own key of an item, which is no id",
        ),
        pytest.param(
            log_search({"BackupItemId": ITEM, "JobUniqueId": JOB, "DatasourceResourceId": MACHINE}),
            hint(),
            id="the item by its id",
        ),
        pytest.param(
            log_search({"ProtectedItemId": INSTANCE, "_ResourceId": BACKUP_VAULT}),
            hint(vault=BACKUP_VAULT, item=INSTANCE, source="", job=""),
            id="an item of a Backup vault, in a column of the rule's own",
        ),
    ],
)
def test_a_log_search_names(body, expected):
    assert read(body) == [expected]


def test_each_row_of_a_log_search_is_one_failure():
    other = JOB.replace("3b0f", "77aa")

    assert read(log_search({"JobUniqueId": JOB}, {"JobUniqueId": other}, {"JobUniqueId": JOB.upper()})) == [
        hint(item="", source=""),
        hint(item="", source="", job=other),
    ]


def test_an_older_rule_carries_the_rows_it_found():
    names = ["TimeGenerated", "_ResourceId", "JobUniqueId", "JobOperation", "JobStatus"]
    rows = [
        ["2026-11-21T23:00:00Z", VAULT, JOB, "Backup", "Failed"],
        ["2026-11-21T23:01:00Z", VAULT, JOB, "Restore", "Failed"],
        ["2026-11-21T23:02:00Z", VAULT],
    ]
    table = {
        "name": "PrimaryResult",
        "columns": [{"name": name, "type": "string"} for name in names],
        "rows": rows,
    }
    body = alert(
        {"SearchResults": {"tables": [table]}}, monitoringService="Log Analytics", alertTargetIDs=[WORKSPACE]
    )

    assert read(body) == [
        hint(item="", source=""),
        NotOurs("the row is of a 'restore' job, not of a backup"),
        NOTHING_NAMED,
    ]


# -- Alerts that are not ours --------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(alert(monitorCondition="Resolved"), NotOurs("resolved"), id="one that is over"),
        pytest.param(
            log_search({"JobUniqueId": JOB}, monitorCondition="resolved"),
            NotOurs("resolved"),
            id="a log search that is over",
        ),
        pytest.param(
            alert(monitorCondition=None),
            NotOurs("its condition is '', not fired"),
            id="one without a condition",
        ),
        pytest.param(
            alert(alertRule="Restore Failure"),
            NotOurs("the alert 'restore failure' is of no failed backup"),
            id="a failed restore",
        ),
        pytest.param(
            alert(alertRule="Delete Backup Data", category="Security"),
            NotOurs("the alert 'delete backup data' is of no failed backup"),
            id="a security alert of a vault",
        ),
        pytest.param(
            alert(alertRule="Workload extension unhealthy"),
            NotOurs("the alert 'workload extension unhealthy' is of no failed backup"),
            id="a guest that cannot be reached",
        ),
        pytest.param(
            alert(alertRule=None), NotOurs("the alert '' is of no failed backup"), id="one without a name"
        ),
        pytest.param(
            alert(monitoringService="Platform", signalType="Metric"),
            NotOurs("raised by 'platform', not by Azure Backup or a log search"),
            id="a metric",
        ),
        pytest.param(
            alert(monitoringService="Resource Health"),
            NotOurs("raised by 'resource health', not by Azure Backup or a log search"),
            id="another service",
        ),
        pytest.param(alert({}, alertTargetIDs=[VAULT]), NOTHING_NAMED, id="one that names its vault alone"),
        pytest.param(
            alert({"linkedResourceId": MACHINE}, alertTargetIDs=[MACHINE]),
            NotOurs("names no vault"),
            id="one that names no vault",
        ),
        pytest.param(
            alert({"linkedResourceId": MACHINE}, alertTargetIDs=[VAULT, OTHER_VAULT]),
            NotOurs("its vaults differ"),
            id="one of two vaults",
        ),
        pytest.param(
            alert(alertTargetIDs=[OTHER_VAULT]),
            NotOurs("its vaults differ"),
            id="one whose item is in another vault",
        ),
        pytest.param(
            log_search({"JobUniqueId": JOB}, alertTargetIDs=[WORKSPACE]),
            NotOurs("names no vault"),
            id="a log search that is not split by the vault",
        ),
        pytest.param(
            log_search({"BackupItemUniqueId": "northeurope;4711;vm"}),
            NOTHING_NAMED,
            id="a log search split by the service's own key",
        ),
        pytest.param(
            log_search({"JobUniqueId": JOB, "JobOperation": "Restore"}),
            NotOurs("the row is of a 'restore' job, not of a backup"),
            id="a log search that found a restore",
        ),
        pytest.param(
            log_search({"JobUniqueId": JOB, "JobStatus": "CompletedWithWarnings"}),
            NotOurs("the row is of a job that is 'completedwithwarnings', not failed"),
            id="a log search that found a job that ended well",
        ),
        pytest.param(
            log_search({}),
            NotOurs("a log search without dimensions; split its rule by _ResourceId and JobUniqueId"),
            id="a log search that counts",
        ),
        pytest.param(
            {"schemaId": "Microsoft.Insights/LogAlert", "data": {}}, NO_SCHEMA, id="an older schema"
        ),
        pytest.param({"data": {"essentials": {}, "alertContext": {}}}, NO_SCHEMA, id="an empty alert"),
        pytest.param({"data": [ALERT]}, NO_SCHEMA, id="an alert in the wrong place"),
        pytest.param([], NO_SCHEMA, id="an empty list"),
        pytest.param(None, NO_SCHEMA, id="a null"),
        pytest.param("Backup Failure", NO_SCHEMA, id="text"),
        pytest.param(7, NO_SCHEMA, id="a number"),
    ],
)
def test_nothing_is_to_be_done_for(body, expected):
    assert read(body) == [expected]


@pytest.mark.parametrize(
    "item",
    [
        pytest.param(ITEM + "?api-version=1", id="a query"),
        pytest.param(ITEM + "#x", id="a fragment"),
        pytest.param(ITEM + "/backup", id="an action"),
        pytest.param(ITEM + "\n", id="a line break"),
        pytest.param(ITEM + "%0a", id="an encoded line break"),
        pytest.param(ITEM + "%252f..", id="an encoding of an encoding"),
        pytest.param(ITEM.replace("/Azure/", "/../"), id="a way up"),
        pytest.param(ITEM.replace("/Azure/", "/%2e%2e/"), id="an encoded way up"),
        pytest.param(ITEM.replace("rg-Backup", ".."), id="a way up for a resource group"),
        pytest.param(ITEM.replace(SUBSCRIPTION, "mine"), id="a subscription that is no GUID"),
        pytest.param(ITEM.replace("RecoveryServices", "Compute"), id="another provider"),
        pytest.param(
            ITEM.replace("Microsoft.RecoveryServices/vaults", "Microsoft.DataProtection/backupVaults"),
            id="the other vault",
        ),
        pytest.param(ITEM + "x" * 2_048, id="an id without end"),
        pytest.param("\\" + ITEM, id="something in front"),
        pytest.param([ITEM], id="a list"),
        pytest.param("", id="nothing"),
    ],
)
def test_an_item_is_dropped_that_has(item):
    assert read(alert(context(protectedItemId=item))) == [hint(item="")]


@pytest.mark.parametrize(
    "source", [VAULT, f"{MACHINE}/../x", f"/subscriptions/{SUBSCRIPTION}", "shop-07", None]
)
def test_a_data_source_is_dropped_that_is(source):
    assert read(alert(context(linkedResourceId=source, sourceId=source))) == [hint(source="")]


@pytest.mark.parametrize(
    "job", [f"{JOB}/x", f"x{JOB}", JOB.replace("-", ""), f"{MACHINE}/backupJobs/{JOB}", 7, None]
)
def test_a_job_is_dropped_that_is(job):
    assert read(alert(context(extendedInfo={"jobId": job}))) == [hint(job="")]


# -- Several in one body -------------------------------------------------------


def jobs(count: int) -> list[dict[str, Any]]:
    return [alert(context(extendedInfo={"jobId": f"{number:08x}{JOB[8:]}"})) for number in range(count)]


def test_alerts_in_a_list_are_read_in_order_and_once():
    resolved = alert(monitorCondition="Resolved")

    assert read([ALERT, resolved, 7, ALERT, resolved]) == [hint(), NotOurs("resolved"), NO_SCHEMA]


def test_a_hundred_alerts_are_read_whole():
    assert read(jobs(MOST) * 2) == [hint(job=f"{number:08x}{JOB[8:]}") for number in range(MOST)]


def test_what_is_beyond_a_hundred_is_left_to_the_schedule():
    found = read(jobs(MOST + 50))

    assert len(found) == MOST + 1
    assert found[-1] == NotOurs("more than 100 entries in one body; the schedule takes the rest")


# -- Whatever was posted -------------------------------------------------------

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)
IDS = st.sampled_from([VAULT, OTHER_VAULT, BACKUP_VAULT, ITEM, INSTANCE, MACHINE, DISK, JOB, SUBSCRIPTION])
MANGLED = st.builds(
    lambda text, at, gap, put: text[:at] + put + text[at + gap :],
    IDS,
    st.integers(0, 300),
    st.integers(0, 9),
    st.sampled_from(["", "/", "..", "?", "%2f", "%3B", "\n", " ", "\u0130", "\ud800", "x", "'", "//"])
    | st.text(max_size=3),
)
VALUE = IDS | MANGLED | JUNK
WORDS = st.sampled_from(
    ["Azure Backup", "Log Alerts V2", "Log Analytics", "Fired", "Backup Failure", "Failed"]
)
COLUMNS = st.sampled_from(
    ["_ResourceId", "ResourceId", "BackupItemId", "DatasourceResourceId", "JobUniqueId", "x"]
)
ESSENTIALS = st.fixed_dictionaries(
    {
        "monitoringService": st.sampled_from(
            ["Azure Backup", "Azure Backup", "Log Alerts V2", "Log Analytics"]
        ),
        "monitorCondition": st.just("Fired") | WORDS,
        "alertRule": st.just("Backup Failure"),
        "alertTargetIDs": st.lists(VALUE, max_size=2) | JUNK,
        "firedDateTime": st.datetimes().map(str) | JUNK,
        "originAlertId": VALUE,
    }
)
CONTEXT = st.fixed_dictionaries(
    {},
    optional={
        "protectedItemId": VALUE,
        "sourceId": VALUE,
        "linkedResourceId": VALUE,
        "extendedInfo": st.fixed_dictionaries({"jobId": VALUE, "recommendedActions": VALUE}) | JUNK,
        "condition": st.fixed_dictionaries(
            {
                "allOf": st.lists(
                    st.fixed_dictionaries(
                        {
                            "dimensions": st.lists(
                                st.fixed_dictionaries({"name": COLUMNS, "value": VALUE}), max_size=3
                            )
                        }
                    )
                    | JUNK,
                    max_size=2,
                )
            }
        )
        | JUNK,
        "SearchResults": st.fixed_dictionaries(
            {
                "tables": st.lists(
                    st.fixed_dictionaries(
                        {
                            "columns": st.lists(st.fixed_dictionaries({"name": COLUMNS}), max_size=3),
                            "rows": st.lists(st.lists(VALUE, max_size=3), max_size=2) | JUNK,
                        }
                    ),
                    max_size=1,
                )
            }
        )
        | JUNK,
    },
)
ALERTS = st.fixed_dictionaries(
    {"data": st.fixed_dictionaries({"essentials": ESSENTIALS, "alertContext": CONTEXT | JUNK})}
)

GUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
IN_GROUP = rf"/subscriptions/{GUID}/resourcegroups/(?!\.*/)[^/?#%\\\s]+/providers"
A_VAULT = rf"{IN_GROUP}/microsoft\.(recoveryservices/vaults|dataprotection/backupvaults)/[a-z0-9-]+"
SEGMENT = r"(?!\.)[^/?#%\\\n\r\t\0]+"
IN_RECOVERY_VAULT = rf"backupfabrics/{SEGMENT}/protectioncontainers/{SEGMENT}/protecteditems"
AN_ITEM = rf"{A_VAULT}/({IN_RECOVERY_VAULT}|backupinstances)/{SEGMENT}"
A_SOURCE = rf"{IN_GROUP}/(?!microsoft\.(recoveryservices|dataprotection)/)[a-z.]+(/{SEGMENT}/{SEGMENT})+"


def is_sound(entry: AlertHint) -> bool:
    return bool(
        re.fullmatch(A_VAULT, entry.vault)
        and re.fullmatch(rf"({AN_ITEM})?", entry.item)
        and entry.item.startswith(f"{entry.vault}/" if entry.item else "")
        and re.fullmatch(rf"({A_SOURCE})?", entry.source)
        and re.fullmatch(rf"({GUID})?", entry.job)
        and re.fullmatch("[a-z0-9_]{0,100}", entry.code)
        and (entry.item or entry.source or entry.job)
    )


def assert_sound(body: object) -> list[AlertHint]:
    found = read(body)
    hints = [entry for entry in found if isinstance(entry, AlertHint)]

    assert found
    assert [entry for entry in hints if not is_sound(entry)] == []
    return hints


@settings(max_examples=300)
@given(ALERTS | st.lists(ALERTS, max_size=2) | JUNK)
def test_any_body_yields_sound_ids_or_none(body):
    assert_sound(body)


def test_ten_thousand_mangled_alerts_yield_sound_ids_or_none():
    """Each is a good alert with a few of its values cut, joined, swapped or replaced."""
    chance = random.Random(20261121)
    hints = [hint for _ in range(10_000) for hint in assert_sound(mangled(chance.choice(GOOD), chance))]

    assert len({hint.item for hint in hints}) > 100


GOOD = [
    ALERT,
    alert(context(protectedItemId=INSTANCE, linkedResourceId=DISK), alertTargetIDs=[BACKUP_VAULT]),
    log_search(
        {"_ResourceId": VAULT, "BackupItemId": ITEM, "JobUniqueId": JOB, "DatasourceResourceId": MACHINE}
    ),
]
BITS = [
    "",
    "/",
    "..",
    "/../",
    "?a=b",
    "#",
    "%2f",
    "%3B",
    "%0a",
    "\n",
    "\0",
    " ",
    "\u0130",
    "\ud800",
    "x",
    "'",
    "9" * 9,
]
OTHERS: list[Any] = [
    None,
    True,
    7,
    1e400,
    "",
    [],
    {},
    [[]],
    {"data": 7},
    VAULT,
    OTHER_VAULT,
    MACHINE,
    INSTANCE,
    JOB,
]


def mangled(value: Any, chance: random.Random) -> Any:
    if chance.random() < 0.01:
        return chance.choice(OTHERS)
    if isinstance(value, dict):
        return {key: mangled(inner, chance) for key, inner in value.items()}
    if isinstance(value, list):
        return [mangled(inner, chance) for inner in value] * chance.choice([1, 1, 1, 2])
    if isinstance(value, str) and chance.random() < 0.15:
        at = chance.randint(0, len(value))
        return value[:at] + chance.choice(BITS) + value[at + chance.choice([0, 0, 0, 1, 9]) :]
    return value
