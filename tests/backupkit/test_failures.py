"""What the error details of a backup mean."""

from __future__ import annotations

import itertools
import typing

import pytest
from backupkit.failures import CAUSES, NONE_GIVEN, TABLES, Cause, Failure, classify, find, known_codes
from hypothesis import given
from hypothesis import strategies as st

ROWS = known_codes()
GONE = {"errorCode": 400136, "errorTitle": "UserErrorVmNotFoundV2"}
HUMAN = {"errorCode": 400160, "errorTitle": ""}
UNKNOWN = {"errorCode": 999999, "errorTitle": ""}
FOREIGN = {"errorCode": 400003, "errorTitle": "RestoreOperationFailed"}
HEALS = {"code": "CloudDosAbsoluteLimitReachedWithRetry"}
LIMIT = {"code": "CloudDosAbsoluteLimitReached"}
WAIT = {"errorCode": 400001, "errorTitle": ""}
PASSING = {"errorCode": 400002, "errorTitle": "BackUpOperationFailed"}


def said(details: object) -> tuple[str, str]:
    failure = classify(details)
    return failure.code, failure.cause


# -- The shapes that the vaults send -------------------------------------------


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        pytest.param(
            [
                {
                    "errorCode": 400136,
                    "errorTitle": "UserErrorVmNotFoundV2",
                    "errorString": "Virtual machine doesn't exist.",
                    "recommendations": ["For more details, see http://aka.ms/UserErrorVmNotFoundV2"],
                }
            ],
            ("UserErrorVmNotFoundV2", "gone"),
            id="a VM job whose machine was deleted",
        ),
        pytest.param(
            [
                {
                    "errorCode": 320001,
                    "errorTitle": "ResourceNotFound",
                    "errorString": "Could not perform the operation as VM no longer exists.",
                    "recommendations": ["Stop protecting virtual machine without deleting backup data."],
                }
            ],
            ("ResourceNotFound", "gone"),
            id="a VM job that completed with a warning that the machine is gone",
        ),
        pytest.param(
            [
                {
                    "errorCode": 400309,
                    "errorTitle": "UserErrorGenericResourceNotFound",
                    "errorString": "Azure resource does not exist.",
                    "recommendations": ["Please make sure required resources exist."],
                }
            ],
            ("UserErrorGenericResourceNotFound", "human"),
            id="a VM job that lacked some resource, not said which",
        ),
        pytest.param(
            [
                {
                    "errorCode": 400001,
                    "errorTitle": "",
                    "errorString": "Command execution failed.",
                    "recommendations": ["Another operation is currently in progress on this item."],
                }
            ],
            ("400001", "wait"),
            id="a VM job that met another operation, without a title",
        ),
        pytest.param(
            [{"errorCode": 400002, "errorTitle": "", "errorString": "Backup failed with an internal error."}],
            ("BackUpOperationFailed", "passing"),
            id="a VM job with an internal error, without a title",
        ),
        pytest.param(
            [{"errorCode": 400160, "errorString": "VM is in failed provisioning state."}],
            ("UserErrorVmProvisioningStateFailed", "human"),
            id="a VM job whose machine is in failed provisioning state",
        ),
        pytest.param(
            [{"errorCode": 400158, "errorTitle": ""}],
            ("400158", "unknown"),
            id="a number that was seen and never explained",
        ),
        pytest.param(
            [{"errorCode": 400141, "errorString": "Resource group doesn't exist.", "recommendations": None}],
            ("UserErrorResourceGroupNotFound", "gone"),
            id="an Azure Files job, which has no title",
        ),
        pytest.param(
            [
                {
                    "code": "InternalServerError",
                    "message": "Internal Server Error",
                    "recommendedAction": ["Refer https://aka.ms/AzureBackupTroubleshootFailures"],
                    "isRetryable": True,
                    "innerError": None,
                }
            ],
            ("InternalServerError", "passing"),
            id="a job of a Backup vault",
        ),
        pytest.param(
            {
                "code": "CloudInternalError",
                "message": "Microsoft Azure Backup encountered an internal error.",
                "recommendations": ["Wait for a few minutes and then try the operation again."],
            },
            ("CloudInternalError", "passing"),
            id="the last error of a database item",
        ),
        pytest.param(
            {"code": "OperationCancelledBecauseConflictingOperationRunningUserError"},
            ("OperationCancelledBecauseConflictingOperationRunningUserError", "wait"),
            id="the last error of a database whose backups met each other",
        ),
        pytest.param(
            [
                {
                    "code": 400206,
                    "title": "ExtensionSnapshotFailedNoNetwork",
                    "message": "",
                    "recommendations": [],
                }
            ],
            ("ExtensionSnapshotFailedNoNetwork", "passing"),
            id="the health details of an item",
        ),
        pytest.param(
            {"code": "CloudDosTimeboudLimitReached", "message": "The operation is blocked."},
            ("CloudDosTimeboudLimitReached", "limit"),
            id="a trigger refused for the day",
        ),
        pytest.param(
            [{"errorCode": 520512, "errorTitle": "UserErrorIncompatibleSrcTargetSystemsForRestore"}],
            ("UserErrorIncompatibleSrcTargetSystemsForRestore", "foreign"),
            id="a restore",
        ),
        pytest.param(
            [
                {
                    "errorCode": 520512,
                    "errorTitle": "UserErrorIncompatibleSrcTargetSystemsForRestore",
                    "errorString": "The source and target systems for restore are incompatible.",
                    "recommendations": ["\r\n    Case 1: SYSTEMDB cannot be renamed during restore.\r\n"],
                    "additionalDetails": "Src and target are containers of different kinds",
                }
            ],
            ("UserErrorIncompatibleSrcTargetSystemsForRestore", "foreign"),
            id="a database job, with additional details",
        ),
        pytest.param(
            [
                {
                    "errorCode": 530999,
                    "errorTitle": "",
                    "errorString": "Log chain is broken.",
                    "recommendations": [],
                }
            ],
            ("UserErrorSQLLSNValidationFailure", "self-heal"),
            id="a database job without a title",
        ),
        pytest.param(
            [
                {
                    "errorCode": 530999,
                    "errorTitle": "",
                    "errorString": "The operation failed.",
                    "additionalDetails": "Cannot take backup as transaction log for the datasource is full.",
                }
            ],
            ("UserErrorBackupFailedAsTransactionLogIsFull", "human"),
            id="a database job of which the additional details alone tell",
        ),
        pytest.param(
            [
                {
                    "errorCode": 1073871825,
                    "errorString": "Microsoft Azure Backup encountered an internal error.",
                    "recommendations": ["Wait for a few minutes and then try the operation again."],
                }
            ],
            ("CloudInternalError", "passing"),
            id="an Azure Files job with an internal error",
        ),
        pytest.param(
            {
                "code": "UserErrorSQLNoSysadminMembership",
                "message": "The account needs SQL sysadmin privilege.",
            },
            ("UserErrorSQLNoSysadminMembership", "human"),
            id="what discovering databases met",
        ),
        pytest.param(
            {
                "code": "UserErrorHANASystemDBNotRunning",
                "message": "SYSTEMDB for the SAP HANA instance is not in running state.",
                "recommendations": [
                    "Please start the SAP HANA system by running 'HDB start' as the sidadm user."
                ],
            },
            ("UserErrorHANASystemDBNotRunning", "human"),
            id="what discovering SAP HANA met",
        ),
        pytest.param(
            {
                "code": "UserErrorNoSQlInstancesOnMachine",
                "message": "No SQL instances found on this machine.",
            },
            ("UserErrorNoSQlInstancesOnMachine", "human"),
            id="what discovering met on a machine without SQL Server",
        ),
        pytest.param(
            {
                "code": "OperationCancelledBecauseConflictingOperationRunningUserError",
                "message": "Operation cancelled as a conflicting operation was already running "
                "on the same database.",
                "recommendations": ["Please try again after some time."],
            },
            ("OperationCancelledBecauseConflictingOperationRunningUserError", "wait"),
            id="the last error of a database, with its words",
        ),
        pytest.param(
            [{"code": 530010, "title": "WorkloadExtensionNotReachable", "message": "It failed."}],
            ("WorkloadExtensionNotReachable", "human"),
            id="the health of a database",
        ),
        pytest.param(
            {
                "message": "First full backup is missing for this datasource.",
                "recommendedActions": "In case of a scheduled backup, ignore this error. "
                "See https://aka.ms/AB-usererrorparentfullbackupmissing",
            },
            ("UserErrorParentFullBackupMissing", "self-heal"),
            id="an alert, which has no code",
        ),
        pytest.param(
            {
                "status": "Failed",
                "error": {
                    "code": "UserErrorMissingRequiredPermissions",
                    "message": "Appropriate permissions to perform the operation is missing.",
                    "additionalInfo": [
                        {
                            "type": "UserFacingError",
                            "info": {
                                "code": "UserErrorMissingRequiredPermissions",
                                "innerError": {"code": "UserErrorMissingRequiredPermissions"},
                                "isRetryable": False,
                            },
                        }
                    ],
                },
            },
            ("UserErrorMissingRequiredPermissions", "human"),
            id="an operation of a Backup vault that failed",
        ),
        pytest.param(
            {
                "error": {
                    "code": "UserErrorDppDatasourceAlreadyHasBackupInstance",
                    "message": "Datasource is already associated with the backup instance disk-01.",
                    "details": None,
                    "target": None,
                }
            },
            ("UserErrorDppDatasourceAlreadyHasBackupInstance", "foreign"),
            id="a refusal to protect what is protected",
        ),
        pytest.param(
            {
                "error": {
                    "code": "UserErrorInvalidRestorableTimeRange",
                    "message": "The given time is invalid",
                }
            },
            ("UserErrorInvalidRestorableTimeRange", "foreign"),
            id="a refusal to list restore points",
        ),
        pytest.param(
            {
                "error": {
                    "code": "UserErrorDisableSoftDeleteNotAllowed",
                    "message": "Cannot disable soft delete",
                }
            },
            ("UserErrorDisableSoftDeleteNotAllowed", "foreign"),
            id="a refusal to turn soft delete off",
        ),
        pytest.param(
            {"error": {"code": "UserIdentityCreateUpdateOperationFailed", "message": "It failed."}},
            ("UserIdentityCreateUpdateOperationFailed", "foreign"),
            id="an operation on the identity of a vault that failed",
        ),
        pytest.param(
            {
                "ErrorCode": "UserErrorGenericResourceNotFound",
                "Message": {"Language": "en-US", "Value": "Azure resource does not exist."},
                "Values": [],
            },
            ("UserErrorGenericResourceNotFound", "human"),
            id="a refusal of the backup service itself",
        ),
        pytest.param(
            {"error": {"code": "LinkedAuthorizationFailed", "message": "The client has permission, however"}},
            ("LinkedAuthorizationFailed", "human"),
            id="a refusal for want of a right on a second resource",
        ),
        pytest.param(
            {
                "error": {
                    "code": "ResourceGroupNotFound",
                    "message": "Resource group 'rg' could not be found.",
                }
            },
            ("ResourceGroupNotFound", "human"),
            id="a vault that was asked for in a resource group that is none",
        ),
        pytest.param(
            {"error": {"code": "InvalidRestApiParameter", "message": "properties parameter is invalid."}},
            ("InvalidRestApiParameter", "human"),
            id="a refusal of a parameter",
        ),
        pytest.param(
            {"error": {"code": "ServiceResourceNotEmptyWithBackendMessage", "message": "It holds items."}},
            ("ServiceResourceNotEmptyWithBackendMessage", "foreign"),
            id="a refusal to delete a vault",
        ),
        pytest.param(
            {"error": {"code": "ResourceRequestsThrottled", "message": "Number of requests for action"}},
            ("ResourceRequestsThrottled", "passing"),
            id="a throttled reading of jobs",
        ),
        pytest.param(
            {"error": {"code": "FailedIdentityOperation", "message": "Status: '429'."}},
            ("FailedIdentityOperation", "passing"),
            id="a throttled operation on an identity",
        ),
        pytest.param(
            {"error": {"code": "InternalResourceIdentityError", "message": "There was a problem."}},
            ("InternalResourceIdentityError", "passing"),
            id="an identity service that did not answer",
        ),
        pytest.param(
            {"error": {"code": "TooManyRequests", "message": "Too many requests."}},
            ("TooManyRequests", "passing"),
            id="a throttled request without more",
        ),
        pytest.param(
            {"error": {"code": "CloudStorageUnexpectedError", "message": ""}},
            ("CloudStorageUnexpectedError", "passing"),
            id="a job that could not be read",
        ),
        pytest.param(
            {"error": {"code": "RestApiInternalError", "message": "The REST API call encountered an error."}},
            ("RestApiInternalError", "passing"),
            id="an internal error of a vault",
        ),
        pytest.param(
            {"error": {"code": "ServerTimeout", "message": "The request timed out."}},
            ("ServerTimeout", "passing"),
            id="a request that timed out",
        ),
        pytest.param(
            {"error": {"code": "GatewayTimeout", "message": "The gateway did not receive a response."}},
            ("GatewayTimeout", "passing"),
            id="a provider that did not answer",
        ),
    ],
)
def test_every_shape_the_service_sends_is_read(details, expected):
    assert said(details) == expected


def test_what_the_documents_tell_of_a_machine_is_not_told_of_a_vault_asked_for_in_vain():
    """Resource Manager and the vaults share a name; only a machine that is gone may end its protection."""
    machine = {
        "code": "ResourceNotFound",
        "message": "Could not perform the operation as VM no longer exists.",
    }
    vault = {
        "code": "ResourceNotFound",
        "message": "The Resource 'Microsoft.RecoveryServices/vaults/rsv' under resource group 'rg' "
        "was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix",
    }

    assert said({"error": machine}) == ("ResourceNotFound", "gone")
    assert said({"error": vault}) == ("ResourceNotFound", "human")
    assert "may be the vault itself" in classify({"error": vault}).remedy


# -- What a detail encloses ----------------------------------------------------


def enclosing(code: str | None, inner: object, **more: object) -> dict[str, object]:
    """A detail of a Backup vault's job."""
    outer = {"code": code, "message": "It failed.", "recommendedAction": []}
    return {**outer, "details": inner, "innerError": None, "isRetryable": False, **more}


KNOWN_TO_PASS = {"code": "InternalServerError", "message": "Internal Server Error", "isRetryable": True}


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        pytest.param(
            enclosing("InternalServerError", [enclosing("InternalServerError", [KNOWN_TO_PASS])]),
            ("InternalServerError", "passing"),
            id="the same code three times",
        ),
        pytest.param(
            enclosing("InternalServerError", [{"code": "UserErrorManagedDiskNotFound"}]),
            ("InternalServerError", "passing"),
            id="a known code round another: the outer one",
        ),
        pytest.param(
            enclosing("UserErrorBrandNew", [{"code": "UserErrorManagedDiskNotFound"}]),
            ("UserErrorManagedDiskNotFound", "gone"),
            id="an unknown code round one that says that the source is gone: the inner one",
        ),
        pytest.param(
            enclosing("UserErrorBrandNew", None, innerError={"code": "UserErrorSnapshotRGNotFound"}),
            ("UserErrorSnapshotRGNotFound", "human"),
            id="an unknown code round one that needs a person: the inner one",
        ),
        pytest.param(
            enclosing("UserErrorBrandNew", [KNOWN_TO_PASS]),
            ("UserErrorBrandNew", "unknown"),
            id="an unknown code round one that passes: the outer one, nobody has judged it",
        ),
        pytest.param(
            enclosing("PostgreSQLFlexServerError", [{"code": "UserErrorMSIMissingPermissions"}]),
            ("UserErrorMSIMissingPermissions", "human"),
            id="a code that is in the tables without a cause, round one that needs a person",
        ),
        pytest.param(
            enclosing(
                "UserErrorBrandNew",
                None,
                innerError={"code": "Wrapped", "embeddedInnerError": {"code": "UserErrorDBNotFound"}},
            ),
            ("UserErrorDBNotFound", "gone"),
            id="an inner error within an inner error",
        ),
        pytest.param(
            {"code": "Conflict", "additionalInfo": [{"info": {"code": "UserErrorSnapshotRGNotFound"}}]},
            ("UserErrorSnapshotRGNotFound", "human"),
            id="the error for people within an error of Resource Manager",
        ),
        pytest.param(
            enclosing(None, [KNOWN_TO_PASS]),
            ("InternalServerError", "passing"),
            id="no outer code: the inner one alone",
        ),
        pytest.param(
            enclosing("UserErrorBrandNew", [{"code": "AlsoNew"}]),
            ("UserErrorBrandNew", "unknown"),
            id="two unknown codes: the outer one",
        ),
        pytest.param(
            {"code": "Success", "details": [{"code": "UserErrorManagedDiskNotFound"}]},
            (NONE_GIVEN, "unknown"),
            id="a success says nothing, whatever it encloses",
        ),
    ],
)
def test_what_a_detail_encloses_is_heard_where_its_own_code_is_unknown(detail, expected):
    assert said([detail]) == expected


def test_an_unknown_code_is_told_with_what_it_encloses_and_what_the_service_says_of_it():
    """The service calls failures retryable that are not, and the other way round: it decides nothing."""
    failure = classify([enclosing("UserErrorBrandNew", [KNOWN_TO_PASS], isRetryable=True)])

    assert failure.remedy == (
        "look UserErrorBrandNew up in Microsoft's troubleshooting pages, "
        "then add it with retry_codes= or never_codes=; "
        "it encloses InternalServerError and the service calls it retryable"
    )


def test_retryable_changes_nothing_about_a_known_code():
    assert classify({**HUMAN, "isRetryable": True}) == classify(HUMAN)


def test_details_without_end_are_read_to_some_depth():
    detail: dict[str, object] = {"code": "UserErrorManagedDiskNotFound"}
    for _ in range(100_000):
        detail = enclosing("UserErrorBrandNew", [detail])

    assert said([detail]) == ("UserErrorBrandNew", "unknown")


# -- Which evidence counts -----------------------------------------------------


@pytest.mark.parametrize(
    ("detail", "expected"),
    [
        pytest.param({"errorCode": "400136"}, "UserErrorVmNotFoundV2", id="a number written as text"),
        pytest.param({"errorCode": 400136.0}, "UserErrorVmNotFoundV2", id="a number written with a fraction"),
        pytest.param({"code": "400136"}, "UserErrorVmNotFoundV2", id="a number in the name's place"),
        pytest.param({"code": " usererrorVMNOTfoundv2 "}, "UserErrorVmNotFoundV2", id="a name in odd casing"),
        pytest.param(
            {"errorCode": 400002, "errorTitle": "UserErrorVmNotFoundV2"},
            "UserErrorVmNotFoundV2",
            id="a name against a number of something else: the name",
        ),
        pytest.param(
            {"errorCode": 400136, "errorTitle": "UserErrorVmNotFoundV9"},
            "UserErrorVmNotFoundV2",
            id="a name nobody knows beside a number that is known: the number",
        ),
        pytest.param(
            {
                "errorCode": 999999,
                "recommendations": ["See https://aka.ms/AB-usererrorvmnotindesirablestate."],
            },
            "UserErrorVmNotInDesirableState",
            id="no name, a number nobody knows: the AB- link",
        ),
        pytest.param(
            {"recommendedAction": ["See https://aka.ms/AB-AzureVM or http://aka.ms/UserErrorVmNotFoundV2"]},
            "UserErrorVmNotFoundV2",
            id="the link that says something, after one that says nothing",
        ),
        pytest.param(
            {"recommendedActions": "More: https://aka.ms/guestagent-status-unavailable"},
            "UserErrorGuestAgentStatusUnavailable",
            id="a link to a page that is not named after its code",
        ),
        pytest.param(
            {"errorCode": 999999, "errorString": "Snapshot  operation failed due to COM+ error\r\n"},
            "ExtensionSnapshotFailedCOM",
            id="no name, a number nobody knows: the sentence",
        ),
        pytest.param(
            {"errorTitle": "VM is not in a state that allows backups."},
            "UserErrorVmNotInDesirableState",
            id="a title that is a sentence",
        ),
        pytest.param(
            {"message": "Virtual machine doesn\u2019t exist."},
            "UserErrorVmNotFoundV2",
            id="a sentence with a curly apostrophe",
        ),
        pytest.param(
            {"message": "Backup log chain is broken."},
            "UserErrorHANALSNValidationFailure",
            id="of two sentences that fit, the one that says more",
        ),
        pytest.param(
            {
                "message": "Log chain is broken. "
                "Log chain is broken, as another backup product is taking backups."
            },
            "UserErrorOtherBackupProductCausingSQLLSNValidationFailure",
            id="of two sentences, the worse cause",
        ),
        pytest.param(
            {
                "message": "Backup failed with an internal error.",
                "recommendations": ["Another operation is currently in progress on this item."],
            },
            "BackUpOperationFailed",
            id="the message before the advice",
        ),
    ],
)
def test_a_failure_is_recognised_by(detail, expected):
    assert classify([detail]).code == expected


@pytest.mark.parametrize(
    ("detail", "code"),
    [
        pytest.param({"errorCode": 999999}, "999999", id="a new number"),
        pytest.param({"code": "UserErrorBrandNew"}, "UserErrorBrandNew", id="a new name"),
        pytest.param(
            {"errorTitle": "UserErrorBrandNew", "errorString": "Backup failed with an internal error."},
            "UserErrorBrandNew",
            id="a new name, whatever its message says",
        ),
        pytest.param({"code": "VmNotFoundV2"}, "VmNotFoundV2", id="a known name without its prefix"),
        pytest.param({"code": "InProgress"}, "InProgress", id="a part of known names"),
        pytest.param({"errorString": "Backup failed."}, NONE_GIVEN, id="a message too short to tell"),
    ],
)
def test_a_cause_nobody_has_judged_is(detail, code):
    assert said([detail]) == (code, "unknown")


def test_an_unknown_cause_says_how_to_make_it_known():
    """The number is kept beside the name, so that either can be named in a parameter."""
    failure = classify([{"errorCode": 999999, "errorTitle": "UserErrorBrandNew"}])

    assert failure.numbers == (999999,)
    assert failure.remedy == (
        "look UserErrorBrandNew up in Microsoft's troubleshooting pages, "
        "then add it with retry_codes= or never_codes="
    )


@pytest.mark.parametrize(
    "details",
    [
        pytest.param(None, id="null"),
        pytest.param([], id="an empty list"),
        pytest.param([{}], id="an empty detail"),
        pytest.param([None, 7, "text", []], id="details that are no objects"),
        pytest.param("400136", id="text"),
        pytest.param({"code": "Success", "message": "", "recommendations": [""]}, id="a success"),
        pytest.param([{"code": 0, "title": "Success", "message": ""}], id="a success by number"),
        pytest.param([{"errorCode": 0, "errorString": ""}], id="zero"),
        pytest.param(
            [{"code": 400239, "title": "IaasVmHealthGreenDefault", "message": "Backup pre-check is OK."}],
            id="the health of a sound item",
        ),
        pytest.param([{"errorCode": True, "errorTitle": 7, "recommendations": {"a": 1}}], id="wrong types"),
        pytest.param([{"errorCode": float("nan")}, {"errorCode": float("inf")}], id="no number at all"),
        pytest.param([{"errorCode": 10**5000}], id="a number beyond all bounds"),
        pytest.param([{"code": "\u00b2"}], id="a digit that is none"),
    ],
)
def test_nothing_given_is_an_unknown_cause(details):
    failure = classify(details)

    assert (failure.code, failure.cause) == ("none given", "unknown")
    assert failure.remedy == (
        "open the job in the vault and read its message: the failure came without a code"
    )


# -- Several causes of one job -------------------------------------------------


WORST_FIRST = [GONE, HUMAN, UNKNOWN, FOREIGN, HEALS, LIMIT, WAIT, PASSING]


def test_the_classes_stand_in_the_order_in_which_they_decide():
    assert [classify([detail]).cause for detail in WORST_FIRST] == list(CAUSES)


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        pytest.param(worse, better, id=f"{classify(worse).cause} before {classify(better).cause}")
        for worse, better in itertools.combinations(WORST_FIRST, 2)
    ],
)
def test_of_two_causes_one_decides_wherever_it_stands(worse, better):
    assert classify([worse, better]) == classify([better, worse]) == classify([worse])


def test_of_two_causes_of_one_class_the_first_speaks():
    assert classify([{"errorCode": 400052}, PASSING]).code == "DiffCopyFailedToTransferData"


def test_a_detail_that_says_nothing_does_not_hide_the_one_beside_it():
    assert classify([{"code": "Success"}, {}, None, PASSING]).code == "BackUpOperationFailed"


# -- One code ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param(400196, "UserErrorGuestAgentStatusUnavailable", id="a number"),
        pytest.param("400196", "UserErrorGuestAgentStatusUnavailable", id="a number as text"),
        pytest.param(
            "clouddosabsolutelimitreached", "CloudDosAbsoluteLimitReached", id="a name in any casing"
        ),
        pytest.param("400001", "400001", id="a number that has no name"),
        pytest.param(
            "BCMV2VMNotFound", "BCMV2VMNotFound", id="an old name of the same thing is a code of its own"
        ),
    ],
)
def test_a_code_is_looked_up_by(code, expected):
    failure = find(code)

    assert failure is not None
    assert failure.code == expected


@pytest.mark.parametrize("code", [0, 7, True, "", "Success", "nonsense", "agent", "400 136"])
def test_a_code_that_is_not_in_the_tables_is_not_found(code):
    assert find(code) is None


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (130001, "CloudInternalError"),
        (1073871825, "CloudInternalError"),
        (530010, "WorkloadExtensionNotReachable"),
        (320001, "ResourceNotFound"),
        (380008, "AzureVmOffline"),
        (380016, "UserErrorGuestAgentVersionUnsupported"),
        (400001, "400001"),
        (400002, "BackUpOperationFailed"),
        (400039, "GuestAgentSnapshotTaskStatusError"),
        (400052, "DiffCopyFailedToTransferData"),
        (400094, "BCMV2VMNotFound"),
        (400136, "UserErrorVmNotFoundV2"),
        (400158, "400158"),
        (400160, "UserErrorVmProvisioningStateFailed"),
        (400175, "UserErrorVmVaultLocationMismatch"),
        (400198, "UserErrorKeyVaultPermissionsNotConfigured"),
        (400288, "UserErrorRpCollectionDeleted"),
        (400309, "UserErrorGenericResourceNotFound"),
        (400349, "UserErrorCrpReportedUserError"),
        (400390, "UserErrorInsufficientMSIPermissions"),
    ],
)
def test_the_number_belongs_to_the_name(number, code):
    failure = find(number)

    assert failure is not None
    assert failure.code == code


# -- The tables ----------------------------------------------------------------


def test_every_class_is_explained():
    assert tuple(CAUSES) == typing.get_args(Cause)
    assert all(CAUSES.values())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.code)
def test_a_row_tells_what_to_do_and_where_that_is_from(row):
    assert row.cause in CAUSES
    assert row.remedy.isascii()
    assert row.remedy[0].islower()
    assert len(row.remedy.split()) >= 5
    assert not row.remedy.endswith((".", " "))
    assert "\n" not in row.remedy
    assert row.source


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.code)
def test_a_row_is_found_by_each_of_its_marks(row):
    named = [] if row.code.isdigit() else [{"errorTitle": row.code}, {"code": row.code.upper()}]
    marks = [
        *named,
        {"recommendations": [f"see https://aka.ms/AB-{row.code.lower()}"]},
        *({"errorCode": number, "errorTitle": ""} for number in row.numbers),
        *({"recommendedAction": [f"see https://aka.ms/{link}."]} for link in row.links),
        *({"errorCode": 999999, "errorString": f"It says: {phrase.upper()}."} for phrase in row.phrases),
    ]
    assert {classify([mark]) for mark in marks} == {row}


def test_every_row_stands_in_one_table():
    assert sorted(row.code for rows in TABLES.values() for row in rows) == sorted(row.code for row in ROWS)


@pytest.mark.parametrize("row", [row for row in ROWS if row.needs_full], ids=lambda row: row.code)
def test_what_a_full_backup_cures_is_healed_by_the_service_or_by_a_person_who_takes_one(row):
    assert row.cause in ("self-heal", "human")
    assert "Full" in row.remedy


@pytest.mark.parametrize(
    "code",
    [
        "UserErrorParentFullBackupMissing",
        "UserErrorSQLLSNValidationFailure",
        "UserErrorHANALSNValidationFailure",
        "UserErrorASELSNValidationFailure",
        "FullBackupNotPerformed",
    ],
)
def test_a_broken_or_missing_chain_is_cured_by_a_full_backup(code):
    failure = find(code)

    assert failure is not None
    assert (failure.cause, failure.needs_full) == ("self-heal", True)


@pytest.mark.parametrize("code", ["UserErrorBackupOperationInProgress", "CloudDosAbsoluteLimitReached"])
def test_what_passes_or_waits_is_cured_by_any_backup(code):
    failure = find(code)

    assert failure is not None
    assert failure.needs_full is False


def test_a_wait_that_microsoft_names_stands_in_the_remedy():
    failure = find("UserErrorBackupStorageLocationNotReady")

    assert failure is not None
    assert "wait an hour" in failure.remedy


def test_no_two_rows_claim_the_same_mark():
    marks = [
        mark.casefold()
        for row in ROWS
        for mark in (row.code, *(f"#{number}" for number in row.numbers), *row.phrases, *row.links)
    ]
    assert sorted({mark for mark in marks if marks.count(mark) > 1}) == []


def test_no_phrase_holds_another_rows_phrase():
    phrases = [(phrase, row.code) for row in ROWS for phrase in row.phrases]
    assert [
        (short, long)
        for (short, one), (long, other) in itertools.permutations(phrases, 2)
        if one != other and short in long
    ] == []


@pytest.mark.parametrize("phrase", [phrase for row in ROWS for phrase in row.phrases])
def test_a_phrase_is_a_sentence_not_a_word(phrase):
    assert phrase == " ".join(phrase.lower().split())
    assert len(phrase.split()) >= 4 or "doesn't exist" in phrase


def test_the_list_of_codes_is_sorted_by_class_and_code():
    order = list(CAUSES)
    keys = [(order.index(row.cause), row.code.casefold()) for row in ROWS]
    assert keys == sorted(keys)


# -- Whatever comes ------------------------------------------------------------


KEYS = ["errorCode", "errorTitle", "errorString", "recommendations", "code", "title", "message"]
KEYS += ["recommendedAction", "recommendedActions", "details", "innerError", "embeddedInnerError"]
KEYS += ["error", "additionalInfo", "info", "additionalDetails", "ErrorCode", "isRetryable"]
TEXTS = st.text() | st.sampled_from([mark for row in ROWS for mark in (row.code, *row.phrases)])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=20,
)


@given(VALUES)
def test_whatever_comes_is_a_failure_with_a_cause_and_a_remedy(details):
    failure = classify(details)

    assert isinstance(failure, Failure)
    assert failure.cause in CAUSES
    assert failure.code
    assert failure.remedy
    assert failure.code.isascii()
    assert failure.code.isprintable()


@given(SCALARS)
def test_looking_up_whatever_comes_never_raises(code):
    assert find(code) in [None, *ROWS]


@given(st.lists(st.sampled_from(WORST_FIRST), min_size=1))
def test_more_causes_never_make_a_failure_look_better(details):
    order = list(CAUSES)

    assert order.index(classify(details).cause) == min(
        order.index(classify(detail).cause) for detail in details
    )
