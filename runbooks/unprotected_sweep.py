"""Find what should be backed up and is not, and say of everything else what protects it.

Reads    what can be backed up, what protects it, and in which state, in both kinds of vault
Changes  nothing: it reports
Never    calls a resource unprotected while something that could protect it was not read
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from backupkit.coverage import GONE, NONE, PROTECTS, TWICE, Resource, state_of
from backupkit.entrypoint import Runbook, Session, check_rights, main
from backupkit.params import TAG, Between, LedgerParams, Text
from backupkit.protection_rules import Rule, vault_for
from backupkit.records import Item
from backupkit.survey import Found
from backupkit.sweeping import Swept, Sweeping

# -- Parameters: each is a name=value token -------------------------------------------------------

Kind = Literal["vm", "sql", "hana", "files", "disk", "blob", "postgresql", "aks"]
KINDS: tuple[Kind, ...] = ("vm", "sql", "hana", "files", "disk", "blob", "postgresql", "aks")
