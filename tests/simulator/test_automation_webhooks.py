"""Webhooks and variables of an Automation account."""

import re

import pytest

from tests.simulator.automation_estate import HOOK, NOW, Place, refused, stamp

YEAR = 365.25 * 86400


def invalid(argument, message):
    return 400, "BadRequest", f"Argument {argument} is not valid. Error message: {message}"


@pytest.fixture
def place():
    made = Place()
    made.published()
    return made


class TestWebhooks:
    def test_a_uri_is_made_up_each_time(self, place):
        first, second = (place.ask("POST", "webhooks/generateUri") for _ in range(2))

        assert first.status == 200
        assert re.fullmatch(
            r"https://[0-9a-f-]{36}\.webhook\.westeurope\.azure-automation\.net/webhooks\?token=[\w-]+%3d",
            first.body,
        )
        assert first.body != second.body
        assert place.list("webhooks") == []

    def test_a_new_one_never_tells_its_uri(self, place):
        made = place.hooked(parameters={"[PARAMETER 1]": "window=24h"})

        assert made.status == 201
        assert made.headers["Location"].endswith("/webhooks/failed?api-version=2024-10-23")
        assert made.body["type"] == "Microsoft.Automation/AutomationAccounts/Webhooks"
        assert made.body["properties"] == {
            "isEnabled": True,
            "expiryTime": "2026-11-23T12:00:00.0000000+00:00",
            "runbook": {"name": "nightly"},
            "lastInvokedTime": None,
            "runOn": None,
            "parameters": {"[PARAMETER 1]": "window=24h"},
            "uri": "",
            "creationTime": "2026-11-22T12:00:00.0000000+00:00",
            "lastModifiedBy": "",
            "lastModifiedTime": "2026-11-22T12:00:00.0000000+00:00",
        }
        assert place.ask("GET", "webhooks/failed").body == made.body
        assert place.list("webhooks") == [made.body]

    @pytest.mark.parametrize(
        ("given", "error"),
        [
            pytest.param(
                {"uri": None}, invalid("uri", "A webhook needs the URI that generateUri gives."), id="no uri"
            ),
            pytest.param(
                {"uri": "http://x/"},
                invalid("uri", "A webhook needs the URI that generateUri gives."),
                id="a uri without https",
            ),
            pytest.param(
                {"runbook": {"name": "other"}}, (404, "NotFound", "Runbook not found."), id="no such runbook"
            ),
            pytest.param({"runbook": None}, (404, "NotFound", "Runbook not found."), id="no runbook"),
            pytest.param(
                {"expiryTime": "soon"},
                invalid("expiryTime", "Invalid expiry time."),
                id="an expiry that is no time",
            ),
            pytest.param(
                {"expiryTime": stamp(NOW)},
                invalid("expiryTime", "It is in the future and at most 10 years from now."),
                id="an expiry that has passed",
            ),
            pytest.param(
                {"expiryTime": stamp(NOW + 10.1 * YEAR)},
                invalid("expiryTime", "It is in the future and at most 10 years from now."),
                id="an expiry more than ten years ahead",
            ),
        ],
    )
    def test_refused_is(self, place, given, error):
        assert refused(place.hooked(**given)) == error

    def test_putting_it_again_changes_what_may_change(self, place):
        place.hooked()

        again = place.hooked(isEnabled=False, parameters={"a": "b"})

        assert again.status == 200
        told = again.body["properties"]
        assert (told["isEnabled"], told["parameters"]) == (False, {"a": "b"})

    @pytest.mark.parametrize(
        ("given", "name"),
        [
            pytest.param({"uri": HOOK + "x"}, "uri", id="its uri"),
            pytest.param({"expiryTime": stamp(NOW + 2 * 86400)}, "expiryTime", id="its expiry"),
            pytest.param({"runbook": {"name": "other"}}, "runbook", id="its runbook"),
        ],
    )
    def test_never_changed_is(self, place, given, name):
        place.hooked()
        place.published("other")

        assert refused(place.hooked(**given)) == (
            400,
            "BadRequest",
            f"The {name} of a webhook cannot be changed; delete the webhook and create it again.",
        )

    def test_a_description_can_be_patched_but_is_not_told(self, place):
        """As recorded, though the specification lists it."""
        place.hooked()

        patched = place.ask(
            "PATCH", "webhooks/failed", {"properties": {"isEnabled": False, "description": "x"}}
        )

        assert (patched.status, patched.body["properties"]["isEnabled"]) == (200, False)
        assert "description" not in patched.body["properties"]

    def test_a_patch_changes_nothing_else(self, place):
        place.hooked()

        patched = place.ask(
            "PATCH", "webhooks/failed", {"properties": {"expiryTime": stamp(NOW + 2 * 86400)}}
        )

        assert refused(patched) == (
            400,
            "BadRequest",
            "expiryTime of a webhook cannot be updated; only isEnabled, runOn, parameters, description can.",
        )

    def test_it_can_be_made_anew_once_it_is_deleted(self, place):
        place.hooked()

        assert place.ask("DELETE", "webhooks/failed").status == 200
        assert refused(place.ask("GET", "webhooks/failed")) == (404, "NotFound", "Webhook not found.")
        assert refused(place.ask("DELETE", "webhooks/failed")) == (404, "NotFound", "Webhook not found.")
        assert place.hooked(uri=HOOK + "x").status == 201

    def test_it_stays_when_its_runbook_is_updated(self, place):
        place.hooked()

        place.published()

        assert [row["name"] for row in place.list("webhooks")] == ["failed"]


class TestVariables:
    def test_a_new_one_is_told_back(self, place):
        made = place.put("variables/ledger", value='"https://x"', description="Where", isEncrypted=False)

        assert made.status == 201
        assert made.body["type"] == "Microsoft.Automation/AutomationAccounts/Variables"
        assert made.body["properties"] == {
            "creationTime": "2026-11-22T12:00:00.0000000+00:00",
            "lastModifiedTime": "2026-11-22T12:00:00.0000000+00:00",
            "isEncrypted": False,
            "value": '"https://x"',
            "description": "Where",
        }
        assert place.put("variables/ledger", value="1").status == 200

    def test_it_may_be_without_a_value(self, place):
        assert place.put("variables/ledger").body["properties"]["value"] is None

    def test_one_that_is_encrypted_never_tells_its_value(self, place):
        made = place.put("variables/hook", value='"s3cret"', isEncrypted=True)
        patched = place.ask("PATCH", "variables/hook", {"properties": {"value": '"s3cret2"'}})

        answers = [made, patched, place.ask("GET", "variables/hook")]
        assert [one.body["properties"]["value"] for one in answers] == [None, None, None]
        assert "s3cret" not in str(place.list("variables"))

    def test_a_patch_changes_value_and_description(self, place):
        place.put("variables/ledger", value="1", description="Where")
        place.clock.pass_(60)

        patched = place.ask("PATCH", "variables/ledger", {"properties": {"value": "2"}})

        told = patched.body["properties"]
        assert (patched.status, told["value"], told["description"]) == (200, "2", "Where")
        assert told["lastModifiedTime"] == "2026-11-22T12:01:00.0000000+00:00"
        again = place.ask("PATCH", "variables/ledger", {"properties": {"description": "There"}})
        assert again.body["properties"]["description"] == "There"

    @pytest.mark.parametrize(
        ("given", "error"),
        [
            pytest.param(
                {"value": "1", "isEncrypted": True},
                invalid("isEncrypted", "It cannot be changed."),
                id="to be encrypted from now on",
            ),
            pytest.param(
                {"value": "plain"},
                (400, "BadRequest", "Invalid JSON - Kindly check the value of the variable."),
                id="a value that is no JSON",
            ),
            pytest.param(
                {"value": "1" * 1_048_577},
                invalid("value", "It has 1048577 characters; 1048576 is the most."),
                id="a value that is too long",
            ),
        ],
    )
    def test_refused_is(self, place, given, error):
        place.put("variables/ledger", value="1")

        assert refused(place.put("variables/ledger", **given)) == error

    def test_a_patch_cannot_encrypt(self, place):
        place.put("variables/ledger", value="1")

        patched = place.ask("PATCH", "variables/ledger", {"properties": {"isEncrypted": True}})

        assert refused(patched) == (
            400,
            "BadRequest",
            "isEncrypted of a variable cannot be updated; only value, description can.",
        )

    def test_it_is_gone_when_it_is_deleted(self, place):
        place.put("variables/ledger", value="1")

        assert place.ask("DELETE", "variables/ledger").status == 200
        assert refused(place.ask("DELETE", "variables/ledger")) == (404, "NotFound", "Variable not found.")

    def test_without_properties_nothing_is_made(self, place):
        assert refused(place.ask("PUT", "variables/ledger", {})) == (
            400,
            "BadRequest",
            "The request content was invalid: properties are required.",
        )
        assert refused(place.ask("PUT", "variables/ledger", [])) == (
            400,
            "BadRequest",
            "The request content was invalid: an object is expected.",
        )
