import base64
import json
import time

import pytest

from simulator import graph, graph_results, graph_scope
from simulator.routes import dispatch
from simulator.wire import Request
from simulator.world import Settings, World

START = 1_800_000_000.0
A, B, C = (f"{letter * 8}-0000-0000-0000-000000000000" for letter in "abc")
GROUPS = "/providers/Microsoft.Management/managementGroups"
ASSIGNMENT = "providers/Microsoft.Authorization/policyAssignments"
IDS = "resources | project id"


class Clock:
    now = START

    def __call__(self):
        return self.now


def chain(*names):
    return [{"name": name, "displayName": name.title()} for name in names]


def container(subscription, *above):
    return {
        "id": f"/subscriptions/{subscription}",
        "name": subscription[:1],
        "type": "microsoft.resources/subscriptions",
        "subscriptionId": subscription,
        "properties": {"managementGroupAncestorsChain": chain(*above)},
    }


def group(name, *above):
    details = {"managementGroupAncestorsChain": chain(*above)}
    return {
        "id": f"{GROUPS}/{name}",
        "name": name,
        "type": "microsoft.management/managementgroups",
        "properties": {"details": details},
    }


def machine(subscription, number, **properties):
    group = f"/subscriptions/{subscription}/resourceGroups/rg"
    path = f"{group}/providers/Microsoft.Compute/virtualMachines/vm{number:04}"
    row = {"id": path, "name": f"vm{number:04}", "type": "microsoft.compute/virtualmachines"}
    return row | {"subscriptionId": subscription, "location": "westeurope", "properties": properties}


def world_of(*rows, settings=None, containers=None, clock=None):
    world = World(settings or Settings(quota=None), clock or Clock())
    world.store.load("resources", rows)
    world.store.load("resourcecontainers", [container(A), container(B)] if containers is None else containers)
    return world


def token(name="robot"):
    claims = {
        "aud": "https://management.azure.com",
        "exp": time.time() + 600,
        "oid": name,
        "appid": name,
        "tid": "t",
    }
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"Bearer e30.{payload}.c2ln"


def post(world, body, *, version="2021-03-01", caller="robot", kind="application/json; charset=utf-8"):
    request = Request(
        "POST",
        "management.azure.com",
        "/providers/Microsoft.ResourceGraph/resources",
        {"api-version": version},
        {"authorization": token(caller), "content-type": kind},
        json.dumps(body).encode(),
    )
    return dispatch(world, graph.routes.all, request)


def ask(world, query=IDS, *, scope=None, caller="robot", **options):
    given = {
        f"${name}" if name in ("top", "skip", "skipToken") else name: value for name, value in options.items()
    }
    answer = post(world, {"query": query, "options": given, **(scope or {})}, caller=caller)
    assert answer.status == 200, answer.body
    return answer.body


def detail(answer):
    assert (answer.status, answer.body["error"]["code"]) == (400, "BadRequest")
    return [(one["code"], one["message"]) for one in answer.body["error"]["details"]]


def all_names(world, query, **options):
    page = ask(world, query, **options)
    seen = [row["name"] for row in page["data"]]
    while "$skipToken" in page:
        page = ask(world, query, skipToken=page["$skipToken"], **options)
        seen += [row["name"] for row in page["data"]]
    return seen


def test_an_answer_in_the_shape_azure_gives_it():
    world = world_of(machine(A, 1, size="B2"), settings=Settings())

    answer = post(world, {"query": "resources | project name, properties, kind"})

    assert answer.body == {
        "totalRecords": 1,
        "count": 1,
        "data": [{"name": "vm0001", "properties": {"size": "B2"}, "kind": ""}],
        "facets": [],
        "resultTruncated": "false",
    }
    assert answer.headers == {"x-ms-user-quota-remaining": "14", "x-ms-user-quota-resets-after": "00:00:05"}


def test_a_row_has_the_columns_azure_documents_and_no_others():
    (row,) = ask(world_of(machine(A, 1)), "resources")["data"]

    assert list(row) == [
        *(
            "id",
            "name",
            "type",
            "tenantId",
            "kind",
            "location",
            "resourceGroup",
            "subscriptionId",
            "managedBy",
        ),
        *("sku", "plan", "properties", "tags", "identity", "zones", "extendedLocation", "systemData"),
    ]


@pytest.mark.parametrize("version", ["2018-09-01-preview", "2019-04-01", "2020-04-01-preview"])
def test_old_versions_answer_in_tables(version):
    query = "resources | project name, properties, n = 1, r = 1.5, b = isempty(kind)"

    answer = post(world_of(machine(A, 1)), {"query": query}, version=version)

    assert answer.body["data"] == {
        "columns": [
            {"name": "name", "type": "string"},
            {"name": "properties", "type": "object"},
            {"name": "n", "type": "integer"},
            {"name": "r", "type": "number"},
            {"name": "b", "type": "boolean"},
        ],
        "rows": [["vm0001", {}, 1, 1.5, True]],
    }


def test_a_table_may_be_asked_for():
    page = ask(world_of(machine(A, 1)), "resources | project name", resultFormat="table")

    assert page["data"] == {"columns": [{"name": "name", "type": "string"}], "rows": [["vm0001"]]}


def test_pages_follow_each_other_by_token_until_all_is_seen():
    world = world_of(*(machine(A, number) for number in range(7)))
    query = "resources | project id, name | order by id asc"

    first = ask(world, query, top=3)

    assert (first["totalRecords"], first["count"], first["resultTruncated"]) == (7, 3, "false")
    assert all_names(world, query, top=3) == [f"vm{number:04}" for number in range(7)]


def test_a_token_wins_over_skip_and_the_page_may_change_its_size():
    world = world_of(*(machine(A, number) for number in range(7)))
    query = "resources | project id, name | order by id asc"
    first = ask(world, query, top=2, skip=1)

    second = ask(world, query, top=1, skip=5, skipToken=first["$skipToken"])

    assert [row["name"] for row in first["data"] + second["data"]] == ["vm0001", "vm0002", "vm0003"]


def test_all_pages_come_from_the_moment_of_the_first():
    world = world_of(*(machine(A, number) for number in range(4)))
    first = ask(world, IDS, top=2)
    world.store.remove("resources", machine(A, 3)["id"], START)

    second = ask(world, IDS, top=2, skipToken=first["$skipToken"])

    assert (second["totalRecords"], second["count"]) == (4, 2)
    assert ask(world)["totalRecords"] == 3


def test_the_same_token_gives_the_same_page_again():
    world = world_of(*(machine(A, number) for number in range(4)))
    first = ask(world, IDS, top=2)

    assert ask(world, IDS, skipToken=first["$skipToken"]) == ask(world, IDS, skipToken=first["$skipToken"])


def test_without_an_order_every_answer_has_its_own():
    world = world_of(*(machine(A, number) for number in range(50)))

    first, second = (all_names(world, "resources | project id, name", top=20) for _ in range(2))

    assert first != second
    assert sorted(first) == sorted(second) == [f"vm{number:04}" for number in range(50)]


def test_the_same_seed_gives_the_same_disorder():
    rows = [machine(A, number) for number in range(50)]
    one, other, same = (world_of(*rows, settings=Settings(seed=seed, quota=None)) for seed in (1, 2, 1))

    assert ask(one) == ask(same) != ask(other)


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("resources | project name", id="no id"),
        pytest.param("resources | summarize by id", id="summarize has a first page only"),
    ],
)
def test_a_result_without_pages_is_cut_and_says_so(query):
    world = world_of(*(machine(A, number) for number in range(1005)))

    page = ask(world, query)

    assert (page["totalRecords"], page["count"], page["resultTruncated"]) == (1005, 1000, "true")
    assert "$skipToken" not in page


def test_with_limit_in_the_query_skip_means_nothing():
    world = world_of(*(machine(A, number) for number in range(9)))

    page = ask(world, "resources | project id, name | order by id asc | limit 4", skip=2, top=3)

    assert (page["totalRecords"], page["data"][0]["name"]) == (4, "vm0000")


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        pytest.param("nonsense", "is invalid or has expired", id="damaged"),
        pytest.param("WzksIDJd", "is invalid or has expired", id="long gone"),
        pytest.param("eyJhIjogMX0=", "is invalid or has expired", id="something else"),
    ],
)
def test_a_token_that_means_nothing_is_refused(sent, why):
    answer = post(world_of(machine(A, 1)), {"query": IDS, "options": {"$skipToken": sent}})

    assert detail(answer) == [("InvalidSkipToken", f"The provided $skipToken {why}.")]


@pytest.mark.parametrize(
    ("body", "caller"),
    [
        pytest.param({"query": "resources | project id, name"}, "robot", id="another query"),
        pytest.param({"query": IDS, "subscriptions": [A]}, "robot", id="another scope"),
        pytest.param({"query": IDS}, "somebody", id="another caller"),
    ],
)
def test_a_token_is_good_for_its_own_question_only(body, caller):
    world = world_of(*(machine(A, number) for number in range(4)))
    sent = ask(world, IDS, top=1)["$skipToken"]

    answer = post(world, {**body, "options": {"$skipToken": sent}}, caller=caller)

    why = "The provided $skipToken was issued for another query or another scope."
    assert detail(answer) == [("InvalidSkipToken", why)]


def test_the_oldest_chain_is_forgotten_when_too_many_are_open():
    world = world_of(*(machine(A, number) for number in range(4)))
    first = ask(world, IDS, top=1)["$skipToken"]
    for _ in range(16):
        ask(world, IDS, top=1)

    answer = post(world, {"query": IDS, "options": {"$skipToken": first}})

    assert detail(answer) == [("InvalidSkipToken", "The provided $skipToken is invalid or has expired.")]


def test_a_large_chain_that_was_read_to_its_end_makes_room_and_one_that_was_not_stays(monkeypatch):
    monkeypatch.setattr(graph_results, "MOST_ROWS", 3)
    world = world_of(*(machine(A, number) for number in range(4)))
    unread, read = (ask(world, IDS, top=2)["$skipToken"] for _ in range(2))
    ask(world, IDS, **{"$skipToken": read})
    ask(world, IDS, top=1)

    assert detail(post(world, {"query": IDS, "options": {"$skipToken": read}}))[0][0] == "InvalidSkipToken"
    assert len(ask(world, IDS, **{"$skipToken": unread})["data"]) == 2


def jobs_of(*starts):
    """A world of jobs, named by their place in `starts`, and those names which a query finds."""
    world = World(Settings(quota=None), Clock())
    world.store.load("resourcecontainers", [container(A)])
    rows = [
        {
            "id": f"/subscriptions/{A}/backupjobs/{number}",
            "name": str(number),
            "type": "microsoft.recoveryservices/vaults/backupjobs",
            "subscriptionId": A,
            "properties": {"startTime": start, "endTime": "2026-11-25T00:00:00Z"},
        }
        for number, start in enumerate(starts)
    ]
    world.store.load("recoveryservicesresources", rows[:-1])
    world.store.put("recoveryservicesresources", rows[-1], START - 10)
    return world


def found(world, conditions):
    query = f"recoveryservicesresources {conditions} | project name | order by name asc"
    return "".join(row["name"] for row in ask(world, query)["data"])


IN_DAY = "where started >= datetime(2026-11-20) and started < datetime(2026-11-21)"
STARTED = "extend started = todatetime(properties.startTime)"


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        pytest.param(f"| {STARTED} | {IN_DAY}", "026", id="by a name"),
        pytest.param(
            f"| {IN_DAY.replace('started', 'todatetime(properties.startTime)')}", "026", id="itself"
        ),
        pytest.param(f"| {STARTED} | {STARTED.replace('start', 'end', 1)} | {IN_DAY}", "026", id="two names"),
        pytest.param(
            f"| {STARTED} | extend started = todatetime(properties.endTime) | {IN_DAY}",
            "",
            id="another's name",
        ),
        pytest.param(
            f'| extend properties = parse_json(\'{{"startTime": "2026-11-20"}}\') | {STARTED} | {IN_DAY}',
            "0123456",
            id="other properties",
        ),
        pytest.param(
            f"| {STARTED} | where started < datetime(2026-11-20) or name == '0'", "014", id="one of two"
        ),
        pytest.param(f"| {STARTED} | where not(started < datetime(2026-11-20))", "026", id="not"),
    ],
)
def test_a_day_is_found_whatever_way_it_is_asked_for(conditions, expected):
    """Rows of other days are left out before their properties are read, and never a row too many."""
    world = jobs_of(
        "2026-11-20T00:00:00.0000000Z",
        "2026-11-19T23:59:59.9999990Z",
        "2026-11-21T01:59:59+02:00",
        "11/20/2026",
        "2026-11-19",
        "no moment",
        "2026-11-20T12:00:00Z",
    )

    assert found(world, conditions) == expected


def test_a_day_is_another_when_time_has_passed():
    world = jobs_of("2026-11-20T12:00:00Z", "2026-11-21T12:00:00Z")
    before = found(world, f"| {STARTED} | {IN_DAY}")
    world.advance(86400)

    assert (before, found(world, f"| {STARTED} | {IN_DAY}")) == ("0", "1")


def test_a_day_of_jobs_is_read_in_the_order_of_its_ids_and_counted_by_day():
    """What an export asks, with each row once over all pages."""
    starts = ["19T23:59:59.9", "20T00:00:00.0", "20T12:30:00.5", "20T23:59:59.9", "21T00:00:00.0"]
    kinds = ("microsoft.recoveryservices/vaults", "microsoft.dataprotection/backupvaults")
    world = World(Settings(quota=None), Clock())
    world.store.load("resourcecontainers", [container(A)])
    world.store.load(
        "recoveryservicesresources",
        [
            {
                "id": f"/Subscriptions/{A}/{'abcde'[-number]}/backupJobs/{number}",
                "name": str(number),
                "type": f"{kinds[number % 2]}/backupjobs",
                "subscriptionId": A,
                "properties": {"startTime": f"2026-11-{start}000000Z"},
            }
            for number, start in enumerate(starts)
        ],
    )
    of = f"recoveryservicesresources | where type in~ ('{kinds[0]}/backupJobs', '{kinds[1]}/backupJobs')"
    query = (
        f"{of} | extend started = todatetime(properties.startTime) "
        "| where started >= datetime(2026-11-20) and started < datetime(2026-11-21) "
        "| extend key = tolower(id) "
        "| project id, key, name, type, tenantId, subscriptionId, resourceGroup, location, properties "
        "| order by key asc"
    )
    first = ask(world, query, top=2)
    last = ask(world, query, **{"$skipToken": first["$skipToken"]})

    assert (first["totalRecords"], last["totalRecords"]) == (3, 3)
    assert [row["name"] for row in first["data"] + last["data"]] == ["3", "2", "1"]
    for day in ("bin(todatetime(properties.startTime), 1d)", "startofday(todatetime(properties.startTime))"):
        counted = ask(world, f"{of} | summarize jobs = count() by day = {day} | order by day asc")
        assert [(row["day"][:10], row["jobs"]) for row in counted["data"]] == [
            ("2026-11-19", 1),
            ("2026-11-20", 3),
            ("2026-11-21", 1),
        ]


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        pytest.param(
            {"options": {"$top": 1001}},
            "InvalidQueryOptions",
            "The value 1001 of $top is not a whole number from 1 to 1000.",
            id="a page too long",
        ),
        pytest.param(
            {"options": {"$top": 0}},
            "InvalidQueryOptions",
            "The value 0 of $top is not a whole number from 1 to 1000.",
            id="an empty page",
        ),
        pytest.param(
            {"options": {"resultFormat": "csv"}},
            "InvalidResultFormat",
            "The result format 'csv' is not one of: table, objectArray.",
            id="another format",
        ),
        pytest.param(
            {"subscriptions": [A], "managementGroups": ["mg"]},
            "InvalidScope",
            "Either subscriptions or managementGroups can be given, not both.",
            id="two kinds of scope",
        ),
        pytest.param(
            {"subscriptions": ["production"]},
            "SubscriptionsContainInvalidGuids",
            "Not a subscription id: production.",
            id="a subscription's name",
        ),
        pytest.param(
            {"subscriptions": [f"{number:08}-0000-0000-0000-000000000000" for number in range(1001)]},
            "TooManySubscriptions",
            "The request names 1001 subscriptions; the maximum allowed is 1000.",
            id="too many subscriptions",
        ),
        pytest.param(
            {"subscriptions": [C]},
            "NoValidSubscriptionsInQueryRequest",
            "There must be at least one subscription that is eligible to contain resources. Given: ''.",
            id="a subscription nobody knows",
        ),
        pytest.param(
            {"managementGroups": ["nowhere"]},
            "NoValidSubscriptionsInQueryRequest",
            "There must be at least one subscription that is eligible to contain resources. Given: ''.",
            id="a management group nobody knows",
        ),
    ],
)
def test_a_request_azure_refuses(body, code, message):
    assert detail(post(world_of(machine(A, 1)), {"query": IDS, **body})) == [(code, message)]


def test_a_refusal_says_when_and_which_request_it_was():
    answer = post(world_of(), {"query": "resources | foo"})

    assert answer.body["error"]["message"] == (
        "Please provide below info when asking for support: timestamp = 2027-01-15T08:00:00.0000000Z, "
        "correlationId = 0ef46b90-b211-58cd-8d0e-1485d3952b50."
    )
    assert answer.headers["x-ms-user-quota-resets-after"] == "00:00:05"


def test_what_is_not_simulated_is_a_code_azure_never_sends():
    answer = post(world_of(), {"query": "resources | extend a = pack_all()"})

    assert (answer.status, answer.body["error"]) == (
        501,
        {"code": "NotSimulated", "message": "the simulator does not run the function pack_all()"},
    )


def test_a_body_that_is_not_said_to_be_json_is_azures_500():
    answer = post(world_of(), {"query": IDS}, kind="text/plain")

    assert (answer.status, answer.body["error"]["code"]) == (500, "InternalServerError")


def test_a_request_without_a_token_is_not_answered():
    request = Request(
        "POST",
        "management.azure.com",
        "/providers/Microsoft.ResourceGraph/resources",
        {"api-version": "2021-03-01"},
    )

    assert dispatch(world_of(), graph.routes.all, request).status == 401


def names_in(world, query="resources | project name | order by name asc", **scope):
    return [row["name"] for row in ask(world, query, scope=scope)["data"]]


def test_the_scope_is_subscriptions_and_unknown_ones_are_passed_over():
    world = world_of(machine(A, 1), machine(B, 2))

    assert names_in(world, subscriptions=[A.upper()]) == ["vm0001"]
    assert names_in(world, subscriptions=[B, C]) == ["vm0002"]
    assert names_in(world) == ["vm0001", "vm0002"]


def tree(**more):
    containers = [container(A, "web", "root"), container(B, "root"), group("root"), group("web", "root")]
    return world_of(machine(A, 1), machine(B, 2), machine(C, 3), containers=containers, **more)


def test_a_management_group_is_all_subscriptions_below_it_and_the_groups():
    kinds = "resourcecontainers | project name | order by name asc"

    assert names_in(tree(), managementGroups=["Root"]) == ["vm0001", "vm0002"]
    assert names_in(tree(), managementGroups=["web"]) == ["vm0001"]
    assert names_in(tree(), kinds, managementGroups=["web"]) == ["a", "web"]
    assert names_in(tree(), kinds, managementGroups=["root"]) == ["a", "b", "root", "web"]


@pytest.mark.parametrize(
    ("reach", "expected"),
    [
        pytest.param("AtScopeAndBelow", ["own"], id="below"),
        pytest.param("AtScopeAboveAndBelow", ["built-in", "own", "root"], id="above and below"),
    ],
)
def test_policy_from_above_is_seen_when_asked_for(reach, expected):
    world = tree()
    scopes = {
        "own": f"/subscriptions/{B}/",
        "root": f"{GROUPS}/root/",
        "web": f"{GROUPS}/web/",
        "built-in": "/",
    }
    world.store.load(
        "policyresources",
        [
            {
                "id": f"{scope}{ASSIGNMENT}/{name}",
                "name": name,
                "type": "t",
                "subscriptionId": B if name == "own" else "",
            }
            for name, scope in scopes.items()
        ],
    )
    query = "policyresources | project name | order by name asc"

    page = ask(world, query, scope={"subscriptions": [B]}, authorizationScopeFilter=reach)

    assert [row["name"] for row in page["data"]] == expected


def test_past_the_reach_of_a_tenant_the_rest_is_left_out_and_a_header_says_so(monkeypatch):
    monkeypatch.setattr(graph_scope, "MAX_REACHED", 1)
    world = world_of(machine(A, 1), machine(B, 2))

    answer = post(world, {"query": "resources | project name"})

    assert answer.body["data"] == [{"name": "vm0001"}]
    assert answer.headers["x-ms-tenant-subscription-limit-hit"] == "true"


@pytest.fixture
def restricted(tmp_path):
    """An estate of A and B, in which the robot may read A only, and nobody a group of it."""
    closed = f"/subscriptions/{A}/resourceGroups/closed"
    hidden = machine(A, 9) | {"id": f"{closed}/providers/Microsoft.Compute/virtualMachines/vm0009"}
    estate = {
        "resources.ndjson": [machine(A, 1), machine(B, 2), hidden],
        "resourcecontainers.ndjson": [container(A), container(B)],
        "world.json": [
            {
                "role_assignments": [
                    {"role": "Reader", "scope": f"/subscriptions/{A}", "principal": "robot"}
                ],
                "forbidden": [closed],
            }
        ],
    }
    for name, rows in estate.items():
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return World.load(tmp_path, Settings(quota=None), Clock())


def test_a_caller_sees_what_it_may_read_and_is_not_told_of_the_rest(restricted):
    assert names_in(restricted) == ["vm0001"]
    assert names_in(restricted, subscriptions=[A, B]) == ["vm0001"]


def test_a_caller_that_may_read_nothing_in_scope_is_refused(restricted):
    answer = post(restricted, {"query": IDS, "subscriptions": [B]})

    assert detail(answer)[0][0] == "NoValidSubscriptionsInQueryRequest"


def test_resource_graph_lags_behind():
    clock = Clock()
    world = world_of(clock=clock)
    world.known.graph_lag_s = 60
    world.store.put("resources", machine(A, 1), START)

    seen = []
    for clock.now in (START, START + 59, START + 60):
        seen.append(ask(world)["totalRecords"])

    assert seen == [0, 0, 1]


def test_ago_counts_from_now():
    clock = Clock()
    world = world_of(machine(A, 1, made="2027-01-15T07:30:00Z"), clock=clock)
    query = "resources | where todatetime(properties.made) >= ago(1h) | project id"

    assert ask(world, query)["totalRecords"] == 1
    clock.now += 1801
    assert ask(world, query)["totalRecords"] == 0


def test_the_quota_is_counted_for_each_caller_and_a_429_says_how_long_to_wait():
    clock = Clock()
    world = world_of(machine(A, 1), settings=Settings(quota=(2, 5.0)), clock=clock)
    for left in ("1", "0"):
        assert post(world, {"query": IDS}).headers["x-ms-user-quota-remaining"] == left
        clock.now += 1

    refused = post(world, {"query": IDS})

    assert (refused.status, refused.body["error"]["code"]) == (429, "RateLimiting")
    assert [one["code"] for one in refused.body["error"]["details"]] == ["RateLimiting"]
    assert refused.body["error"]["details"][0]["message"] == (
        "Client application has been throttled and should not attempt to repeat the request until an amount "
        "of time has elapsed. Please see https://aka.ms/resourcegraph-throttling for help."
    )
    assert refused.headers == {
        "x-ms-user-quota-remaining": "0",
        "x-ms-user-quota-resets-after": "00:00:03",
        "Retry-After": "3",
    }
    assert post(world, {"query": IDS}, caller="somebody").status == 200
    clock.now += 3
    assert post(world, {"query": IDS}).status == 200


def test_a_page_over_sixteen_mebibytes_is_refused_and_half_of_it_is_not():
    world = world_of(*(machine(A, number, text="é" * 100_000) for number in range(100)))
    query = "resources | project id, properties | order by id asc"

    ((code, message),) = detail(post(world, {"query": query}))

    assert code == "ResponsePayloadTooLarge"
    assert message == (
        "Response payload size is 20015501, and has exceeded the limit of 16777216. Please consider querying "
        "less data at a time and make paginated call if needed."
    )
    assert ask(world, query, top=50)["count"] == 50


def test_facets_count_the_values_of_a_column_over_the_whole_result():
    world = world_of(
        *(machine(A, n) | {"location": place} for n, place in enumerate(["we", "ne", "we", "se"]))
    )
    options = {"sortOrder": "desc", "$top": 2}
    wanted = [{"expression": name, "options": options} for name in ("location", "nonExistingColumn")]

    page = post(world, {"query": "project id, location", "facets": wanted, "options": {"$top": 1}}).body

    assert page["facets"] == [
        {
            "expression": "location",
            "totalRecords": 3,
            "count": 2,
            "data": [{"location": "we", "count": 2}, {"location": "ne", "count": 1}],
            "resultType": "FacetResult",
        },
        {
            "expression": "nonExistingColumn",
            "errors": [
                {"code": "NoValidColumns", "message": "No valid columns in facet expression."},
                {"code": "InvalidColumnNames", "message": "Invalid column names: [nonExistingColumn]."},
            ],
            "resultType": "FacetError",
        },
    ]
