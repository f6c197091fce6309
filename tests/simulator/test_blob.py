"""What Blob storage does, asked through Azure's SDK: true of the simulator, of Azurite, and so of Azure."""

import base64
import hashlib
import os
from datetime import UTC, datetime, timedelta

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobBlock, BlobLeaseClient, ContentSettings

LEASE = "11111111-2222-4333-8444-555555555555"
OTHER = "99999999-2222-4333-8444-555555555555"
EARLY, LATE = datetime(2020, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(days=1)


def refused(call, *arguments, **options):
    """Status and code of a refusal, and the first line of its message."""
    with pytest.raises(HttpResponseError) as caught:
        call(*arguments, **options)
    error = caught.value
    return error.status_code, getattr(error.error_code, "value", error.error_code)


def names(listed):
    return [one.name for one in listed]


def block_id(number):
    return base64.b64encode(f"{number:06d}".encode()).decode()


def stage(blob, *numbers):
    for number in numbers:
        blob.stage_block(block_id(number), f"<{number}>".encode())


def blocks(*numbers):
    return [BlobBlock(block_id(number)) for number in numbers]


class TestContainers:
    def test_one_is_made_described_and_deleted(self, service):
        made = service.create_container(f"c-{os.urandom(8).hex()}", metadata={"kept": "long"})

        told = made.get_container_properties()
        assert (told.metadata, told.lease.state, told.public_access) == ({"kept": "long"}, "available", None)
        assert told.etag.startswith('"0x')
        made.delete_container()
        assert not made.exists()

    def test_a_second_of_the_same_name_is_refused(self, service, container):
        again = refused(service.create_container, container.container_name)

        assert again == (409, "ContainerAlreadyExists")

    def test_what_is_not_there_is_not_found(self, service):
        gone = service.get_container_client("not-there")

        assert refused(gone.get_container_properties)[0] == 404
        assert refused(lambda: names(gone.list_blobs())) == (404, "ContainerNotFound")
        assert refused(gone.upload_blob, "a", b"x") == (404, "ContainerNotFound")
        assert refused(gone.delete_container) == (404, "ContainerNotFound")

    @pytest.mark.parametrize(
        ("name", "code"),
        [
            pytest.param("Capitals", "InvalidResourceName", id="capitals"),
            pytest.param("two--hyphens", "InvalidResourceName", id="two hyphens"),
            pytest.param("ab", "OutOfRangeInput", id="too short"),
            pytest.param("a" * 64, "OutOfRangeInput", id="too long"),
        ],
    )
    def test_names_are_checked(self, service, name, code):
        assert refused(service.create_container, name) == (400, code)

    def test_metadata_is_replaced_as_a_whole(self, container):
        before = container.get_container_properties()
        container.set_container_metadata({"b": "2"})
        container.set_container_metadata({"c": "3"})

        after = container.get_container_properties()
        assert after.metadata == {"c": "3"}
        assert after.etag != before.etag

    def test_they_are_listed_by_name_in_pages(self, service):
        prefix = f"p{os.urandom(6).hex()}-"
        for letter in "cab":
            service.create_container(prefix + letter, metadata={"letter": letter})

        pages = service.list_containers(prefix, include_metadata=True, results_per_page=2).by_page()
        listed = [[(one.name.removeprefix(prefix), one.metadata) for one in page] for page in pages]

        assert listed == [[("a", {"letter": "a"}), ("b", {"letter": "b"})], [("c", {"letter": "c"})]]


class TestContent:
    @pytest.mark.parametrize(
        "name",
        [
            pytest.param("plain", id="a plain name"),
            pytest.param("a/b/c.json", id="folders"),
            pytest.param("a//b/", id="empty segments"),
            pytest.param("date=2026-11-22/x y+z%20&.gz", id="what URLs use otherwise"),
            pytest.param("größe-\N{SNOWMAN}", id="beyond ASCII"),
        ],
    )
    def test_what_is_put_is_got_under_its_exact_name(self, container, name):
        container.upload_blob(name, b"content")

        assert container.download_blob(name).readall() == b"content"
        assert names(container.list_blobs()) == [name]

    def test_it_is_described_with_what_was_said_of_it(self, container):
        settings = ContentSettings(
            content_type="application/x-ndjson",
            content_encoding="gzip",
            content_language="de",
            content_disposition="attachment",
            cache_control="no-store",
        )
        blob = container.get_blob_client("a")
        written = blob.upload_blob(b"content", content_settings=settings, metadata={"rows": "7"})

        told = blob.get_blob_properties()
        assert (told.size, told.metadata, told.blob_type) == (7, {"rows": "7"}, "BlockBlob")
        assert told.content_settings.content_md5 == hashlib.md5(b"content", usedforsecurity=False).digest()
        assert (told.etag, told.last_modified) == (written["etag"], written["last_modified"])
        told.content_settings.content_md5 = None
        assert told.content_settings == settings

    def test_without_a_type_it_is_octets(self, container):
        container.upload_blob("a", b"")

        told = container.get_blob_client("a").get_blob_properties()
        assert (told.content_settings.content_type, told.size) == ("application/octet-stream", 0)
        assert container.download_blob("a").readall() == b""

    def test_putting_again_replaces_content_and_metadata(self, container):
        blob = container.get_blob_client("a")
        first = blob.upload_blob(b"one", metadata={"a": "1"})
        second = blob.upload_blob(b"three", overwrite=True)

        told = blob.get_blob_properties()
        assert (told.size, told.metadata) == (5, {})
        assert first["etag"] != second["etag"] == told.etag

    @pytest.mark.parametrize(
        ("offset", "length", "expected"),
        [
            pytest.param(0, 3, b"012", id="the start"),
            pytest.param(4, None, b"456789", id="from somewhere on"),
            pytest.param(8, 100, b"89", id="beyond the end"),
            pytest.param(9, 1, b"9", id="the last byte"),
        ],
    )
    def test_a_range(self, container, offset, length, expected):
        container.upload_blob("a", b"0123456789")

        got = container.download_blob("a", offset=offset, length=length)

        assert got.readall() == expected
        assert got.properties.size == 10 or got.size == len(expected)

    def test_a_range_behind_the_end_is_refused(self, container):
        container.upload_blob("a", b"0123456789")

        assert refused(container.download_blob, "a", offset=11, length=5) == (416, "InvalidRange")

    def test_large_content_goes_and_comes_in_pieces(self, container):
        data = os.urandom(40 * 1024 * 1024 + 17)

        container.upload_blob("a", data[: 5 * 1024 * 1024])
        container.upload_blob("a", data, overwrite=True, max_concurrency=2)

        assert hashlib.sha256(container.download_blob("a", max_concurrency=2).readall()).digest() == (
            hashlib.sha256(data).digest()
        )

    def test_a_transfer_with_the_wrong_digest_is_refused(self, container):
        blob = container.get_blob_client("a")
        wrong = base64.b64encode(bytes(16)).decode()

        assert refused(blob.upload_blob, b"x", headers={"Content-MD5": wrong})[0] == 400
        assert not blob.exists()
        blob.upload_blob(b"x", validate_content=True)
        assert blob.download_blob(validate_content=True).readall() == b"x"

    def test_properties_and_metadata_are_set_apart_from_content(self, container):
        blob = container.get_blob_client("a")
        blob.upload_blob(b"x", metadata={"a": "1"}, content_settings=ContentSettings(content_type="text/csv"))
        etags = {blob.get_blob_properties().etag}
        etags.add(blob.set_blob_metadata({"b": "2"})["etag"])
        etags.add(blob.set_http_headers(ContentSettings(content_language="fr"))["etag"])

        told = blob.get_blob_properties()
        assert (told.metadata, told.content_settings.content_language) == ({"b": "2"}, "fr")
        assert len(etags | {told.etag}) == 3

    def test_what_is_deleted_is_gone(self, container):
        blob = container.upload_blob("a", b"x")
        blob.delete_blob()

        assert refused(blob.delete_blob) == (404, "BlobNotFound")
        assert refused(blob.download_blob) == (404, "BlobNotFound")
        assert not blob.exists()


class TestBlocks:
    def test_a_list_makes_a_blob_of_them_in_its_order(self, container):
        blob = container.get_blob_client("a")
        stage(blob, 1, 2, 3)
        assert not blob.exists()

        blob.commit_block_list(blocks(3, 1), metadata={"rows": "2"})

        assert blob.download_blob().readall() == b"<3><1>"
        assert blob.get_blob_properties().metadata == {"rows": "2"}
        committed, uncommitted = blob.get_block_list("all")
        assert ([one.id for one in committed], uncommitted) == ([block_id(3), block_id(1)], [])

    def test_a_later_list_takes_committed_and_new_ones(self, container):
        blob = container.get_blob_client("a")
        stage(blob, 1, 2)
        blob.commit_block_list(blocks(1, 2))
        blob.stage_block(block_id(2), b"<new>")
        stage(blob, 3)
        committed, uncommitted = blob.get_block_list("all")
        assert ([one.size for one in committed], [one.size for one in uncommitted]) == ([3, 3], [5, 3])

        blob.commit_block_list(blocks(2, 1, 3, 1))

        assert blob.download_blob().readall() == b"<new><1><3><1>"

    def test_a_list_that_names_an_unknown_block_changes_nothing(self, container):
        blob = container.get_blob_client("a")
        stage(blob, 1)
        blob.commit_block_list(blocks(1))
        stage(blob, 2)

        assert refused(blob.commit_block_list, blocks(1, 2, 9)) == (400, "InvalidBlockList")

        assert blob.download_blob().readall() == b"<1>"
        assert [one.id for one in blob.get_block_list("uncommitted")[1]] == [block_id(2)]

    def test_of_two_writers_the_slower_has_lost_its_blocks_and_is_told(self, container):
        slower = container.upload_blob("a", b"first")
        seen = {"etag": slower.get_blob_properties().etag, "match_condition": MatchConditions.IfNotModified}
        faster = container.get_blob_client("a")
        stage(slower, 1, 2)
        stage(faster, 3)
        faster.commit_block_list(blocks(3), **seen)

        assert refused(slower.commit_block_list, blocks(1, 2), **seen) == (412, "ConditionNotMet")
        assert refused(slower.commit_block_list, blocks(1, 2)) == (400, "InvalidBlockList")
        assert slower.get_block_list("all")[1] == []
        assert slower.download_blob().readall() == b"<3>"

    def test_an_empty_list_makes_an_empty_blob(self, container):
        blob = container.get_blob_client("a")
        blob.commit_block_list([])

        assert blob.download_blob().readall() == b""

    def test_ids_of_a_blob_are_equally_long(self, container):
        blob = container.get_blob_client("a")
        stage(blob, 1)

        longer = base64.b64encode(b"longer than it").decode()
        assert refused(blob.stage_block, longer, b"x") == (400, "InvalidBlobOrBlock")

    def test_uncommitted_blobs_are_listed_only_when_asked_for(self, container):
        stage(container.get_blob_client("a"), 1)

        assert names(container.list_blobs()) == []
        assert names(container.list_blobs(include=["uncommittedblobs"])) == ["a"]


@pytest.fixture(scope="module")
def filled(service):
    """A container of six blobs, some in folders."""
    container = service.create_container(f"list-{os.urandom(8).hex()}")
    for name in ("b/2", "a", "b/1", "c/d/1", "c", "b.x"):
        container.upload_blob(name, name.encode(), metadata={"of": name.replace("/", "-")})
    return container


class TestLists:
    def test_all_by_name(self, filled):
        assert names(filled.list_blobs()) == ["a", "b.x", "b/1", "b/2", "c", "c/d/1"]

    def test_by_prefix(self, filled):
        assert names(filled.list_blobs("b/")) == ["b/1", "b/2"]

    @pytest.mark.parametrize("size", [1, 2, 3, 5, 6, 7])
    def test_in_pages_each_once(self, filled, size):
        pages = [names(page) for page in filled.list_blobs(results_per_page=size).by_page()]

        assert [name for page in pages for name in page] == ["a", "b.x", "b/1", "b/2", "c", "c/d/1"]
        assert {len(page) for page in pages[:-1]} <= {size}

    @pytest.mark.parametrize("size", [None, 1, 2])
    def test_by_folders(self, filled, size):
        pages = filled.walk_blobs(results_per_page=size).by_page() if size else [filled.walk_blobs()]

        assert sorted(one.name for page in pages for one in page) == ["a", "b.x", "b/", "c", "c/"]

    def test_the_folders_of_a_folder(self, filled):
        assert names(filled.walk_blobs("c/")) == ["c/d/"]

    def test_with_what_a_blob_is(self, filled):
        [blob] = filled.list_blobs("b/1", include=["metadata"])

        told = filled.get_blob_client("b/1").get_blob_properties()
        assert (blob.size, blob.metadata, blob.blob_type) == (3, {"of": "b-1"}, "BlockBlob")
        assert (blob.etag, blob.last_modified) == (told.etag.strip('"'), told.last_modified)
        assert blob.content_settings.content_md5 == told.content_settings.content_md5
        assert (blob.lease.state, blob.lease.status) == ("available", "unlocked")

    def test_metadata_only_when_asked_for(self, filled):
        assert [blob.metadata for blob in filled.list_blobs("a")] in ([None], [{}])


class TestConditions:
    @pytest.fixture
    def blob(self, container):
        return container.upload_blob("a", b"first")

    def test_only_if_it_is_not_there_yet(self, container, blob):
        assert refused(blob.upload_blob, b"second") == (409, "BlobAlreadyExists")
        stage(blob, 1)
        again = refused(blob.commit_block_list, blocks(1), match_condition=MatchConditions.IfMissing)
        assert again == (409, "BlobAlreadyExists")
        assert blob.download_blob().readall() == b"first"
        container.upload_blob("b", b"new", overwrite=False)

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param(lambda blob, **when: blob.upload_blob(b"x", overwrite=True, **when), id="put"),
            pytest.param(lambda blob, **when: blob.commit_block_list([], **when), id="block list"),
            pytest.param(lambda blob, **when: blob.set_blob_metadata({"a": "1"}, **when), id="metadata"),
            pytest.param(
                lambda blob, **when: blob.set_http_headers(ContentSettings(), **when), id="properties"
            ),
            pytest.param(lambda blob, **when: blob.delete_blob(**when), id="delete"),
            pytest.param(lambda blob, **when: blob.acquire_lease(15, **when), id="lease"),
        ],
    )
    def test_only_if_nobody_changed_it(self, blob, change):
        seen = blob.get_blob_properties().etag
        blob.upload_blob(b"somebody else", overwrite=True)
        known = blob.get_blob_properties().etag
        unmodified = MatchConditions.IfNotModified

        assert refused(change, blob, etag=seen, match_condition=unmodified) == (412, "ConditionNotMet")
        assert refused(change, blob, if_unmodified_since=EARLY) == (412, "ConditionNotMet")
        assert refused(change, blob, if_modified_since=LATE) == (412, "ConditionNotMet")
        change(blob, etag=known, match_condition=unmodified)

    def test_an_etag_of_what_is_not_there_is_not_met(self, container):
        blob = container.get_blob_client("never")

        not_met = refused(
            blob.upload_blob,
            b"x",
            overwrite=True,
            etag='"0x8DD000000000000"',
            match_condition=MatchConditions.IfNotModified,
        )

        assert not_met == (412, "ConditionNotMet")

    def test_reading_only_what_changed(self, blob):
        seen = blob.get_blob_properties().etag
        changed = MatchConditions.IfModified

        assert refused(blob.download_blob, etag=seen, match_condition=changed)[0] == 304
        assert refused(blob.get_blob_properties, etag=seen, match_condition=changed)[0] == 304
        assert refused(blob.download_blob, if_modified_since=LATE)[0] == 304
        blob.upload_blob(b"second", overwrite=True)
        assert blob.download_blob(etag=seen, match_condition=changed).readall() == b"second"
        assert blob.download_blob(if_modified_since=EARLY).readall() == b"second"

    def test_reading_only_what_did_not_change(self, blob):
        seen = blob.get_blob_properties().etag
        blob.upload_blob(b"second", overwrite=True)
        unmodified = MatchConditions.IfNotModified

        assert refused(blob.download_blob, etag=seen, match_condition=unmodified) == (412, "ConditionNotMet")
        assert refused(blob.download_blob, if_unmodified_since=EARLY) == (412, "ConditionNotMet")

    def test_a_container_is_deleted_only_if_it_is_old_enough(self, container):
        assert refused(container.delete_container, if_unmodified_since=EARLY) == (412, "ConditionNotMet")


class TestLeasesOfBlobs:
    @pytest.fixture
    def blob(self, container):
        blob = container.upload_blob("a", b"first")
        yield blob
        if blob.exists() and blob.get_blob_properties().lease.status == "locked":
            BlobLeaseClient(blob).break_lease(0)

    @pytest.fixture
    def lease(self, blob):
        return blob.acquire_lease(15, LEASE)

    def test_a_lease_shows(self, blob, lease):
        told = blob.get_blob_properties().lease

        assert lease.id == LEASE
        assert (told.status, told.state, told.duration) == ("locked", "leased", "fixed")

    def test_one_may_last_for_ever(self, blob):
        lease = blob.acquire_lease(-1)

        assert blob.get_blob_properties().lease.duration == "infinite"
        lease.renew()
        lease.release()
        assert blob.get_blob_properties().lease.state == "available"

    @pytest.mark.parametrize("seconds", [0, 14, 61, -2])
    def test_others_last_15_to_60_seconds(self, blob, seconds):
        assert refused(blob.acquire_lease, seconds) == (400, "InvalidHeaderValue")

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param(lambda blob, **with_: blob.upload_blob(b"x", overwrite=True, **with_), id="put"),
            pytest.param(
                lambda blob, **with_: blob.stage_block(block_id(1), b"x", **with_), id="put a block"
            ),
            pytest.param(lambda blob, **with_: blob.commit_block_list([], **with_), id="block list"),
            pytest.param(lambda blob, **with_: blob.set_blob_metadata({"a": "1"}, **with_), id="metadata"),
            pytest.param(lambda blob, **with_: blob.delete_blob(**with_), id="delete"),
        ],
    )
    def test_only_its_holder_changes_a_leased_blob(self, blob, lease, change):
        assert refused(change, blob) == (412, "LeaseIdMissing")
        assert refused(change, blob, lease=OTHER) == (412, "LeaseIdMismatchWithBlobOperation")
        change(blob, lease=LEASE)

    def test_anybody_reads_a_leased_blob_unless_with_a_wrong_id(self, blob, lease):
        assert blob.download_blob().readall() == b"first"
        assert blob.download_blob(lease=LEASE).readall() == b"first"
        assert refused(blob.download_blob, lease=OTHER) == (412, "LeaseIdMismatchWithBlobOperation")

    def test_an_id_where_there_is_no_lease_is_refused(self, blob):
        lost = (412, "LeaseNotPresentWithBlobOperation")

        assert refused(blob.upload_blob, b"x", overwrite=True, lease=OTHER) == lost
        assert refused(blob.download_blob, lease=OTHER) == lost

    def test_a_second_lease_is_refused_and_the_same_again_is_not(self, blob, lease):
        assert refused(blob.acquire_lease, 15) == (409, "LeaseAlreadyPresent")
        assert refused(blob.acquire_lease, 15, OTHER) == (409, "LeaseAlreadyPresent")
        assert blob.acquire_lease(30, LEASE).id == LEASE

    def test_a_lease_changes_hands(self, blob, lease):
        lease.change(OTHER)

        stranger = BlobLeaseClient(blob, LEASE)
        assert refused(stranger.renew) == (409, "LeaseIdMismatchWithLeaseOperation")
        assert refused(stranger.release) == (409, "LeaseIdMismatchWithLeaseOperation")
        assert refused(stranger.change, "33333333-2222-4333-8444-555555555555") == (
            409,
            "LeaseIdMismatchWithLeaseOperation",
        )
        lease.renew()
        lease.release()

    def test_a_broken_lease_can_be_taken_but_not_renewed(self, blob, lease):
        assert BlobLeaseClient(blob).break_lease(0) == 0

        assert blob.get_blob_properties().lease.state == "broken"
        assert refused(lease.renew) == (409, "LeaseIsBrokenAndCannotBeRenewed")
        assert BlobLeaseClient(blob).break_lease() == 0
        assert blob.acquire_lease(15, OTHER).id == OTHER

    def test_a_breaking_lease_holds_for_a_while(self, blob, lease):
        left = BlobLeaseClient(blob).break_lease(10)

        assert 8 <= left <= 10
        assert blob.get_blob_properties().lease.state == "breaking"
        assert refused(blob.upload_blob, b"x", overwrite=True) == (412, "LeaseIdMissing")
        assert refused(blob.acquire_lease, 15, OTHER) == (409, "LeaseAlreadyPresent")
        assert refused(blob.acquire_lease, 15, LEASE) == (409, "LeaseIsBreakingAndCannotBeAcquired")
        lease.release()
        assert blob.get_blob_properties().lease.state == "available"

    def test_there_must_be_a_lease_to_do_anything_with_it(self, blob):
        nobodys = BlobLeaseClient(blob, LEASE)

        assert refused(nobodys.break_lease) == (409, "LeaseNotPresentWithLeaseOperation")
        assert refused(nobodys.change, OTHER) == (409, "LeaseNotPresentWithLeaseOperation")
        assert refused(nobodys.renew) == (409, "LeaseIdMismatchWithLeaseOperation")
        assert refused(nobodys.release) == (409, "LeaseIdMismatchWithLeaseOperation")

    def test_a_lease_changes_neither_etag_nor_date(self, blob):
        before = blob.get_blob_properties()
        blob.acquire_lease(15)

        after = blob.get_blob_properties()
        assert (after.etag, after.last_modified) == (before.etag, before.last_modified)


class TestLeasesOfContainers:
    @pytest.fixture
    def lease(self, container):
        lease = container.acquire_lease(15, LEASE)
        yield lease
        if container.get_container_properties().lease.status == "locked":
            BlobLeaseClient(container).break_lease(0)

    def test_it_keeps_the_container_and_nothing_in_it(self, container, lease):
        assert container.get_container_properties().lease.state == "leased"
        assert refused(container.delete_container) == (412, "LeaseIdMissing")
        wrong = refused(container.delete_container, lease=OTHER)
        assert wrong == (412, "LeaseIdMismatchWithContainerOperation")
        container.upload_blob("a", b"x")

    def test_a_second_is_refused(self, container, lease):
        assert refused(container.acquire_lease, 15) == (409, "LeaseAlreadyPresent")
        lease.renew()
        lease.release()
        assert container.get_container_properties().lease.state == "available"


def test_the_service_and_the_account_describe_themselves(service):
    assert service.get_service_properties()["cors"] == []
    assert service.get_account_information()["account_kind"] == "StorageV2"
