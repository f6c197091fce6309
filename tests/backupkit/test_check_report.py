"""What `check` does to the place of the report."""

import subprocess
import sys

from simulator.estate import Estate


def test_a_report_that_is_there_is_left_as_it_is(root, tmp_path):
    """`check` changes nothing, what it could not read included."""
    estate = Estate()
    subscription = estate.subscription("contoso")
    estate.world["forbidden"] = [estate.vault("rsv-01", subscription=subscription, group="rg-backup")]
    report = tmp_path / "report.ndjson"
    report.write_text('{"item": "of the last run"}\n')

    folder = estate.write(tmp_path / "estate")
    simulator = [sys.executable, "-m", "simulator", "exec", "--estate", str(folder)]
    runbook = [
        sys.executable,
        "runbooks/auto_retry.py",
        "check",
        f"report={report}",
        "expect_subscriptions=2",
    ]

    done = subprocess.run(
        [*simulator, "--", *runbook],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, "ok report='can be written'" in done.stdout) == (1, True)
    assert report.read_text() == '{"item": "of the last run"}\n'
