from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.simulator.asking import GROUP, SUB, VM, ask, error, vm, world_of

ABSENT = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/vm-9"
NEW = f"{GROUP}/providers/Microsoft.Compute/disks/disk-1"


def names(response):
    return [one["name"] for one in response.body["value"]]


def test_a_row_is_a_resource_without_the_columns_only_resource_graph_has():
    row = vm("vm-1", tags={"env": "prod"}, properties={"vmId": "1"}, kind="", tenantId="t")

    response = ask(world_of(row), "GET", VM)

    assert response.status == 200
    assert response.body == {
        "id": VM,
        "name": "vm-1",
        "type": "Microsoft.Compute/virtualMachines",
        "location": "westeurope",
        "tags": {"env": "prod"},
        "properties": {"vmId": "1"},
    }
    assert response.headers["ETag"].startswith('W/"')


def test_what_only_the_service_knows_is_laid_over_the_row():
    world = world_of(vm("vm-1", properties={"vmId": "1"}))
    world.known.rest[VM.lower()] = {"properties": {"instanceView": {"statuses": []}}}

    assert ask(world, "GET", VM).body["properties"] == {"vmId": "1", "instanceView": {"statuses": []}}


def test_paths_are_found_in_any_casing():
    assert ask(world_of(vm("vm-1")), "GET", VM.upper()).body["id"] == VM


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param(
            VM.replace("vm-1", "vm-9"),
            (
                404,
                "ResourceNotFound",
                (
                    "The Resource 'Microsoft.Compute/virtualMachines/vm-9' under resource group 'rg-App' was "
                    "not found. For more details please go to https://aka.ms/ARMResourceNotFoundFix"
                ),
            ),
            id="no such machine",
        ),
        pytest.param(
            VM.replace("rg-App", "rg-none"),
            (404, "ResourceGroupNotFound", "Resource group 'rg-none' could not be found."),
            id="no such group",
        ),
        pytest.param(
            VM.replace("aaaa", "bbbb"),
            (404, "SubscriptionNotFound", "The subscription 'bbbb' could not be found."),
            id="no such subscription",
        ),
    ],
)
def test_what_is_not_there_is_named_from_the_outside_in(path, expected):
    assert error(ask(world_of(vm("vm-1")), "GET", path)) == expected


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("GET", f"{GROUP}/providers/Microsoft.Odd/things/one", id="a type no row has"),
        pytest.param("GET", f"{SUB}/providers/Microsoft.Odd/things", id="a list of one"),
        pytest.param("PUT", f"{GROUP}/providers/Microsoft.Odd/things/one", id="creating one"),
        pytest.param("PUT", f"{SUB}/providers/Microsoft.Compute/virtualMachines", id="writing a list"),
        pytest.param("GET", f"{SUB}/somewhere/else", id="no provider at all"),
        pytest.param("POST", f"{VM}/start", id="an action"),
    ],
)
def test_nothing_is_guessed(method, path):
    status, code, message = error(ask(world_of(vm("vm-1")), method, path, {}))

    assert (status, code) == (501, "NotSimulated")
    assert f"{method} https://management.azure.com{path}" in message


def test_a_row_of_any_type_is_served():
    odd = {**vm("vm-1"), "id": f"{GROUP}/providers/Microsoft.Odd/things/one", "type": "microsoft.odd/things"}

    assert ask(world_of(odd), "GET", odd["id"]).body["type"] == "Microsoft.Odd/things"


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        pytest.param(
            f"{SUB}/providers/Microsoft.Compute/virtualMachines", ["a", "b"], id="of a subscription"
        ),
        pytest.param(f"{GROUP}/providers/Microsoft.Compute/virtualMachines", ["a"], id="of a group"),
        pytest.param(f"{SUB}/providers/Microsoft.Compute/disks", [], id="of a known type without rows"),
        pytest.param(f"{SUB}/resources", ["a", "b"], id="of everything"),
        pytest.param(f"{GROUP}/resources", ["a"], id="of everything in a group"),
        pytest.param(
            f"{SUB}/resources?$filter=resourceType eq 'Microsoft.Compute/virtualMachines'",
            ["a", "b"],
            id="filtered",
        ),
        pytest.param(
            f"{SUB}/resources?$filter=resourceType eq 'Microsoft.Compute/disks'", [], id="filtered away"
        ),
    ],
)
def test_lists(path, seen):
    world = world_of(vm("a"), vm("b", group="rg-two"), vm("c", subscription="bbbb"))

    response = ask(world, "GET", path)

    assert names(response) == seen
    assert "nextLink" not in response.body


def test_everything_at_once_comes_without_properties():
    response = ask(world_of(vm("a", properties={"x": 1})), "GET", f"{SUB}/resources")

    assert "properties" not in response.body["value"][0]


def test_a_filter_we_do_not_play_is_refused():
    status, code, message = error(ask(world_of(vm("a")), "GET", f"{SUB}/resources?$filter=tagName eq 'x'"))

    assert (status, code) == (501, "NotSimulated")
    assert message == "the simulator filters resources by resourceType only, got \"tagName eq 'x'\""


def test_pages_link_to_the_next_until_the_last_which_has_no_such_key():
    world = world_of(*(vm(f"vm-{number}") for number in range(5)))
    path, seen = f"{SUB}/providers/Microsoft.Compute/virtualMachines?$top=2", []

    while path:
        response = ask(world, "GET", path)
        seen.append(names(response))
        link = urlsplit(response.body.get("nextLink", ""))
        path = (
            f"{link.path}?{'&'.join('='.join(pair) for pair in parse_qsl(link.query))}" if link.path else ""
        )

    assert seen == [["vm-0", "vm-1"], ["vm-2", "vm-3"], ["vm-4"]]
    assert link.netloc == ""


def test_a_list_shows_what_the_caller_may_read():
    world = world_of(vm("a"), vm("b", group="closed"), forbidden=[f"{SUB}/resourceGroups/closed"])

    assert names(ask(world, "GET", f"{SUB}/providers/Microsoft.Compute/virtualMachines")) == ["a"]


def test_a_resource_needs_the_right_of_its_own_type():
    world = world_of(vm("vm-1"), assignments=[{"role": "Reader", "scope": "/"}])

    assert ask(world, "GET", VM).status == 200
    status, code, message = error(ask(world, "DELETE", VM))
    assert (status, code) == (403, "AuthorizationFailed")
    assert "action 'Microsoft.Compute/virtualMachines/delete' over scope" in message


def test_a_resource_is_made_changed_and_deleted():
    world = world_of(vm("vm-1"))
    disk = {"location": "westeurope", "sku": {"name": "Premium_LRS"}, "properties": {"diskSizeGB": 64}}

    made = ask(world, "PUT", NEW, disk)
    again = ask(world, "PUT", NEW.upper(), {"properties": {"diskSizeGB": 128}})
    patched = ask(world, "PATCH", NEW, {"tags": {"env": "prod"}, "properties": {"tier": "P10"}})

    assert (made.status, again.status, patched.status) == (201, 200, 200)
    assert made.body["properties"] == {"diskSizeGB": 64, "provisioningState": "Succeeded"}
    assert again.body["id"] == NEW, "the first casing stays"
    assert patched.body["tags"] == {"env": "prod"}
    assert patched.body["properties"] == {"diskSizeGB": 128, "provisioningState": "Succeeded", "tier": "P10"}
    assert ask(world, "HEAD", NEW).status == 204
    assert [ask(world, "DELETE", NEW).status for _ in range(2)] == [200, 204]
    assert ask(world, "GET", NEW).status == 404


def test_what_is_below_a_resource_goes_with_it():
    world = world_of(vm("vm-1"))
    extension = f"{VM}/extensions/agent"
    ask(world, "PUT", extension, {"location": "westeurope"})

    ask(world, "DELETE", VM)

    assert ask(world, "GET", extension).status == 404


@pytest.mark.parametrize(
    ("path", "body", "headers", "expected"),
    [
        pytest.param(
            NEW,
            {},
            {},
            (400, "LocationRequired", "The location property is required for this definition."),
            id="no location",
        ),
        pytest.param(
            f"{ABSENT}/extensions/agent",
            {},
            {},
            (
                404,
                "ParentResourceNotFound",
                (
                    f"Failed to perform 'write' on resource(s) of type 'virtualMachines/extensions', because "
                    f"the parent resource '{ABSENT}' could not be found."
                ),
            ),
            id="no parent",
        ),
        pytest.param(
            VM,
            {"location": "x"},
            {"if_none_match": "*"},
            (
                412,
                "PreconditionFailed",
                "The condition specified using HTTP conditional header(s) is not met.",
            ),
            id="only if new",
        ),
        pytest.param(
            VM,
            {"location": "x"},
            {"if_match": 'W/"stale"'},
            (
                412,
                "PreconditionFailed",
                "The condition specified using HTTP conditional header(s) is not met.",
            ),
            id="only if unchanged",
        ),
        pytest.param(
            NEW,
            [],
            {},
            (400, "InvalidRequestContent", "The request content was invalid: an object is expected."),
            id="no object",
        ),
    ],
)
def test_what_cannot_be_written(path, body, headers, expected):
    assert error(ask(world_of(vm("vm-1")), "PUT", path, body, **headers)) == expected


def test_an_etag_lets_the_write_that_knows_it_pass():
    world = world_of(vm("vm-1"))
    known = ask(world, "GET", VM).headers["ETag"]

    assert [ask(world, "PATCH", VM, {"tags": {"n": "1"}}, if_match=known).status for _ in range(2)] == [
        200,
        412,
    ]


def test_subscriptions_are_those_the_rows_mention_and_the_caller_sees():
    described = {
        "id": "/subscriptions/BBBB",
        "name": "Production",
        "type": "microsoft.resources/subscriptions",
        "subscriptionId": "BBBB",
        "tenantId": "tenant-2",
        "properties": {"state": "Warned"},
    }
    world = world_of(
        vm("a"), vm("c", subscription="cccc"), containers=[described], forbidden=["/subscriptions/cccc"]
    )

    listed = ask(world, "GET", "/subscriptions")

    assert [(one["subscriptionId"], one["displayName"], one["state"]) for one in listed.body["value"]] == [
        ("aaaa", "aaaa", "Enabled"),
        ("BBBB", "Production", "Warned"),
    ]
    assert listed.body["count"] == {"type": "Total", "value": 2}
    assert ask(world, "GET", "/subscriptions/bbbb").body["tenantId"] == "tenant-2"
    assert error(ask(world, "GET", "/subscriptions/cccc"))[:2] == (403, "AuthorizationFailed")
    assert error(ask(world, "GET", "/subscriptions/dddd")) == (
        404,
        "SubscriptionNotFound",
        "The subscription 'dddd' could not be found.",
    )
    assert [one["tenantId"] for one in ask(world, "GET", "/tenants").body["value"]] == ["tenant-2"]


def test_groups_are_those_with_a_row_or_with_resources():
    world = world_of(vm("a"), vm("b", group="rg-2"))

    assert names(ask(world, "GET", f"{SUB}/resourcegroups")) == ["rg-2", "rg-App"]
    assert ask(world, "GET", f"{SUB}/resourceGroups/RG-APP").body == {
        "id": GROUP,
        "name": "rg-App",
        "type": "Microsoft.Resources/resourceGroups",
        "location": "westeurope",
        "properties": {"provisioningState": "Succeeded"},
    }
    assert ask(world, "HEAD", GROUP).status == 204
    made = ask(world, "PUT", f"{SUB}/resourceGroups/new", {"location": "uksouth", "tags": {"a": "b"}})
    assert (made.status, made.body["tags"]) == (201, {"a": "b"})
    assert ask(world, "GET", f"{SUB}/resourceGroups/new").body == made.body
    assert error(ask(world, "PUT", f"{SUB}/resourceGroups/new", {}))[1] == "LocationRequired"


def test_locations_and_providers():
    world = world_of(
        vm("a"), {**vm("x"), "id": f"{GROUP}/providers/Microsoft.Odd/t/x", "type": "microsoft.odd/t"}
    )

    assert "westeurope" in names(ask(world, "GET", f"{SUB}/locations"))
    assert "microsoft.odd" in [
        one["namespace"] for one in ask(world, "GET", f"{SUB}/providers").body["value"]
    ]
    compute = ask(world, "GET", f"{SUB}/providers/microsoft.compute").body
    assert (compute["namespace"], compute["registrationState"]) == ("Microsoft.Compute", "Registered")
    assert "virtualMachines" in [one["resourceType"] for one in compute["resourceTypes"]]
    assert ask(world, "POST", f"{SUB}/providers/Microsoft.Odd/register").status == 200
    assert len(ask(world, "GET", "/providers").body["value"]) >= 6


@pytest.mark.parametrize(
    ("version", "shape"),
    [
        pytest.param("2015-01-01", dict, id="the first"),
        pytest.param("2019-05-01", list, id="a list of clouds"),
        pytest.param("2022-09-01", dict, id="one cloud"),
    ],
)
def test_the_endpoints_of_the_cloud_need_no_token(version, shape):
    response = ask(world_of(), "GET", f"/metadata/endpoints?api-version={version}", authorization="")

    assert response.status == 200
    assert isinstance(response.body, shape)
    assert "https://login.microsoftonline.com" in str(response.body)
