"""What the identity sees of an estate, and what of it is said to be unread."""

from datetime import UTC, datetime

import pytest
from azure.core.exceptions import ClientAuthenticationError
from backupkit.errors import ArmError, IdentityError, IncompleteReadError, OutOfTimeError
from backupkit.estate import VERSIONS, Estate, Unread
from backupkit.params import CommonParams
from backupkit.records import Source
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator import estate as simulated
from tests.backupkit.fakes import NOW, Azure, Clock, Playing, Simulated, load, refused, reply

UNTIL = datetime.fromtimestamp(NOW, UTC)
SINCE = datetime.fromtimestamp(NOW - 86400, UTC)
ONE, TWO, THREE = (f"{digit * 8}-0000-0000-0000-000000000000" for digit in "123")
NOT_SEEN = "scope names it and this identity does not see it"
NOT_SEEN_THOUGH_EXPECTED = "it is expected and this identity does not see it"
NOTHING_SEEN = "this identity sees no subscription in it; grant it Reader"


def rows(*found):
    return reply({"totalRecords": len(found), "data": list(found), "resultTruncated": "false"})


def subscriptions(*ids):
    return rows(*({"id": f"/subscriptions/{one}", "subscriptionId": one} for one in ids))


def vault(number, subscription=ONE):
    group = f"/subscriptions/{subscription}/resourcegroups/rg"
    return f"{group}/providers/microsoft.recoveryservices/vaults/rsv-{number:03}"


def machine(number, subscription=ONE):
    group = f"/subscriptions/{subscription}/resourcegroups/rg"
    return f"{group}/providers/microsoft.compute/virtualmachines/vm-{number:03}"


def opened(azure, **options):
    estate = Estate(azure.arm(options.get("max_minutes", 150)), CommonParams(**options))
    estate.open()
    return estate


# -- Subscriptions -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "seen", "unread"),
    [
        pytest.param({}, (ONE, TWO), {}, id="no scope is all that is seen"),
        pytest.param({"scope": (TWO,)}, (TWO,), {}, id="a subscription"),
        pytest.param({"scope": (TWO.upper(), ONE)}, (ONE, TWO), {}, id="subscriptions in any casing"),
        pytest.param(
            {"scope": (TWO, THREE)}, (TWO,), {THREE: NOT_SEEN}, id="a subscription that is not seen"
        ),
        pytest.param(
            {"scope": (THREE,)},
            (),
            {THREE: NOT_SEEN, "scope": NOTHING_SEEN},
            id="only a subscription that is not seen",
        ),
        pytest.param(
            {"scope": (TWO, THREE), "accept_unread": (THREE.upper(),)},
            (TWO,),
            {},
            id="one known not to be seen",
        ),
        pytest.param({"expect_subscriptions": ("2",)}, (ONE, TWO), {}, id="as many as expected"),
        pytest.param({"expect_subscriptions": ("1",)}, (ONE, TWO), {}, id="more than expected"),
        pytest.param(
            {"expect_subscriptions": ("3",)},
            (ONE, TWO),
            {"scope": "2 subscriptions are seen, 3 expected"},
            id="fewer than expected",
        ),
        pytest.param(
            {"expect_subscriptions": ("2",), "scope": (ONE,)},
            (ONE,),
            {"scope": "1 subscriptions are seen, 2 expected"},
            id="fewer in the scope than expected",
        ),
        pytest.param({"expect_subscriptions": (ONE.upper(),)}, (ONE, TWO), {}, id="the one expected"),
        pytest.param(
            {"expect_subscriptions": (ONE, THREE)},
            (ONE, TWO),
            {THREE: NOT_SEEN_THOUGH_EXPECTED},
            id="not the one expected",
        ),
        pytest.param(
            {"expect_subscriptions": (ONE, THREE), "accept_unread": (THREE,)},
            (ONE, TWO),
            {},
            id="not the one expected, which is known",
        ),
    ],
)
def test_the_subscriptions_seen_are_compared_with_those_asked_for(options, seen, unread):
    estate = opened(Azure(subscriptions(ONE, TWO.upper())), **options)

    assert estate.subscriptions == seen
    assert {one.scope: one.reason for one in estate.unread} == unread


def test_an_identity_that_sees_nothing_is_no_empty_estate():
    estate = opened(Azure(subscriptions()))

    assert estate.unread == [Unread("scope", NOTHING_SEEN)]
    assert estate.vaults() == {}


def test_a_management_group_is_asked_for_as_such():
    azure = Azure(subscriptions(ONE), rows())
    estate = opened(azure, scope=("mg:corp", "mg:sandbox"))
    estate.vaults()

    assert azure.sent[0].body["managementGroups"] == ["corp", "sandbox"]
    assert azure.sent[1].body["subscriptions"] == [ONE]


def test_elsewhere_is_what_the_scope_leaves_out():
    azure = Azure(subscriptions(ONE), subscriptions(ONE, TWO.upper()))
    estate = opened(azure, scope=("mg:corp",))

    assert estate.elsewhere() == [TWO]
    assert "managementGroups" not in azure.sent[1].body
    assert opened(Azure(subscriptions(ONE, TWO))).elsewhere() == []


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([refused(403, "AuthorizationFailed", "no")], ArmError),
        ([rows({"id": "a"}, {"id": "a"})] * 3, IncompleteReadError),
    ],
)
def test_without_a_list_of_subscriptions_nothing_can_be_read(answers, kind):
    with pytest.raises(kind, match="list subscriptions"):
        opened(Azure(*answers))


# -- Vaults ------------------------------------------------------------------------


def small(**world):
    """One subscription, two vaults, a machine in each of them; what cannot be seen is named in `world`."""
    estate = simulated.Estate(NOW)
    sub = estate.subscription("app", id=ONE)
    for number in (1, 2):
        where = estate.vault(f"rsv-{number:03}", subscription=sub, group="rg")
        estate.item(where, estate.vm(f"vm-{number:03}", subscription=sub, group="rg"))
    estate.world.update(world)
    clock = Clock()
    return Simulated(load(estate, clock), clock)


def test_vaults_are_found_by_lower_cased_id_with_their_regions():
    assert opened(small()).vaults() == {vault(1): "westeurope", vault(2): "westeurope"}


@pytest.mark.parametrize(
    ("told", "region"),
    [({"location": "WestEurope"}, "westeurope"), ({"location": None}, ""), ({}, "")],
    ids=["in another casing", "null", "not told"],
)
def test_a_region_is_compared_in_lower_case(told, region):
    assert opened(Azure(subscriptions(ONE), rows({"id": vault(1).upper(), **told}))).vaults() == {
        vault(1): region
    }


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        pytest.param(vault(1), "answered 403 AuthorizationFailed", id="no right"),
        pytest.param(vault(9), "answered 404 ResourceNotFound", id="no such vault"),
    ],
)
def test_a_vault_named_and_not_visible_is_unread_for_azures_own_reason(wanted, told):
    estate = opened(small(forbidden=[vault(1)]))

    estate.missing_vaults([wanted, vault(2)], estate.vaults())

    ((scope, reason),) = [(one.scope, one.reason) for one in estate.unread]
    assert scope == wanted
    assert reason.startswith(f"read vault {wanted}: Azure {told}: ")


def test_a_vault_that_answers_and_is_not_listed_is_unread_all_the_same():
    estate = opened(small())

    estate.missing_vaults([vault(2).upper()], [vault(1)])

    assert estate.unread == [
        Unread(vault(2), "it answers, but Resource Graph does not show it; is its subscription in scope?")
    ]


@pytest.mark.parametrize("accepted", [vault(1).upper(), ONE])
def test_an_unreadable_vault_may_be_accepted_by_its_id_or_its_subscription(accepted):
    estate = opened(small(forbidden=[vault(1)]), accept_unread=(accepted,))

    estate.missing_vaults([vault(1)], estate.vaults())

    assert estate.unread == []
    assert list(estate.failed) == [vault(1)]


def test_a_list_that_fails_names_what_it_was_of_and_the_rest_goes_on():
    many = [f"{number:08}-0000-0000-0000-000000000000" for number in range(1001)]

    def play(sent):
        if "resourcecontainers" in sent.body["query"]:
            start = int(sent.body["options"].get("$skipToken", 0))
            found = [{"id": one, "subscriptionId": one} for one in many[start : start + 1000]]
            body = {"totalRecords": 1001, "data": found, **({} if start else {"$skipToken": "1000"})}
            return reply(body)
        batch = sent.body["subscriptions"]
        return refused(400, "BadRequest", "odd") if len(batch) == 1000 else rows({"id": vault(7, batch[0])})

    estate = opened(Playing(play))

    assert estate.vaults() == {vault(7, many[-1]): ""}
    assert estate.unread == [
        Unread("list vaults: 1000 subscriptions", "list vaults: Azure answered 400 BadRequest: odd")
    ]


# -- What is in the vaults ---------------------------------------------------------


VERBS = {
    "jobs": lambda estate, vaults: estate.jobs(vaults, SINCE, UNTIL),
    "protected items": lambda estate, vaults: estate.items(vaults),
    "policies": lambda estate, vaults: estate.policies(vaults),
}


@pytest.mark.parametrize("what", VERBS)
def test_a_hundred_vaults_are_asked_about_together(what):
    azure = Azure(subscriptions(ONE), *[rows()] * 3)
    vaults = [vault(number) for number in range(201)]

    assert VERBS[what](opened(azure), vaults) == []
    named = [sent.body["query"].count("/vaults/rsv-") for sent in azure.sent[1:]]
    assert named == [100, 100, 1]


@pytest.mark.parametrize("what", VERBS)
@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        pytest.param([refused(403, "Forbidden", "no")], "Azure answered 403 Forbidden: no", id="refused"),
        pytest.param(
            [reply({"totalRecords": 2, "data": []})] * 3, "0 of 2 rows came, 3 times on end", id="incomplete"
        ),
        pytest.param(
            [refused(503, "Busy", "later")] * 6, "Azure answered 503 Busy: later", id="never answered"
        ),
    ],
)
def test_a_batch_that_is_not_read_names_each_of_its_vaults(what, answers, reason):
    estate = opened(Azure(subscriptions(ONE), rows(), *answers))
    vaults = [vault(number) for number in range(102)]

    assert VERBS[what](estate, vaults) == []
    assert estate.unread == [Unread(vault(number), f"read {what}: {reason}") for number in (100, 101)]
    assert estate.failed == {one.scope: one.reason for one in estate.unread}


def test_a_run_without_a_token_does_not_go_on_reading():
    estate = opened(Azure(subscriptions(ONE), ClientAuthenticationError("no identity")))

    with pytest.raises(IdentityError):
        estate.jobs([vault(1)], SINCE, UNTIL)


def test_a_run_without_time_does_not_go_on_reading():
    estate = opened(Azure(subscriptions(ONE), refused(429, Retry_After="800")), max_minutes=1)

    with pytest.raises(OutOfTimeError):
        estate.jobs([vault(1)], SINCE, UNTIL)


@pytest.mark.parametrize(
    ("what", "row", "reason"),
    [
        pytest.param(
            "jobs", {"properties": {"status": "Failed"}}, "KeyError('name')", id="a job without name"
        ),
        pytest.param(
            "jobs",
            {"name": "j", "properties": {"status": "Failed"}},
            "KeyError('startTime')",
            id="a job without start",
        ),
        pytest.param(
            "jobs",
            {"name": "j", "properties": {"status": "Failed", "startTime": "soon"}},
            "ValueError(\"Invalid isoformat string: 'soon'\")",
            id="a job that starts at no time",
        ),
        pytest.param("jobs", {"name": "j", "properties": None}, "KeyError('status')", id="a job of nothing"),
        pytest.param("protected items", {"properties": {}}, "KeyError('name')", id="an item without name"),
        pytest.param(
            "policies",
            {"properties": {"schedulePolicy": {"scheduleRunFrequency": "Hourly", "interval": 3 * 10**10}}},
            "OverflowError('days=1250000000; must have magnitude <= 999999999')",
            id="a policy that never runs again",
        ),
        pytest.param(
            "policies",
            {
                "properties": {
                    "schedulePolicy": {"scheduleRunFrequency": "Hourly", "hourlySchedule": {"interval": "x"}}
                }
            },
            "ValueError(\"invalid literal for int() with base 10: 'x'\")",
            id="a policy that runs every x hours",
        ),
    ],
)
def test_a_row_of_unknown_shape_is_unread_and_the_rest_is_not(what, row, reason):
    good = {
        "id": f"{vault(1)}/backupjobs/good",
        "name": "good",
        "properties": {"status": "Completed", "startTime": "2026-06-16T10:00:00Z"},
    }
    bad = {"id": f"{vault(1)}/backupjobs/odd", **row}
    estate = opened(Azure(subscriptions(ONE), rows(good, bad)))

    assert [one.id for one in VERBS[what](estate, [vault(1)])] == [good["id"]]
    assert estate.unread == [Unread(bad["id"], f"a row of {what} has an unknown shape: {reason}")]


# -- Machines ----------------------------------------------------------------------


def test_a_machine_that_graph_shows_needs_no_question():
    azure = small()
    estate = opened(azure)
    sources = estate.sources([machine(1)])

    assert list(sources) == [machine(1)]
    assert sources[machine(1)].exists
    assert {sent.method for sent in azure.sent} == {"POST"}


def test_a_machine_that_answers_is_there_though_graph_lags():
    body = {"id": machine(1).upper(), "tags": {"backup-retry": "off"}}
    azure = Azure(subscriptions(ONE), rows(), reply(body))

    assert opened(azure).sources([machine(1)]) == {
        machine(1): Source(machine(1).upper(), tags={"backup-retry": "off"})
    }
    assert azure.sent[-1].url == f"{machine(1)}?api-version=2024-07-01"


@pytest.mark.parametrize(
    ("answers", "exists", "known", "unread"),
    [
        pytest.param([refused(404, "ResourceNotFound", "no")], False, True, False, id="gone"),
        pytest.param(
            [refused(403, "AuthorizationFailed", "no")], True, False, False, id="no right to see it"
        ),
        pytest.param([refused(500, "Oops", "no")] * 6, True, False, True, id="no usable answer"),
        pytest.param([reply({})], True, False, True, id="an empty answer"),
        pytest.param([reply({"id": machine(2)})], True, False, True, id="another machine's answer"),
    ],
)
def test_a_machine_that_graph_does_not_show_is(answers, exists, known, unread):
    """Only a 404 means that it is gone."""
    estate = opened(Azure(subscriptions(ONE), rows(), *answers))

    assert estate.sources([machine(1)]) == {machine(1): Source(machine(1), exists=exists, known=known)}
    assert [one.scope for one in estate.unread] == [machine(1)] * unread


RESOURCE = f"/subscriptions/{ONE}/resourcegroups/rg/providers"


@pytest.mark.parametrize(
    "kind",
    [
        "microsoft.compute/virtualmachines",
        "microsoft.compute/disks",
        "microsoft.storage/storageaccounts",
        "microsoft.dbforpostgresql/servers",
        "microsoft.dbforpostgresql/flexibleservers",
        "microsoft.containerservice/managedclusters",
    ],
)
def test_each_kind_of_resource_is_asked_for_in_a_version_of_its_own(kind):
    """A version of another provider would be refused, and the resource taken for unknown."""
    resource = f"{RESOURCE}/{kind}/one"
    azure = Azure(subscriptions(ONE), rows(), reply({"id": resource}))

    assert opened(azure).sources([resource]) == {resource: Source(resource)}
    assert azure.sent[-1].path == resource
    assert azure.sent[-1].query == {"api-version": VERSIONS[kind]}


def test_what_is_no_resource_that_a_vault_backs_up_is_unknown_without_a_question():
    """The container of an availability group, for one."""
    odd = f"{RESOURCE}/vmappcontainer/sqlserver-0"
    azure = Azure(subscriptions(ONE), rows())
    estate = opened(azure)

    assert estate.sources([odd]) == {odd: Source(odd, known=False)}
    assert (len(azure.sent), estate.unread) == (2, [])


def test_a_subscription_that_is_not_seen_says_nothing_of_what_is_in_it():
    azure = Azure(subscriptions(ONE), rows(), refused(404, "SubscriptionNotFound", "no"))

    assert opened(azure).sources([machine(1)]) == {machine(1): Source(machine(1), known=False)}


def test_machines_are_asked_for_in_groups_of_fewer_than_300():
    shown = [{"id": machine(number), "tags": {}} for number in range(251)]
    azure = Azure(subscriptions(ONE), rows(*shown[:250]), rows(*shown[250:]))

    assert len(opened(azure).sources([one["id"] for one in shown])) == 251
    assert [sent.body["query"].count("virtualmachines") for sent in azure.sent[1:]] == [250, 1]


@pytest.mark.parametrize("tags", [None, [], "a:b", {}])
def test_tags_of_another_shape_are_none(tags):
    azure = Azure(subscriptions(ONE), rows({"id": machine(1), "tags": tags}))

    assert opened(azure).sources([machine(1)])[machine(1)].tags == {}


def test_an_id_that_cannot_stand_in_a_query_is_unread_and_the_others_are_asked_for():
    odd = f"{machine(1)}'; drop"
    azure = Azure(subscriptions(ONE), rows({"id": machine(1), "tags": {}}))
    estate = opened(azure)

    assert list(estate.sources([odd, machine(1)])) == [machine(1)]
    assert estate.unread == [Unread(odd, f"{odd!r} cannot stand in a query")]


# -- Whatever comes ----------------------------------------------------------------


DEEP = {
    "dailySchedule": {"retentionDuration": {"count": 30, "durationType": "Days"}},
    "weeklySchedule": {"retentionDuration": {"count": 12, "durationType": "Weeks"}},
}
RUNS = {
    "scheduleRunFrequency": "Weekly",
    "scheduleRunDays": ["Monday"],
    "scheduleRunTimes": ["2026-01-01T22:00:00Z"],
}
HOURS = {"interval": 4, "scheduleWindowStartTime": "2026-01-01T08:00:00Z", "scheduleWindowDuration": 12}
EVERYTHING = {
    "status": "Failed",
    "startTime": "2026-06-16T10:00:00Z",
    "endTime": "2026-06-16T11:00:00Z",
    "operation": "Backup (Full)",
    "operationCategory": "Backup",
    "isUserTriggered": False,
    "errorDetails": [{"errorCode": 400002, "errorTitle": "X", "recommendations": ["x"]}],
    "extendedInfo": {"propertyBag": {"Whether job is adhoc or scheduled.": "True"}},
    "backupManagementType": "AzureWorkload",
    "workloadType": "SQLDataBase",
    "containerName": "VMAppContainer;compute;rg;vm",
    "entityFriendlyName": "db [server]",
    "storageAccountName": "st",
    "backupInstanceId": "/subscriptions/x",
    "dataSourceType": "Microsoft.Compute/disks",
    "friendlyName": "db",
    "serverName": "server",
    "parentName": "MSSQLSERVER",
    "protectionState": "Protected",
    "currentProtectionState": "ProtectionConfigured",
    "isScheduledForDeferredDelete": False,
    "lastBackupStatus": "Unhealthy",
    "lastBackupTime": "2026-06-16T10:00:00Z",
    "lastBackupErrorDetail": {"code": "X", "message": "x"},
    "lastRecoveryPoint": "2026-06-16T10:00:00Z",
    "sourceResourceId": machine(1),
    "dataSourceInfo": {"resourceID": machine(1), "datasourceType": "Microsoft.Compute/disks"},
    "dataSourceSetInfo": {"resourceID": machine(1)},
    "policyId": "/subscriptions/x",
    "policyInfo": {"policyId": "/subscriptions/x"},
    "timeZone": "UTC",
    "settings": {"timeZone": "UTC", "isCompression": True},
    "schedulePolicy": {**RUNS, "weeklySchedule": RUNS},
    "retentionPolicy": DEEP,
    "subProtectionPolicy": [
        {"policyType": "Full", "schedulePolicy": RUNS, "retentionPolicy": DEEP},
        {"policyType": "Log", "schedulePolicy": {"scheduleFrequencyInMins": 60}},
        {"policyType": "", "schedulePolicy": {"scheduleRunFrequency": "Hourly", "hourlySchedule": HOURS}},
    ],
    "policyRules": [
        {
            "name": "BackupDaily",
            "objectType": "AzureBackupRule",
            "trigger": {
                "schedule": {"repeatingTimeIntervals": ["R/2026-01-01T22:00:00Z/P1D"], "timeZone": "UTC"},
                "taggingCriteria": [{"isDefault": True, "tagInfo": {"tagName": "Default"}}],
            },
        },
        {
            "name": "Default",
            "objectType": "AzureRetentionRule",
            "lifecycles": [{"deleteAfter": {"duration": "P7D"}}],
        },
    ],
}
"""What any row may tell, in a shape that was recorded."""


def places(value, path=()):
    """Every place inside a JSON value."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inner:
        yield from places(part, (*path, key))


def with_instead(value, path, odd):
    if not path:
        return odd
    copied = value.copy()
    copied[path[0]] = with_instead(value[path[0]], path[1:], odd)
    return copied


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(
        ["Hourly", "Weekly", "AzureStorage", "AzureIaasVM", "0001-01-01", "R/x/P1D", "P9999999999Y", ""]
    )
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
WHERE = [vault(1), vault(1).replace("recoveryservices/vaults", "dataprotection/backupvaults")]


@settings(max_examples=150)
@given(
    st.sampled_from(WHERE),
    st.lists(st.tuples(st.sampled_from(list(places(EVERYTHING))), VALUES), max_size=2),
)
def test_whatever_a_row_tells_it_is_a_record_or_unread(place, changes):
    properties = EVERYTHING
    for path, odd in changes:
        if path in places(properties):
            properties = with_instead(properties, path, odd)
    row = {"id": f"{place}/x/odd", "name": "odd", "properties": properties}

    for verb in VERBS.values():
        estate = opened(Azure(subscriptions(ONE), rows(row)))
        assert len(verb(estate, [vault(1)])) + len(estate.unread) == 1
