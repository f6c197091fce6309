"""A failure that its vault knows of and Resource Graph does not yet."""

import json
import subprocess
import sys

from simulator.estate import Estate

PASSING = [{"errorCode": 400002, "errorTitle": "BackUpOperationFailed"}]


def test_it_is_judged_like_any_other_its_machine_read(root, tmp_path):
    """Another failed item brings its vault to be asked."""
    estate = Estate()
    subscription = estate.subscription("contoso")
    vault = estate.vault("rsv-01", subscription=subscription, group="rg-backup")
    old, fresh = (
        estate.item(vault, estate.vm(name, subscription=subscription, group="rg-app"))
        for name in ("vm-old", "vm-fresh")
    )
    estate.job(old, "Failed", ago="5h", takes="5m", codes=("400002",), user=False)
    running = estate.job(fresh, "InProgress", ago="1h", user=False)
    ended = {"status": "Failed", "endTime": estate.stamp("30m"), "errorDetails": PASSING}
    estate.rest(running, {"properties": ended})
    report = tmp_path / "report.ndjson"

    folder = estate.write(tmp_path / "estate")
    simulator = [sys.executable, "-m", "simulator", "exec", "--estate", str(folder)]
    runbook = [sys.executable, "runbooks/auto_retry.py", f"report={report}"]
    subprocess.run([*simulator, "--", *runbook], cwd=root, capture_output=True, check=True)

    decided = [json.loads(line) for line in report.read_text().splitlines()]
    assert {entry["name"]: entry["rule"] for entry in decided} == {
        "vm-old": "passing_cause",
        "vm-fresh": "passing_cause",
    }
