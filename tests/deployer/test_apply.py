"""What of a deployment the simulator's clock cannot show."""

from datetime import UTC, datetime, timedelta

from deployer.apply import Applying, Doing
from deployer.plan import plan

from tests.deployer.cases import NOW, settled, wanted, without


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
