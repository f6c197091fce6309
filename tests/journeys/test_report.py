"""A report in blob storage: whole when the run has ended, and tried before anything is started."""

from tests.journeys.ledgers import ACCOUNT, REAL, night
from tests.journeys.runs import ndjson, retry

PLACE = f"https://{ACCOUNT}.blob.core.windows.net/reports/"


def test_a_report_in_a_container_is_what_a_file_would_be(tmp_path):
    run = retry(night(2).write(tmp_path / "estate"), tmp_path / "run", *REAL, f"report={PLACE}")
    [written] = (run.state / "blobs" / ACCOUNT / "reports").rglob("*.ndjson")

    assert (run.code, run.done["retried"]) == (0, 2)
    assert [one["verdict"] for one in ndjson(written)] == ["retried", "retried"]
    assert {one["new_job"] for one in ndjson(written)} == {one["job"] for one in run.triggers}


def test_a_report_that_cannot_be_written_starts_nothing(tmp_path):
    world = night(2)
    faults = [
        {
            "match": {"method": "PUT", "path": "^/reports"},
            "when": {"always": True},
            "then": {"status": 403, "headers": {"x-ms-error-code": "AuthorizationPermissionMismatch"}},
        }
    ]
    run = retry(world.write(tmp_path / "estate"), tmp_path / "run", *REAL, f"report={PLACE}", faults=faults)

    assert (run.code, run.triggers) == (1, [])
    assert "grant the identity Storage Blob Data Contributor" in run.lines[-1]
