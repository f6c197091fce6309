"""Which item a job is of, with a million jobs and little memory; and whose tenant the identity is of."""

import base64
import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from azure.core.exceptions import ClientAuthenticationError
from backupkit import rows
from backupkit.errors import IdentityError
from backupkit.export_estate import _Items
from backupkit.tenants import home_tenant

VAULT = "/subscriptions/s/resourcegroups/rg/providers/microsoft.recoveryservices/vaults/rsv"
STARTED = datetime(2026, 11, 25, 22, tzinfo=UTC)


def machine(group, name="vm"):
    place = (
        f"{VAULT}/backupFabrics/Azure/protectionContainers/iaasvmcontainer;iaasvmcontainerv2;{group};{name}"
    )
    return rows.item(
        {
            "id": f"{place}/protectedItems/vm;{group};{name}",
            "name": f"vm;{group};{name}",
            "properties": {
                "backupManagementType": "AzureIaasVM",
                "friendlyName": name,
                "policyId": "/p/Daily",
            },
        }
    )


def database(server, name="sales"):
    return rows.item(
        {
            "id": f"{VAULT}/backupFabrics/Azure/protectionContainers/vmappcontainer;compute;rg;{server}"
            f"/protectedItems/sqldatabase;mssqlserver;{name}",
            "name": f"sqldatabase;mssqlserver;{name}",
            "properties": {
                "backupManagementType": "AzureWorkload",
                "workloadType": "SQLDataBase",
                "friendlyName": name,
                "serverName": server,
            },
        }
    )


def job(kind="AzureIaasVM", **properties):
    told = {"backupManagementType": kind, "operation": "Backup", "status": "Completed"}
    row = {"startTime": "2026-11-25T22:00:00Z", **told, **properties}
    return rows.job({"id": f"{VAULT}/backupJobs/j", "name": "j", "properties": row})


@pytest.fixture
def items():
    made = _Items()
    for one in (
        machine("rg-a"),
        machine("rg-b"),
        machine("rg-a", "alone"),
        database("sql-1"),
        database("sql-2"),
    ):
        made.add(one)
    return made


@pytest.mark.parametrize(
    ("told", "of"),
    [
        pytest.param(
            job(backupInstanceId=machine("rg-b").id.upper()), machine("rg-b"), id="by the id it carries"
        ),
        pytest.param(
            job(entityFriendlyName="vm", containerName="iaasvmcontainerv2;rg-a;vm"),
            machine("rg-a"),
            id="by its container",
        ),
        pytest.param(job(entityFriendlyName="alone"), machine("rg-a", "alone"), id="by a name that one has"),
        pytest.param(job(entityFriendlyName="vm"), None, id="by a name that two have"),
        pytest.param(job(entityFriendlyName="other"), None, id="by a name that none has"),
        pytest.param(
            job(backupInstanceId=f"{machine('rg-b').id}-gone", entityFriendlyName="alone"),
            None,
            id="of an item that is gone, whatever its name",
        ),
        pytest.param(
            job("AzureWorkload", workloadType="SQLDataBase", entityFriendlyName="sales [sql-2]"),
            database("sql-2"),
            id="of a database by its server",
        ),
        pytest.param(
            job("AzureWorkload", entityFriendlyName="sales [sql-1]"),
            database("sql-1"),
            id="of a database of a kind that is not told",
        ),
        pytest.param(
            job("AzureStorage", entityFriendlyName="alone"), None, id="of a share by the name of a machine"
        ),
    ],
)
def test_a_job_is_of_the_one_item_that_fits(items, told, of):
    found = items.of(told)

    assert (found.key if found else None) == (of.key if of else None)


def test_what_is_known_of_an_item_goes_with_it(items):
    known = items.of(job(entityFriendlyName="alone"))

    assert (known.name, known.policy) == ("alone", "/p/daily")


def test_items_are_counted_by_vault(items):
    items.add(machine("rg-a"))

    assert items.count(VAULT) == 5
    backup = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.DataProtection/backupVaults/bv"
    items.add(rows.item({"id": f"{backup}/backupInstances/d", "name": "d", "properties": {}}))
    assert (items.count(backup.lower()), items.count(f"{backup.lower()}-2")) == (1, 0)


# -- tenants -----------------------------------------------------------------------


def arm_with(token):
    def get_token(_scope):
        if isinstance(token, Exception):
            raise token
        return SimpleNamespace(token=token)

    return SimpleNamespace(credential=lambda: SimpleNamespace(get_token=get_token))


def jwt(claims):
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.x"


@pytest.mark.parametrize(
    ("token", "tenant"),
    [
        pytest.param(jwt({"tid": "AAAA-1"}), "aaaa-1", id="as the token says"),
        pytest.param(jwt({}), "", id="a token that says none"),
        pytest.param("opaque", "", id="a token that cannot be read"),
        pytest.param("a.%%%.c", "", id="a token of something else"),
    ],
)
def test_the_identitys_own_tenant(token, tenant):
    assert home_tenant(arm_with(token), "AzurePublic") == tenant


def test_without_a_token_there_is_no_tenant():
    with pytest.raises(IdentityError, match="no token for Azure"):
        home_tenant(arm_with(ClientAuthenticationError("no identity")), "AzurePublic")
