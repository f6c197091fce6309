"""What unprotected_sweep reported, to be exported: an export judges nothing itself."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from backupkit.errors import BackupkitError
from backupkit.export_files import objects
from backupkit.export_store import Store

REPORTS = "unprotected_sweep/"
_NAME = re.compile(rf"{REPORTS}(\d{{4}}-\d\d-\d\d)/(\d{{8}}T\d{{6}}Z-\w+)\.ndjson")


def reports(store: Store) -> dict[str, list[str]]:
    """Names of reports by date, as `report=<place>/` files them, in the order of their runs."""
    found = defaultdict(list)
    for name in sorted(store.names(REPORTS)):
        named = _NAME.fullmatch(name)
        if named:
            found[named[1]].append(name)
    return dict(sorted(found.items()))


def entries(store: Store, name: str) -> Iterator[Mapping[str, Any]]:
    """The objects of a report; none where its run was killed before it wrote any.

    Raises:
        BackupkitError: it is no report, or cut off.
    """
    found = store.open(name)
    try:
        yield from objects(found[0]) if found else ()
    except ValueError as error:
        raise BackupkitError(f"{store.place}/{name} is no whole report ({error})") from error
