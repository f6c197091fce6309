"""What a failure is, the classes of causes, and the codes that any workload may meet.

Microsoft publishes the codes and what to do about each; the class is our
reading of that advice. A cause that passes at first and needs a person when
it stays is "passing": the attempt budget bounds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

Cause = Literal["gone", "human", "unknown", "foreign", "self-heal", "limit", "wait", "passing"]

CAUSES: Final[dict[Cause, str]] = {
    "gone": "what was backed up no longer exists",
    "human": "it stays until a person changes something",
    "unknown": "nobody has judged it yet",
    "foreign": "it is not a failure to back up, but of a restore for instance",
    "self-heal": "the service tries again on its own",
    "limit": "a quota of the service is used up, not before tomorrow",
    "wait": "something else had to end first",
    "passing": "it usually passes, the service advises to try again",
}
"""What each class means, the one that leaves us least to do first.

Of several causes of one job the first in this order decides: a person's work
on a machine that is gone is wasted; a cause nobody has judged may be worse
than the known one beside it, but is no news when a person is needed anyway;
a retry is right only when every cause of the failure allows it.
"""


@dataclass(frozen=True)
class Failure:
    """One way a backup fails.

    `code` is Microsoft's name, or the number where no name was ever seen.
    `remedy` is one sentence for the person on call. `phrases` are sentences
    that Azure sends with it, or the part of one that does not vary; `links` the
    aka.ms pages named neither after the code nor `AB-` and the code; all lower case.
    `needs_full` says that a Full backup of the database is the cure. Where the
    service takes that Full itself the cause is "self-heal", but it does so after a
    scheduled backup only: a backup that was started by hand needs one by hand.
    """

    code: str
    cause: Cause
    remedy: str
    source: str
    numbers: tuple[int, ...] = ()
    phrases: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    needs_full: bool = False


def restores(source: str, sentences: Mapping[str, str]) -> tuple[Failure, ...]:
    """Failures that only a restore meets: code -> the sentence that comes with it, or nothing."""
    return tuple(
        Failure(code, "foreign", RESTORE, source, phrases=(said,) if said else ())
        for code, said in sentences.items()
    )


WIRE: Final = "observed on the wire"
PAGES: Final = "learn.microsoft.com/azure/backup/"
SELF_HELP: Final = "self-help article of the Azure portal"
RESTORE: Final = "nothing to do for the backup: this is about a restore, its job tells more"

_SQL = PAGES + "backup-sql-server-azure-troubleshoot"
_FILES = PAGES + "troubleshoot-azure-files"

# One row a group of lines: a formatter would spread each over seven.
# fmt: off
GENERAL_CODES: Final = (
    Failure("CloudInternalError", "passing",
        "nothing to do unless it repeats: then give the job's activity id to Microsoft support",
        SELF_HELP, numbers=(130001, 1073871825),
        phrases=("microsoft azure backup encountered an internal error",)),
    Failure("CloudTimeoutError", "passing",
        "nothing to do unless it repeats: then give the job's activity id to Microsoft support", SELF_HELP,
        phrases=("microsoft azure backup was unable to complete the operation in the allotted time",)),
    Failure("CloudStorageUnexpectedError", "passing",
        "nothing to do unless it repeats: then look for a storage incident of the region in Service Health",
        WIRE),
    Failure("InternalServerError", "passing",
        "nothing to do unless it repeats: then give the job's activity id to Microsoft support", WIRE,
        phrases=("encountered internal server error",)),
    Failure("RestApiInternalError", "passing",
        "nothing to do unless it repeats: then look for an incident of the region in Service Health", WIRE,
        phrases=("the rest api call encountered an internal error",)),
    Failure("GatewayTimeout", "passing",
        "look at the vault's running jobs before trying by hand: it may have been carried out",
        WIRE, phrases=("the gateway did not receive a response from",)),
    Failure("ServerTimeout", "passing",
        "look at the vault's running jobs before trying by hand: it may have been carried out",
        WIRE),
    Failure("ResourceRequestsThrottled", "passing",
        "find what else reads this subscription's vaults so often: some 150 job reads an hour are let in",
        WIRE, phrases=("number of requests for action",)),
    Failure("TooManyRequests", "passing",
        "find what else calls Azure with this identity so often", WIRE),
    Failure("FailedIdentityOperation", "passing",
        "nothing to do unless it repeats: then see that the vault's managed identity still exists", WIRE),
    Failure("InternalResourceIdentityError", "passing",
        "nothing to do unless it repeats: then see that the vault's managed identity still exists", WIRE,
        phrases=("a problem communicating with the identity service",)),
    Failure("SubscriptionRequestsThrottled", "passing",
        "find what else calls Azure Resource Manager in this subscription so often",
        "github.com/velero-io/velero/issues/9171"),

    Failure("CloudDosAbsoluteLimitReached", "limit",
        "wait 24 hours, and spread configuring and backing up over more days or vaults", _SQL,
        phrases=("you have reached the limit on number of operations permitted in 24 hours",)),
    Failure("CloudDosTimeboudLimitReached", "limit",
        "wait until tomorrow, and find what triggers it so often: three backups a day are advised",
        "github.com/Azure/azure-cli/issues/32441",
        phrases=("operation is blocked for some time as it has been attempted beyond a limit",
                 "since multiple attempts were made beyond an internal limit")),
    Failure("CloudDosAbsoluteLimitReachedWithRetry", "self-heal",
        "nothing to do: the service repeats the operation after 24 hours", _SQL,
        phrases=("as the vault has reached its maximum limit for such operations",)),

    Failure("BMSUserErrorObjectLocked", "wait",
        "wait for the other operation on this item to end, the vault's jobs show it", _FILES,
        phrases=("another operation is in progress on the selected item",)),

    Failure("BMSUserErrorInvalidInput", "human",
        "check the rule name and the retention tag of the trigger against the item's policy",
        "github.com/Azure/azure-cli-extensions/issues/7628",
        phrases=("input provided for the call is invalid", "input for the call is incorrect")),
    Failure("UserErrorInsufficientMSIPermissions", "human",
        "grant the vault's managed identity the role it lacks on the resource that the job names", WIRE,
        numbers=(400390,), phrases=("because msi has insufficient permissions on the resource",)),
    Failure("UserErrorGenericResourceNotFound", "human",
        "find which resource is missing, the VM, a disk, a key vault or a resource group, and restore it "
        "or stop protection", SELF_HELP, numbers=(400309,), phrases=("azure resource does not exist",)),
    Failure("UserErrorResourceIsInLockedState", "human",
        "remove the lock from the VM or from the resource group of its restore points", SELF_HELP,
        phrases=("backup failed due to a lock on virtual machine",)),
    Failure("UserErrorProtectionQuotaExceeded", "human",
        "protect the item in another vault: this one holds as many items as a vault may", SELF_HELP),

    Failure("LinkedAuthorizationFailed", "human",
        "grant whoever asked the role it lacks on the second resource that the message names", WIRE,
        phrases=("is not authorized to access linked subscription",
                 "does not have the required permissions to perform action(s)")),
    Failure("ResourceGroupNotFound", "human",
        "look whether the resource group that the message names is gone, or was asked for by a wrong name",
        WIRE),
    Failure("InvalidRestApiParameter", "human",
        "compare what was asked for with the parameter that the message names", WIRE),

    Failure("UserErrorResourceGroupNotFound", "gone",
        "stop protection, keeping or deleting the backup data: the resource group is gone", _FILES,
        numbers=(400141,), phrases=("resource group doesn't exist",)),

    Failure("ServiceResourceNotEmptyWithBackendMessage", "foreign",
        "nothing to do for the backup: somebody tried to delete a vault that still holds items", WIRE),
)
