"""The one seam to Azure Resource Manager: what is sent again, what is not, and what is said of a refusal."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    IncompleteReadError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.identity import CredentialUnavailableError
from backupkit.arm import Arm, connect
from backupkit.errors import ArmError, IdentityError, OutOfTimeError
from hypothesis import given
from hypothesis import strategies as st

from tests.backupkit.fakes import Azure, Clock, refused, reply

URL = "/subscriptions/a/providers/x?api-version=2024-04-01"
GOOD = reply({"value": 1})
HTML = b"<html><body>Service Unavailable</body></html>"
RESET = ServiceResponseError("Connection aborted.")


def reading(*replies, minutes=150):
    azure = Azure(*replies)
    return azure, azure.arm(minutes)


def get(*replies, minutes=150):
    azure, arm = reading(*replies, minutes=minutes)
    return arm.get(URL, "read x"), azure


def failed(*replies, minutes=150):
    azure, arm = reading(*replies, minutes=minutes)
    with pytest.raises(ArmError) as error:
        arm.get(URL, "read x")
    return error.value, azure


# -- Reading -----------------------------------------------------------------------


def test_an_answer_is_its_status_its_object_and_its_headers_in_lower_case():
    answer, azure = get(reply({"value": 1}, 202, Retry_After="7"))

    assert (answer.status, answer.body, answer.headers) == (202, {"value": 1}, {"retry-after": "7"})
    assert [(sent.method, sent.url, sent.body) for sent in azure.sent] == [("GET", URL, None)]


@pytest.mark.parametrize("body", [None, b"", b"  \r\n", {}])
def test_no_body_at_all_is_an_empty_object(body):
    answer, azure = get(reply(body, 204))

    assert answer.body == {}
    assert len(azure.sent) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(refused(408, "RequestTimeout", "slow"), id="a timeout"),
        pytest.param(refused(429, "TooManyRequests", "slow down"), id="throttling"),
        pytest.param(refused(500, "InternalServerError", "sorry"), id="an internal error"),
        pytest.param(reply(HTML, 502), id="a gateway's page"),
        pytest.param(refused(503, "ServerBusy", "later"), id="a busy server"),
        pytest.param(refused(504, "GatewayTimeout", "later"), id="a gateway's timeout"),
        pytest.param(RESET, id="a connection that was reset"),
        pytest.param(ServiceRequestError("Name or service not known"), id="a host that is not reached"),
        pytest.param(IncompleteReadError("87 bytes read"), id="an answer that breaks off"),
        pytest.param(TimeoutError("timed out"), id="a socket's timeout"),
        pytest.param(reply(b'{"value": [1, 2'), id="half an answer"),
        pytest.param(reply(HTML), id="a page instead of an answer"),
        pytest.param(reply(b"[1, 2]"), id="a list instead of an object"),
        pytest.param(reply(b"\xff\xfe\x00"), id="bytes that are no text"),
    ],
)
def test_a_read_is_sent_again_after(trouble):
    answer, azure = get(trouble, GOOD)

    assert answer.body == {"value": 1}
    assert len(azure.sent) == 2


def test_a_read_waits_longer_each_time_it_is_sent_again():
    _, azure = get(RESET, RESET, RESET, RESET, RESET, GOOD)

    assert azure.clock.slept == [0.5, 1, 2, 4, 8]


def test_a_read_fails_loudly_after_six_sendings():
    error, azure = failed(*[refused(503, "ServerBusy", "come back later")] * 6)

    assert str(error) == "read x: Azure answered 503 ServerBusy: come back later"
    assert len(azure.sent) == 6


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        pytest.param(reply(HTML), "Azure answered 200 NoJson: the body is no JSON object", id="a page"),
        pytest.param(
            reply(b'{"value": ['),
            "Azure answered 200 NoJson: the body is no JSON object",
            id="half an answer",
        ),
        pytest.param(
            RESET, "no answer from Azure (ServiceResponseError): Connection aborted.", id="a reset connection"
        ),
        pytest.param(OSError(), "no answer from Azure (OSError): OSError", id="a silent fault"),
        pytest.param(
            ServiceRequestError("first line\nand a long tail"),
            "no answer from Azure (ServiceRequestError): first line",
            id="a fault of many lines",
        ),
    ],
)
def test_what_stays_unreadable_is_never_an_empty_answer(trouble, told):
    error, _ = failed(*[trouble] * 6)

    assert str(error) == f"read x: {told}"


@pytest.mark.parametrize("status", [301, 304, 400, 401, 403, 404, 409, 412, 501])
def test_a_refusal_is_not_asked_again(status):
    error, azure = failed(refused(status, "NotThis", "no"))

    assert (error.status, error.code, error.detail) == (status, "NotThis", "no")
    assert len(azure.sent) == 1


# -- Waiting -----------------------------------------------------------------------


def in_ten_minutes():
    return format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)


def test_retry_after_in_seconds_is_waited():
    _, azure = get(refused(429, Retry_After="324"), refused(503, Retry_After="0"), GOOD)

    assert azure.clock.slept == [324, 0]


def test_retry_after_as_a_date_is_waited():
    _, azure = get(refused(429, Retry_After=in_ten_minutes()), GOOD)

    (slept,) = azure.clock.slept
    assert 300 < slept <= 600


@pytest.mark.parametrize(
    ("text", "waits"),
    [
        pytest.param("Thu, 01 Jan 2015 00:00:00 GMT", 0, id="a date that is past"),
        pytest.param("Thu, 01 Jan 2015 00:00:00 -0000", 0.5, id="a date in no zone"),
        pytest.param("", 0.5, id="nothing"),
        pytest.param("soon", 0.5, id="a word"),
        pytest.param("1.5", 0.5, id="no whole seconds"),
        pytest.param("-5", 0.5, id="a time before now"),
        pytest.param("\xb2", 0.5, id="a digit that is no number"),
    ],
)
def test_retry_after_may_also_be(text, waits):
    _, azure = get(refused(429, Retry_After=text), GOOD)

    assert azure.clock.slept == [waits]


@pytest.mark.parametrize("text", ["901", "Thu, 01 Jan 2099 00:00:00 GMT"])
def test_a_wait_of_more_than_a_quarter_of_an_hour_is_a_failure(text):
    error, azure = failed(refused(429, "TooManyRequests", "tomorrow", Retry_After=text))

    assert str(error) == "read x: Azure answered 429 TooManyRequests: tomorrow"
    assert azure.clock.slept == []


def test_nothing_is_waited_past_the_deadline():
    azure, arm = reading(refused(429, Retry_After="61"), minutes=1)

    with pytest.raises(OutOfTimeError) as error:
        arm.get(URL, "read x")
    assert str(error.value) == "read x: needs a wait of 61 s, max_minutes leaves 60 s"
    assert azure.clock.slept == []


def test_the_deadline_counts_from_the_start_of_the_run():
    _, arm = reading(minutes=2)

    arm.wait(100, "think")
    assert arm.seconds_left == 20
    with pytest.raises(OutOfTimeError, match="think: needs a wait of 20 s, max_minutes leaves 20 s"):
        arm.wait(20, "think")
    arm.wait(19, "think")
    assert arm.seconds_left == 1


# -- What a refusal says -----------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "told"),
    [
        pytest.param(
            {"error": {"code": "AuthorizationFailed", "message": "no  right\r\nover x", "details": None}},
            "AuthorizationFailed: no right over x",
            id="ARM",
        ),
        pytest.param(
            {
                "error": {
                    "code": "BadRequest",
                    "message": "Please provide below info.",
                    "details": [
                        {"code": "InvalidQuery", "message": "Query is invalid."},
                        {"code": "ParserFailure", "line": 1},
                        "odd",
                    ],
                }
            },
            "BadRequest InvalidQuery ParserFailure: Please provide below info. Query is invalid.",
            id="Resource Graph, whose details say it",
        ),
        pytest.param(
            {
                "ErrorCode": "CloudDosAbsoluteLimitReached",
                "Message": {"Language": "en-US", "Value": "limit reached"},
                "Values": [],
            },
            "CloudDosAbsoluteLimitReached: limit reached",
            id="the backup backend",
        ),
        pytest.param({"code": "Conflict", "message": "busy"}, "Conflict: busy", id="a flat object"),
        pytest.param({}, "without a code: no message", id="an empty object"),
        pytest.param(None, "without a code: no message", id="nothing"),
        pytest.param(
            b"<html>\n<h1>Forbidden</h1>", "without a code: <html> <h1>Forbidden</h1>", id="a proxy's page"
        ),
        pytest.param(
            {"error": "invalid_grant"}, "without a code: no message", id="an error that is no object"
        ),
        pytest.param(
            {"error": {"code": "Odd", "message": "no", "details": 7}}, "Odd: no", id="details of no shape"
        ),
    ],
)
def test_a_refusal_in_the_envelope_of(body, told):
    error, _ = failed(reply(body, 403))

    assert str(error) == f"read x: Azure answered 403 {told}"


def test_a_long_refusal_is_cut():
    error, _ = failed(refused(400, "TooLong", "word " * 1000))

    assert len(error.detail) == 500


WORDS = st.sampled_from(["error", "code", "message", "details", "ErrorCode", "Message", "Value", "x"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(WORDS, inner),
)


@given(st.dictionaries(WORDS, JSON) | JSON | st.binary())
def test_whatever_azure_refuses_with_is_told_as_a_refusal(body):
    error, _ = failed(reply(body, 400))

    assert error.status == 400
    assert "\n" not in str(error)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 429, 499])
def test_a_4xx_says_that_nothing_was_done(status):
    assert ArmError("start", status, "Code", "text").is_clear_refusal


@pytest.mark.parametrize("status", [0, 200, 304, 408, 500, 502, 503, 504])
def test_a_timeout_and_anything_else_leaves_it_open(status):
    assert not ArmError("start", status, "Code", "text").is_clear_refusal


# -- Changing something ------------------------------------------------------------


BODY = {"properties": {"objectType": "IaasVMBackupRequest"}}


def acted(*replies, minutes=150):
    azure, arm = reading(*replies, minutes=minutes)
    try:
        return arm.act(URL, "start x", BODY), azure
    except ArmError as error:
        return error, azure


def test_a_change_is_posted_once_with_its_body():
    answer, azure = acted(reply(None, 202, Azure_AsyncOperation="https://x/op"))

    assert (answer.status, answer.headers) == (202, {"azure-asyncoperation": "https://x/op"})
    assert [(sent.method, sent.url, sent.body) for sent in azure.sent] == [("POST", URL, BODY)]


@pytest.mark.parametrize(
    ("trouble", "clear"),
    [
        pytest.param(RESET, False, id="a connection that was reset"),
        pytest.param(ServiceRequestError("cannot connect"), False, id="a host that is not reached"),
        pytest.param(refused(408, "RequestTimeout"), False, id="a timeout"),
        pytest.param(refused(500, "InternalServerError"), False, id="an internal error"),
        pytest.param(reply(HTML, 502), False, id="a gateway's page"),
        pytest.param(
            refused(503, "ServerBusy", Retry_After="5"), False, id="a busy server, whatever it asks"
        ),
        pytest.param(refused(504, "GatewayTimeout"), False, id="a gateway's timeout"),
        pytest.param(refused(400, "UserErrorBackupOperationInProgress"), True, id="a refusal"),
        pytest.param(refused(403, "AuthorizationFailed"), True, id="a missing right"),
        pytest.param(refused(429, "TooManyRequests"), True, id="throttling without a time"),
        pytest.param(refused(429, "TooManyRequests", Retry_After="901"), True, id="throttling for too long"),
    ],
)
def test_a_change_is_not_sent_again_after(trouble, clear):
    error, azure = acted(trouble)

    assert isinstance(error, ArmError)
    assert error.is_clear_refusal is clear
    assert len(azure.sent) == 1
    assert azure.clock.slept == []


def test_a_change_that_was_throttled_away_is_sent_again_when_azure_says():
    answer, azure = acted(refused(429, Retry_After="30"), refused(429, Retry_After="60"), reply(None, 202))

    assert answer.status == 202
    assert [sent.body for sent in azure.sent] == [BODY] * 3
    assert azure.clock.slept == [30, 60]


def test_a_change_that_is_always_throttled_away_is_given_up_after_six_sendings():
    error, azure = acted(*[refused(429, "TooManyRequests", "again", Retry_After="0")] * 6)

    assert str(error) == "start x: Azure answered 429 TooManyRequests: again"
    assert len(azure.sent) == 6


def test_a_change_does_not_wait_past_the_deadline():
    azure, arm = reading(refused(429, Retry_After="60"), minutes=1)

    with pytest.raises(OutOfTimeError, match="start x: needs a wait of 60 s"):
        arm.act(URL, "start x", BODY)
    assert len(azure.sent) == 1


@pytest.mark.parametrize("body", [None, HTML])
def test_an_accepted_change_needs_no_readable_body(body):
    answer, azure = acted(reply(body, 202))

    assert (answer.status, answer.body) == (202, {})
    assert len(azure.sent) == 1


# -- Lists -------------------------------------------------------------------------


def listed(*replies):
    azure, arm = reading(*replies)
    rows = []
    try:
        rows.extend(arm.pages("/first?x=1", "list x"))
    except ArmError as error:
        return rows, str(error), azure
    return rows, "", azure


def test_a_list_goes_on_where_its_next_link_leads():
    rows, told, azure = listed(
        reply({"value": [{"n": 1}, {"n": 2}], "nextLink": "https://management.azure.com/second?x=2"}),
        reply({"value": [], "nextLink": "https://management.azure.com/third?x=3"}),
        reply({"value": [{"n": 3}], "nextLink": None}),
    )

    assert (rows, told) == ([{"n": 1}, {"n": 2}, {"n": 3}], "")
    assert [sent.url for sent in azure.sent] == [
        "/first?x=1",
        "https://management.azure.com/second?x=2",
        "https://management.azure.com/third?x=3",
    ]


def test_each_page_of_a_list_is_sent_again_on_its_own():
    rows, told, azure = listed(
        reply({"value": [1], "nextLink": "/second"}), refused(503), reply({"value": [2]})
    )

    assert (rows, told) == ([1, 2], "")
    assert [sent.url for sent in azure.sent] == ["/first?x=1", "/second", "/second"]


@pytest.mark.parametrize("back", ["/first?x=1", "/second"])
def test_a_list_that_leads_back_is_refused(back):
    _, told, azure = listed(
        reply({"value": [], "nextLink": "/second"}),
        reply({"value": [], "nextLink": back}),
    )

    assert told == ("list x: Azure answered 200 RepeatedNextLink: the list led back to a page already read")
    assert len(azure.sent) == 2


@pytest.mark.parametrize("body", [{}, {"value": None}, {"value": {"n": 1}}])
def test_an_answer_without_a_list_is_not_an_empty_list(body):
    _, told, _ = listed(reply(body))

    assert told == "list x: Azure answered 200 NotAList: the answer has no value list"


# -- Who asks ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "trouble",
    [
        CredentialUnavailableError(message="no managed identity endpoint found"),
        ClientAuthenticationError("no managed identity endpoint found\nTraceback and more"),
    ],
)
def test_no_token_says_what_to_turn_on(trouble):
    azure, arm = reading(trouble)

    with pytest.raises(IdentityError) as error:
        arm.get(URL, "read x")
    assert str(error.value) == (
        "no token for Azure: no managed identity endpoint found; turn on the Automation account's "
        "system-assigned identity, or name a user-assigned one it has with identity=<client id>"
    )
    assert len(azure.sent) == 1


@pytest.mark.parametrize(
    ("cloud", "endpoint"),
    [
        ("AzurePublic", "https://management.azure.com"),
        ("AzureUSGovernment", "https://management.usgovcloudapi.net"),
        ("AzureChina", "https://management.chinacloudapi.cn"),
    ],
)
def test_each_cloud_has_its_own_endpoint_and_one_credential_for_all_clients(mocker, cloud, endpoint):
    credential = mocker.patch("azure.identity.ManagedIdentityCredential")
    graph = mocker.patch("azure.mgmt.resourcegraph.ResourceGraphClient")
    vaults = mocker.patch("azure.mgmt.recoveryservicesbackup.RecoveryServicesBackupClient")
    graph.return_value._send_request.return_value = reply({})
    vaults.return_value.send_request.return_value = reply({})

    arm = connect(cloud, "client-id", minutes=1)
    made_early = credential.called or graph.called or vaults.called
    arm.graph({}, "ask", lambda answer: None)
    arm.get(URL, "read")
    arm.get(URL, "read")

    assert not made_early
    credential.assert_called_once_with(client_id="client-id")
    assert graph.call_count == vaults.call_count == 1
    for client in (graph, vaults):
        assert client.call_args.args[0] is graph.call_args.args[0]
        assert client.call_args.kwargs["base_url"].rstrip("/") == endpoint
        assert all(one.endswith("/.default") for one in client.call_args.kwargs["credential_scopes"])


def test_an_identity_endpoint_that_answers_with_a_page_is_one_without_a_token(mocker):
    """The libraries let the fault of the JSON through."""
    credential = mocker.patch("azure.identity.ManagedIdentityCredential")
    credential.return_value.get_token.side_effect = ValueError("Expecting value: line 1 column 1")

    with pytest.raises(CredentialUnavailableError, match="the identity endpoint's answer is no JSON"):
        connect("AzurePublic", "", minutes=1).credential().get_token("https://management.azure.com/.default")


def test_the_system_assigned_identity_is_the_default(mocker):
    credential = mocker.patch("azure.identity.ManagedIdentityCredential")
    vaults = mocker.patch("azure.mgmt.recoveryservicesbackup.RecoveryServicesBackupClient")
    vaults.return_value.send_request.return_value = reply({})

    connect("AzurePublic", "", minutes=1).get(URL, "read")

    credential.assert_called_once_with(client_id=None)


def test_the_library_neither_sends_again_nor_reads_answers_behind_our_back():
    asked = []

    def sender(request, **options):
        asked.append(options)
        return GOOD

    Arm(lambda: sender, lambda: sender, minutes=1, clock=Clock()).get(URL, "read")

    assert asked == [{"retry_total": 0, "stream": True}]
