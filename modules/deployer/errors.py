"""What can go wrong with a deployment and be explained."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from azure.core.exceptions import (
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from backupkit.errors import BackupkitError


class DeployError(BackupkitError):
    """A deployment that cannot go on, and why."""


class ManifestError(DeployError):
    """`schedules.json` cannot be used; every fault is named, nothing was sent."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


class AzureRefusedError(DeployError):
    """Azure said no; `status` and `code` are its own."""

    def __init__(self, operation: str, status: int, code: str, message: str) -> None:
        advice = _ADVICE.get(status, "")
        said = " ".join(message.split()).rstrip(".")
        super().__init__(scrubbed(f"{operation}: Azure answered {status} {code}: {said}{advice}"))
        self.status = status
        self.code = code


_ADVICE = {
    401: "; sign in again (az login)",
    403: (
        "; who deploys needs Automation Contributor on the account, Monitoring Contributor where alerts are "
        "wired, and Storage Blob Data Contributor on the staging container"
    ),
}


@contextmanager
def azure(operation: str) -> Iterator[None]:
    """Say what was being done where Azure refuses it.

    Raises:
        AzureRefusedError: it answered, with a refusal.
        DeployError: there is no identity, or no answer.
    """
    try:
        yield
    except ClientAuthenticationError as error:
        if error.response is not None:
            raise _refused(operation, error) from None
        told = str(error).strip().splitlines()[0].rstrip(".")
        raise DeployError(f"{operation}: no identity to do it with: {told}; sign in (az login)") from None
    except HttpResponseError as error:
        raise _refused(operation, error) from None
    except (ServiceRequestError, ServiceResponseError) as error:
        raise DeployError(f"{operation}: no answer from Azure: {scrubbed(str(error))}") from None


def _refused(operation: str, error: HttpResponseError) -> DeployError:
    """The SDK's own text of an error repeats the code and appends the body, which may hold what we sent."""
    if isinstance(error, DecodeError):
        return DeployError(f"{operation}: Azure answered with what is no JSON; plan again")
    if (error.status_code or 0) < 300:
        told = f"{operation}: Azure answered {error.status_code}, which says nothing of it; plan again"
        return DeployError(told)
    detail = error.error
    code = (detail.code if detail else None) or "without a code"
    message = (detail.message if detail else None) or (error.reason or "no message")
    return AzureRefusedError(operation, error.status_code or 0, code, message)


def scrubbed(text: str) -> str:
    """Without what may follow a URL's path: a webhook's token and a storage signature are both queries."""
    return re.sub(r"(https?://[^\s'\"?]+)\?[^\s'\"]*", r"\1?...", text)


class PlanError(DeployError):
    """What is wanted cannot be had in this account; every reason is named, nothing was sent."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)
