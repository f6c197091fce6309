"""Action groups that start runbooks, and the alert processing rules that call them."""

import pytest

from simulator.access import Access
from tests.simulator.asking import ROBOT
from tests.simulator.automation_estate import GROUPS, HOOK, RULES, Place, refused


@pytest.fixture
def place():
    made = Place()
    made.published()
    made.hooked()
    return made


class TestActionGroups:
    def test_a_new_one_has_every_kind_of_receivers(self, place):
        made = place.action_group(place.receiver())

        assert made.status == 201
        assert made.body["location"] == "Global"
        properties = made.body["properties"]
        assert (properties["groupShortName"], properties["enabled"]) == ("retry", True)
        assert properties["automationRunbookReceivers"] == [place.receiver()]
        assert properties["emailReceivers"] == []
        assert place.action_group(place.receiver()).status == 200

    def test_who_may_read_it_gets_the_uri(self, place):
        place.action_group(
            place.receiver(), webhookReceivers=[{"name": "w", "serviceUri": "https://x/?sig=1"}]
        )

        told = place.group().body["properties"]
        listed = place.ask("GET", place.id(GROUPS, ""), version="2023-01-01").body["value"]

        assert told["automationRunbookReceivers"][0]["serviceUri"] == HOOK
        assert told["webhookReceivers"][0]["serviceUri"] == "https://x/?sig=1"
        assert listed[0]["properties"] == told

    def test_its_row_has_a_digest_in_place_of_the_uri(self, place):
        place.action_group(place.receiver())
        query = {"query": "resources | where type == 'microsoft.insights/actiongroups' | project properties"}

        found = place.ask("POST", "/providers/Microsoft.ResourceGraph/resources", query, version="2021-03-01")

        uri = found.body["data"][0]["properties"]["automationRunbookReceivers"][0]["serviceUri"]
        assert uri.startswith("sha256:")
        assert len(uri) == len("sha256:") + 64

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            pytest.param(
                {"location": "westeurope"}, "The location of an action group is Global.", id="a region"
            ),
            pytest.param(
                {"short": "thirteen-long"},
                "The groupShortName of an action group has 1 to 12 characters.",
                id="a short name that is long",
            ),
        ],
    )
    def test_refused_is(self, place, given, message):
        assert refused(place.action_group(**given)) == (400, "BadRequest", message)

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            pytest.param(
                {"serviceUri": ""}, "The automationRunbookReceiver retry has no serviceUri.", id="no uri"
            ),
            pytest.param(
                {"webhookResourceId": "/webhooks/other"},
                "There is no webhook /webhooks/other.",
                id="a webhook that is not there",
            ),
        ],
    )
    def test_refused_is_a_receiver_with(self, place, given, message):
        assert refused(place.action_group(place.receiver(**given))) == (400, "BadRequest", message)

    def test_a_patch_changes_tags_and_whether_it_is_enabled(self, place):
        place.action_group(place.receiver())
        path = place.id(GROUPS, "ag-backup")

        patched = place.ask(
            "PATCH", path, {"tags": {"a": "1"}, "properties": {"enabled": False}}, version="2023-01-01"
        )
        other = place.ask("PATCH", path, {"properties": {"groupShortName": "x"}}, version="2023-01-01")

        assert (patched.status, patched.body["tags"]) == (200, {"a": "1"})
        assert patched.body["properties"]["automationRunbookReceivers"][0]["serviceUri"] == HOOK
        assert refused(other) == (
            400,
            "BadRequest",
            "A patch of an action group changes tags and enabled, not groupShortName.",
        )

    def test_it_is_deleted_once(self, place):
        place.action_group()
        path = place.id(GROUPS, "ag-backup")

        answers = [place.ask("DELETE", path, version="2023-01-01").status for _ in range(2)]

        assert answers == [200, 204]
        assert refused(place.group())[:2] == (
            404,
            "ResourceNotFound",
        )

    def test_a_body_that_is_no_object_is_refused(self, place):
        answer = place.ask("PUT", place.id(GROUPS, "ag-backup"), [], version="2023-01-01")

        message = "The request content was invalid: an object is expected."
        assert refused(answer) == (400, "BadRequest", message)

    def test_who_may_not_write_it_is_refused(self, place):
        place.world.access = Access([{"role": "Reader", "scope": "/", "principal": ROBOT.client_id}])

        assert refused(place.action_group(place.receiver()))[:2] == (403, "AuthorizationFailed")


class TestAlertProcessingRules:
    @pytest.fixture(autouse=True)
    def group(self, place):
        place.action_group(place.receiver())

    def test_a_new_one_is_told_back(self, place):
        made = place.processing_rule()

        assert made.status == 201
        assert made.body["properties"]["enabled"] is True
        assert made.body["properties"]["scopes"] == [f"/subscriptions/{place.subscription}"]
        assert place.processing_rule(enabled=False).body["properties"]["enabled"] is False

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            pytest.param({"scopes": []}, "An alert processing rule needs scopes.", id="no scopes"),
            pytest.param(
                {"scopes": ["/subscriptions/other"]},
                "The scope /subscriptions/other is not in the subscription of the rule.",
                id="another subscription",
            ),
            pytest.param({"actions": []}, "An alert processing rule needs actions.", id="no actions"),
            pytest.param(
                {"actions": [{"actionType": "Suppress"}]},
                "The actionType Suppress is neither AddActionGroups nor RemoveAllActionGroups.",
                id="an action that is none",
            ),
            pytest.param(
                {"actions": [{"actionType": "AddActionGroups"}]},
                "AddActionGroups needs actionGroupIds.",
                id="no action groups",
            ),
            pytest.param(
                {"actions": [{"actionType": "AddActionGroups", "actionGroupIds": ["/other"]}]},
                "There is no action group /other.",
                id="an action group that is not there",
            ),
            pytest.param(
                {"conditions": [{"field": "Severity", "operator": "Is", "values": ["Sev1"]}]},
                "A condition's operator is one of Equals, NotEquals, Contains, DoesNotContain, got Is.",
                id="an operator that is none",
            ),
            pytest.param(
                {"conditions": [{"field": "Severity", "operator": "Equals", "values": []}]},
                "The condition on Severity has no values.",
                id="a condition without values",
            ),
        ],
    )
    def test_refused_is(self, place, given, message):
        assert refused(place.processing_rule(**given)) == (400, "BadRequest", message)

    def test_a_condition_on_what_alerts_do_not_have_is_refused(self, place):
        answer = place.processing_rule(
            conditions=[{"field": "Colour", "operator": "Equals", "values": ["red"]}]
        )

        status, code, message = refused(answer)
        assert (status, code) == (400, "BadRequest")
        assert message.startswith("A condition's field is one of Severity, MonitorService,")
        assert message.endswith("got Colour.")

    def test_a_patch_changes_whether_it_is_enabled_and_nothing_else(self, place):
        place.processing_rule()
        path = place.id(RULES, "apr-backup")

        patched = place.ask("PATCH", path, {"properties": {"enabled": False}}, version="2021-08-08")
        other = place.ask("PATCH", path, {"properties": {"scopes": []}}, version="2021-08-08")

        assert (patched.status, patched.body["properties"]["enabled"]) == (200, False)
        message = "A patch of an alert processing rule changes tags and enabled, not scopes."
        assert refused(other) == (400, "BadRequest", message)

    def test_a_rule_that_removes_needs_no_group(self, place):
        assert place.processing_rule(actions=[{"actionType": "RemoveAllActionGroups"}]).status == 201
