"""Resource Graph is read completely, or it is said that it was not."""

import threading

import pytest
from backupkit.errors import ArmError, IncompleteReadError, OutOfTimeError
from backupkit.graph import Graph, Scope, batches, quoted, scopes
from hypothesis import given
from hypothesis import strategies as st

from tests.backupkit.fakes import Azure, Clock, Playing, refused, reply

QUERY = "resources | project id | order by id asc"
TOO_LARGE = reply(
    {
        "error": {
            "code": "BadRequest",
            "message": "Please provide below info when asking for support.",
            "details": [
                {"code": "ResponsePayloadTooLarge", "message": "Response payload size is 2, limit 1."}
            ],
        }
    },
    400,
)


def page(*ids, total, token="", **headers):
    body = {"totalRecords": total, "count": len(ids), "data": [{"id": one} for one in ids], "facets": []}
    body["resultTruncated"] = "false"
    return reply(body | ({"$skipToken": token} if token else {}), **headers)


EVERYTHING = Scope()


def read(azure, scope=EVERYTHING, minutes=150):
    return [row["id"] for row in Graph(azure.arm(minutes)).read(QUERY, scope, "list things")]


def incomplete(azure):
    with pytest.raises(IncompleteReadError) as error:
        read(azure)
    return str(error.value)


def asked(azure, name):
    return [sent.body["options"].get(name) for sent in azure.sent]


# -- Pages -------------------------------------------------------------------------


def test_a_query_is_posted_with_the_size_of_its_pages():
    azure = Azure(page("a", total=1))

    assert read(azure) == ["a"]
    (sent,) = azure.sent
    assert (sent.method, sent.path) == ("POST", "/providers/Microsoft.ResourceGraph/resources")
    assert sent.body == {"query": QUERY, "options": {"resultFormat": "objectArray", "$top": 1000}}


def test_an_empty_result_is_no_fault():
    assert read(Azure(page(total=0))) == []


def test_pages_are_read_to_the_last():
    azure = Azure(
        page("a", "b", total=5, token="t1"),
        page("c", "d", total=5, token="t2"),
        page("e", total=5),
    )

    assert read(azure) == ["a", "b", "c", "d", "e"]
    assert asked(azure, "$skipToken") == [None, "t1", "t2"]


@given(st.sets(st.integers(0, 99)), st.integers(1, 7))
def test_whatever_the_size_of_a_page_each_row_comes_once_and_in_order(rows, size):
    ids = [f"/{number:02}" for number in sorted(rows)]

    def play(sent):
        start = int(sent.body["options"].get("$skipToken", 0))
        following = start + size
        token = str(following) if following < len(ids) else ""
        return page(*ids[start:following], total=len(ids), token=token)

    assert read(Playing(play)) == ids


# -- What does not add up ----------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        pytest.param(
            [page("a", total=3, token="t"), page("b", total=3)],
            "2 of 3 rows came",
            id="a row that is missing",
        ),
        pytest.param([page("a", "b", total=1)], "2 of 1 rows came", id="a row too many"),
        pytest.param(
            [page("a", "b", total=4, token="t"), page("b", "c", total=4)],
            "1 rows came twice",
            id="a row on two pages",
        ),
        pytest.param([page("/A/b", "/a/B", total=2)], "1 rows came twice", id="one id in two casings"),
        pytest.param(
            [reply({"totalRecords": 9, "data": [{"id": "a"}], "resultTruncated": "true"})],
            "Resource Graph cut the result off",
            id="a result cut off, without a way to the rest",
        ),
        pytest.param(
            [page("a", total=9, token="t"), page("b", total=9, token="t")],
            "2 of 9 rows came",
            id="a page that leads to itself",
        ),
        pytest.param(
            [reply({"totalRecords": 1})],
            "an answer without rows, or without their number, came",
            id="no rows",
        ),
        pytest.param(
            [reply({"data": [{"id": "a"}]})],
            "an answer without rows, or without their number, came",
            id="no number of rows",
        ),
    ],
)
class TestAReadingWith:
    def test_is_read_again_from_the_start(self, bad, told):
        azure = Azure(*bad, *bad, page("a", "b", total=2))

        assert read(azure) == ["a", "b"]
        assert asked(azure, "$skipToken")[len(bad)] is None

    def test_is_no_reading_after_three_times(self, bad, told):
        azure = Azure(*bad, *bad, *bad)

        assert incomplete(azure) == f"list things: {told}, 3 times on end"
        assert len(azure.sent) == 3 * len(bad)


def test_the_last_fault_is_told():
    azure = Azure(page("a", total=2), page("a", "a", total=2), page(total=1))

    assert incomplete(azure) == "list things: 0 of 1 rows came, 3 times on end"


# -- What is too large -------------------------------------------------------------


def test_a_page_too_large_is_halved_until_it_fits_and_reading_goes_on():
    azure = Azure(TOO_LARGE, TOO_LARGE, page("a", total=2, token="t"), TOO_LARGE, page("b", total=2))

    assert read(azure) == ["a", "b"]
    assert asked(azure, "$top") == [1000, 500, 250, 250, 125]
    assert asked(azure, "$skipToken") == [None, None, None, "t", "t"]


def test_a_single_row_too_large_is_a_refusal():
    azure = Playing(lambda sent: TOO_LARGE)

    with pytest.raises(ArmError, match=r"400 BadRequest ResponsePayloadTooLarge: .* Response payload size"):
        read(azure)
    assert asked(azure, "$top") == [1000, 500, 250, 125, 62, 31, 15, 7, 3, 1]


@pytest.mark.parametrize(
    "refusal", [refused(400, "BadRequest", "no such column"), refused(403, "AuthorizationFailed", "no")]
)
def test_another_refusal_ends_the_reading(refusal):
    azure = Azure(page("a", total=2, token="t"), refusal)

    with pytest.raises(ArmError):
        read(azure)
    assert len(azure.sent) == 2


def test_a_page_that_did_not_come_is_asked_for_again_alone():
    azure = Azure(page("a", total=2, token="t"), refused(503), page("b", total=2))

    assert read(azure) == ["a", "b"]
    assert asked(azure, "$skipToken") == [None, "t", "t"]


# -- The quota ---------------------------------------------------------------------


def quota(remaining, resets_after):
    return {"X_Ms_User_Quota_Remaining": remaining, "X_Ms_User_Quota_Resets_After": resets_after}


@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        pytest.param(quota("14", "00:00:05"), [], id="much is left"),
        pytest.param(quota("1", "00:00:05"), [], id="one is left"),
        pytest.param(quota("0", "00:00:05"), [5], id="nothing is left"),
        pytest.param(quota("0", "00:01:02.5"), [62.5], id="nothing is left for longer"),
        pytest.param(quota("0", "soon"), [5], id="nothing is left and it is not said for how long"),
        pytest.param({}, [], id="nothing is said"),
        pytest.param(quota("plenty", ""), [], id="nothing useful is said"),
    ],
)
def test_the_next_query_waits_when(headers, waits):
    azure = Azure(page("a", total=2, token="t", **headers), page("b", total=2))

    assert read(azure) == ["a", "b"]
    assert azure.clock.slept == waits


def test_a_quota_used_up_makes_the_next_reading_wait_too():
    azure = Azure(
        page(total=0, **quota("0", "00:00:03")), page(total=0, **quota("14", "00:00:05")), page(total=0)
    )
    graph = Graph(azure.arm())

    for _ in range(3):
        graph.read(QUERY, EVERYTHING, "list things")

    assert azure.clock.slept == [3]


def test_a_quota_is_kept_to_so_that_azure_never_has_to_throttle():
    """15 queries in 5 seconds, as Azure allows by default."""
    clock = Clock()
    times = []

    def play(sent):
        times.append(clock.now)
        window = [at for at in times if at > clock.now - 5]
        left = 15 - len(window)
        after = window[0] + 5 - clock.now
        ids = [f"{len(times):03}"]
        token = "more" + ids[0] if len(times) < 100 else ""
        headers = quota(str(max(0, left)), f"00:00:{after:02.0f}")
        return page(*ids, total=100, token=token, **headers) if left >= 0 else refused(429)

    azure = Playing(play, clock)

    assert len(read(azure)) == 100
    assert len(azure.sent) == 100
    assert clock.slept == [5] * 6


def test_no_quota_is_waited_for_past_the_deadline():
    azure = Azure(page("a", total=2, token="t", **quota("0", "00:02:00")))

    with pytest.raises(OutOfTimeError, match="list things: needs a wait of 120 s, max_minutes leaves 60 s"):
        read(azure, minutes=1)


# -- Scope and text ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "sent"),
    [
        (EVERYTHING, {}),
        (Scope(subscriptions=("a", "b")), {"subscriptions": ["a", "b"]}),
        (Scope(management_groups=("corp",)), {"managementGroups": ["corp"]}),
    ],
)
def test_a_scope_is_named_in_the_request(scope, sent):
    azure = Azure(page(total=0))

    read(azure, scope)

    assert {
        key: value for key, value in azure.sent[0].body.items() if key not in ("query", "options")
    } == sent


@pytest.mark.parametrize(("many", "sizes"), [(0, []), (1, [1]), (1000, [1000]), (2001, [1000, 1000, 1])])
def test_a_request_names_a_thousand_subscriptions_at_most(many, sizes):
    names = [f"s{number}" for number in range(many)]
    made = scopes(names)

    assert [len(scope.subscriptions) for scope in made] == sizes
    assert [name for scope in made for name in scope.subscriptions] == names


def test_batches_hold_everything_once():
    assert [list(batch) for batch in batches([1, 2, 3, 4, 5], 2)] == [[1, 2], [3, 4], [5]]


def test_values_are_quoted_for_a_query():
    assert quoted(["/a/b;c", "d (e)"]) == "'/a/b;c', 'd (e)'"
    assert quoted([]) == ""


@pytest.mark.parametrize("sign", ["'", '"', "\\", "`", "\n", "\r"])
def test_a_value_that_could_end_its_literal_is_refused(sign):
    with pytest.raises(ValueError, match="cannot stand in a query"):
        quoted(["fine", f"a{sign} | project secret"])


# -- A reading of one's own --------------------------------------------------------


class Heard:
    """A reading that notes what it was given; `on` is called with each page."""

    def __init__(self, on=lambda _: None):
        self.ids = []
        self._on = on

    @property
    def distinct(self):
        return len(set(self.ids))

    def add(self, page):
        self.ids += [row["id"] for row in page]
        self._on(page)


def test_a_reading_that_does_not_add_up_is_begun_again_with_a_fresh_one():
    begun = []

    def fresh():
        begun.append(Heard())
        return begun[-1]

    azure = Azure(page("a", total=2), page("a", "b", total=2))
    whole = Graph(azure.arm()).read_into(QUERY, EVERYTHING, "list things", fresh)

    assert [one.ids for one in begun] == [["a"], ["a", "b"]]
    assert whole is begun[1]


def test_the_next_page_is_asked_for_while_the_last_is_worked_on():
    asked_again = threading.Event()

    def play(sent):
        if "$skipToken" not in sent.body["options"]:
            return page("a", total=2, token="t1")
        asked_again.set()
        return page("b", total=2)

    def work(rows):
        assert asked_again.wait(30), rows

    whole = Graph(Playing(play).arm()).read_into(QUERY, EVERYTHING, "list things", lambda: Heard(work))

    assert whole.ids == ["a", "b"]


def test_a_page_that_cannot_be_had_is_told_after_the_one_before_it():
    reading = Heard()
    azure = Azure(page("a", total=2, token="t1"), refused(403, "AuthorizationFailed"))

    with pytest.raises(ArmError, match="403 AuthorizationFailed"):
        Graph(azure.arm()).read_into(QUERY, EVERYTHING, "list things", lambda: reading)
    assert reading.ids == ["a"]
