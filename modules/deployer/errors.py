"""What stops a deployment."""

from __future__ import annotations

from backupkit.errors import BackupkitError


class DeployError(BackupkitError):
    """A deployment that cannot go on, and why."""
