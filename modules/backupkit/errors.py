"""What can go wrong and be explained."""

from __future__ import annotations

from collections.abc import Sequence


class BackupkitError(Exception):
    """A failure we expected and can explain to the person on call."""


class ParameterError(BackupkitError):
    """Parameters that cannot be used; every fault is named, nothing was sent."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


class IdentityError(BackupkitError):
    """No token could be had."""


class ArmError(BackupkitError):
    """Azure Resource Manager refused a request, or did not answer it usefully.

    `status` is 0 when no answer came at all.
    """

    def __init__(self, operation: str, status: int, code: str, detail: str) -> None:
        answered = f"Azure answered {status} {code}" if status else f"no answer from Azure ({code})"
        super().__init__(f"{operation}: {answered}: {detail}")
        self.operation = operation
        self.status = status
        self.code = code
        self.detail = detail

    @property
    def is_clear_refusal(self) -> bool:
        """Azure said no: the request was not carried out."""
        return 400 <= self.status < 500 and self.status != 408


class IncompleteReadError(BackupkitError):
    """A read that should have been complete was not; what came of it is not to be trusted."""


class OutOfTimeError(BackupkitError):
    """`max_minutes` is over."""


class PartialFailureError(BackupkitError):
    """Some of the work was not done or not read; the run ends with exit code 1."""
