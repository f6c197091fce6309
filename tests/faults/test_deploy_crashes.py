"""`apply` killed before and after each of its requests, and run again: `make faults`.

Into an empty account, and into one in which everything is to be changed or replaced.
"""

import pytest

from tests.deployer.clones import SPEED, Clone, estate, names, settled, tools
from tests.faults.crashes import KILLED, Crashes, told

SHARES = 4


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    made = Clone(tmp_path_factory.mktemp("deployed") / "clone")
    with made.environment():
        yield made


@pytest.fixture(scope="module")
def empty(clone, tmp_path_factory):
    folder = tmp_path_factory.mktemp("empty")
    return Crashes(tools(), estate(folder / "estate"), folder, clone.command("apply"), {"speed": SPEED})


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """A clone in which almost everything differs from what the account holds."""
    made = Clone(tmp_path_factory.mktemp("other") / "clone")
    with made.environment():
        yield made


@pytest.fixture(scope="module")
def changed(empty, other, tmp_path_factory):
    def change(said):
        said["schedules"]["hourly"]["at"] = "00:45"
        said["schedules"]["nightly"]["runs"][0]["parameters"]["window"] = "72h"
        said["webhooks"]["failed"]["runbook"] = "second"
        said["webhooks"]["failed"]["valid_days"] = 90
        said["alerts"]["ag-failed"]["short_name"] = "other"
        said["variables"]["reports"]["encrypted"] = True
        said["variables"].pop("teams")

    other.manifest(change)
    other.edit()
    other.wheel("beta", "2.2")
    other.lock()
    command = other.command("apply", "--prune")
    return Crashes(tools(), empty.whole.state, tmp_path_factory.mktemp("changed"), command, {"speed": SPEED})


@pytest.mark.parametrize("share", range(SHARES))
def test_a_first_deployment_killed_at_any_request_is_completed_by_the_next(empty, share):
    check_all(empty, share)


@pytest.mark.parametrize("share", range(SHARES))
def test_a_change_of_everything_killed_at_any_request_is_completed_by_the_next(changed, share):
    check_all(changed, share)


def check_all(crashes, share):
    """What follows is looked at once for each state that kills leave: most leave one that others left too."""
    assert crashes.whole.code == 0, crashes.whole.stderr
    wanted, followed = settled(crashes.whole.state), []
    for at, outcome in crashes.each(share, SHARES):
        left = settled(outcome.state)
        if left in followed:
            continue
        followed.append(left)
        again = crashes.again(outcome.state, outcome.folder / "again")
        assert (at, again.code, again.stderr) == (at, 0, "")
        assert settled(again.state) == wanted, at
        assert len(names(again.state, "webhooks")) == 1
    assert followed


def test_a_fork_is_killed_as_a_process_is(empty, tmp_path):
    """While it imports packages: how many requests come before that does not depend on the machine."""
    [beta] = [
        one["n"] for one in empty.whole.requests if (one["method"], one["path"][-5:]) == ("PUT", "/beta")
    ]
    slowly = Crashes(tools(), empty.estate, tmp_path, empty.command)
    forked, real = slowly.at(f"{beta}:after"), slowly.really(f"{beta}:after")

    assert forked.code == real.code == KILLED
    assert settled(forked.state) == settled(real.state)
    assert told(forked)["requests"] == told(real)["requests"]
