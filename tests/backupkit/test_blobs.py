"""Blobs below a place of a container, on the simulator's storage and through the SDK."""

import threading

import pytest
from azure.storage.blob import BlobLeaseClient
from backupkit import blobs as module
from backupkit.blobs import BlobError, Blobs, ConflictError

from tests.simulator.blob_clients import ACCOUNT, client_of, simulated, world_of
from tests.simulator.blob_clients import account as storage_account

URL = f"https://{ACCOUNT}.blob.core.windows.net/ledger"


@pytest.fixture(scope="module")
def service():
    with simulated(world_of(storage_account())) as address, client_of(address) as client:
        yield client


@pytest.fixture
def container(service, request):
    return service.get_container_client(request.node.name.replace("_", "-")[:60])


def place(container, prefix=""):
    made = Blobs(f"{URL}{prefix}", credential=lambda: None)
    made._client = container
    return made


@pytest.fixture
def blobs(container):
    made = place(container)
    made.make_container()
    return made


def test_without_a_container_there_is_nothing(container):
    blobs = place(container)

    assert blobs.names("attempts/") is None
    assert blobs.read("attempts/a") is None


def test_a_container_is_made_once(blobs):
    blobs.make_container()

    assert blobs.names("") == set()


def test_a_blob_is_written_by_who_knows_what_is_there(blobs):
    first = blobs.write("a", b"1")
    with pytest.raises(ConflictError, match="storage answered 409 BlobAlreadyExists"):
        blobs.write("a", b"2")
    second = blobs.write("a", b"2", first)
    with pytest.raises(ConflictError, match="storage answered 412 ConditionNotMet"):
        blobs.write("a", b"3", first)

    assert blobs.read("a") == (b"2", second)


def test_a_blob_is_deleted_by_who_knows_what_is_there(blobs):
    etag = blobs.write("a", b"1")
    blobs.put("a", b"2")
    with pytest.raises(ConflictError):
        blobs.delete("a", etag)
    blobs.delete("a", blobs.read("a")[1])
    blobs.delete("a", etag)

    assert blobs.read("a") is None


def test_putting_makes_the_container(container):
    blobs = place(container)
    blobs.put("inbox/a", b"1")
    blobs.put("inbox/a", b"2")

    assert blobs.names("inbox/") == {"inbox/a"}


def test_a_folder_of_a_container_is_a_place_of_its_own(blobs, container):
    blobs.write("attempts/a", b"1")
    prod = place(container, "/prod/")
    prod.write("attempts/b", b"2")

    assert prod.names("attempts/") == {"attempts/b"}
    assert blobs.names("") == {"attempts/a", "prod/attempts/b"}
    assert prod.read("attempts/b")[0] == b"2"


def test_a_lease_is_held_by_one_at_a_time(blobs, container):
    with blobs.held("drain") as one, place(container).held("drain") as other:
        assert (one, other) == (True, False)
    with blobs.held("drain") as again:
        assert again


def test_a_lease_is_renewed_while_it_is_held(blobs, monkeypatch):
    monkeypatch.setattr(module, "RENEWED_S", 0.01)
    renewed, lease = threading.Semaphore(0), blobs._lease("drain")
    monkeypatch.setattr(blobs, "_lease", lambda name: lease)
    monkeypatch.setattr(lease, "renew", renewed.release)
    with blobs.held("drain"):
        assert renewed.acquire(timeout=10)
        assert renewed.acquire(timeout=10)


def test_a_lease_that_was_lost_ends_no_work(blobs, container, monkeypatch):
    monkeypatch.setattr(module, "RENEWED_S", 0.01)
    with blobs.held("drain") as held:
        BlobLeaseClient(container.get_blob_client("drain")).break_lease(lease_break_period=0)
        assert held
    with blobs.held("drain") as again:
        assert again


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (403, "; grant the identity Storage Blob Data Contributor there, and let it through the firewall"),
        (0, "; check the account's name, and that it can be reached from here: not by a private endpoint"),
        (500, ""),
    ],
)
def test_what_storage_refuses_says_what_to_do(status, advice):
    answered = f"storage answered {status}" if status else "no answer from storage"

    assert str(BlobError("list x", status, "Code")) == f"list x: {answered} Code{advice}"


# -- in chunks ---------------------------------------------------------------------


def whole_of(found):
    return b"".join(found[0]), found[1]


def test_a_blob_is_written_in_chunks_and_read_in_chunks(blobs):
    etag = blobs.write_chunks("a", [b"one ", b"two ", b"three"])

    assert whole_of(blobs.stream("a")) == (b"one two three", etag)
    assert blobs.stream("b") is None


def test_no_chunks_make_an_empty_blob(blobs):
    blobs.write_chunks("a", [])

    assert whole_of(blobs.stream("a"))[0] == b""


def test_a_blob_in_chunks_is_written_by_who_knows_what_is_there(blobs):
    first = blobs.write_chunks("a", [b"1"])
    with pytest.raises(ConflictError):
        blobs.write_chunks("a", [b"2"])
    second = blobs.write_chunks("a", [b"2"], first)
    with pytest.raises(ConflictError):
        blobs.write_chunks("a", [b"3"], first)

    assert whole_of(blobs.stream("a")) == (b"2", second)


def test_of_two_that_write_at_once_one_is_told_and_the_blob_is_the_others(blobs):
    """Blocks that nobody has committed yet are thrown away when somebody commits others."""

    def slow():
        yield b"mine"
        blobs.write_chunks("a", [b"theirs"])
        yield b"mine too"

    with pytest.raises(ConflictError):
        blobs.write_chunks("a", slow())

    assert whole_of(blobs.stream("a"))[0] == b"theirs"


def test_nobody_sees_a_part_of_a_writing_that_breaks_off(blobs):
    def broken():
        yield b"half"
        raise RuntimeError

    blobs.write("a", b"whole")
    with pytest.raises(RuntimeError):
        blobs.write_chunks("a", broken(), blobs.read("a")[1])

    assert blobs.read("a")[0] == b"whole"


def test_a_large_blob_is_read_as_it_was_at_the_beginning(blobs, monkeypatch):
    """A reading of which another writing comes in between breaks off, rather than mix two states."""
    monkeypatch.setattr(blobs._client._config, "max_single_get_size", module.CHUNK)
    large = [bytes([number]) * module.CHUNK for number in range(3)]
    blobs.write_chunks("a", large)
    chunks, etag = blobs.stream("a")
    first = next(chunks)
    blobs.write_chunks("a", [b"other"], etag)

    assert first == large[0]
    with pytest.raises(BlobError):
        list(chunks)
