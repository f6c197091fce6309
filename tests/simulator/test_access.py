import base64
import json
import time

import pytest

from simulator.access import Access, Principal
from simulator.store import Store
from simulator.wire import RefusedError, Request

SUB = "/subscriptions/aaaa"
VAULT = f"{SUB}/resourceGroups/rg-vaults/providers/Microsoft.RecoveryServices/vaults/rsv-1"
VM = f"{SUB}/resourceGroups/rg-app/providers/Microsoft.Compute/virtualMachines/vm-1"
TWIN = f"{SUB}/resourceGroups/rg-app-2/providers/Microsoft.Compute/virtualMachines/vm-2"
READ_VM = "Microsoft.Compute/virtualMachines/read"
BACKUP = "Microsoft.RecoveryServices/Vaults/backupFabrics/protectionContainers/protectedItems/backup/action"
ROBOT = Principal(tenant="t", object_id="oid-robot", client_id="app-robot")


def request(host="management.azure.com", token="", scheme="Bearer", **claims):
    held = {"aud": "https://management.azure.com", "exp": time.time() + 60, "oid": "oid-robot", **claims}
    payload = base64.urlsafe_b64encode(json.dumps(held).encode()).decode().rstrip("=")
    return Request("GET", host, VM, headers={"authorization": f"{scheme} {token or f'e30.{payload}.c2ln'}"})


def refusal(access, asked, action=READ_VM, scope=VM):
    with pytest.raises(RefusedError) as refused:
        access.check(asked, action, scope)
    return refused.value


def test_without_a_header_arm_says_it_is_missing():
    refused = refusal(Access(), Request("GET", "management.azure.com", VM))

    assert (refused.status, refused.code) == (401, "AuthenticationFailed")
    assert refused.message == "Authentication failed. The 'Authorization' header is missing."
    assert refused.headers["WWW-Authenticate"].startswith('Bearer authorization_uri="https://login.')


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(request(token="not-a-token"), id="no parts"),
        pytest.param(request(token="a.!!!.b"), id="no base64"),
        pytest.param(request(token="a.W10.b"), id="claims that are no object"),
        pytest.param(request(scheme="SharedKey"), id="another scheme"),
    ],
)
def test_what_is_no_token_is_invalid(asked):
    refused = refusal(Access(), asked)

    assert (refused.status, refused.code) == (401, "InvalidAuthenticationToken")
    assert refused.message == "The access token is invalid."


def test_a_token_for_something_else_is_refused_with_the_audiences_that_would_do():
    refused = refusal(Access(), request(aud="https://graph.microsoft.com"))

    assert (refused.status, refused.code) == (401, "InvalidAuthenticationTokenAudience")
    assert refused.message.startswith(
        "The access token has been obtained for wrong audience or resource 'https://graph.microsoft.com'."
    )


def test_storage_wants_its_own_audience():
    host = "acct.blob.core.windows.net"

    assert Access().principal(request(host=host, aud="https://storage.azure.com")).object_id == "oid-robot"
    assert refusal(Access(), request(host=host)).code == "InvalidAuthenticationTokenAudience"


def test_an_expired_token_is_refused_with_both_times():
    refused = refusal(Access(), request(exp=1763780645))

    assert (refused.status, refused.code) == (401, "ExpiredAuthenticationToken")
    assert refused.message.startswith(
        "The access token expiry UTC time '11/22/2025 3:04:05 AM' is earlier than current UTC time '"
    )


def test_without_assignments_everything_is_allowed_but_what_is_forbidden():
    access = Access(forbidden=[f"{SUB}/resourcegroups/RG-APP"])

    assert access.may(ROBOT, BACKUP, VAULT)
    assert not access.may(ROBOT, READ_VM, VM)
    assert access.may(ROBOT, READ_VM, TWIN), "a scope ends at a slash"


def test_a_refusal_names_who_what_and_where():
    refused = refusal(Access(forbidden=[SUB]), request())

    assert (refused.status, refused.code) == (403, "AuthorizationFailed")
    assert refused.message == (
        f"The client 'oid-robot' with object id 'oid-robot' does not have authorization to perform action "
        f"'{READ_VM}' over scope '{VM}' or the scope is invalid. If access was recently granted, please "
        f"refresh your credentials."
    )


@pytest.mark.parametrize(
    ("role", "action", "allowed"),
    [
        pytest.param("Reader", READ_VM, True, id="a reader reads"),
        pytest.param("reader", READ_VM, True, id="names of roles in any casing"),
        pytest.param("Reader", BACKUP, False, id="a reader starts nothing"),
        pytest.param("Backup Reader", BACKUP, False, id="nor does a backup reader"),
        pytest.param("Backup Reader", READ_VM, False, id="who sees no machines either"),
        pytest.param("Backup Operator", BACKUP, True, id="a backup operator starts backups"),
        pytest.param(
            "Backup Operator",
            "Microsoft.RecoveryServices/Vaults/backupPolicies/write",
            False,
            id="but writes no policy",
        ),
        pytest.param(
            "Backup Contributor",
            "Microsoft.RecoveryServices/vaults/backupPolicies/write",
            True,
            id="a backup contributor does",
        ),
        pytest.param(
            "Virtual Machine Contributor", "Microsoft.Compute/virtualMachines/write", True, id="machines"
        ),
        pytest.param(
            "Contributor", "Microsoft.Authorization/roleAssignments/write", False, id="no contributor grants"
        ),
        pytest.param("Owner", "Microsoft.Authorization/roleAssignments/write", True, id="an owner does"),
        pytest.param(["Microsoft.Compute/*/read"], READ_VM, True, id="a custom role is its actions"),
        pytest.param(
            {"actions": ["*"], "notActions": ["Microsoft.Compute/*"]},
            READ_VM,
            False,
            id="less its notActions",
        ),
    ],
)
def test_what_a_role_allows(role, action, allowed):
    assert Access([{"role": role, "scope": SUB}]).may(ROBOT, action, VM) is allowed


@pytest.mark.parametrize(
    ("scope", "allowed"),
    [
        pytest.param("/", True, id="the root"),
        pytest.param("/Subscriptions/AAAA", True, id="the subscription in another casing"),
        pytest.param(f"{SUB}/resourceGroups/rg-ap", False, id="a group whose name begins the same"),
        pytest.param(
            "/providers/Microsoft.Management/managementGroups/Corp", True, id="a management group above"
        ),
        pytest.param("/providers/Microsoft.Management/managementGroups/other", False, id="one that is not"),
    ],
)
def test_where_a_role_holds(scope, allowed):
    access = Access([{"role": "Reader", "scope": scope}], ancestors={"AAAA": ["corp", "root"]})

    assert access.may(ROBOT, READ_VM, VM) is allowed


def test_an_assignment_may_name_its_principal_by_client_or_object_id():
    by_client = Access([{"role": "Reader", "scope": "/", "principal": "APP-robot"}])
    by_object = Access([{"role": "Reader", "scope": "/", "principal": "oid-robot"}])
    of_another = Access([{"role": "Reader", "scope": "/", "principal": "oid-human"}])

    assert [one.may(ROBOT, READ_VM, VM) for one in (by_client, by_object, of_another)] == [True, True, False]


def test_data_needs_a_data_role_even_of_an_owner():
    write = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write"

    assert not Access([{"role": "Owner", "scope": "/"}]).may(ROBOT, write, VM, data=True)
    assert Access([{"role": "Storage Blob Data Contributor", "scope": "/"}]).may(ROBOT, write, VM, data=True)


@pytest.mark.parametrize(
    ("access", "seen"),
    [
        pytest.param(Access(), ["vm-1", "vm-2", "rsv-1"], id="no rules: all"),
        pytest.param(Access(forbidden=[f"{SUB}/resourceGroups/rg-app"]), ["vm-2", "rsv-1"], id="forbidden"),
        pytest.param(Access([{"role": "Reader", "scope": VM}]), ["vm-1"], id="one resource"),
        pytest.param(Access([{"role": "Backup Reader", "scope": "/"}]), ["rsv-1"], id="by the role's types"),
        pytest.param(Access([{"role": "Reader", "scope": "/", "principal": "x"}]), [], id="nobody we know"),
        pytest.param(
            Access([{"role": {"actions": ["*"], "notActions": ["Microsoft.Compute/*"]}, "scope": SUB}]),
            ["rsv-1"],
            id="less the notActions",
        ),
        pytest.param(
            Access(
                [{"role": "Reader", "scope": "/providers/Microsoft.Management/managementGroups/corp"}],
                ancestors={"aaaa": ["corp"]},
            ),
            ["vm-1", "vm-2", "rsv-1"],
            id="a management group",
        ),
    ],
)
def test_lists_show_what_the_caller_may_read(access, seen):
    store = Store()
    store.load(
        "resources",
        [
            {"id": one, "name": one.rsplit("/", 1)[1], "type": one.split("/")[6] + "/" + one.split("/")[7]}
            for one in (VM, TWIN, VAULT)
        ],
    )

    where, values = access.visible_sql(ROBOT)

    assert {row["name"] for row in store.query("resources", where, values, 0)} == set(seen)


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        pytest.param(
            {"role": "Reeder", "scope": "/"}, "no such role: 'Reeder'; known are Owner", id="a typing error"
        ),
        pytest.param({"role": "Reader", "scope": "rg"}, "a scope starts with '/', got 'rg'", id="no scope"),
        pytest.param(
            {"role": "Reader"}, "a role assignment has role, scope and maybe principal", id="incomplete"
        ),
        pytest.param(
            {"role": 3, "scope": "/"}, "a role is a name, a list of actions or an object", id="no role"
        ),
    ],
)
def test_an_unusable_assignment_is_named(assignment, message):
    with pytest.raises(ValueError, match=message):
        Access([assignment])
