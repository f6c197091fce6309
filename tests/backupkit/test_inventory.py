"""What was found of an estate, on disk: it answers as lists do, and nothing is left of a broken reading."""

from dataclasses import replace

import pytest
from backupkit.errors import IncompleteReadError
from backupkit.graph import Graph, Scope
from backupkit.inventory import Stored, came, item_entries, nodes_entry, resource_entries, there
from hypothesis import given
from hypothesis import strategies as st

from tests.backupkit.fakes import Azure, reply
from tests.decisions.cases import database, instance, item, share
from tests.decisions.sweeps import Plain, database_in, disk, resource, share_in

MACHINES = [resource(name, tags={"team": "a\nb"}) for name in ("vm-01", "vm-02", "vm-0")]
RESOURCES = [
    *MACHINES,
    MACHINES[0].hiding("sql"),
    disk("disk-01", MACHINES[0]),
    share_in(),
    resource("stapp", "blob"),
    database_in(resource("sql-01"), created=None),
]
ITEMS = [
    *(item(name, vault) for name in ("vm-01", "vm-02") for vault in ("rsv-02", "rsv-01")),
    *map(instance, ("disk-01", "disk-gone")),
    instance("stapp", "blob", source=resource("stapp", "blob").id.upper()),
    share(),
    database(),
]


def stored(resources=(), items=(), managed=None, *, machines_too=True):
    made = Stored()
    made.add(entry for one in resources for entry in resource_entries(one))
    made.add(entry for one in items for entry in item_entries(one))
    made.complete(managed or {}, machines_too=machines_too)
    return made


def lean(items):
    return [replace(one, container="", calls=frozenset()) for one in items]


def all_of(inventory):
    return [(one, lean(items)) for one, items in inventory.resources()]


@given(st.permutations(RESOURCES), st.permutations(ITEMS), st.integers(0, 8), st.integers(0, 9))
def test_it_answers_as_lists_do_in_whatever_order_it_was_filled(resources, items, many, few):
    kept = (resources[:many], items[:few])
    on_disk, plain = stored(*kept), Plain(*kept)
    keys = [one.key for one in RESOURCES]

    assert all_of(on_disk) == all_of(plain)
    assert sorted(map(lean, on_disk.protected()), key=str) == sorted(map(lean, plain.protected()), key=str)
    assert [on_disk.has(key) for key in keys] == [plain.has(key) for key in keys]
    assert [(key, *lean([one])) for key, one in on_disk.sourceless()] == [
        (key, *lean([one])) for key, one in plain.sourceless()
    ]


def test_machines_that_are_not_judged_are_found_all_the_same():
    found = stored(MACHINES, machines_too=False)

    assert all_of(found) == []
    assert found.has(MACHINES[0].key)
    assert found.machine(MACHINES[0].key) == MACHINES[0]


def test_what_looks_after_a_group_looks_after_its_machines_but_not_after_their_databases():
    group = f"/subscriptions/{MACHINES[0].subscription}/resourcegroups/rg-app"
    found = stored([MACHINES[0], MACHINES[0].hiding("sql"), RESOURCES[-1]], managed={group: "of dbx"})

    assert {one.id: one.made_by for one, _ in found.resources() if one.made_by} == {MACHINES[0].id: "of dbx"}
    assert [one.made_by for one, _ in found.resources()] == ["of dbx", "of dbx", ""]


def test_a_word_on_a_thing_is_the_last_that_was_said():
    notes = stored().notes
    notes["a"] = "first"
    notes["a"] = "last"

    assert (notes.get("a", ""), notes.get("b", "none")) == ("last", "none")


# -- Readings ----------------------------------------------------------------------

CLUSTER = resource("aks-1", "aks")
WHOLE = [{"id": one.id} for one in MACHINES]


def entries(row):
    """A cluster of which its nodes are told, a machine, or nothing that is kept."""
    known = {one.id: resource_entries(one) for one in MACHINES}
    known[CLUSTER.id] = [there(row), nodes_entry(CLUSTER, "rg-app")]
    return known.get(row["id"]) or [came(row)]


def read_from(*pages):
    """Into an inventory that has a machine already; a page is rows and how many there should be."""
    found = stored([resource("vm-kept")])
    azure = Azure(*(reply({"data": rows, "totalRecords": total}) for rows, total in pages))
    graph = Graph(azure.arm())

    def readings():
        yield graph.read_into("resources", Scope(), "read resources", found.reading(entries))

    return found, readings()


def names(inventory):
    return [one.name for one, _ in inventory.resources()]


@pytest.mark.parametrize(
    ("rows", "total"),
    [
        pytest.param([{"id": CLUSTER.id}, *WHOLE], 5, id="one is missing"),
        pytest.param([{"id": CLUSTER.id}, {"id": CLUSTER.id}], 2, id="one came twice"),
        pytest.param([{"id": CLUSTER.id}, {"id": "/X"}, {"id": "/x"}], 3, id="an unknown one came twice"),
    ],
)
def test_a_reading_that_does_not_add_up_leaves_nothing_to_the_next(rows, total):
    found, readings = read_from((rows, total), (WHOLE, 3))
    found.keep(readings)
    found.complete({}, machines_too=True)

    assert names(found) == ["vm-0", "vm-01", "vm-02", "vm-kept"]
    assert {one.made_by for one, _ in found.resources()} == {""}
    assert not found.has(CLUSTER.key)


def test_nothing_is_left_of_a_query_that_never_adds_up_and_what_was_kept_before_stays():
    found, readings = read_from(*[(WHOLE, 4)] * 3)
    with pytest.raises(IncompleteReadError, match="3 of 4 rows came"):
        found.keep(readings)
    found.keep([])

    assert names(found) == ["vm-kept"]


def test_a_row_of_which_nothing_is_kept_still_counts():
    found, readings = read_from(([*WHOLE, {"id": "/other"}], 4))
    found.keep(readings)

    assert names(found) == ["vm-0", "vm-01", "vm-02", "vm-kept"]
