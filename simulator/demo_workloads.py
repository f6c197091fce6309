"""The chapter of the demo in which everything else that is backed up is judged, in a generated estate."""

from __future__ import annotations

import gzip
import html
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from simulator.demo_story import Told, expect

GENERATE = "generate --vms 2000 --jobs 36000 --seed 5"
WORKLOADS = ("vm", "files", "disk", "sql", "hana", "ase", "blob", "postgresql", "aks")
TOKENS = f"workloads={','.join(WORKLOADS)} heavy_window=00:00-23:59@UTC"
SWEEP = ".venv-sandbox/bin/python runbooks/unprotected_sweep.py log=summary"
PAGE = ".venv-sandbox/bin/python runbooks/backup_report.py"
EXPORT = ".venv-sandbox/bin/python runbooks/job_export.py"


def table(told: Told) -> Iterator[str]:
    """Verdicts by workload where anything failed, and what most of those left are left for."""
    yield f"{'workload':<13}{'would retry':>12}{'left':>6}   most of them left by"
    for workload in WORKLOADS:
        here = [entry for entry in told.entries if entry["workload"] == workload]
        if not here:
            continue
        verdicts = Counter(entry["verdict"] for entry in here)
        rules = Counter(entry["rule"] for entry in here if entry["verdict"] == "left").most_common(2)
        why = ", ".join(f"{rule} ({count})" for rule, count in rules)
        yield f"{workload:<13}{verdicts['would retry']:>12}{verdicts['left']:>6}   {why}".rstrip()


def check(told: Told) -> None:
    """It judges every kind of vault, and databases by their own word."""
    strange = {str(entry["verdict"]) for entry in told.entries} - {"would retry", "left"}
    expect(not strange, "a dry run retries or leaves", strange)
    vaults = {str(entry["vault"]).split("/")[6].lower() for entry in told.entries}
    expect(
        vaults == {"microsoft.recoveryservices", "microsoft.dataprotection"}, "both kinds are judged", vaults
    )
    unlisted = [entry["name"] for entry in told.entries if not entry["job"]]
    expect(bool(unlisted), "a failure that no job shows is found", told.log[-1])


def excerpt(log: Sequence[str], entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """The counts, the coverage by kind and the end of a sweep, which agree with its report."""
    verdicts = Counter(entry["verdict"] for entry in entries)
    done = next(line for line in log if line.startswith("done "))
    told = {verdict: int(done.partition(f" {verdict}=")[2].split()[0]) for verdict in verdicts}
    expect(told == dict(verdicts), "the log and the report of the sweep agree", told, verdicts)
    expect(verdicts["unknown"] > 0, "of some it is not known", done)
    shown = [line for line in log if " rule=" in line and not line.startswith("coverage")]
    return [*shown, *(line for line in log if line.startswith("coverage kind=")), done]


def exported(log: Sequence[str], folder: Path) -> list[str]:
    """The last lines of an export, whose files hold what it says of them."""
    files = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
    for name, told in files.items():
        with gzip.open(folder / name) as lines:
            keys = [json.loads(line)["key"] for line in lines]
        expect(len(keys) == len(set(keys)) == told["rows"], "each row is there once", name, told["rows"])
    done = next(line for line in log if line.startswith("done "))
    expect(f" rows={sum(told['rows'] for told in files.values())} " in done, "the log counts them", done)
    jobs = [line for line in log if line.startswith("exported entity=jobs")]
    others = [line for line in log if line.startswith("exported ") and line not in jobs]
    return [*others[:3], *jobs[-3:], *others[-1:], done]


def verdict(log: Sequence[str], page: Path) -> list[str]:
    """What the page says, as its run does."""
    told = next(line for line in log if line.startswith("verdict "))
    headline = told.partition(" says=")[2].strip("'")
    expect(headline in html.unescape(page.read_text(encoding="utf-8")), "the page says so as well", headline)
    return [told, *(line for line in log if line.startswith("done ")), f"Open {page.name} in a browser."]
