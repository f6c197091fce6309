"""Whether this identity may do what a run would."""

import pytest
from backupkit.checking import allowed
from backupkit.errors import ArmError
from backupkit.starts import right_to_start

from tests.backupkit.fakes import Azure, refused, reply

VAULT = "/subscriptions/a/resourcegroups/rg/providers/microsoft.recoveryservices/vaults/rsv-1"
BACKUP_OPERATOR = {
    "actions": [
        "Microsoft.RecoveryServices/Vaults/backupFabrics/protectionContainers/protectedItems/backup/action",
        "Microsoft.RecoveryServices/Vaults/backupJobs/*",
    ],
    "notActions": [],
}
READER = {"actions": ["*/read"], "notActions": []}
OWNER = {"actions": ["*"], "notActions": []}
NO_BACKUP = {"actions": ["*"], "notActions": ["microsoft.recoveryservices/*/action"]}


def may(*permissions):
    return allowed(Azure(reply({"value": list(permissions)})).arm(), VAULT, right_to_start(VAULT))


@pytest.mark.parametrize(
    ("permissions", "expected"),
    [
        pytest.param([], False, id="nobody"),
        pytest.param([READER], False, id="a reader"),
        pytest.param([OWNER], True, id="an owner"),
        pytest.param([BACKUP_OPERATOR], True, id="a backup operator, in whatever casing"),
        pytest.param([NO_BACKUP], False, id="one from whom it is taken"),
        pytest.param(
            [NO_BACKUP, BACKUP_OPERATOR], True, id="one from whom one role takes it, another gives it"
        ),
        pytest.param([READER, BACKUP_OPERATOR], True, id="one who has it by a second role"),
        pytest.param([{"actions": None}], False, id="a role without actions"),
        pytest.param([{"dataActions": ["*"]}], False, id="a role for data alone"),
        pytest.param([{"actions": ["Microsoft.RecoveryServices/vaults/*/backup"]}], False, id="one near it"),
    ],
)
def test_a_backup_may_be_started_by(permissions, expected):
    assert may(*permissions) is expected


def test_permissions_are_read_at_the_scope_and_to_the_last_page():
    azure = Azure(reply({"value": [READER], "nextLink": "/next"}), reply({"value": [OWNER]}))

    assert allowed(azure.arm(), VAULT, right_to_start(VAULT))
    assert azure.sent[0].path == f"{VAULT}/providers/Microsoft.Authorization/permissions"
    assert len(azure.sent) == 2


def test_permissions_that_cannot_be_read_are_neither_yes_nor_no():
    with pytest.raises(ArmError, match=f"read permissions at {VAULT}: Azure answered 403"):
        allowed(Azure(refused(403, "AuthorizationFailed", "no")).arm(), VAULT, right_to_start(VAULT))
