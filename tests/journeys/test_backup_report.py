"""From an export to the page and the message, as the built runbook does it."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.journeys.exports import export
from tests.journeys.ledgers import ACCOUNT, night
from tests.journeys.runs import Run, built, check_streams, ran
from tests.pages import exports
from tests.pages.exports import Estate, Written, vault_columns

RUNBOOK = built("backup_report")
HOST = f"https://{ACCOUNT}.blob.core.windows.net"
TEAMS = "https://contoso.webhook.office.com/5ecret"


@pytest.fixture
def now():
    return datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def estate(tmp_path):
    """An Azure that the report reads nothing of."""
    return night(1).write(tmp_path / "estate")


def report(estate: Path, folder: Path, *tokens: str, **settings) -> Run:
    run = ran((RUNBOOK, *tokens), estate, folder, settings.pop("faults", ()), settings)
    check_streams(run)
    return run


def test_a_page_and_a_message_come_of_a_folder_and_of_nothing_else(tmp_path, estate, now):
    Estate(items=46, rate=0.05, burning=True, now=now, days=3, snapshots=2).write(tmp_path / "export")
    (tmp_path / "url").write_text(TEAMS)
    link = "link=https://reports.contoso.com/latest.html"
    places = (f"source={tmp_path}/export", f"to={tmp_path}/page.html")
    run = report(estate, tmp_path / "run", *places, f"notify={tmp_path}/url", link)

    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    [message] = run.messages
    assert run.code == 0
    assert run.done["items"] == 46
    assert f"{run.done['need_you']} items need you" in page
    assert f"{run.done['need_you']} items need you" in message["body"]["text"]
    assert message["body"]["figures"].keys() >= {"Within RPO", "Past RPO", "Storms"}
    assert [one["host"] for one in run.requests] == ["contoso.webhook.office.com"]
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("prefix", ["", "/prod"])
def test_a_container_is_read_and_gets_a_page_that_browsers_show(tmp_path, estate, now, prefix):
    Estate(items=6, now=now, days=2, snapshots=2).write(estate / "blobs" / ACCOUNT / f"export{prefix}")
    places = (f"source={HOST}/export{prefix}", f"to={HOST}/pages/")
    run = report(estate, tmp_path / "run", *places)

    pages = sorted((run.state / "blobs" / ACCOUNT / "pages").rglob("*.html"))
    assert run.code == 0
    assert [path.name for path in pages][1] == "latest.html"
    assert pages[0].parent.name == f"{now:%Y-%m-%d}"
    assert pages[0].read_bytes() == pages[1].read_bytes()
    assert b"Backups are fine" in pages[0].read_bytes()
    assert {one["method"] for one in run.requests if "/export" in one["path"]} == {"GET"}


def test_every_form_of_export_makes_the_same_page(tmp_path, estate, now):
    pages = {}
    for form in ("ndjson", "csv", "json"):
        made = Written(tmp_path / form, exports.Form(form, compressed=form == "csv"))
        vault = vault_columns("rsv-=1+1", "00000001-1111-4222-8333-000000000001")
        day = exports.stamp(now)[:10]
        failed = exports.job("=cmd", vault, now, "failed", **exports.cause(exports.AGENT))
        made.write("jobs", day, [failed])
        made.write("items", day, [exports.item("=cmd", vault, now, now)])
        made.manifest(now)
        run = report(
            estate, tmp_path / f"run-{form}", f"source={tmp_path}/{form}", f"to={tmp_path}/{form}.html"
        )
        assert run.code == 0
        html = (tmp_path / f"{form}.html").read_text(encoding="utf-8")
        body = html[html.index("<main>") : html.index("Files that were read")]
        pages[form] = body.replace(str(tmp_path / form), "").replace(made.form.extension, "")
    assert "=cmd" in pages["csv"]
    assert len(set(pages.values())) == 1


def test_a_file_that_is_cut_off_is_named_and_the_rest_is_told(tmp_path, estate, now):
    folder = Estate(items=40, now=now, days=2, snapshots=1).write(tmp_path / "export")
    [broken] = (folder / "jobs").glob(f"date={now:%Y-%m-%d}/*")
    broken.write_bytes(gzip.compress(gzip.decompress(broken.read_bytes()))[:-300])
    run = report(estate, tmp_path / "run", f"source={folder}", f"to={tmp_path}/page.html")

    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert (run.code, run.done["faults"], run.done["items"]) == (1, 1, 40)
    assert run.error == "1 files of the export could not be read whole"
    assert "Not known: " in page
    assert f"jobs/date={now:%Y-%m-%d}/jobs.ndjson.gz" in page


@pytest.mark.parametrize(
    ("tokens", "said"),
    [
        pytest.param(("source=out",), "parameter to is required", id="no place for the page"),
        pytest.param(("to=page.html",), "parameter source is required", id="no export"),
        pytest.param(
            ("source=out", "to=p.html", "scope=mg:corp"), "parameter scope takes subscription", id="a group"
        ),
        pytest.param(
            ("source=out", "to=p.html", "dry_run=true"), "no parameter 'dry_run'", id="it changes nothing"
        ),
        pytest.param(
            ("source=out", "to=p.html", "link=https://a/b?sig=x"), "parameter link must be", id="a signature"
        ),
    ],
)
def test_bad_parameters_are_told_before_anything_is_read(tmp_path, estate, tokens, said):
    run = report(estate, tmp_path / "run", *tokens)

    assert run.code == 2
    assert any(said in line for line in run.lines)


def test_a_page_that_cannot_be_written_is_a_failure_that_is_told(tmp_path, estate, now):
    Estate(items=3, now=now, days=1, snapshots=1).write(tmp_path / "export")
    (tmp_path / "url").write_text(TEAMS)
    (tmp_path / "file").write_text("no folder")
    places = (f"source={tmp_path}/export", f"to={tmp_path}/file/page.html")
    run = report(estate, tmp_path / "run", *places, f"notify={tmp_path}/url")

    assert run.code == 1
    assert "cannot be written" in run.error
    assert "cannot be written" in run.messages[0]["body"]["text"]


def test_nothing_to_read_is_a_failure_and_no_empty_page_that_looks_fine(tmp_path, estate):
    run = report(estate, tmp_path / "run", f"source={tmp_path}/nowhere", f"to={tmp_path}/page.html")

    assert run.code == 1
    assert "no export" in run.error
    assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize(("always", "messages"), [("true", 1), ("false", 0)])
def test_all_is_well_is_a_message_too_unless_it_is_told_not_to(tmp_path, estate, now, always, messages):
    Estate(items=3, now=now, days=2, snapshots=1).write(tmp_path / "export")
    (tmp_path / "url").write_text(TEAMS)
    places = (f"source={tmp_path}/export", f"to={tmp_path}/page.html")
    run = report(estate, tmp_path / "run", *places, f"notify={tmp_path}/url", f"always={always}")

    assert (run.code, len(run.messages)) == (0, messages)


def test_a_check_writes_nothing(tmp_path, estate, now):
    Estate(items=3, now=now, days=2, snapshots=1).write(tmp_path / "export")
    places = (f"source={tmp_path}/export", f"to={tmp_path}/pages/")
    run = report(estate, tmp_path / "run", "check", *places)

    assert run.code == 0
    assert any(line.startswith("ok reads=") for line in run.lines)
    assert not (tmp_path / "pages").exists()


def test_what_an_estate_exports_is_what_the_page_tells(tmp_path):
    """The whole way: vaults, job_export, the folder, the page."""
    world = night(3)
    azure = world.write(tmp_path / "azure")
    made = export(azure, tmp_path / "export")
    run = report(azure, tmp_path / "run", f"source={tmp_path}/export/out", f"to={tmp_path}/page.html")

    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert (made.code, run.code) == (0, 0)
    assert (run.done["items"], run.done["unread"], run.done["faults"]) == (3, 0, 0)
    assert "vm-00" in page
    assert "BackUpOperationFailed" in page
