"""What a caller may do, as ARM lists it."""

import pytest

from tests.simulator.asking import GROUP, SUB, VM, ask, error, vm, world_of

VAULT = f"{GROUP}/providers/Microsoft.RecoveryServices/vaults/rsv-1"
LIST = "providers/Microsoft.Authorization/permissions?api-version=2022-04-01"


def permissions(scope, **rules):
    return ask(world_of(vm("vm-1"), **rules), "GET", f"{scope}/{LIST}")


def test_where_nothing_is_assigned_everything_is_allowed():
    answer = permissions(VM)

    assert answer.status == 200
    assert answer.body == {
        "value": [{"actions": ["*"], "notActions": [], "dataActions": [], "notDataActions": []}]
    }


def test_each_role_held_at_the_scope_or_above_is_listed():
    custom = {"actions": ["*/read"], "notActions": ["Microsoft.Compute/*"], "dataActions": ["x/y/read"]}
    held = [
        {"role": custom, "scope": SUB},
        {"role": ["Microsoft.RecoveryServices/*"], "scope": GROUP, "principal": "oid-robot"},
        {"role": "Owner", "scope": GROUP, "principal": "oid-human"},
        {"role": "Owner", "scope": f"{GROUP}-2"},
    ]

    assert permissions(VAULT, assignments=held).body["value"] == [
        {
            "actions": ["*/read"],
            "notActions": ["Microsoft.Compute/*"],
            "dataActions": ["x/y/read"],
            "notDataActions": [],
        },
        {
            "actions": ["Microsoft.RecoveryServices/*"],
            "notActions": [],
            "dataActions": [],
            "notDataActions": [],
        },
    ]


@pytest.mark.parametrize(
    "scope",
    [
        pytest.param(SUB, id="a subscription"),
        pytest.param(GROUP.replace("resourceGroups", "resourcegroups"), id="a group"),
        pytest.param(VAULT, id="a resource"),
        pytest.param(f"{VAULT}/backupFabrics/Azure/protectionContainers/c;1", id="a resource below another"),
        pytest.param("/providers/Microsoft.Management/managementGroups/corp", id="a management group"),
    ],
)
def test_any_scope_can_be_asked_about(scope):
    assert permissions(scope).body["value"][0]["actions"] == ["*"]


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param({"forbidden": [GROUP]}, id="it is forbidden"),
        pytest.param({"assignments": [{"role": "Owner", "scope": f"{GROUP}-2"}]}, id="no role reaches it"),
    ],
)
def test_who_holds_nothing_there_is_refused(rules):
    status, code, message = error(permissions(VAULT, **rules))

    assert (status, code) == (403, "AuthorizationFailed")
    assert message.startswith(
        "The client 'oid-robot' with object id 'oid-robot' does not have authorization to perform action "
        f"'Microsoft.Authorization/permissions/read' over scope '{VAULT}'"
    )


def test_a_subscription_nobody_mentions_is_not_found():
    assert error(permissions("/subscriptions/bbbb")) == (
        404,
        "SubscriptionNotFound",
        "The subscription 'bbbb' could not be found.",
    )


def test_a_token_is_needed():
    answer = ask(world_of(vm("vm-1")), "GET", f"{SUB}/{LIST}", authorization="")

    assert error(answer)[:2] == (401, "AuthenticationFailed")
