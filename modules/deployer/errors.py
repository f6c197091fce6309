"""What can go wrong while deploying, and be explained."""

from __future__ import annotations

from collections.abc import Sequence

from backupkit.errors import BackupkitError


class DeployError(BackupkitError):
    """The deployer cannot go on; the message says what to do."""


class ManifestError(DeployError):
    """`schedules.json` cannot be used; every fault is named, nothing was sent."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)
