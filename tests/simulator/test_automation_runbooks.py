"""Runbooks of an Automation account: their states, drafts, publishing and environments."""

import re

import pytest

from simulator.access import Access
from tests.simulator.asking import ROBOT
from tests.simulator.automation_estate import ACCOUNT, GROUP, SOURCE, Place, refused

ENVIRONMENT = {"runbookType": "Python", "runtimeEnvironment": "Python-3.10"}


@pytest.fixture
def place():
    return Place()


def gone(name):
    """As Resource Manager says it."""
    message = (
        f"The Resource 'Microsoft.Automation/automationAccounts/{name}' under resource group '{GROUP}' "
        "was not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    )
    return 404, "ResourceNotFound", message


def of(place, name="nightly"):
    return place.ask("GET", f"runbooks/{name}").body["properties"]


class TestBeingMade:
    def test_a_new_runbook_is_created_and_says_where_it_is(self, place):
        made = place.put("runbooks/nightly", **ENVIRONMENT, draft={}, description="Runs at night")

        assert made.status == 201
        assert made.headers["Location"].endswith(f"{ACCOUNT}/runbooks/nightly?api-version=2024-10-23")
        assert made.headers["ETag"] == made.body["etag"]
        assert made.body["type"] == "Microsoft.Automation/AutomationAccounts/Runbooks"
        assert made.body["properties"] == {
            "runbookType": "Python",
            "runtimeEnvironment": "Python-3.10",
            "description": "Runs at night",
            "state": "New",
            "logVerbose": False,
            "logProgress": False,
            "logActivityTrace": 0,
            "parameters": {},
            "jobCount": 0,
            "outputTypes": [],
            "provisioningState": "Succeeded",
            "serviceManagementTags": None,
            "lastModifiedBy": None,
            "creationTime": "2026-11-22T12:00:00.0000000+00:00",
            "lastModifiedTime": "2026-11-22T12:00:00.0000000+00:00",
        }

    def test_putting_it_again_is_an_update_that_keeps_when_it_was_made(self, place):
        place.put("runbooks/nightly", **ENVIRONMENT, draft={})
        place.clock.pass_(60)

        again = place.put("runbooks/NIGHTLY", **ENVIRONMENT, logVerbose=True)

        assert again.status == 200
        assert "Location" not in again.headers
        assert again.body["name"] == "nightly"
        assert again.body["properties"]["logVerbose"] is True
        assert again.body["properties"]["creationTime"] == "2026-11-22T12:00:00.0000000+00:00"
        assert again.body["properties"]["lastModifiedTime"] == "2026-11-22T12:01:00.0000000+00:00"

    def test_a_python3_runbook_that_names_no_environment_is_one_of_python_3_8(self, place):
        place.put("runbooks/nightly", runbookType="Python3", draft={})

        assert of(place)["runtimeEnvironment"] == "Python-3.8"

    @pytest.mark.parametrize(
        ("properties", "message"),
        [
            pytest.param(
                {"runbookType": "Ruby"},
                "Argument runbookType is not valid. Error message: 'Ruby' is none of Script, Graph",
                id="a type that is none",
            ),
            pytest.param(
                {"runbookType": "Python", "runtimeEnvironment": "mine"},
                "Argument runtimeEnvironment is not valid. "
                "Error message: There is no runtime environment 'mine'.",
                id="an environment that is not there",
            ),
            pytest.param(
                {"runbookType": "Python"},
                "Argument runtimeEnvironment is not valid. "
                "Error message: A runbook of type Python needs one.",
                id="Python without an environment",
            ),
            pytest.param(
                {"runbookType": "PowerShell", "runtimeEnvironment": "Python-3.10"},
                "Argument runtimeEnvironment is not valid. "
                "Error message: 'Python-3.10' is for Python, and the runbook is a PowerShell one.",
                id="an environment of another language",
            ),
        ],
    )
    def test_refused_is(self, place, properties, message):
        status, code, told = refused(place.put("runbooks/nightly", **properties, draft={}))

        assert (status, code) == (400, "BadRequest")
        assert told.startswith(message)
        assert place.list("runbooks") == []

    def test_its_type_never_changes(self, place):
        place.put("runbooks/nightly", **ENVIRONMENT, draft={})

        again = place.put("runbooks/nightly", **{**ENVIRONMENT, "runbookType": "Python3"})

        assert refused(again) == (
            400,
            "BadRequest",
            "Argument runbookType is not valid. Error message: The type of a runbook cannot be changed.",
        )

    @pytest.mark.parametrize("name", ["1st", "with blank", "with.dot", "a" * 64])
    def test_its_name_is_not(self, place, name):
        message = (
            f"The runbook name '{name}' is invalid. It begins with a letter and has at most 63 letters, "
            "digits, underscores and hyphens."
        )

        made = place.put(f"runbooks/{name}", **ENVIRONMENT, draft={})

        assert refused(made) == (400, "BadRequest", message)

    def test_it_needs_a_location(self, place):
        made = place.ask("PUT", "runbooks/nightly", {"properties": ENVIRONMENT})

        assert refused(made)[:2] == (400, "LocationRequired")


class TestBeingPublished:
    def test_its_states_are_new_edit_and_published(self, place):
        place.put("runbooks/nightly", **ENVIRONMENT, draft={})
        states = [of(place)["state"]]
        place.ask("PUT", "runbooks/nightly/draft/content", SOURCE.encode())
        states.append(of(place)["state"])
        place.ask("POST", "runbooks/nightly/publish")
        states.append(of(place)["state"])
        place.ask("PUT", "runbooks/nightly/draft/content", b"print(2)")
        states.append(of(place)["state"])

        assert states == ["New", "Edit", "Published", "Edit"]

    def test_an_empty_draft_is_a_draft(self, place):
        place.put("runbooks/nightly", **ENVIRONMENT, draft={})

        assert place.ask("GET", "runbooks/nightly/draft").body == {
            "creationTime": "2026-11-22T12:00:00.0000000+00:00",
            "lastModifiedTime": "2026-11-22T12:00:00.0000000+00:00",
            "inEdit": True,
            "parameters": {},
            "outputTypes": [],
        }
        assert place.ask("GET", "runbooks/nightly/draft/content").body == b""

    def test_what_is_published_stays_while_a_draft_is_written(self, place):
        place.published()
        place.ask("PUT", "runbooks/nightly/draft/content", b"print(2)")

        assert place.ask("GET", "runbooks/nightly/content").body == SOURCE.encode()
        assert place.ask("GET", "runbooks/nightly/draft/content").body == b"print(2)"

    def test_content_comes_as_octets_byte_for_byte(self, place):
        place.published(source="# 2026-01-01T00:00:00Z caf\u00e9\r\n")
        place.world.advance(86400)

        found = place.ask("GET", "runbooks/nightly/content")

        assert found.headers["Content-Type"] == "application/octet-stream"
        assert found.body == "# 2026-01-01T00:00:00Z caf\u00e9\r\n".encode()

    @pytest.mark.parametrize(
        ("method", "path"), [("PUT", "draft/content"), ("POST", "publish")], ids=["a draft", "publishing"]
    )
    def test_the_result_is_told_over_one_channel_with_a_long_signed_link(self, place, method, path):
        place.put("runbooks/nightly", **ENVIRONMENT, draft={})

        begun = place.ask(method, f"runbooks/{'nightly'}/{path}", b"")

        assert (begun.status, begun.body) == (202, None)
        assert "Azure-AsyncOperation" not in begun.headers
        assert "Retry-After" not in begun.headers
        assert re.search(
            r"/runbooks/nightly/operationResults/[0-9a-f-]{36}\?api-version=2024-10-23&t=\d+&c=\w+&s=\w+&h=\w+$",
            begun.headers["Location"],
        )
        assert len(begun.headers["Location"]) > 4000

    def test_the_result_is_empty_text_once_it_is_there(self, place):
        place.put("runbooks/nightly", **ENVIRONMENT, draft={})
        begun = place.ask("PUT", "runbooks/nightly/draft/content", b"")
        path = begun.headers["Location"].partition("?")[0].removeprefix("https://management.azure.com")

        running = place.ask("GET", path)
        place.clock.pass_(2)
        done = place.ask("GET", path)

        assert running.status == 202
        assert running.headers["Location"].startswith("https://management.azure.com" + path)
        assert (done.status, done.body) == (200, b"")
        assert done.headers["Content-Type"] == "text/plain; charset=utf-8"

    def test_a_result_of_another_runbook_is_not_there(self, place):
        place.put("runbooks/nightly", **ENVIRONMENT, draft={})
        place.put("runbooks/other", **ENVIRONMENT, draft={})
        begun = place.ask("PUT", "runbooks/nightly/draft/content", b"")
        name = begun.headers["Location"].partition("?")[0].rpartition("/")[2]

        other = place.ask("GET", f"runbooks/other/operationResults/{name}")

        assert refused(other) == (404, "NotFound", "Operation result not found.")

    def test_there_is_nothing_to_publish_without_a_draft(self, place):
        place.published()

        assert refused(place.ask("POST", "runbooks/nightly/publish")) == (
            400,
            "BadRequest",
            "The runbook nightly has no draft to publish.",
        )

    def test_a_runbook_made_without_a_draft_takes_no_content(self, place):
        """azurerm's issue 4403."""
        place.put("runbooks/nightly", **ENVIRONMENT)

        assert refused(place.ask("PUT", "runbooks/nightly/draft/content", b"")) == gone(
            f"{ACCOUNT}/runbooks/nightly/draft"
        )

    @pytest.mark.parametrize(
        ("path", "message"),
        [
            pytest.param("content", "Published runbook content not found.", id="what is published"),
            pytest.param("draft", "Runbook draft not found.", id="a draft"),
            pytest.param("draft/content", "Runbook draft not found.", id="what a draft contains"),
        ],
    )
    def test_not_there_is(self, place, path, message):
        place.put("runbooks/nightly", **ENVIRONMENT)

        assert refused(place.ask("GET", f"runbooks/nightly/{path}")) == (404, "NotFound", message)

    def test_a_draft_asked_for_by_an_update_begins_empty_and_is_an_edit(self, place):
        place.published()

        place.put("runbooks/nightly", **ENVIRONMENT, draft={})

        assert of(place)["state"] == "Edit"
        assert place.ask("GET", "runbooks/nightly/draft/content").body == b""

    def test_an_update_keeps_a_draft_that_is_there(self, place):
        place.put("runbooks/nightly", **ENVIRONMENT, draft={})
        place.ask("PUT", "runbooks/nightly/draft/content", b"print(2)")

        place.put("runbooks/nightly", **ENVIRONMENT, draft={})

        assert place.ask("GET", "runbooks/nightly/draft/content").body == b"print(2)"


class TestBeingPatched:
    def test_tags_are_replaced_and_properties_merged(self, place):
        place.ask(
            "PUT",
            "runbooks/nightly",
            {"location": "westeurope", "tags": {"a": "1"}, "properties": {**ENVIRONMENT, "draft": {}}},
        )

        patched = place.ask(
            "PATCH", "runbooks/nightly", {"tags": {"b": "2"}, "properties": {"logProgress": True}}
        )

        assert patched.status == 200
        assert patched.body["tags"] == {"b": "2"}
        assert patched.body["properties"]["logProgress"] is True
        assert patched.body["properties"]["runtimeEnvironment"] == "Python-3.10"

    def test_it_moves_to_another_environment(self, place):
        place.published()

        place.ask("PATCH", "runbooks/nightly", {"properties": {"runtimeEnvironment": "Python-3.8"}})

        assert of(place)["runtimeEnvironment"] == "Python-3.8"

    @pytest.mark.parametrize(
        ("properties", "message"),
        [
            pytest.param(
                {"runbookType": "Python3"},
                "runbookType of a runbook cannot be updated; only description, logVerbose, logProgress, "
                "logActivityTrace, runtimeEnvironment can.",
                id="its type",
            ),
            pytest.param(
                {"runtimeEnvironment": "mine"},
                "Argument runtimeEnvironment is not valid. "
                "Error message: There is no runtime environment 'mine'.",
                id="an environment that is not there",
            ),
        ],
    )
    def test_not_to_be_changed_is(self, place, properties, message):
        place.published()

        patched = place.ask("PATCH", "runbooks/nightly", {"properties": properties})

        assert refused(patched) == (400, "BadRequest", message)


class TestBeingRead:
    def test_a_list_tells_less_than_a_get(self, place):
        place.published()

        (listed,) = place.list("runbooks")

        assert set(of(place)) - set(listed["properties"]) >= {"description", "runtimeEnvironment"}
        assert listed["properties"]["state"] == "Published"
        assert listed["tags"] == {}

    def test_lists_come_in_pages_of_a_hundred(self, place):
        for number in range(101):
            place.put(f"runbooks/r{number:03}", **ENVIRONMENT, draft={})

        first = place.ask("GET", "runbooks").body
        token = first["nextLink"].partition("skiptoken=")[2]
        second = place.ask("GET", "runbooks", **{"$skiptoken": token}).body

        assert [len(page["value"]) for page in (first, second)] == [100, 1]
        assert "nextLink" not in second

    def test_one_that_is_not_there_is_named_by_resource_manager(self, place):
        assert refused(place.ask("GET", "runbooks/nightly")) == gone(f"{ACCOUNT}/runbooks/nightly")

    def test_so_is_an_account_that_is_not_there(self, place):
        path = f"{place.account.replace(ACCOUNT, 'aa-other')}/runbooks"

        assert refused(place.ask("GET", path)) == gone("aa-other")

    def test_a_group_that_is_not_there_is_named_first(self, place):
        path = f"{place.account.replace(GROUP, 'rg-other')}/runbooks"

        assert refused(place.ask("GET", path))[:2] == (404, "ResourceGroupNotFound")

    def test_resource_graph_has_runbooks_and_accounts_but_not_what_is_in_them(self, place):
        place.published()
        place.scheduled()
        query = {
            "query": "resources | where type startswith 'microsoft.automation' | project type, properties"
        }

        found = place.ask("POST", "/providers/Microsoft.ResourceGraph/resources", query, version="2021-03-01")

        assert sorted(row["type"] for row in found.body["data"]) == [
            "microsoft.automation/automationaccounts",
            "microsoft.automation/automationaccounts/runbooks",
        ]
        assert "caf" not in str(found.body)


class TestBeingDeleted:
    def test_its_links_and_webhooks_go_with_it(self, place):
        place.published()
        place.published("other")
        place.scheduled()
        place.linked("11111111-1111-1111-1111-111111111111")
        place.linked("22222222-2222-2222-2222-222222222222", "other")
        place.hooked()

        deleted = place.ask("DELETE", "runbooks/nightly")

        assert (deleted.status, deleted.body) == (200, None)
        assert [row["name"] for row in place.list("runbooks")] == ["other"]
        assert [row["properties"]["runbook"] for row in place.list("jobSchedules")] == [{"name": "other"}]
        assert place.list("webhooks") == []

    def test_one_made_again_is_empty(self, place):
        place.published()
        place.ask("DELETE", "runbooks/nightly")

        place.put("runbooks/nightly", **ENVIRONMENT)

        assert refused(place.ask("GET", "runbooks/nightly/content"))[0] == 404

    def test_one_that_is_not_there_is_204(self, place):
        assert place.ask("DELETE", "runbooks/nightly").status == 204

    def test_what_an_account_holds_goes_with_it(self, place):
        place.published()
        place.scheduled()

        deleted = place.ask("DELETE", place.account)

        assert deleted.status == 200
        found = place.world.store.find("automation", place.clock.now)
        assert found == []


class TestRights:
    @pytest.mark.parametrize(
        ("role", "may_write"),
        [
            ("Automation Contributor", True),
            ("Contributor", True),
            ("Reader", False),
            ("Automation Operator", False),
        ],
    )
    def test_runbooks_are_written_by(self, place, role, may_write):
        place.world.access = Access([{"role": role, "scope": place.account, "principal": ROBOT.client_id}])

        assert place.ask("GET", "runbooks").status == 200
        assert (place.put("runbooks/nightly", **ENVIRONMENT, draft={}).status == 201) is may_write

    def test_who_may_not_publish_is_told_the_action(self, place):
        actions = [f"Microsoft.Automation/automationAccounts/{one}" for one in ("*/read", "runbooks/write")]
        place.world.access = Access([{"role": actions, "scope": "/", "principal": ROBOT.client_id}])
        place.put("runbooks/nightly", **ENVIRONMENT, draft={})

        status, code, message = refused(place.ask("POST", "runbooks/nightly/publish"))

        assert (status, code) == (403, "AuthorizationFailed")
        assert "'Microsoft.Automation/automationAccounts/runbooks/publish/action'" in message
