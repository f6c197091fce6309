import time

import pytest

from simulator import kql
from simulator.store import Store

NOW = time.time()
SUB = "/subscriptions/11111111-1111-1111-1111-111111111111"
VM = f"{SUB}/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/"


def machine(name, **more):
    row = {"id": VM + name, "name": name, "type": "microsoft.compute/virtualmachines", "resourceGroup": "rg"}
    return row | more


MACHINES = [
    machine(
        "vm0",
        kind="linux",
        tags={"env": "prod", "odata.type": "x"},
        properties={
            "size": "B2",
            "disks": [],
            "os": None,
            "made": "2026-01-02T03:04:05.5Z",
            "n": 5,
            "on": True,
        },
    ),
    machine(
        "vm1", tags={"env": "Dev"}, properties={"size": "b2", "disks": ["c", "d"], "made": "never", "n": "7"}
    ),
    machine("VM2", properties={"size": "D4", "os": "win", "disks": list(range(200))}),
]
ITEMS = [
    {
        "id": f"{SUB}/items/item0",
        "name": "item0",
        "type": "microsoft.recoveryservices/items",
        "properties": {"source": (VM + "vm0").upper()},
    }
]
INVALID = (
    "Query is invalid. Please refer to the documentation for the Azure Resource Graph service and fix the "
    "error before retrying."
)


@pytest.fixture(scope="module")
def connection():
    store = Store()
    store.load("resources", MACHINES)
    store.load("recoveryservicesresources", ITEMS)
    for table in ("resources", "recoveryservicesresources", "resourcecontainers"):
        store.connection.sql(store.as_of(table, NOW)).project(", ".join(kql.COLUMNS)).create_view(table)
    return store.connection


def rows(connection, query):
    return kql.run(connection, query, NOW).rows


def names(connection, condition):
    return [
        row[0] for row in rows(connection, f"resources | where {condition} | order by id asc | project name")
    ]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        pytest.param("name == 'vm2'", [], id="== looks at case"),
        pytest.param("name =~ 'vm2'", ["VM2"], id="=~ does not"),
        pytest.param("name in ('vm0', 'vm2')", ["vm0"], id="in looks at case"),
        pytest.param("name in~ ('vm0', 'vm2')", ["VM2", "vm0"], id="in~ does not"),
        pytest.param("properties.size =~ 'B2'", ["vm0", "vm1"], id="a property"),
        pytest.param("properties.Size =~ 'B2'", [], id="a property's name looks at case"),
        pytest.param("properties['size'] == 'D4'", ["VM2"], id="a property in brackets"),
        pytest.param("tags['odata.type'] == 'x'", ["vm0"], id="a name with a dot"),
        pytest.param("kind == 'linux'", ["vm0"], id="kind is a column"),
        pytest.param("tags.env != 'prod'", ["VM2", "vm1"], id="what is missing differs from any text"),
        pytest.param("isnull(properties.os)", ["vm0", "vm1"], id="null inside a document is null"),
        pytest.param("isempty(properties.os)", ["vm0", "vm1"], id="null is empty"),
        pytest.param("isnotnull(properties.os)", ["VM2"], id="not null"),
        pytest.param("isempty(kind)", ["VM2", "vm1"], id="an absent text is empty"),
        pytest.param("kind == ''", ["VM2", "vm1"], id="an absent text is ''"),
        pytest.param("properties.n > 4", ["vm0", "vm1"], id="numbers, also those that are text"),
        pytest.param("properties.on == true", ["vm0"], id="booleans"),
        pytest.param("properties.made < now()", ["vm0"], id="a stamp among texts that are none"),
        pytest.param("properties.made between (ago(3650d) .. now())", ["vm0"], id="a stamp between two"),
        pytest.param("name contains 'M1'", ["vm1"], id="contains does not look at case"),
        pytest.param("id has 'rg' and name startswith 'vm0'", ["vm0"], id="whole words"),
        pytest.param("properties.disks[1] == 'd'", ["vm1"], id="an element"),
        pytest.param("array_length(properties.disks) == 0", ["vm0"], id="an empty array"),
    ],
)
def test_where(connection, condition, expected):
    assert names(connection, condition) == expected


def test_a_query_without_a_table_is_about_resources(connection):
    assert rows(connection, "where name == 'vm0' | project name, kind") == [["vm0", "linux"]]


def test_tables_may_be_written_in_any_case(connection):
    assert rows(connection, "RecoveryServicesResources | project name") == [["item0"]]


def test_values_come_back_as_json_has_them(connection):
    query = (
        "resources | where name == 'vm0' | project name, tags, n = properties.n, s = strlen(name), r = 1.5, "
        "b = isempty(name), made = todatetime(properties.made), "
        "age = todatetime('2026-01-02') - todatetime('2026-01-01'), none = properties.none, "
        "l = pack_array(1, 'a')"
    )

    result = kql.run(connection, query, NOW)

    assert result.rows[0] == [
        "vm0",
        {"env": "prod", "odata.type": "x"},
        5,
        3,
        1.5,
        False,
        "2026-01-02T03:04:05.5Z",
        "1.00:00:00",
        None,
        [1, "a"],
    ]
    assert [kind for _, kind in result.columns] == [
        *(
            "string",
            "object",
            "object",
            "integer",
            "number",
            "boolean",
            "string",
            "string",
            "object",
            "object",
        )
    ]


def test_an_unmatched_string_is_empty_and_not_null(connection):
    query = (
        "resources | extend key = tolower(id) | join kind=leftouter (recoveryservicesresources "
        "| project key = tolower(tostring(properties.source)), item = name, more = properties) on key "
        "| order by name asc | project name, item, a = item == '', b = isnull(item), c = isempty(item), more"
    )

    assert rows(connection, query) == [
        ["VM2", "", True, False, True, None],
        ["vm0", "item0", False, False, False, {"source": (VM + "vm0").upper()}],
        ["vm1", "", True, False, True, None],
    ]


def test_the_right_side_of_a_join_gets_a_1_where_names_meet(connection):
    result = kql.run(
        connection, "resources | project id, name | join (resources | project id, name) on id", NOW
    )

    assert [name for name, _ in result.columns] == ["id", "name", "id1", "name1"]


def test_a_conditional_may_mix_text_and_properties(connection):
    query = (
        "resources | order by id asc | project a = case(properties.on == true, strcat('is ', name), "
        "name == 'vm1', properties.n, 'none'), b = iff(isempty(properties.os), 'unknown', properties.os), "
        "c = coalesce(properties.os, name)"
    )

    assert rows(connection, query) == [
        ["none", "win", "win"],
        ["is vm0", "unknown", "vm0"],
        ["7", "unknown", "vm1"],
    ]


def test_aggregates(connection):
    query = (
        "resources | summarize count(), n = countif(isempty(kind)), make_list(properties.os), "
        "max(toint(properties.n)) by size = tolower(tostring(properties.size)) | order by size asc"
    )

    result = kql.run(connection, query, NOW)

    assert [name for name, _ in result.columns] == [
        "size",
        "count_",
        "n",
        "list_properties_os",
        "max_properties_n",
    ]
    assert result.rows == [["b2", 2, 1, [], 7], ["d4", 1, 1, ["win"], None]]


@pytest.mark.parametrize(
    ("expansion", "expected"),
    [
        pytest.param("mv-expand disk = properties.disks", 2 + 128, id="128 rows unless told"),
        pytest.param("mv-expand disk = properties.disks limit 400", 2 + 200, id="up to 400 when told"),
        pytest.param("mvexpand disk = properties.disks limit 1", 2, id="the old spelling"),
        pytest.param("mv-expand properties.disks | where isnotnull(properties_disks)", 2 + 128, id="unnamed"),
    ],
)
def test_mv_expand_makes_rows_of_an_array_and_drops_empty_ones(connection, expansion, expected):
    assert rows(connection, f"resources | {expansion} | count") == [[expected]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("resources | top 1 by name desc | project name", [["vm1"]], id="top"),
        pytest.param(
            "resources | sort by name asc | take 1 | project name", [["VM2"]], id="capitals come first"
        ),
        pytest.param("resources | distinct type", [["microsoft.compute/virtualmachines"]], id="distinct"),
        pytest.param(
            "resources | project-rename n = name | where n == 'vm0' | project n", [["vm0"]], id="rename"
        ),
        pytest.param("resources | project name, id | project-away id | limit 1 | count", [[1]], id="away"),
        pytest.param(
            "resources | limit 1 | parse id with '/subscriptions/' sub '/' * | project strlen(sub)",
            [[36]],
            id="parse",
        ),
        pytest.param("resources | union (resources | where name == 'vm0') | count", [[4]], id="union"),
        pytest.param(
            "resources // all\n| summarize arg_max(name, *) by type | project name, resourceGroup",
            [["vm1", "rg"]],
            id="arg_max, and a comment",
        ),
    ],
)
def test_operators(connection, query, expected):
    assert rows(connection, query) == expected


def details(connection, query):
    with pytest.raises(kql.InvalidQueryError) as refused:
        kql.run(connection, query, NOW)
    return refused.value.details


def failure(line, column, token, **more):
    where = {"line": line, "characterPositionInLine": column, "token": token}
    return {"code": "ParserFailure", "message": "ParserFailure", **where, **more}


@pytest.mark.parametrize(
    ("query", "line", "column", "token"),
    [
        pytest.param("resources | mv-apply x = tags on (where x)", 1, 12, "mv-apply", id="mv-apply"),
        pytest.param("resources\n| lookup (resources) on id", 2, 2, "lookup", id="lookup"),
        pytest.param("resources | project-keep id", 1, 12, "project-keep", id="project-keep"),
        pytest.param("resources | evaluate bag_unpack(tags)", 1, 12, "evaluate", id="evaluate"),
        pytest.param("resources | nonsense", 1, 12, "nonsense", id="no operator at all"),
        pytest.param("let a = 1; resources", 1, 0, "let", id="let"),
        pytest.param("set notruncation; resources", 1, 0, "set", id="set"),
        pytest.param("resources; resources", 1, 11, "resources", id="two queries"),
        pytest.param("print 1", 1, 0, "print", id="print"),
        pytest.param("range x from 1 to 3 step 1", 1, 0, "range", id="range"),
        pytest.param("datatable(a: string)['x']", 1, 0, "datatable", id="datatable"),
        pytest.param("resources | where 1 == toscalar(resources | count)", 1, 23, "toscalar", id="toscalar"),
        pytest.param(".drop table resources", 1, 0, ".", id="a control command"),
        pytest.param("where name = 'vm0'", 1, 11, "=", id="= for =="),
        pytest.param("where kind == 'a' | bad", 1, 20, "bad", id="told in the client's own columns"),
        pytest.param("resources | where properties.count == 1", 1, 29, "count", id="a keyword as property"),
        pytest.param(
            "resources | join hint.strategy=shuffle (resources) on id", 1, 17, "hint.strategy", id="hints"
        ),
        pytest.param("resources | join (resources)", 1, 12, "join", id="a join on nothing"),
        pytest.param("resources | union isfuzzy=true resources", 1, 18, "isfuzzy", id="fuzzy union"),
        pytest.param("resources | union res*", 1, 18, "res*", id="union of a pattern"),
        pytest.param("union resources, resources", 1, 0, "union", id="union first"),
        pytest.param("", 1, 0, "<EOF>", id="nothing"),
    ],
)
def test_what_resource_graph_does_not_document_is_no_query(connection, query, line, column, token):
    assert details(connection, query) == [
        {"code": "InvalidQuery", "message": INVALID},
        failure(line, column, token),
    ]


def test_what_was_expected_is_told(connection):
    found = details(connection, "resources | project by, name")

    assert found[1]["expectedToken"] == "="


SELF = "| join (resources) on id "
ITEM = "| join (recoveryservicesresources) on id "


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        pytest.param(
            "resources | join kind=leftanti (resources) on id",
            "UnsupportedJoinFlavor",
            'The join kind "LeftAnti" is not supported or not allowed.',
            id="leftanti",
        ),
        pytest.param(
            "resources | where Name == 'a'",
            "Operator_FailedToResolveEntity",
            "'where' operator: Failed to resolve column or scalar expression named 'Name'",
            id="a column's name in another case",
        ),
        pytest.param(
            "resources | project name | project-away id",
            "Operator_FailedToResolveEntity",
            "'project-away' operator: Failed to resolve column or scalar expression named 'id'",
            id="a column that is gone",
        ),
        pytest.param(
            "resources | join (resources) on $left.id == $right.key",
            "Operator_FailedToResolveEntity",
            "'join' operator: Failed to resolve column or scalar expression named 'key'",
            id="a key only one side has",
        ),
        pytest.param(
            "resources | order by properties.size",
            "Default",
            "order operator: key can't be of dynamic type",
            id="ordered by a property",
        ),
        pytest.param(
            "resources | extend s = properties.size | summarize count() by s",
            "Default",
            "Summarize group key 's' is of a 'dynamic' type. Please use an explicit cast (for example, "
            "'summarize ... by tostring(s)') as grouping by a 'dynamic' type is not supported.",
            id="grouped by a property",
        ),
        pytest.param(
            "resources | join (resources) on tags",
            "Default",
            "join key 'tags' is of a 'dynamic' type. Please use an explicit cast using extend operator in "
            "the join legs (for example, '... | extend tags = tostring(tags) | join (... | extend tags = "
            "tostring(tags)) on tags') as join on a 'dynamic' type is not supported.",
            id="joined on a property",
        ),
        pytest.param(
            "resources " + SELF * 4,
            "DisallowedMaxNumberOfJoins",
            "The query has 4 joins; the maximum allowed is 3.",
            id="four joins",
        ),
        pytest.param(
            "resources " + ITEM * 2,
            "DisallowedMaxNumberOfRemoteTables",
            "The query reads 2 times from tables other than resources (recoveryservicesresources, "
            "recoveryservicesresources); the maximum allowed is 1.",
            id="another table twice",
        ),
        pytest.param(
            "resources | union recoveryservicesresources",
            "DisallowedMaxNumberOfRemoteTables",
            "The tables recoveryservicesresources, resources cannot be combined by union.",
            id="union of tables that are not for it",
        ),
        pytest.param(
            "resources | union resources, resources, resources, resources",
            "DisallowedMaxNumberOfUnionLegs",
            "The query has 4 union legs; the maximum allowed is 3.",
            id="four legs",
        ),
        pytest.param(
            "resources " + "| mv-expand a = tags.a " * 4,
            "DisallowedMaxNumberOfMvExpands",
            "The query has 4 mv-expands; the maximum allowed is 3.",
            id="four mv-expands",
        ),
        pytest.param(
            "resources | mv-expand a = tags.a limit 401",
            "DisallowedMvExpandRowLimit",
            "The row limit 401 of mv-expand is over the maximum of 400.",
            id="too many rows of one",
        ),
    ],
)
def test_a_query_azure_refuses(connection, query, code, message):
    assert details(connection, query) == [
        {"code": "InvalidQuery", "message": INVALID},
        {"code": code, "message": message},
    ]


def test_three_joins_are_fine_among_resources_and_their_containers(connection):
    query = "resources | join (resourcecontainers) on id " + SELF * 2

    assert rows(connection, query) == []


def test_a_table_that_does_not_exist_is_named(connection):
    assert details(connection, "Vaults | count") == [
        {
            "code": "DisallowedLogicalTableName",
            "message": "Table Vaults is invalid, unsupported or disallowed.",
        }
    ]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        pytest.param(
            "resources | extend a = pack_all()",
            "the simulator does not run the function pack_all()",
            id="function",
        ),
        pytest.param(
            "securityresources | count",
            "the simulator has no table securityresources; it has resources, resourcecontainers,",
            id="table",
        ),
        pytest.param(
            "resources | project-away name, res*",
            "project-away res*: the simulator does not expand wildcards; name the columns",
            id="wildcard",
        ),
        pytest.param(
            "resources | where name in ((resources | project name))",
            "the simulator does not run a query inside in (...)",
            id="a query inside in",
        ),
        pytest.param(
            "resources | extend SubscriptionId = 1",
            "the simulator cannot run this query: schema error for 'extend'",
            id="two columns that differ in case",
        ),
        pytest.param(
            "resources | where 1 / 0 > now()",
            "the simulator cannot carry out this query: Binder Error",
            id="the engine fails",
        ),
    ],
)
def test_what_azure_may_answer_and_we_cannot_is_never_an_empty_answer(connection, query, message):
    with pytest.raises(kql.NotSimulatedError) as refused:
        kql.run(connection, query, NOW)

    assert str(refused.value).startswith(message)


def test_now_is_the_moment_the_query_is_run_at_however_often_it_was_translated(connection):
    query = "resources | limit 1 | project now(), ago(1h)"

    assert kql.run(connection, query, 0.0).rows == [["1970-01-01T00:00:00Z", "1969-12-31T23:00:00Z"]]
    assert kql.run(connection, query, 3600.0).rows == [["1970-01-01T01:00:00Z", "1970-01-01T00:00:00Z"]]
