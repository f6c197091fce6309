"""Who gets at blobs, and what others are told; as Azure does it, since Azurite does not."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError
from azure.storage.blob import BlobClient, ContainerClient, generate_blob_sas, generate_container_sas

from simulator.access import Access, Principal
from tests.simulator.asking import ISSUER, ROBOT, error, vm, world_of
from tests.simulator.blob_clients import (
    ACCOUNT,
    ACCOUNT_ID,
    HOST,
    VERSION,
    Credential,
    account,
    client_of,
    simulated,
    storage,
)
from tests.simulator.test_blob import refused

TENANT = "22222222-2222-2222-2222-222222222222"
STRANGER = Principal(tenant=TENANT, object_id="oid-stranger", client_id="app-stranger")
CHALLENGE = (
    f"Bearer authorization_uri=https://login.microsoftonline.com/{TENANT}/oauth2/authorize "
    "resource_id=https://storage.azure.com"
)
REFER = (
    "Server failed to authenticate the request. Please refer to the information in the www-authenticate "
    "header."
)


@pytest.fixture
def world():
    made = world_of(account(tenantId=TENANT), vm("vm-1"))
    assert storage(made, "PUT", "/box?restype=container").status == 201
    assert put(made, "/box/a").status == 201
    return made


@pytest.fixture
def address(world):
    with simulated(world) as running:
        yield running


def put(world, path, body=b"content", **headers):
    return storage(world, "PUT", path, body, x_ms_blob_type="BlockBlob", **headers)


def told(response):
    """Status, code and elements of a refusal."""
    root = ET.fromstring(response.body)  # noqa: S314 - the simulator's own
    assert root.findtext("Code") == response.headers["x-ms-error-code"]
    return response.status, root.findtext("Code"), {one.tag: one.text for one in root}


def roles(world, *assignments):
    given = [{"role": role, "scope": scope, "principal": who} for role, scope, who in assignments]
    world.access = Access(given)


class TestRefusals:
    def test_a_refusal_is_xml_and_names_the_request(self, world):
        response = storage(world, "GET", "/box/none", x_ms_client_request_id="mine")

        status, code, elements = told(response)
        assert (status, code) == (404, "BlobNotFound")
        message, request, moment = elements["Message"].split("\n")
        assert message == "The specified blob does not exist."
        assert request == f"RequestId:{response.headers['x-ms-request-id']}"
        assert moment.startswith("Time:20")
        assert response.body.startswith(b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?><Error><Code>')
        assert response.headers["x-ms-client-request-id"] == "mine"
        assert response.headers["x-ms-version"] == VERSION

    def test_a_refusal_of_head_has_no_body(self, world):
        response = storage(world, "HEAD", "/box/none")

        assert (response.status, response.body) == (404, None)
        assert response.headers["x-ms-error-code"] == "BlobNotFound"

    def test_not_modified_is_called_a_condition_not_met(self, world):
        response = storage(
            world, "GET", "/box/a", if_none_match=storage(world, "HEAD", "/box/a").headers["ETag"]
        )

        assert (response.status, response.body) == (304, None)
        assert response.headers["x-ms-error-code"] == "ConditionNotMet"

    @pytest.mark.parametrize(
        ("method", "path", "headers"),
        [
            pytest.param("PUT", "/box/b?comp=snapshot", {}, id="snapshots"),
            pytest.param("PUT", "/box/b?comp=tier", {}, id="tiers"),
            pytest.param("PUT", "/box/b?comp=page", {}, id="pages"),
            pytest.param("PUT", "/box/b", {"x_ms_copy_source": "https://x/a"}, id="copies"),
            pytest.param("PUT", "/box/b", {"x_ms_tags": "a=b"}, id="tags"),
            pytest.param("PUT", "/box/b", {"x_ms_blob_type": "AppendBlob"}, id="append blobs"),
            pytest.param("GET", "/box/a?versionid=1", {}, id="versions"),
            pytest.param("DELETE", "/box/a", {"x_ms_delete_snapshots": "only"}, id="snapshots of a blob"),
            pytest.param("PUT", "/box?restype=container&comp=acl", {}, id="access policies"),
            pytest.param("POST", "/?comp=batch", {}, id="batches"),
        ],
    )
    def test_what_is_not_played_is_said_not_to_be(self, world, method, path, headers):
        assert error(storage(world, method, path, b"", **headers))[:2] == (501, "NotSimulated")

    def test_an_account_that_is_no_row_is_not_there(self, address):
        client = client_of(address, name="stelsewhere")

        with client, pytest.raises(ServiceRequestError, match="403 not simulated: stelsewhere"):
            client.get_service_properties()

    def test_an_account_deleted_meanwhile_is_not_there_either(self, world):
        world.store.remove("resources", ACCOUNT_ID, world.now() - 1)

        status, code, message = error(storage(world, "GET", "/box/a"))

        assert (status, code) == (403, "HostNotSimulated")
        assert (
            message == f"{HOST} does not resolve: no row of resources is a storage account named '{ACCOUNT}'"
        )


class TestTokens:
    def test_without_a_token_the_challenge_says_where_to_get_one(self, world):
        response = storage(world, "GET", "/box/a", authorization="")

        status, code, elements = told(response)
        assert (status, code) == (401, "NoAuthenticationInformation")
        assert elements["Message"].split("\n")[0] == REFER
        assert response.headers["WWW-Authenticate"] == CHALLENGE

    def test_old_versions_hide_what_is_private(self, world):
        assert told(storage(world, "GET", "/box/a", authorization="", x_ms_version=""))[:2] == (
            404,
            "ResourceNotFound",
        )

    def test_the_sdk_follows_the_challenge(self, world, address):
        credential = Credential()
        arms = Credential(audience="https://management.azure.com/").token
        right, credential.token = credential.token, arms

        def get_token(*scopes, **options):
            credential.asked.append((scopes, options.get("tenant_id")))
            given = Credential()
            given.token = arms if len(credential.asked) == 1 else right
            return Credential.get_token(given)

        credential.get_token = get_token
        with client_of(address, credential) as client:
            assert client.get_blob_client("box", "a").download_blob().readall() == b"content"
        assert credential.asked == [
            (("https://storage.azure.com/.default",), None),
            (("https://storage.azure.com/.default",), TENANT),
        ]

    @pytest.mark.parametrize(
        "audience", ["https://storage.azure.com/", "https://storage.azure.com", f"https://{HOST}"]
    )
    def test_the_audience_is_storage_or_the_account(self, world, audience):
        token = ISSUER.signer.token(ROBOT, audience)

        assert storage(world, "GET", "/box/a", authorization=f"Bearer {token}").status == 200

    def test_a_token_for_arm_is_not_taken(self, world):
        token = ISSUER.signer.token(ROBOT, "https://management.azure.com/")

        response = storage(world, "GET", "/box/a", authorization=f"Bearer {token}")

        status, code, elements = told(response)
        assert (status, code) == (401, "InvalidAuthenticationInfo")
        assert "wrong audience or resource" in elements["AuthenticationErrorDetail"]
        assert response.headers["WWW-Authenticate"] == CHALLENGE

    @pytest.mark.parametrize(
        ("version", "code"),
        [
            pytest.param("", "MissingRequiredHeader", id="none"),
            pytest.param("2015-04-05", "InvalidHeaderValue", id="older than tokens"),
            pytest.param("latest", "InvalidHeaderValue", id="no version"),
        ],
    )
    def test_tokens_need_a_version_that_knows_them(self, world, version, code):
        status, given, elements = told(storage(world, "GET", "/box/a", x_ms_version=version))

        assert (status, given, elements["HeaderName"]) == (400, code, "x-ms-version")

    def test_account_keys_are_not_permitted(self, world):
        by_key = storage(world, "GET", "/box/a", authorization=f"SharedKey {ACCOUNT}:c2lnbmVk")
        by_sas = storage(world, "GET", "/box/a?sv=2022-11-02&sr=b&sp=r&sig=c2lnbmVk", authorization="")

        assert told(by_key)[:2] == told(by_sas)[:2] == (403, "KeyBasedAuthenticationNotPermitted")


READING = [("GET", "/box/a"), ("GET", "/box?restype=container&comp=list"), ("GET", "/?comp=list")]
WRITING = [("PUT", "/box/b"), ("DELETE", "/box/a"), ("PUT", "/new?restype=container")]


class TestRoles:
    @pytest.mark.parametrize(
        ("role", "may"),
        [
            pytest.param("Owner", READING[2:] + WRITING[2:], id="an owner may do nothing with data"),
            pytest.param("Reader", READING[2:], id="nor may a reader"),
            pytest.param("Storage Blob Data Reader", READING, id="a data reader reads"),
            pytest.param(
                "Storage Blob Data Contributor", READING + WRITING, id="a data contributor does both"
            ),
            pytest.param("Storage Blob Data Owner", READING + WRITING, id="so does a data owner"),
            pytest.param("Storage Blob Delegator", [], id="a delegator does neither"),
        ],
    )
    def test_data_needs_a_data_role(self, world, role, may):
        roles(world, (role, ACCOUNT_ID, ROBOT.object_id))

        for method, path in READING + WRITING:
            response = put(world, path) if path == "/box/b" else storage(world, method, path)
            if (method, path) in may:
                assert response.status < 300, (method, path)
            else:
                assert told(response)[:2] == (403, "AuthorizationPermissionMismatch"), (method, path)

    def test_a_role_at_a_container_is_for_that_container(self, world):
        storage(world, "PUT", "/other?restype=container")
        scope = f"{ACCOUNT_ID}/blobServices/default/containers/box"
        roles(world, ("Storage Blob Data Contributor", scope, ROBOT.client_id))

        assert put(world, "/box/b").status == 201
        assert told(put(world, "/other/b"))[:2] == (403, "AuthorizationPermissionMismatch")
        assert told(storage(world, "GET", "/?comp=list"))[:2] == (403, "AuthorizationPermissionMismatch")

    def test_a_forbidden_account_is_forbidden(self, world):
        world.access = Access(forbidden=[ACCOUNT_ID])

        assert told(storage(world, "GET", "/box/a"))[:2] == (403, "AuthorizationPermissionMismatch")


class Delegation:
    """A user-delegation SAS of this account, and a client that has nothing else."""

    def __init__(self, address, credential=None, *, starts=timedelta(0), ends=timedelta(hours=1)):
        self._address = address
        self.start = datetime.now(UTC) + starts
        self.expiry = datetime.now(UTC) + ends
        with client_of(address, credential) as service:
            self.key = service.get_user_delegation_key(self.start, self.expiry)

    def blob(self, permission, name="a", **more):
        signed = {"start": self.start, "expiry": self.expiry, **more}
        sas = generate_blob_sas(
            ACCOUNT, "box", name, user_delegation_key=self.key, permission=permission, **signed
        )
        return BlobClient(f"https://{HOST}", "box", name, credential=sas, **self._way())

    def container(self, permission):
        sas = generate_container_sas(
            ACCOUNT, "box", user_delegation_key=self.key, permission=permission, expiry=self.expiry
        )
        return ContainerClient(f"https://{HOST}", "box", credential=sas, **self._way())

    def _way(self):
        proxies = {"https": self._address.url}
        return {"proxies": proxies, "connection_verify": str(self._address.ca_file), "retry_total": 0}


MISMATCH = (403, "AuthorizationPermissionMismatch")


class TestSignatures:
    def test_a_sas_reads_the_blob_it_is_for(self, address):
        with Delegation(address).blob("r", content_type="text/x-given") as blob:
            got = blob.download_blob()

            assert got.readall() == b"content"
            assert got.properties.content_settings.content_type == "text/x-given"
            assert refused(blob.upload_blob, b"x", overwrite=True) == MISMATCH
            assert refused(blob.delete_blob) == MISMATCH

    def test_what_it_permits_is_all_it_permits(self, address):
        delegation = Delegation(address)
        with delegation.blob("c", "new") as blob:
            blob.upload_blob(b"x")
            assert refused(blob.upload_blob, b"y", overwrite=True) == MISMATCH
        with delegation.blob("w", "new") as blob:
            blob.upload_blob(b"y", overwrite=True)
            assert refused(blob.download_blob) == MISMATCH
        with delegation.blob("d", "new") as blob:
            blob.delete_blob()

    def test_one_for_a_container_is_for_all_in_it(self, address):
        with Delegation(address).container("rl") as container:
            assert [one.name for one in container.list_blobs()] == ["a"]
            assert container.download_blob("a").readall() == b"content"
            assert refused(container.upload_blob, "b", b"x") == MISMATCH
            assert refused(container.get_container_properties)[0] == 403

    @pytest.mark.parametrize(
        "tampered",
        [
            pytest.param(lambda url: url.replace("sp=r&", "sp=rwd&"), id="permissions"),
            pytest.param(lambda url: url.replace("/box/a?", "/box/other?"), id="the blob"),
            pytest.param(lambda url: url.replace("skoid=oid-robot", "skoid=oid-boss"), id="who made it"),
        ],
    )
    def test_what_was_changed_after_signing_is_refused(self, address, tampered):
        with Delegation(address).blob("r") as blob:
            url = tampered(blob.url)
            assert url != blob.url
        way = {"proxies": {"https": address.url}, "connection_verify": str(address.ca_file), "retry_total": 0}

        with BlobClient.from_blob_url(url, **way) as blob, pytest.raises(HttpResponseError) as caught:
            blob.download_blob()

        assert (caught.value.status_code, caught.value.error_code) == (403, "AuthenticationFailed")
        assert "Signature did not match. String to sign used was r" in str(caught.value)

    @pytest.mark.parametrize(
        ("times", "frame"),
        [
            pytest.param({"ends": timedelta(days=-1), "starts": timedelta(days=-2)}, "time frame", id="over"),
            pytest.param({"starts": timedelta(minutes=30)}, "time frame", id="not begun"),
        ],
    )
    def test_it_is_good_for_its_time_only(self, address, times, frame):
        with Delegation(address, **times).blob("r") as blob, pytest.raises(HttpResponseError) as caught:
            blob.download_blob()

        assert caught.value.error_code == "AuthenticationFailed"
        assert f"Signature not valid in the specified {frame}: Start [" in str(caught.value)

    def test_a_sas_may_not_outlive_its_key(self, address, world):
        delegation = Delegation(address, starts=timedelta(hours=-2), ends=timedelta(hours=-1))
        later = datetime.now(UTC) + timedelta(hours=1)

        with delegation.blob("r", expiry=later) as blob, pytest.raises(HttpResponseError) as caught:
            blob.download_blob()

        assert "Signature not valid in the specified key time frame: Start [" in str(caught.value)

    def test_a_sas_grants_no_more_than_its_maker_has(self, address, world):
        roles(
            world,
            ("Storage Blob Delegator", ACCOUNT_ID, STRANGER.client_id),
            ("Storage Blob Data Reader", ACCOUNT_ID, ROBOT.client_id),
        )

        with Delegation(address, Credential(STRANGER)).blob("r") as blob:
            assert refused(blob.download_blob) == MISMATCH
        with Delegation(address, Credential(ROBOT)).blob("rw") as blob:
            assert blob.download_blob().readall() == b"content"
            assert refused(blob.upload_blob, b"x", overwrite=True) == MISMATCH

    def test_a_key_needs_the_right_to_delegate(self, address, world):
        roles(world, ("Reader", ACCOUNT_ID, ROBOT.client_id))

        assert refused(Delegation, address) == MISMATCH

    def test_a_key_lives_seven_days_at_most(self, address):
        too_long = refused(Delegation, address, ends=timedelta(days=8))

        assert too_long == (400, "InvalidXmlNodeValue")

    def test_restrictions_that_are_not_played_are_refused(self, address):
        with Delegation(address).blob("r", ip="10.0.0.1") as blob, pytest.raises(HttpResponseError) as caught:
            blob.download_blob()

        assert caught.value.status_code == 501
        assert "the simulator does not play a SAS with sip" in str(caught.value)
