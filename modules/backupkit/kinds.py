"""What is backed up, and the types of backup that databases have.

A type is named as the services name it, in lower case; "" is one that nothing
tells, and that of whatever has a single type.
"""

from __future__ import annotations

import functools
import re

RECOVERY_SERVICES = ("vm", "files", "sql", "hana", "ase")
BACKUP_VAULTS = ("disk", "blob", "postgresql", "aks")
DATABASES = ("sql", "hana", "ase")

FULL, DIFFERENTIAL, INCREMENTAL, LOG, COPY = "full", "differential", "incremental", "log", "copyonlyfull"
NAMES = {
    FULL: "Full",
    DIFFERENTIAL: "Differential",
    INCREMENTAL: "Incremental",
    LOG: "Log",
    COPY: "CopyOnlyFull",
    "snapshotfull": "SnapshotFull",
    "snapshotcopyonlyfull": "SnapshotCopyOnlyFull",
}
"""As a request spells them (`BackupType` of the service's API)."""

HEAVY = (FULL, COPY, "snapshotfull", "snapshotcopyonlyfull")
"""Those that read the whole database."""

_MAKES_UP_FOR = {
    FULL: (FULL, DIFFERENTIAL, INCREMENTAL, LOG, ""),
    "snapshotfull": (FULL, "snapshotfull", DIFFERENTIAL, INCREMENTAL, LOG, ""),
    DIFFERENTIAL: (DIFFERENTIAL, INCREMENTAL, LOG, ""),
    INCREMENTAL: (DIFFERENTIAL, INCREMENTAL, LOG, ""),
    LOG: (LOG, ""),
    "": (LOG, ""),
}


def makes_up_for(done: str, failed: str) -> bool:
    """Whether a backup of one type that went well leaves nothing to retry of one that failed.

    A log backup goes on from the last full, so it makes up for no full; nor does a copy, which no other
    backup rests on. One of a type that nothing tells may have been of the least.
    """
    return done == failed or failed in _MAKES_UP_FOR.get(done, ())


@functools.lru_cache(1_000)
def kind_in(operation: str) -> str:
    """The type in a job's operation, such as `Backup (Full)`."""
    found = re.fullmatch(r"backup \((\w+)\)", operation.strip().lower())
    return found[1] if found and found[1] in NAMES else ""
