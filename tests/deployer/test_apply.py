"""What of a deployment the simulator's clock cannot show."""

import traceback
from datetime import UTC, datetime, timedelta

import pytest
from deployer.apply import Applying, Doing
from deployer.compare_alerts import webhook_name
from deployer.plan import plan

from tests.deployer.cases import NOW, URL, settled, wanted, without


class Account:
    """Remembers what was written, and answers that no links are there."""

    def __init__(self):
        self.written = {}

    def put(self, kind, name, body):
        self.written[kind, name] = body

    def links(self, runbooks):
        return iter(())

    def put_link(self, link, properties):
        self.written["link", properties["schedule"]["name"]] = properties


def test_a_schedule_starts_ahead_of_the_moment_it_is_written_not_of_the_plan(tmp_path):
    """A first deployment imports packages for longer than the ten minutes that a start lies ahead."""
    asked = wanted(tmp_path)
    there = without(settled(asked), "schedules", "hourly")
    account, late = Account(), NOW + timedelta(minutes=25)
    doing = Doing(account, there, lambda change: None, now=lambda: late)
    Applying(doing, asked, None, {}).run(plan(asked, there))
    start = account.written["schedule", "hourly"]["properties"]["startTime"]

    assert datetime.fromisoformat(start) == datetime(2026, 11, 25, 13, 20, tzinfo=UTC)
    assert datetime.fromisoformat(start) - late > timedelta(minutes=10)


def test_an_exception_that_nobody_expected_shows_no_url(tmp_path):
    """With the URL of a webhook in the hand of the function that fails."""
    asked = wanted(tmp_path)
    there = without(settled(asked), "webhooks", webhook_name("failed", URL))

    class Broken(Account):
        def new_url(self):
            return URL

        def put(self, kind, name, body):
            raise RuntimeError(f"a bug while writing {kind} {name}")

    with pytest.raises(RuntimeError) as bug:
        Applying(Doing(Broken(), there, lambda change: None), asked, None, {}).run(plan(asked, there))
    shown = "".join(traceback.format_exception(bug.value))

    assert "in _webhook" in shown
    assert URL.partition("?")[2] not in shown
