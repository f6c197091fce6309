"""The SDK's own methods of azure-mgmt-automation, over loopback, with what is peculiar about each."""

import json
import time
import uuid
from hashlib import sha256

import pytest
from azure.core.exceptions import DecodeError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.mgmt.automation.models import ScheduleCreateOrUpdateParameters, ScheduleCreateOrUpdateProperties

from simulator import faults
from tests.simulator.automation_estate import (
    ACCOUNT,
    GROUP,
    SOURCE,
    WHEEL,
    Place,
    Running,
    daily,
    playing,
    staged,
    stamp,
    wheel,
)

HERE = (GROUP, ACCOUNT)
ENVIRONMENT = {
    "location": "westeurope",
    "tags": {"lock": "abc"},
    "properties": {"runtime": {"language": "Python", "version": "3.10"}},
}


@pytest.fixture(scope="module")
def place():
    return Place(Running(), speed=60)


@pytest.fixture(scope="module")
def served(place):
    with playing(place) as (client, address):
        yield client, address


@pytest.fixture(scope="module")
def client(served):
    return served[0]


@pytest.fixture
def runbook(client):
    """One that was published."""
    name = f"r{uuid.uuid4().hex}"
    properties = {"runbookType": "Python", "runtimeEnvironment": "Python-3.10", "draft": {}}
    client.runbook.create_or_update(*HERE, name, {"location": "westeurope", "properties": properties})
    client.runbook_draft.begin_replace_content(*HERE, name, SOURCE).result()
    client.runbook.begin_publish(*HERE, name).result()
    yield name
    client.runbook.delete(*HERE, name)


@pytest.fixture
def schedule(client):
    name = f"s{uuid.uuid4().hex}"
    client.schedule.create_or_update(*HERE, name, {"name": name, "properties": daily(time.time())})
    yield name
    client.schedule.delete(*HERE, name)


def test_accounts_are_read_and_listed(client):
    account = client.automation_account.get(*HERE)

    assert (account.properties.state, account.identity.type) == ("Ok", "SystemAssigned")
    assert [one.name for one in client.automation_account.list()] == [ACCOUNT]
    assert [one.name for one in client.automation_account.list_by_resource_group(GROUP)] == [ACCOUNT]


class TestRunbooks:
    def test_a_runbook_is_told_with_its_environment(self, client, runbook):
        found = client.runbook.get(*HERE, runbook)

        assert found["properties"]["runtimeEnvironment"] == "Python-3.10"
        assert (found.properties.state, found.properties.runbook_type) == ("Published", "Python")
        assert runbook in [one.name for one in client.runbook.list_by_automation_account(*HERE)]

    def test_content_is_octets_which_the_sdk_does_not_decode(self, client, runbook):
        with pytest.raises(DecodeError, match="Cannot deserialize content-type: application/octet-stream"):
            client.runbook.get_content(*HERE, runbook)

    def test_content_is_read_as_a_stream(self, client, runbook):
        client.runbook_draft.begin_replace_content(*HERE, runbook, "# caf\u00e9").result()

        streams = [
            one.get_content(*HERE, runbook, stream=True) for one in (client.runbook, client.runbook_draft)
        ]

        assert [b"".join(one).decode() for one in streams] == [SOURCE, "# caf\u00e9"]

    def test_a_draft_is_told(self, client, runbook):
        client.runbook_draft.begin_replace_content(*HERE, runbook, SOURCE).result()

        assert client.runbook_draft.get(*HERE, runbook).in_edit is True

    def test_a_patch_may_be_a_plain_object(self, client, runbook):
        body = {"properties": {"runtimeEnvironment": "Python-3.8"}, "tags": {"content-sha256": "abc"}}

        patched = client.runbook.update(*HERE, runbook, body)

        assert patched["properties"]["runtimeEnvironment"] == "Python-3.8"
        assert patched.tags == {"content-sha256": "abc"}

    def test_without_a_draft_publishing_is_refused(self, client, runbook):
        with pytest.raises(HttpResponseError) as refusal:
            client.runbook.begin_publish(*HERE, runbook).result()

        assert refusal.value.status_code == 400
        assert refusal.value.error.code == "BadRequest"
        assert refusal.value.error.message == f"The runbook {runbook} has no draft to publish."

    def test_one_that_is_not_there_is_not_found(self, client):
        with pytest.raises(ResourceNotFoundError) as refusal:
            client.runbook.get(*HERE, "other")

        assert refusal.value.error.code == "ResourceNotFound"

    def test_deleting_what_is_not_there_is_fine(self, client):
        assert client.runbook.delete(*HERE, "other") is None


class TestSchedulesAndLinks:
    def test_a_time_with_an_offset_is_told_in_the_zone(self, client):
        start = stamp(time.time() + 7200).replace("Z", "+00:00")
        properties = ScheduleCreateOrUpdateProperties(
            start_time=start, frequency="Day", interval=1, time_zone="Asia/Kolkata"
        )

        made = client.schedule.create_or_update(
            *HERE, "nightly", ScheduleCreateOrUpdateParameters(name="nightly", properties=properties)
        )

        assert made.properties.time_zone == "Asia/Kolkata"
        assert made.properties.start_time_offset_minutes == 330
        assert made.properties.expiry_time.year == 9999

    def test_a_start_too_soon_is_a_400(self, client):
        with pytest.raises(HttpResponseError) as refusal:
            client.schedule.create_or_update(
                *HERE, "soon", {"name": "soon", "properties": daily(time.time() - 3600)}
            )

        assert refusal.value.status_code == 400
        assert "at least 5 minutes after the time you create the schedule" in refusal.value.error.message

    def test_a_conflict_passes_for_a_schedule(self, tmp_path):
        """When Azure answers so is not known, and the simulator never does by itself."""
        error = {"error": {"code": "Conflict", "message": "The schedule is being updated."}}
        rule = {
            "match": {"method": "PUT", "path": "/schedules/"},
            "when": {"first": 1},
            "then": {"status": 409, "body": error},
        }
        (tmp_path / "faults.json").write_text(json.dumps([rule]))
        rules = faults.Faults(faults.load(tmp_path / "faults.json"))

        with playing(Place(Running()), rules) as (client, _):
            made = client.schedule.create_or_update(
                *HERE, "nightly", {"name": "nightly", "properties": daily(time.time())}
            )

        assert (made.as_dict(), made.properties) == (error, None)

    def test_a_patch_pauses(self, client, schedule):
        patched = client.schedule.update(*HERE, schedule, {"properties": {"isEnabled": False}})

        assert patched.properties.is_enabled is False
        assert schedule in [one.name for one in client.schedule.list_by_automation_account(*HERE)]

    @pytest.mark.parametrize("kind", ["schedule", "job_schedule", "webhook", "variable"])
    def test_deleting_what_is_not_there_is_an_error(self, client, kind):
        with pytest.raises(ResourceNotFoundError) as refusal:
            getattr(client, kind).delete(*HERE, str(uuid.uuid4()))

        assert refusal.value.error.code == "NotFound"

    def test_a_link_is_made_once_and_found_by_its_ends(self, client, runbook, schedule):
        ends = {"schedule": {"name": schedule}, "runbook": {"name": runbook}}
        body = {"properties": {**ends, "parameters": {"[PARAMETER 1]": "dry_run=true"}}}
        name = str(uuid.uuid4())

        client.job_schedule.create(*HERE, name, body)

        with pytest.raises(ResourceExistsError) as refusal:
            client.job_schedule.create(*HERE, str(uuid.uuid4()), body)
        message = "A job schedule for the specified runbook and schedule already exists."
        assert (refusal.value.error.code, refusal.value.error.message) == ("Conflict", message)
        told = client.job_schedule.get(*HERE, name).properties
        assert (told.job_schedule_id, told.parameters) == (name, {"[parameter 1]": "dry_run=true"})
        wanted = f"properties/schedule/name eq '{schedule}' and properties/runbook/name eq '{runbook}'"
        (listed,) = client.job_schedule.list_by_automation_account(*HERE, filter=wanted)
        assert (listed.name, listed.properties.parameters) == (name, None)
        assert client.job_schedule.delete(*HERE, name) is None

    def test_a_link_has_another_id_once_its_runbook_is_published_again(self, client, runbook, schedule):
        ends = {"schedule": {"name": schedule}, "runbook": {"name": runbook}}
        name = str(uuid.uuid4())
        client.job_schedule.create(*HERE, name, {"properties": ends})

        client.runbook_draft.begin_replace_content(*HERE, runbook, SOURCE).result()
        client.runbook.begin_publish(*HERE, runbook).result()

        (link,) = client.job_schedule.list_by_automation_account(
            *HERE, filter=f"properties/runbook/name eq '{runbook}'"
        )
        assert link.name != name


class TestWebhooksAndVariables:
    def test_a_generated_uri_comes_in_quotes(self, client):
        uri = client.webhook.generate_uri(*HERE)

        assert (uri[0], uri[-1]) == ('"', '"')
        assert json.loads(uri).startswith("https://")

    def test_a_webhook_tells_nothing_of_its_uri(self, client, runbook):
        uri = json.loads(client.webhook.generate_uri(*HERE))
        properties = {
            "isEnabled": True,
            "uri": uri,
            "expiryTime": stamp(time.time() + 86400),
            "runbook": {"name": runbook},
        }

        made = client.webhook.create_or_update(*HERE, "failed", {"name": "failed", "properties": properties})
        patched = client.webhook.update(*HERE, "failed", {"properties": {"isEnabled": False}})

        listed = list(client.webhook.list_by_automation_account(*HERE))
        told = [made, patched, client.webhook.get(*HERE, "failed"), *listed]
        assert [one.properties.uri for one in told] == [""] * 4
        assert uri not in str([one.as_dict() for one in told])
        assert client.webhook.delete(*HERE, "failed") is None

    def test_a_variable_is_written_and_read(self, client):
        client.variable.create_or_update(*HERE, "v", {"name": "v", "properties": {"value": "1"}})
        client.variable.update(*HERE, "v", {"properties": {"value": "2"}})

        assert client.variable.get(*HERE, "v").properties.value == "2"
        assert [one.name for one in client.variable.list_by_automation_account(*HERE)] == ["v"]
        assert client.variable.delete(*HERE, "v") is None


class TestEnvironmentsAndPackages:
    def test_a_wheel_is_staged_with_a_signature_imported_and_told(self, place, served):
        client, address = served
        uri = staged(address, {WHEEL: wheel()})[WHEEL]
        content = {"uri": uri, "contentHash": {"algorithm": "SHA256", "value": sha256(wheel()).hexdigest()}}

        made = client.runtime_environments.create(*HERE, "kit", ENVIRONMENT)
        package = client.package.create_or_update(
            *HERE, "kit", "sample", {"properties": {"contentLink": content}}
        )
        place.world.advance(60)

        assert made.tags == {"lock": "abc"}
        assert package.properties.provisioning_state == "Creating"
        done = client.package.get(*HERE, "kit", "sample").properties
        assert (done.provisioning_state, done.version, done.size_in_bytes) == (
            "Succeeded",
            "1.2.3",
            len(wheel()),
        )
        assert done.content_link is None
        assert [one.name for one in client.package.list_by_runtime_environment(*HERE, "kit")] == ["sample"]

    def test_an_environment_is_read_updated_listed_and_deleted(self, client):
        client.runtime_environments.create(*HERE, "other", ENVIRONMENT)
        again = client.runtime_environments.create(*HERE, "other", {**ENVIRONMENT, "tags": {"lock": "def"}})

        assert again.tags == {"lock": "def"}
        assert client.runtime_environments.get(*HERE, "other").properties.runtime.version == "3.10"
        patched = client.runtime_environments.update(*HERE, "other", {"properties": {"defaultPackages": {}}})
        assert patched.properties.default_packages == {}
        names = [one.name for one in client.runtime_environments.list_by_automation_account(*HERE)]
        assert {"Python-3.10", "other"} <= set(names)
        assert client.runtime_environments.delete(*HERE, "other") is None
        assert client.runtime_environments.delete(*HERE, "other") is None
