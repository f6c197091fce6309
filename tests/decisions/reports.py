"""Facts for a report, of an export in a folder with just what a case is about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from backupkit.export_reading import Export
from backupkit.export_store import store_at
from backupkit.page import Page
from backupkit.report_facts import Facts, Measures, gather

from runbooks import backup_report
from tests.pages.exports import NOW, Written, day, resource, vault_columns

SUBSCRIPTION = "00000001-1111-4222-8333-000000000001"
VAULT = vault_columns("rsv-prod", SUBSCRIPTION)
COVERED = [resource("vm-1", SUBSCRIPTION)]


def facts(folder: Path, options: backup_report.Params | None = None, **estate: Any) -> Facts:
    """Of rows by entity; None is an export without any, `before` are the items of the day before.

    `manifest` False is an export without one; what else there is is told by the manifest.
    """
    estate = {"jobs": (), "items": (), "before": None, "coverage": COVERED, "manifest": True, **estate}
    export = Written(folder)
    by_day: dict[str, list[dict[str, Any]]] = {day(0): []}
    for one in estate.pop("jobs"):
        by_day.setdefault(str(one["started"])[:10], []).append(one)
    for name, rows in by_day.items():
        export.write("jobs", name, rows)
    for what, entity, back in (("before", "items", 1), ("items", "items", 0), ("coverage", "coverage", 0)):
        found = estate.pop(what)
        if found is not None:
            export.write(entity, day(back), found)
    if estate.pop("manifest"):
        export.manifest(**estate)
    return read(folder, options)


def read(folder: Path, options: backup_report.Params | None = None) -> Facts:
    options = options or backup_report.Params()
    measures = Measures(
        options.window,
        options.rows,
        backup_report.STORM_MIN,
        backup_report.STORM_SHARE,
        backup_report.RETRY_WITHIN,
        frozenset(options.scope),
    )
    return gather(Export(store_at(str(folder), None)), measures, NOW, lambda: None)


def page(found: Facts, **options: Any) -> Page:
    return backup_report.page(found, backup_report.Params(**options), "run")


def verdict(found: Facts, **options: Any) -> tuple[str, str]:
    told = page(found, **options)
    return told.tone, told.headline
