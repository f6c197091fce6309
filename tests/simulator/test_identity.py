import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

from simulator.identity import check_identities
from tests.simulator.asking import ask, vm, world_of

ARM = "https://management.azure.com/"
TENANT = "22222222-2222-2222-2222-222222222222"
ROBOT = {
    "client_id": "client-robot",
    "object_id": "object-robot",
    "resource_id": "/subscriptions/aaaa/robot",
    "secret": "hunter2",
    "tenant": TENANT,
}


def world(*identities):
    made = world_of(vm("vm-1", tenantId=TENANT))
    made.known.identities = list(identities)
    return made


def msi(asked, query=f"resource={ARM}", **headers):
    return ask(asked, "GET", f"/msi/token?{query}", host="127.0.0.1:5000", **headers)


def app_service(asked, query=f"resource={ARM}"):
    return msi(asked, query, x_identity_header="s3cret")


def imds(asked, query=f"resource={ARM}", **headers):
    path = f"/metadata/identity/oauth2/token?{query}"
    return ask(asked, "GET", path, host="169.254.169.254", **headers)


def sign_in(asked, form, tenant=TENANT, version="/v2.0"):
    path = f"/{tenant}/oauth2{version}/token"
    return ask(asked, "POST", path, form.encode(), host="login.microsoftonline.com")


def claims(response):
    payload = response.body["access_token"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=="))


def decoded(text):
    return base64.urlsafe_b64decode(text + "==")


def test_the_app_service_form_gives_a_token_for_a_day():
    response = app_service(world())

    held = claims(response)
    assert response.status == 200
    assert (held["aud"], held["tid"], held["iss"]) == (ARM, TENANT, f"https://sts.windows.net/{TENANT}/")
    assert held["exp"] - held["iat"] == 86400
    assert response.body["expires_on"] == str(held["exp"])
    assert (response.body["resource"], response.body["token_type"]) == (ARM, "Bearer")
    assert response.body["client_id"] == held["appid"]


def test_it_takes_a_form_as_well():
    body = f"resource={ARM}".encode()

    response = ask(world(), "POST", "/msi/token", body, host="127.0.0.1:5000", x_identity_header="s3cret")

    assert claims(response)["aud"] == ARM


@pytest.mark.parametrize("header", [{}, {"x_identity_header": "guess"}], ids=["no secret", "a wrong secret"])
def test_the_secret_is_asked_for(header):
    response = msi(world(), **header)

    assert response.status == 401
    assert response.body["message"] == "The X-IDENTITY-HEADER header is missing or wrong."


def test_without_a_resource_there_is_no_token():
    assert app_service(world(), "").status == 400
    assert imds(world(), "", metadata="true").status == 400


def test_imds_wants_its_header_and_counts_in_texts():
    refused, given = imds(world()), imds(world(), metadata="true")

    assert refused.status == 400
    assert refused.body == {
        "error": "invalid_request",
        "error_description": "Required metadata header not specified",
    }
    assert (given.body["expires_in"], given.body["ext_expires_in"]) == ("86400", "86400")


@pytest.mark.parametrize(
    "query",
    ["client_id=CLIENT-robot", "mi_res_id=/subscriptions/aaaa/robot", "object_id=object-robot"],
    ids=["by client id", "by resource id", "by object id"],
)
def test_a_user_assigned_identity_is_picked(query):
    held = claims(app_service(world({"client_id": "other"}, ROBOT), f"resource={ARM}&{query}"))

    assert (held["appid"], held["oid"], held["tid"]) == ("client-robot", "object-robot", TENANT)


def test_a_user_assigned_identity_nobody_listed_is_not_found():
    response = app_service(world(ROBOT), f"resource={ARM}&client_id=stranger")

    assert response.status == 400
    assert response.body["message"].startswith("No User Assigned or Delegated Managed Identity found")
    assert imds(world(ROBOT), f"resource={ARM}&client_id=stranger", metadata="true").status == 400


def test_without_any_list_every_client_id_is_somebody_and_always_the_same():
    first, second = (claims(app_service(world(), f"resource={ARM}&client_id=me")) for _ in range(2))

    assert first["appid"] == "me"
    assert first["oid"] == second["oid"] != ""


def test_the_system_assigned_identity_may_be_listed():
    listed = {"client_id": "the-account", "object_id": "its-object", "system": True}

    assert claims(app_service(world(ROBOT, listed)))["oid"] == "its-object"


@pytest.mark.parametrize("version", ["/v2.0", ""], ids=["v2", "v1"])
def test_client_credentials(version):
    target = "resource" if not version else "scope"
    form = f"grant_type=client_credentials&client_id=client-robot&client_secret=hunter2&{target}={ARM}"

    response = sign_in(world(ROBOT), form + ("/.default" if version else ""), version=version)

    assert response.status == 200
    assert (response.body["token_type"], response.body["expires_in"]) == ("Bearer", 86399)
    assert (claims(response)["aud"], claims(response)["oid"]) == (ARM, "object-robot")


@pytest.mark.parametrize(
    ("form", "status", "error", "message"),
    [
        pytest.param(
            "grant_type=client_credentials&client_id=client-robot&client_secret=wrong",
            401,
            "invalid_client",
            "AADSTS7000215: Invalid client secret provided.",
            id="a wrong secret",
        ),
        pytest.param(
            "grant_type=client_credentials&client_id=stranger&client_secret=hunter2",
            400,
            "unauthorized_client",
            f"AADSTS700016: Application with identifier 'stranger' was not found in the directory '{TENANT}",
            id="an unknown client",
        ),
        pytest.param(
            "grant_type=client_credentials",
            400,
            "invalid_request",
            "AADSTS900144: The request body must contain the following parameter: 'client_id'.",
            id="no client",
        ),
    ],
)
def test_who_does_not_get_in(form, status, error, message):
    response = sign_in(world(ROBOT), form)

    assert (response.status, response.body["error"]) == (status, error)
    assert response.body["error_description"].startswith(message)


def test_a_client_of_another_tenant_is_unknown_here():
    form = "grant_type=client_credentials&client_id=client-robot&client_secret=hunter2"

    response = sign_in(world(ROBOT), form, tenant="33333333-3333-3333-3333-333333333333")

    assert response.body["error_codes"] == [700016]


def test_without_any_list_any_client_is_let_in():
    form = f"grant_type=client_credentials&client_id=me&client_secret=x&scope={ARM}/.default"

    assert claims(sign_in(world(), form))["tid"] == TENANT
    assert claims(sign_in(world(), form, tenant="contoso.example"))["tid"] == TENANT


def test_other_grants_are_not_played():
    response = sign_in(world(), "grant_type=password&client_id=me")

    assert response.status == 501
    assert response.body["error"]["message"] == "the simulator grants client_credentials only, got 'password'"


def test_the_published_key_verifies_the_tokens():
    asked = world()
    token = app_service(asked).body["access_token"]
    where = f"/{TENANT}/discovery/v2.0/keys"
    [key] = ask(asked, "GET", where, host="login.windows.net").body["keys"]

    numbers = rsa.RSAPublicNumbers(
        int.from_bytes(decoded(key["e"]), "big"), int.from_bytes(decoded(key["n"]), "big")
    )
    signed, _, signature = token.rpartition(".")

    numbers.public_key().verify(decoded(signature), signed.encode(), padding.PKCS1v15(), SHA256())


def test_discovery_leads_to_the_token_endpoint():
    asked, host = world(), "login.microsoftonline.com"
    instance = ask(asked, "GET", "/common/discovery/instance", host=host).body
    document = instance["tenant_discovery_endpoint"].removeprefix(f"https://{host}")

    found = ask(asked, "GET", document, host=host).body

    assert "login.windows.net" in instance["metadata"][0]["aliases"]
    assert found["token_endpoint"] == f"https://{host}/{TENANT}/oauth2/v2.0/token"
    assert found["jwks_uri"] == f"https://{host}/{TENANT}/discovery/v2.0/keys"


@pytest.mark.parametrize(
    "identities",
    [
        pytest.param([{"object_id": "x"}], id="no client id"),
        pytest.param([{"client_id": "x", "password": "y"}], id="an unknown key"),
        pytest.param("robot", id="no list"),
    ],
)
def test_identities_are_checked_when_the_estate_is_loaded(identities):
    with pytest.raises(ValueError, match=r"world.json: identities\[0\]: expected an object with client_id"):
        check_identities(identities)
