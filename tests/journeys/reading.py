"""An export of a small estate, written by job_export, and the blocks of the document that read it."""

from __future__ import annotations

import re
from pathlib import Path

from backupkit.export_files import Form

from simulator.estate_alerts import raise_alerts
from tests.export_documents import READING
from tests.journeys import sweeps
from tests.journeys.estates import HUMAN
from tests.journeys.exports import export, files, read
from tests.journeys.runs import ROOT, ran

LONG = '=The snapshot, it says, "could not" be taken.\r\n' * 1_400
"""Sixty kilobytes that a spreadsheet would take for a formula."""


class Fleet(sweeps.Estate):
    """Backups that went well or not in the last days, what is late, and what nothing protects."""

    def __init__(self) -> None:
        super().__init__()
        self.slow = self.protected(self.recovery, "vm-slow")
        self.job(self.slow, "Completed", ago="50h", takes="20m")
        self.job(self.slow, "Completed", ago="26h", takes="30m")
        self.running = self.job(self.slow, "InProgress", ago="5h")
        self.job(self.protected(self.recovery, "vm-quick"), "Completed", ago="26h", takes="20m")
        self.failed(self.recovery, "vm-web-01")
        self.tells_much("vm-web-01")
        self.failed(self.recovery, "vm-web-02")
        self.job(self.protected(self.recovery, "vm-app"), "Failed", ago="7h", codes=[HUMAN])
        self.protected(self.recovery, "vm-late", ago="3d")
        self.item(self.recovery, self.machine("vm-new"), last_recovery_point_ago=None)
        self.fails(self.instance("disk-a", "disk"), "UserErrorResourceLocked", ago="5h")
        self.ends(self.share("docs"), "Completed", ago="9d")
        self.bare("vm-bare", "vm")
        raise_alerts(self)

    def tells_much(self, name: str) -> None:
        """The failed job of a machine has a long text."""
        found = (row["properties"] for row in self.rows("recoveryservicesresources"))
        [job] = [one for one in found if one.get("errorDetails") and one["entityFriendlyName"] == name]
        job["errorDetails"][0]["errorString"] = LONG


def written(folder: Path) -> Path:
    """Make `export` in a folder, and `export-csv`, the same rows as CSV."""
    estate, reports = Fleet().write(folder / "estate"), folder / "reports"
    swept = ran((sweeps.RUNBOOK, "kinds=vm,disk", f"report={reports}/"), estate, folder / "sweep", (), {})
    run = export(swept.state, folder, f"sweep={reports}", to=folder / "export")
    assert (swept.code, run.code, run.warnings) == (0, 0, [])
    for path in files(folder / "export"):
        as_csv(path, folder / "export-csv")
    return folder


def as_csv(path: Path, folder: Path) -> None:
    form, entity = Form("csv", compressed=True), path.parent.parent.name
    to = folder / form.name(entity, path.parent.name.removeprefix("date="))
    to.parent.mkdir(parents=True)
    to.write_bytes(b"".join(form.whole(entity, map(form.line(entity), read(path)))))


def text(document: str) -> str:
    return (ROOT / document).read_text(encoding="utf-8")


def blocks(runs_in: str, under: str = "") -> list[str]:
    """Blocks marked as run in something, of the whole document or under a heading."""
    found = text(READING)
    if under:
        found = found[found.index(f"\n{under}\n") :]
        found = found[: found.find("\n## ", 5)] if under.startswith("## ") else found[: found.find("\n#", 5)]
    return re.findall(rf"<!-- {runs_in} -->\n+```\w+\n(.*?)```", found, re.DOTALL)
