"""Failed backups of an estate: found, confirmed with each vault, started again and followed."""

from datetime import UTC, datetime, timedelta

import pytest
from backupkit.backups import Backups
from backupkit.params import CommonParams
from backupkit.starts import Wanted

from simulator.estate import Estate
from simulator.world import Settings
from tests.backupkit.fakes import NOW, Clock, Simulated, load, refused

UNTIL = datetime.fromtimestamp(NOW, UTC)
SINCE = UNTIL - timedelta(hours=24)
KEEP = UNTIL + timedelta(days=30)
MINUTE = timedelta(minutes=1)


class Night:
    """An estate with a failed machine in each of its vaults, and a way to read it."""

    def __init__(self, vaults=1, subscriptions=1, **world):
        self.estate = Estate(NOW)
        self.estate.world.update(world)
        self.clock = Clock()
        owners = [self.estate.subscription(f"sub-{number}") for number in range(subscriptions)]
        self.vaults, self.items, self.machines = [], [], []
        for number in range(vaults):
            owner = owners[number % subscriptions]
            self.vaults.append(self.estate.vault(f"rsv-{number}", subscription=owner, group="rg-b"))
            self.add(f"vm-{number}", number)

    def add(self, name, vault=0):
        where = self.vaults[vault]
        policy = self.estate.policy(where, f"daily-{name}")
        self.machines.append(self.estate.vm(name, subscription=where.split("/")[2], group="rg-a"))
        self.items.append(self.estate.item(where, self.machines[-1], policy=policy))
        self.estate.job(self.items[-1], "Failed", ago="3h", codes=[400002])
        return self.items[-1]

    def backups(self, *, only=(), minutes=150, instead=lambda sent: None, settings=None):
        self.azure = Simulated(load(self.estate, self.clock, settings), self.clock, instead)
        return Backups(self.azure.arm(minutes), CommonParams(), only)

    @property
    def triggers(self):
        return [one["item"].rpartition(";")[2] for one in self.azure.world.triggers]

    def lists(self):
        return [sent for sent in self.azure.sent if sent.path.endswith("/backupJobs")]


def keys(vaults):
    return [one.lower() for one in vaults]


def started(night, backups):
    """Every failed item of the night, started."""
    found = backups.failing(SINCE, UNTIL)
    return list(backups.start_all(Wanted(one.item, keep_until=KEEP) for one in found).values())


# -- Finding -----------------------------------------------------------------------


def test_all_vaults_of_the_scope_are_looked_at():
    night = Night(vaults=3, subscriptions=2)
    backups = night.backups()

    assert sorted(backups.open()) == sorted(keys(night.vaults))
    assert len(backups.subscriptions) == 2
    assert backups.unread == []


def test_named_vaults_alone_are_looked_at_and_those_not_visible_are_unread():
    night = Night(vaults=2)
    gone = night.vaults[0].replace("rsv-0", "rsv-9")
    backups = night.backups(only=[night.vaults[1].upper(), gone])

    assert backups.open() == [night.vaults[1].lower()]
    assert [one.scope for one in backups.unread] == [gone.lower()]


def test_each_failed_item_comes_with_its_jobs_its_policy_and_its_machine():
    night = Night()
    night.estate.job(night.items[0], "Completed", ago="20h")
    (history,) = night.backups().failing(SINCE, UNTIL)

    assert history.key == night.items[0].lower()
    assert [job.status for job in history.jobs] == ["Failed", "Completed"]
    assert history.policy.id == history.item.policy
    assert history.source.id == night.machines[0]


def test_only_vaults_with_a_failure_in_the_window_are_read():
    night = Night(vaults=2)
    quiet = night.estate.vault("rsv-quiet", subscription=night.vaults[0].split("/")[2], group="rg-b")
    night.estate.item(quiet, night.machines[0])
    backups = night.backups(only=[night.vaults[0], quiet])

    backups.failing(SINCE, UNTIL)

    named = [sent.body["query"] for sent in night.azure.sent if "backuppolicies" in sent.body["query"]]
    assert len(named) == 1
    assert night.vaults[0].lower() in named[0]
    assert quiet.lower() not in named[0]
    assert night.vaults[1].lower() not in named[0]


def test_a_vault_that_graph_does_not_list_may_still_have_failures():
    night = Night()
    night.estate._tables["resources"] = [
        row for row in night.estate.rows("resources") if row["id"] != night.vaults[0]
    ]
    backups = night.backups()

    assert [one.key for one in backups.failing(SINCE, UNTIL)] == [night.items[0].lower()]
    assert backups.open() == []


def test_jobs_are_read_for_a_day_at_least_since_attempts_count_for_a_day():
    night = Night()
    night.estate.job(night.items[0], "Failed", ago="23h", user=True)
    (history,) = night.backups().failing(UNTIL - timedelta(hours=4), UNTIL)

    assert len(history.jobs) == 2


def test_a_failure_of_no_known_item_is_told_on_its_own():
    night = Night()
    night.estate._tables["recoveryservicesresources"] = [
        row for row in night.estate.rows("recoveryservicesresources") if row["id"] != night.items[0]
    ]
    (history,) = night.backups().failing(SINCE, UNTIL)

    assert history.item is None
    assert "/backupjobs/" in history.key


def test_where_items_were_not_read_no_item_is_called_gone():
    night = Night()

    def instead(sent):
        asks = sent.body and "backupinstances" in sent.body["query"]
        return refused(400, "BadRequest", "odd") if asks else None

    backups = night.backups(instead=instead)

    assert backups.failing(SINCE, UNTIL) == []
    assert [one.scope for one in backups.unread] == keys(night.vaults)


def test_the_size_of_a_vault_is_the_number_of_its_items():
    night = Night(vaults=2)
    night.add("vm-more")
    backups = night.backups()
    backups.failing(SINCE, UNTIL)

    assert [backups.items_in(one.lower()) for one in night.vaults] == [2, 1]
    assert backups.items_in("no vault") == 0


# -- Confirming --------------------------------------------------------------------


def test_the_vaults_own_list_has_the_last_word():
    night = Night()
    late = night.estate.job(night.items[0], "InProgress", ago="1h")
    night.estate.rest(late, {"properties": {"status": "Completed", "endTime": night.estate.stamp("30m")}})
    backups = night.backups()

    (before,) = backups.failing(SINCE, UNTIL)
    (after,) = backups.confirm([before.vault])

    assert [job.status for job in before.jobs] == ["InProgress", "Failed"]
    assert [job.status for job in after.jobs] == ["Completed", "Failed"]


def test_one_filtered_list_is_read_for_each_vault_and_never_a_job():
    night = Night(vaults=2)
    night.add("vm-more")
    backups = night.backups()
    backups.failing(SINCE, UNTIL)
    backups.confirm(keys(night.vaults))

    assert [sent.path for sent in night.azure.sent if sent.method == "GET"] == [
        f"{vault}/backupJobs" for vault in keys(night.vaults)
    ]
    assert {sent.query["$filter"] for sent in night.lists()} == {
        "startTime eq '2026-06-15 12:00:00 PM' and endTime eq '2026-06-17 12:00:00 PM'"
    }


def test_a_failure_that_began_before_the_window_is_confirmed_too():
    night = Night()
    night.estate.job(night.items[0], "Failed", ago="26h", takes="3h", codes=[400002])
    backups = night.backups()
    backups.failing(SINCE, UNTIL)
    (history,) = backups.confirm(keys(night.vaults))

    (sent,) = night.lists()
    assert sent.query["$filter"].startswith("startTime eq '2026-06-15 10:00:00 AM'")
    assert [job.status for job in history.jobs] == ["Failed", "Failed"]


def test_running_backups_are_counted_by_vault_and_other_jobs_are_not():
    night = Night(vaults=2)
    night.estate.job(night.items[0], "InProgress", ago="1h")
    night.estate.job(night.items[0], "InProgress", ago="2h", user=True)
    night.estate.job(night.items[0], "InProgress", ago="2h", operation="Restore")
    backups = night.backups()
    backups.failing(SINCE, UNTIL)
    backups.confirm(keys(night.vaults))

    assert backups.running == {night.vaults[0].lower(): 2, night.vaults[1].lower(): 0}


def test_a_vault_that_does_not_answer_is_unread_and_the_others_are_confirmed():
    night = Night(vaults=2)

    def instead(sent):
        return refused(403, "AuthorizationFailed", "no") if "rsv-0/backupJobs" in sent.path else None

    backups = night.backups(instead=instead)
    backups.failing(SINCE, UNTIL)
    backups.confirm(keys(night.vaults))

    silent, other = keys(night.vaults)
    told = f"list jobs of vault {silent}: Azure answered 403 AuthorizationFailed: no"
    assert [(one.scope, one.reason) for one in backups.unread] == [(silent, told)]
    assert backups.known.unread == {silent: told}
    assert list(backups.running) == [other]


def test_a_vault_for_which_there_is_no_time_is_unread():
    night = Night()

    def instead(sent):
        return refused(429, "TooMany", "wait", Retry_After="800") if sent.path.endswith("Jobs") else None

    backups = night.backups(instead=instead, minutes=10)
    backups.failing(SINCE, UNTIL)
    backups.confirm(keys(night.vaults))

    assert [one.scope for one in backups.unread] == keys(night.vaults)


# -- Starting ----------------------------------------------------------------------


def test_backups_are_started_in_the_order_given_and_come_with_their_jobs():
    night = Night(vaults=2)
    backups = night.backups()
    found = sorted(backups.failing(SINCE, UNTIL), key=lambda one: one.key, reverse=True)

    starts = backups.start_all(Wanted(one.item, keep_until=KEEP) for one in found)

    assert night.triggers == [one.item.name for one in found]
    assert {key: start.job for key, start in starts.items()} == {
        one["item"].lower(): one["job"] for one in night.azure.world.triggers
    }
    assert night.azure.world.triggers[0]["body"]["properties"]["recoveryPointExpiryTimeInUTC"] == (
        "2026-07-16T12:00:00Z"
    )


def test_nothing_is_started_without_two_minutes_to_learn_what_becomes_of_it():
    night = Night(vaults=3)

    def instead(sent):
        if sent.method == "POST" and sent.path.endswith("/backup"):
            night.clock.now += 100

    backups = night.backups(instead=instead, minutes=4)
    starts = started(night, backups)

    assert len(night.triggers) == len(starts) == 2


def test_a_start_whose_answer_was_lost_is_found_in_the_vaults_list_and_not_sent_again():
    night = Night()

    def instead(sent):
        if sent.method == "POST" and sent.path.endswith("/backup"):
            night.azure._dispatched(sent)
            return ConnectionResetError("reset by peer")
        return None

    (start,) = started(night, night.backups(instead=instead))

    assert night.triggers == ["vm-0"]
    assert (start.refusal, start.open) == ("", False)
    assert start.job == night.azure.world.triggers[0]["job"]


def test_a_start_that_got_lost_is_a_failure_that_says_so():
    night = Night()

    def instead(sent):
        return refused(504, "GatewayTimeout", "late") if sent.path.endswith("/backup") else None

    (start,) = started(night, night.backups(instead=instead))

    assert night.triggers == []
    assert start.refusal == (
        "start backup of vm-0: Azure answered 504 GatewayTimeout: late; the vault shows no new job of it"
    )


def test_a_start_that_cannot_be_settled_leaves_its_vault_unread():
    night = Night()

    def instead(sent):
        if sent.path.endswith("/backup"):
            return refused(504, "GatewayTimeout", "late")
        return refused(403, "AuthorizationFailed", "no") if sent.path.endswith("/backupJobs") else None

    backups = night.backups(instead=instead)
    (start,) = started(night, backups)

    assert start.open
    assert [one.scope for one in backups.unread] == keys(night.vaults)


def test_two_items_of_one_name_in_two_vaults_get_each_its_own_job():
    """Names and groups repeat from subscription to subscription."""
    night = Night(vaults=0, subscriptions=2)
    owners = [row["subscriptionId"] for row in night.estate.rows("resourcecontainers")]
    for owner in owners:
        night.vaults.append(night.estate.vault("rsv-same", subscription=owner, group="rg-b"))
        night.add("vm-same", -1)

    def instead(sent):
        if sent.path.endswith("/backup"):
            night.azure._dispatched(sent)
            return refused(504, "GatewayTimeout", "late")
        return None

    starts = started(night, night.backups(instead=instead))

    assert {start.item.key: start.job for start in starts} == {
        one["item"].lower(): one["job"] for one in night.azure.world.triggers
    }


# -- Following ---------------------------------------------------------------------


def followed(night, span, *, minutes=150, instead=lambda sent: None, settings=None):
    """What came of following, when; and the pauses between looks."""
    backups = night.backups(minutes=minutes, instead=instead, settings=settings)
    starts = started(night, backups)
    night.clock.slept.clear()
    began = night.clock.now
    seen = [
        (start.item.name, job.status, (night.clock.now - began) / 60)
        for start, job in backups.follow(starts, span)
    ]
    return seen, night.clock.slept, backups


def test_a_backup_is_told_when_it_ends():
    night = Night(vaults=2, subscriptions=2)
    night.estate.minutes(night.items[0], 4)
    night.estate.outcomes(night.items[1], "Failed:400002")
    night.estate.minutes(night.items[1], 8)

    seen, slept, _ = followed(night, 60 * MINUTE)

    assert seen == [("vm-0", "Completed", 4), ("vm-1", "Failed", 8)]
    assert slept == [120] * 4


def test_what_still_runs_is_told_at_the_end_of_the_span():
    night = Night()

    seen, slept, _ = followed(night, 6 * MINUTE)

    assert seen == [("vm-0", "InProgress", 6)]
    assert slept == [120, 120, 120]


@pytest.mark.parametrize("minutes", [2, 3, 4, 5, 7, 11])
def test_looks_are_two_minutes_apart_at_least_and_the_last_is_at_the_end_of_the_span(minutes):
    night = Night()
    night.estate.minutes(night.items[0], 120)

    _, slept, _ = followed(night, minutes * MINUTE)

    assert min(slept) >= 120
    assert sum(slept) == minutes * 60


@pytest.mark.parametrize(
    ("vaults", "subscriptions", "pause"),
    [
        pytest.param(2, 1, 120, id="a few vaults"),
        pytest.param(5, 1, 240, id="many vaults of one subscription"),
        pytest.param(5, 5, 120, id="as many of several subscriptions"),
    ],
)
def test_half_of_a_subscriptions_hourly_reads_is_left_to_others(vaults, subscriptions, pause):
    night = Night(vaults, subscriptions)
    for item in night.items:
        night.estate.minutes(item, 119)

    _, slept, _ = followed(night, 60 * MINUTE)

    assert set(slept) == {pause}
    assert len(night.lists()) / subscriptions <= 75


def test_following_ends_before_the_deadline():
    night = Night()
    night.estate.minutes(night.items[0], 60)

    seen, slept, _ = followed(night, 60 * MINUTE, minutes=10)

    assert sum(slept) < 9 * 60
    assert seen == [("vm-0", "InProgress", sum(slept) / 60)]


def test_a_vault_that_cannot_be_read_is_named_once_and_the_others_are_followed():
    night = Night(vaults=2)

    def instead(sent):
        return refused(403, "AuthorizationFailed", "no") if "rsv-0/backupJobs" in sent.path else None

    seen, _, backups = followed(night, 20 * MINUTE, instead=instead)

    assert [(name, status) for name, status, _ in seen] == [("vm-1", "Completed")]
    assert [one.scope for one in backups.unread] == [night.vaults[0].lower()]


def test_a_look_for_which_there_is_no_time_ends_the_following_quietly():
    night = Night()
    looks = []

    def instead(sent):
        if sent.path.endswith("/backupJobs"):
            looks.append(sent)
            return refused(429, "TooMany", "wait", Retry_After="800") if len(looks) > 1 else None
        return None

    seen, _, backups = followed(night, 20 * MINUTE, minutes=15, instead=instead)

    assert [status for _, status, _ in seen] == ["InProgress"]
    assert [one.scope for one in backups.unread] == keys(night.vaults)


@pytest.mark.parametrize("span", [0, -5])
def test_without_a_span_nothing_is_followed(span):
    assert followed(Night(), span * MINUTE)[:2] == ([], [])


def test_what_was_not_started_is_not_followed():
    night = Night()

    def instead(sent):
        return refused(403, "AuthorizationFailed", "no") if sent.path.endswith("/backup") else None

    assert followed(night, 60 * MINUTE, instead=instead)[:2] == ([], [])


def test_the_quota_of_reads_is_never_run_into():
    night = Night(vaults=10)
    for item in night.items:
        night.estate.minutes(item, 170)

    _, _, backups = followed(night, 120 * MINUTE, settings=Settings())

    assert backups.unread == []
