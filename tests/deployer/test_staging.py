"""Wheels in a container of the simulator's storage, and the links that Automation would fetch them by."""

import re
import socket
import traceback
from contextlib import closing, contextmanager
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from deployer import staging
from deployer.packages import Wheel
from deployer.staging import Staging, StagingError

from simulator.access import Access
from simulator.faults import Fault, Faults, Rule
from tests.deployer.wheels import sha256, wheel
from tests.simulator.asking import ROBOT, world_of
from tests.simulator.blob_clients import ACCOUNT, ACCOUNT_ID, HOST, Credential, account, simulated, storage

URL = f"https://{HOST}/packages/sandbox"
GRANT = (
    "somebody who may assign roles runs, some minutes before it is tried again: "
    'az role assignment create --assignee oid-robot --role "Storage Blob Data Contributor" '
    '--scope "$(az storage account show --name stledger --query id --output tsv)"'
)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(staging, "RETRIES", 0)


@pytest.fixture
def world():
    return world_of(account())


@contextmanager
def playing(world, *rules):
    """A simulator that the clients of this process are led to as any are."""
    with simulated(world, Faults(list(rules))) as address, pytest.MonkeyPatch.context() as patch:
        for name, value in address.variables().items():
            patch.setenv(name, value)
        yield


@pytest.fixture
def placed(world):
    with playing(world), closing(Staging(URL, Credential())) as made:
        yield made


@pytest.fixture
def thing(tmp_path):
    return described(wheel(tmp_path, "thing"))


def described(path):
    name, version = path.name.split("-")[:2]
    return Wheel(name, version, path.name, sha256(path), path)


def blob(one):
    return f"/packages/sandbox/{one.sha256}/{one.filename}"


def refusal(code, status=403, **more):
    return Rule(Fault("status", status, headers={"x-ms-error-code": code}), {"always": True}, **more)


def failure(do, *args):
    with pytest.raises(StagingError) as caught:
        do(*args)
    return caught.value


def refused(do, *args):
    return str(failure(do, *args))


class TestPutting:
    def test_a_wheel_is_put_by_its_hash_into_a_private_container(self, world, placed, thing):
        placed.put(thing)

        assert storage(world, "GET", blob(thing)).body == thing.path.read_bytes()
        assert storage(world, "GET", blob(thing), authorization="").status == 401

    def test_a_wheel_that_is_there_is_not_sent_again(self, world, placed, thing):
        placed.put(thing)
        first = storage(world, "HEAD", blob(thing)).headers["ETag"]
        placed.put(thing)

        assert storage(world, "HEAD", blob(thing)).headers["ETag"] == first

    @pytest.mark.parametrize("content", [b"", b"half of it"], ids=["nothing", "something else"])
    def test_what_stands_there_under_its_name_is_replaced(self, world, placed, thing, content):
        storage(world, "PUT", "/packages?restype=container")
        storage(world, "PUT", blob(thing), content, x_ms_blob_type="BlockBlob")

        placed.put(thing)

        assert storage(world, "GET", blob(thing)).body == thing.path.read_bytes()

    def test_content_of_the_same_length_is_told_apart(self, world, placed, thing):
        other = bytes(reversed(thing.path.read_bytes()))
        storage(world, "PUT", "/packages?restype=container")
        storage(world, "PUT", blob(thing), other, x_ms_blob_type="BlockBlob")

        placed.put(thing)

        assert storage(world, "GET", blob(thing)).body == thing.path.read_bytes()

    def test_a_container_may_be_all_the_place_there_is(self, world, thing):
        with playing(world), closing(Staging(f"https://{HOST}/packages/", Credential())) as whole:
            whole.put(thing)

        assert storage(world, "HEAD", f"/packages/{thing.sha256}/{thing.filename}").status == 200

    def test_a_container_that_another_run_has_made_meanwhile_is_used(self, world, thing):
        storage(world, "PUT", "/packages?restype=container")
        late = Rule(
            Fault("status", 404, headers={"x-ms-error-code": "ContainerNotFound"}),
            {"first": 1},
            path=re.compile("^/packages$"),
        )
        with playing(world, late), closing(Staging(URL, Credential())) as made:
            made.put(thing)

        assert storage(world, "HEAD", blob(thing)).status == 200

    def test_nothing_is_sent_for_being_made(self):
        credential = Credential()
        Staging(URL, credential).close()

        assert credential.asked == []


class TestLinks:
    def test_a_link_reads_the_wheel_without_a_token(self, placed, thing):
        placed.put(thing)
        link = placed.link(thing)

        assert link.startswith(f"https://{HOST}{blob(thing)}?")
        assert requests.get(link, timeout=10).content == thing.path.read_bytes()

    def test_a_link_reads_and_no_more_and_by_https_and_from_before_now(self, placed, thing):
        given = {name: value for name, [value] in parse_qs(urlsplit(placed.link(thing)).query).items()}
        span = staging.datetime.fromisoformat(given["se"]) - staging.datetime.fromisoformat(given["st"])

        assert (given["sp"], given["spr"], given["sr"]) == ("r", "https", "b")
        assert span == timedelta(hours=2, minutes=5)

    def test_a_link_reads_no_other_wheel(self, tmp_path, placed, thing):
        other = described(wheel(tmp_path, "other"))
        placed.put(other)
        link = placed.link(thing).replace(blob(thing), blob(other))

        assert requests.get(link, timeout=10).status_code == 403

    def test_a_link_writes_nothing(self, placed, thing):
        placed.put(thing)
        sent = requests.put(
            placed.link(thing), data=b"x", headers={"x-ms-blob-type": "BlockBlob"}, timeout=10
        )

        assert sent.status_code == 403

    def test_a_link_ends(self, placed, thing):
        placed.put(thing)
        told = requests.get(placed.link(thing, valid=timedelta(seconds=-1)), timeout=10)

        assert told.status_code == 403
        assert "Signature not valid in the specified time frame" in told.text

    def test_all_links_of_a_run_are_signed_with_one_key(self, world, thing):
        once = Rule(Fault("status", 500), {"nth": [2, 3]}, method="POST", path=re.compile("^/$"))
        with playing(world, once), closing(Staging(URL, Credential())) as made:
            links = {made.link(thing), made.link(thing), made.link(thing, valid=timedelta(hours=23))}
            longer = refused(made.link, thing, timedelta(days=2))

        assert len({parse_qs(urlsplit(link).query)["ske"][0] for link in links}) == 1
        assert longer == f"sign links into https://{HOST}/packages: storage answered 500 HttpResponseError"

    def test_a_link_that_outlives_the_key_gets_another(self, placed, thing):
        placed.put(thing)
        placed.link(thing)

        assert requests.get(placed.link(thing, valid=timedelta(days=2)), timeout=10).status_code == 200

    def test_no_link_lives_longer_than_azure_lets_keys_live(self, placed, thing):
        assert "storage answered 400 " in refused(placed.link, thing, timedelta(days=8))


class TestRefusals:
    def put(self, world, thing, *rules):
        with playing(world, *rules), closing(Staging(URL, Credential())) as made:
            return refused(made.put, thing).removeprefix(
                f"stage {thing.filename} in https://{HOST}/packages: "
            )

    def test_a_missing_right_is_told_with_the_command_that_grants_it(self, world, thing):
        world.access = Access([{"role": "Owner", "scope": ACCOUNT_ID, "principal": ROBOT.object_id}])
        storage(world, "PUT", "/packages?restype=container")

        told = self.put(world, thing)

        assert told == f"storage answered 403 AuthorizationPermissionMismatch: {GRANT}"

    def test_a_role_at_the_container_puts_but_signs_nothing(self, world, thing):
        storage(world, "PUT", "/packages?restype=container")
        scope = f"{ACCOUNT_ID}/blobServices/default/containers/packages"
        role = {"role": "Storage Blob Data Contributor", "scope": scope, "principal": ROBOT.object_id}
        world.access = Access([role])
        with playing(world), closing(Staging(URL, Credential())) as made:
            made.put(thing)
            told = refused(made.link, thing)

        assert told == (
            f"sign links into https://{HOST}/packages: storage answered 403 "
            f"AuthorizationPermissionMismatch: {GRANT}"
        )

    def test_who_needs_the_right_is_left_open_where_the_token_does_not_say(self, world, thing):
        class Opaque(Credential):
            def get_token(self, *scopes, **options):
                return AccessToken("opaque", super().get_token().expires_on)

        with playing(world, refusal("AuthorizationPermissionMismatch")):  # noqa: SIM117 - one line is too long
            with closing(Staging(URL, Opaque())) as made:
                assert "--assignee <object id of who deploys> " in refused(made.put, thing)

    @pytest.mark.parametrize(
        ("rule", "told"),
        [
            pytest.param(
                refusal("AuthorizationFailure"),
                "storage answered 403 AuthorizationFailure: the firewall of the account does not let this "
                "machine in, nor Azure Automation, which has to fetch from there and uses no private "
                "endpoints: allow public networks, or stage in another account",
                id="a firewall",
            ),
            pytest.param(
                refusal("ContainerBeingDeleted", 409, method="PUT"),
                "storage answered 409 ContainerBeingDeleted: "
                "try again in some minutes, or name another container",
                id="a container that is being deleted",
            ),
            pytest.param(
                refusal("OutOfRangeInput", 400),
                "storage answered 400 OutOfRangeInput: "
                "a container has 3 to 63 lower-case letters, digits and single hyphens",
                id="a name that is none",
            ),
            pytest.param(
                Rule(Fault("html", 502), {"always": True}),
                "storage answered 502 HttpResponseError",
                id="a proxy in between",
            ),
            pytest.param(
                Rule(Fault("reset", True), {"always": True}),
                "no answer: check the name of the account, stledger, and that it can "
                "be reached from here and from Azure Automation, which uses no private endpoints",
                id="silence",
            ),
        ],
    )
    def test_a_wheel_is_not_staged_for(self, world, thing, rule, told):
        assert self.put(world, thing, rule) == told

    def test_a_container_that_everybody_can_read_is_not_used(self, world, thing):
        storage(world, "PUT", "/packages?restype=container")
        public = Rule(
            Fault("status", 200, headers={"x-ms-blob-public-access": "blob"}),
            {"always": True},
            path=re.compile("^/packages$"),
        )

        assert self.put(world, thing, public) == (
            f"https://{HOST}/packages can be read by everybody (its public access is blob): "
            "name another container, or shut it: az storage container set-permission "
            "--account-name stledger --name packages --public-access off"
        )
        assert storage(world, "HEAD", blob(thing)).status == 404

    def test_an_account_that_does_not_exist_is_told(self, thing, monkeypatch):
        def getaddrinfo(*args):
            raise socket.gaierror(-2, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.delenv(name, raising=False)
        with closing(Staging(URL, Credential())) as made:
            told = refused(made.put, thing)

        assert told.endswith(": no host of that name: check the name of the account, stledger")

    @pytest.mark.parametrize("status", [None, 400], ids=["asking nobody", "refused by Entra"])
    def test_a_credential_without_a_token_is_told_in_one_line(self, world, thing, status):
        class Nobody:
            def get_token(self, *scopes, **options):
                error = ClientAuthenticationError("Please run 'az login'.\nAttempted credentials:\n ...")
                error.status_code = status
                raise error

        with playing(world), closing(Staging(URL, Nobody())) as made:
            assert refused(made.put, thing).endswith(": no token for storage: Please run 'az login'.")

    @pytest.mark.parametrize(
        ("url", "shown", "wrong"),
        [
            pytest.param(f"http://{HOST}/p", f"http://{HOST}/p", "is not of that form", id="no TLS"),
            pytest.param(f"https://{HOST}/", f"https://{HOST}/", "is not of that form", id="no container"),
            pytest.param("https://x.example/p", "https://x.example/p", "is not of that form", id="no blobs"),
            pytest.param("packages", "packages", "is not of that form", id="a path"),
            pytest.param(
                f"https://{HOST}/p?sv=1&sig=c2VjcmV0",
                f"https://{HOST}/p",
                "has a query or a user: the deployer signs in by itself",
                id="a signature",
            ),
            pytest.param(
                f"https://me:s3cret@{HOST}/p",
                f"https://{HOST}/p",
                "has a query or a user: the deployer signs in by itself",
                id="a password",
            ),
        ],
    )
    def test_another_url_is_refused_without_its_secrets(self, url, shown, wrong):
        assert refused(Staging, url, Credential()) == (
            "staging: expected https://<account>.blob.core.windows.net/<container>[/<prefix>], "
            f"and {shown!r} {wrong}"
        )


def test_no_signature_is_in_what_is_shown_or_logged(world, thing, caplog):
    """Nor where a tool shows the variables of every function that a failure came through."""
    caplog.set_level("DEBUG")
    fails = Rule(Fault("status", 500), {"nth": [2]}, method="POST", path=re.compile("^/$"))
    with playing(world, fails), closing(Staging(URL, Credential())) as made:
        made.put(thing)
        secret = parse_qs(urlsplit(made.link(thing)).query)["sig"][0]
        error = failure(made.link, thing, timedelta(days=3))
        trace = traceback.TracebackException.from_exception(error, capture_locals=True)
        shown = "\n".join([repr(made), str(made), repr(error), *trace.format(), caplog.text])

    assert ACCOUNT in shown
    assert "sig=" not in shown
    assert secret not in shown
