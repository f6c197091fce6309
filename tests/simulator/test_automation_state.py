"""What a dump has of Automation, and what may never stand in one."""

import json

import pytest

from simulator.world import World
from tests.simulator.automation_estate import HOOK, PYTHON, SOURCE, Clock, Place, loaded

LINK = "11111111-1111-1111-1111-111111111111"
SECRETS = ("s3cret", "sig=", "token=", "hunter2")


def again(place, folder):
    """The same place from a dump of its world."""
    place.world.dump(folder)
    other = Place(place.clock)
    other.world = World.load(folder, clock=place.clock)
    return other


def receiver_of(place):
    found = place.group().body
    return found["properties"]["automationRunbookReceivers"][0]


@pytest.fixture
def place():
    """With everything an account can have here."""
    made = Place()
    made.put("runtimeEnvironments/kit", **PYTHON)
    made.imported(made.stored())
    made.published()
    made.ask("PUT", "runbooks/nightly/draft/content", b"print(2)")
    made.scheduled()
    made.linked(LINK, parameters={"a": "b"})
    made.hooked()
    made.put("variables/plain", value="1")
    made.put("variables/hidden", value='"hunter2"', isEncrypted=True)
    made.action_group(made.receiver())
    made.processing_rule()
    return made


KINDS = ("runbooks", "schedules", "jobSchedules", "webhooks", "variables", "runtimeEnvironments")


class TestADump:
    def test_goes_on_from_where_the_world_stands(self, place, tmp_path):
        other = again(place, tmp_path)

        assert {kind: other.list(kind) for kind in KINDS} == {kind: place.list(kind) for kind in KINDS}
        assert other.ask("GET", "runbooks/nightly/content").body == SOURCE.encode()
        assert other.ask("GET", "runbooks/nightly/draft/content").body == b"print(2)"
        assert other.ask("GET", f"jobSchedules/{LINK}").body["properties"]["parameters"] == {"a": "b"}

    def test_has_packages_that_are_still_being_created(self, place, tmp_path):
        other = again(place, tmp_path)

        assert other.package(after=0)["provisioningState"] == "Creating"
        assert other.package()["provisioningState"] == "Succeeded"

    def test_has_the_results_that_are_still_to_come(self, place, tmp_path):
        begun = place.ask("POST", "runbooks/nightly/publish")
        path = begun.headers["Location"].partition("?")[0].removeprefix("https://management.azure.com")

        other = again(place, tmp_path)

        assert other.ask("GET", path).status == 202
        other.clock.pass_(2)
        assert other.ask("GET", path).status == 200

    def test_has_no_secret_in_any_file(self, place, tmp_path):
        again(place, tmp_path)

        texts = {path.name: path.read_bytes().decode(errors="replace") for path in tmp_path.rglob("*.*json")}
        assert "automation.ndjson" in texts
        assert [(name, one) for name, text in texts.items() for one in SECRETS if one in text] == []

    def test_knows_a_webhook_by_the_digest_of_its_uri(self, place, tmp_path):
        other = again(place, tmp_path)

        assert other.hooked().status == 200
        assert other.hooked(uri=HOOK + "x").status == 400

    def test_gives_an_action_groups_uri_as_a_digest(self, place, tmp_path):
        other = again(place, tmp_path)

        told = receiver_of(other)
        assert told["serviceUri"].startswith("sha256:")
        assert receiver_of(place)["serviceUri"] == HOOK


class TestTime:
    def test_what_is_to_come_has_come_when_it_has_passed(self, place):
        place.world.advance(3700)

        done = place.package(after=0)
        assert (done["provisioningState"], done["version"]) == ("Succeeded", "1.2.3")
        schedule = place.ask("GET", "schedules/daily").body["properties"]
        assert schedule["startTime"] == "2026-11-22T11:58:20+00:00"
        assert schedule["expiryTime"] == "9999-12-31T23:59:59.9999999+00:00"
        assert schedule["nextRun"] == "2026-11-23T11:58:20+00:00"

    def test_a_schedule_can_be_put_again_as_a_get_has_it(self, place):
        place.world.advance(7230)
        known = place.ask("GET", "schedules/daily").body["properties"]

        assert place.put("schedules/daily", **{**known, "interval": 2}).status == 200

    def test_contents_do_not_age(self, place):
        place.world.advance(3700)

        assert place.ask("GET", "runbooks/nightly/content").body == SOURCE.encode()


class TestAnEstateByHand:
    @pytest.fixture
    def place(self):
        """Somebody else's: only what a person would write."""
        made = Place()
        group = made.account
        made.estate.resource(
            "Microsoft.Automation/automationAccounts/aa-backup/runbooks",
            "theirs",
            subscription=made.subscription,
            group="rg-automation",
            location="westeurope",
            properties={"runbookType": "PowerShell", "state": "Published"},
        )
        rows = {
            "runbooks/theirs/content": {"published": "Write-Output 1"},
            "schedules/weekly": {
                "startTime": "2026-01-05T06:00:00Z",
                "frequency": "Week",
                "interval": 1,
            },
            f"jobSchedules/{LINK}": {"runbook": {"name": "theirs"}, "schedule": {"name": "weekly"}},
            "webhooks/theirs": {"runbook": {"name": "theirs"}, "expiryTime": "2027-01-01T00:00:00+00:00"},
            "variables/theirs": {"value": "1"},
            "runtimeEnvironments/theirs": PYTHON,
        }
        for path, properties in rows.items():
            made.estate.add("automation", {"id": f"{group}/{path}", "properties": properties})
        made.world = loaded(made.estate, Clock())
        return made

    def test_is_served_like_any_other(self, place):
        names = {kind: [row["name"] for row in place.list(kind)] for kind in KINDS}

        assert names == {
            "runbooks": ["theirs"],
            "schedules": ["weekly"],
            "jobSchedules": [LINK],
            "webhooks": ["theirs"],
            "variables": ["theirs"],
            "runtimeEnvironments": [*place_of_system(place), "theirs"],
        }
        assert place.ask("GET", "runbooks/theirs/content").body == b"Write-Output 1"
        assert place.list("schedules")[0]["properties"]["nextRun"] == "2026-11-23T06:00:00+00:00"
        assert place.ask("GET", "runbooks/theirs").body["properties"]["logVerbose"] is False

    def test_can_be_changed_like_any_other(self, place):
        assert place.ask("PATCH", "webhooks/theirs", {"properties": {"isEnabled": False}}).status == 200
        assert place.put("variables/theirs", value="2").status == 200
        assert place.ask("PUT", "runbooks/theirs/draft/content", b"2").status == 202
        assert place.ask("DELETE", "runbooks/theirs").status == 200
        assert place.list("jobSchedules") == []

    def test_action_groups_lose_their_uris_on_the_way_in(self, place):
        properties = {"groupShortName": "x", "automationRunbookReceivers": [place.receiver()]}
        place.estate.resource(
            "Microsoft.Insights/actionGroups",
            "ag-backup",
            subscription=place.subscription,
            group="rg-automation",
            location="Global",
            properties=properties,
        )
        place.world = loaded(place.estate, Clock())

        (row,) = place.world.store.find("resources", place.clock.now, type="microsoft.insights/actiongroups")

        assert "s3cret" not in json.dumps(row)
        assert receiver_of(place)["serviceUri"] == HOOK


def place_of_system(place):
    return [row["name"] for row in place.list("runtimeEnvironments") if "-" in row["name"]]
