"""Alerts wait in the inbox until the one job that holds the lease has looked at them."""

import json
from contextlib import contextmanager

import pytest
from backupkit.alerts import AlertHint
from backupkit.blobs import ConflictError
from backupkit.estate import Unread
from backupkit.inbox import Inbox, attend, look
from backupkit.params import LedgerParams

VAULT = "/subscriptions/x/vaults/rsv-01"


def hint(item="", *, source="", job=""):
    return AlertHint(VAULT, item, source, job, None, "")


class Blobs:
    """A container with ETags, whose lease others hold as long as `busy` says."""

    url = "https://stledger.blob.core.windows.net/ledger"

    def __init__(self):
        self.held_now = 0
        self.busy = False
        self.blobs = {}
        self.after_release = []
        self._writes = 0

    def put(self, name, content):
        self._writes += 1
        self.blobs[name] = content, f"e{self._writes}"

    def names(self, below):
        return {name for name in self.blobs if name.startswith(below)}

    def read(self, name):
        return self.blobs.get(name)

    def delete(self, name, etag):
        if self.blobs[name][1] != etag:
            raise ConflictError(f"delete {name}", 412, "ConditionNotMet")
        del self.blobs[name]

    @contextmanager
    def held(self, name):
        assert name == "drain"
        self.held_now += not self.busy
        yield not self.busy
        for late in self.after_release:
            Inbox(self).put([late])
        self.after_release = []


def drained(blobs, during=None):
    """The batches handed out, and whether this job took them."""
    batches = []

    def work(alerts):
        batches.append([one.item or one.source or one.job for one in alerts])
        if during and len(batches) == 1:
            during()

    return Inbox(blobs).drain(work), batches


def test_what_waits_is_handed_out_once_and_removed():
    blobs = Blobs()
    Inbox(blobs).put([hint("a"), hint(source="b"), hint(job="c")])

    took, [batch] = drained(blobs)
    assert (took, sorted(batch), blobs.blobs) == (True, ["a", "b", "c"], {})


def test_duplicates_of_an_alert_are_one_entry():
    blobs = Blobs()
    for _ in range(50):
        Inbox(blobs).put([hint("a")])

    assert drained(blobs) == (True, [["a"]])


def test_an_empty_inbox_takes_no_lease():
    blobs = Blobs()

    assert drained(blobs) == (True, [])
    assert blobs.held_now == 0


def test_while_another_job_holds_the_lease_it_is_left_to_that():
    blobs = Blobs()
    Inbox(blobs).put([hint("a")])
    blobs.busy = True

    assert drained(blobs) == (False, [])
    assert len(blobs.blobs) == 1


def test_an_alert_that_comes_while_its_item_is_looked_at_is_looked_at_again():
    blobs = Blobs()
    Inbox(blobs).put([hint("a")])

    assert drained(blobs, during=lambda: Inbox(blobs).put([hint("a")])) == (True, [["a"], ["a"]])


def test_an_alert_that_comes_just_before_the_lease_is_given_back_is_not_lost():
    blobs = Blobs()
    Inbox(blobs).put([hint("a")])
    blobs.after_release = [hint("late")]

    assert drained(blobs) == (True, [["a"], ["late"]])
    assert blobs.held_now == 2


def test_an_item_stays_in_the_inbox_when_looking_at_it_fails():
    blobs = Blobs()
    Inbox(blobs).put([hint("a")])

    with pytest.raises(ZeroDivisionError):
        Inbox(blobs).drain(lambda alerts: 1 / 0)
    assert len(blobs.blobs) == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"7", b"[]", b'{"vault": "x"}', json.dumps({**vars(hint("a")), "item": 7}).encode()],
)
def test_an_entry_that_is_none_stays_and_is_named_once(content):
    blobs = Blobs()
    blobs.put("inbox/odd.json", content)
    Inbox(blobs).put([hint("a")])
    box, seen = Inbox(blobs), []

    assert box.drain(lambda alerts: seen.extend(one.item for one in alerts))
    assert seen == ["a"]
    assert [one.scope for one in box.unread] == [f"{blobs.url}/inbox/odd.json"]
    assert box.unread[0].reason.endswith("; delete it")
    assert list(blobs.blobs) == ["inbox/odd.json"]


@pytest.mark.parametrize(
    ("box", "alerts", "looked_at"),
    [
        pytest.param(False, None, [None], id="a run of its own accord looks at everything"),
        pytest.param(False, [hint("a")], [[hint("a")]], id="without an inbox an alert's item is looked at"),
        pytest.param(True, [hint("a")], [[hint("a")]], id="with one it goes through it"),
        pytest.param(True, None, [None], id="a schedule looks at everything, and then at what waits"),
    ],
)
def test_where_a_run_looks(box, alerts, looked_at):
    seen = []

    assert look(Inbox(Blobs()) if box else None, alerts, seen.append)
    assert seen == looked_at


@pytest.mark.parametrize(("alerts", "left_to_another"), [([hint("a")], True), (None, False)])
def test_only_a_job_of_an_alert_leaves_its_work_to_another(alerts, left_to_another):
    blobs = Blobs()
    Inbox(blobs).put([hint("b")])
    blobs.busy = True

    assert look(Inbox(blobs), alerts, lambda alerts: None) is not left_to_another


# -- A run that decides on its own -----------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(LedgerParams(ledger="none", dry_run=False), id="without a ledger"),
        pytest.param(LedgerParams(ledger=Blobs.url, dry_run=True), id="in a dry run"),
        pytest.param(LedgerParams(), id="where nothing is said"),
    ],
)
@pytest.mark.parametrize("alerts", [None, [hint("a")]], ids=["everything", "an alert"])
def test_without_an_inbox_a_run_looks_at_once_and_tells_what_it_could_not_read(options, alerts):
    seen = []

    def work(named):
        seen.append(named)
        return [Unread("vault", "why")]

    assert attend(options, None, alerts, work) == [Unread("vault", "why")]
    assert seen == [alerts]
