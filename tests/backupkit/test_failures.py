"""What the error details of a backup mean."""

from __future__ import annotations

import itertools
import typing

import pytest
from backupkit.failures import CAUSES, NONE_GIVEN, Cause, Failure, classify, find, known_codes
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
    ],
)
def test_every_shape_the_service_sends_is_read(details, expected):
    assert said(details) == expected


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
KEYS += ["recommendedAction", "recommendedActions", "details"]
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
