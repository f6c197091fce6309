"""Blobs are part of an estate: loaded with it, aged with it, written with it."""

import json
import re
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from simulator import blob_blocks
from simulator.world import Settings, World
from tests.simulator.blob_clients import ACCOUNT, account, storage
from tests.simulator.recovery_estate import NOW, Clock

LEASE = "11111111-2222-4333-8444-555555555555"
BLOCK_1, BLOCK_2 = "MDAwMQ==", "MDAwMg=="


def http(moment):
    return format_datetime(datetime.fromtimestamp(moment, UTC), usegmt=True)


@pytest.fixture
def estate(tmp_path):
    """An account with one container and a blob of each of two kinds of name."""
    folder = tmp_path / "estate"
    inside = folder / "blobs" / ACCOUNT / "box"
    (inside / "deep" / "er").mkdir(parents=True)
    (inside / "a.json").write_text('{"a": 1}')
    (inside / "deep" / "er" / "b.bin").write_bytes(bytes(range(256)))
    (folder / "resources.ndjson").write_text(json.dumps(account()) + "\n")
    return folder


def put(world, path, body=b"content", **headers):
    response = storage(world, "PUT", path, body, x_ms_blob_type="BlockBlob", **headers)
    assert response.status == 201
    return response


def make_list(*block_ids):
    return "".join(
        ["<BlockList>", *(f"<Latest>{one}</Latest>" for one in block_ids), "</BlockList>"]
    ).encode()


def lease(world, action, path="/box/a.json", **headers):
    given = {"x_ms_lease_action": action, "x_ms_lease_id": LEASE, **headers}
    if action == "acquire":
        given = {"x_ms_lease_duration": "60", "x_ms_proposed_lease_id": LEASE, **given, "x_ms_lease_id": ""}
    return storage(world, "PUT", path + "?comp=lease", b"", **given)


def state(world, path="/box/a.json"):
    return storage(world, "HEAD", path).headers["x-ms-lease-state"]


def all_names(world, container="box"):
    listed = storage(world, "GET", f"/{container}?restype=container&comp=list").body.decode()
    return re.findall(r"<Name>(.*?)</Name>", listed)


def known(world, path):
    """All that a HEAD says of a blob, but for the request."""
    headers = dict(storage(world, "HEAD", path).headers)
    headers.pop("x-ms-request-id", None)
    return headers


class TestLoading:
    def test_files_are_blobs(self, estate):
        world = World.load(estate, clock=Clock())

        assert all_names(world) == ["a.json", "deep/er/b.bin"]
        got = storage(world, "GET", "/box/deep/er/b.bin")
        assert (got.body, got.headers["Content-Type"]) == (bytes(range(256)), "application/octet-stream")
        assert got.headers["Last-Modified"] == http(NOW)

    def test_a_folder_without_files_is_an_empty_container(self, estate):
        (estate / "blobs" / ACCOUNT / "empty").mkdir()

        assert all_names(World.load(estate), "empty") == []

    def test_the_estate_is_not_touched(self, estate):
        world = World.load(estate)
        put(world, "/box/a.json", b"changed")
        storage(world, "DELETE", "/box/deep/er/b.bin")

        assert (estate / "blobs" / ACCOUNT / "box" / "a.json").read_text() == '{"a": 1}'
        assert all_names(World.load(estate)) == ["a.json", "deep/er/b.bin"]

    @pytest.mark.parametrize(
        ("place", "message"),
        [
            pytest.param(
                "stranger/box/a",
                "blobs/stranger: no row of resources is a storage account of this name",
                id="an account that is no row",
            ),
            pytest.param(
                f"{ACCOUNT}/astray",
                f"blobs/{ACCOUNT}/astray: a blob stands in the folder of a container",
                id="a file in no container",
            ),
        ],
    )
    def test_what_cannot_be_is_named(self, estate, place, message):
        path = estate / "blobs" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")

        with pytest.raises(ValueError, match=message):
            World.load(estate)

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            pytest.param("nonsense", "blobs.ndjson:1: JSONDecodeError", id="no JSON"),
            pytest.param('{"account": "a"}', "blobs.ndjson:1: KeyError: 'container'", id="no container"),
        ],
    )
    def test_lines_are_checked(self, estate, line, message):
        (estate / "blobs.ndjson").write_text(line + "\n")

        with pytest.raises(ValueError, match=message):
            World.load(estate)


class TestDumps:
    def dumped(self, world, folder):
        world.dump(folder)
        return World.load(folder, clock=Clock())

    def test_a_blob_is_a_file_again(self, estate, tmp_path):
        world = World.load(estate)
        put(world, "/box/new/file.txt", b"text")
        storage(world, "DELETE", "/box/a.json")

        world.dump(tmp_path / "after")

        inside = tmp_path / "after" / "blobs" / ACCOUNT / "box"
        assert (inside / "new" / "file.txt").read_bytes() == b"text"
        assert not (inside / "a.json").exists()

    def test_everything_is_as_it_was(self, estate, tmp_path):
        world = World.load(estate, clock=Clock())
        storage(world, "PUT", "/boxes?restype=container", b"", x_ms_meta_kept="long")
        put(world, "/boxes/x", x_ms_meta_rows="7", x_ms_blob_content_type="text/csv", x_ms_access_tier="Cool")
        lease(world, "acquire", "/boxes/x")
        before = [
            known(world, "/boxes/x"),
            known(world, "/box/a.json"),
            known(world, "/boxes?restype=container"),
        ]

        again = self.dumped(world, tmp_path / "after")

        after = [
            known(again, "/boxes/x"),
            known(again, "/box/a.json"),
            known(again, "/boxes?restype=container"),
        ]
        assert after == before
        assert again.blobs.new_etag(0) not in [one["ETag"] for one in before]

    def test_uncommitted_blocks_are_kept(self, estate, tmp_path):
        world = World.load(estate)
        storage(world, "PUT", f"/box/c?comp=block&blockid={BLOCK_1}", b"one")
        storage(world, "PUT", f"/box/a.json?comp=block&blockid={BLOCK_2}", b"two")

        again = self.dumped(self.dumped(world, tmp_path / "after"), tmp_path / "after")

        assert all_names(again) == ["a.json", "deep/er/b.bin"]
        assert storage(again, "PUT", "/box/c?comp=blocklist", make_list(BLOCK_1)).status == 201
        assert storage(again, "PUT", "/box/a.json?comp=blocklist", make_list(BLOCK_2)).status == 201
        assert [storage(again, "GET", path).body for path in ("/box/c", "/box/a.json")] == [b"one", b"two"]

    def test_committed_blocks_can_be_named_again(self, estate, tmp_path):
        world = World.load(estate)
        for one in (BLOCK_1, BLOCK_2):
            storage(world, "PUT", f"/box/c?comp=block&blockid={one}", one.encode())
        storage(world, "PUT", "/box/c?comp=blocklist", make_list(BLOCK_1, BLOCK_2))

        again = self.dumped(world, tmp_path / "after")

        assert storage(again, "PUT", "/box/c?comp=blocklist", make_list(BLOCK_2)).status == 201
        assert storage(again, "GET", "/box/c").body == BLOCK_2.encode()

    @pytest.mark.parametrize(
        "name",
        [
            pytest.param("deep", id="the name of a folder"),
            pytest.param("deep/er/b.bin/below", id="below a file"),
            pytest.param("a//b", id="an empty segment"),
            pytest.param("a/", id="a slash at the end"),
            pytest.param("x" * 300, id="longer than a file's may be"),
            pytest.param("line%0Afeed", id="not printable"),
        ],
    )
    def test_names_no_file_can_have_survive(self, estate, tmp_path, name):
        world = World.load(estate)
        world_name = name.replace("%0A", "\n")
        put(world, f"/box/{world_name}", b"odd")

        again = self.dumped(world, tmp_path / "after")

        assert storage(again, "GET", f"/box/{world_name}").body == b"odd"
        assert storage(again, "GET", "/box/deep/er/b.bin").body == bytes(range(256))

    def test_a_dump_replaces_the_one_before(self, estate, tmp_path):
        world = World.load(estate)
        world.dump(tmp_path / "after")
        storage(world, "DELETE", "/box?restype=container")
        world.dump(tmp_path / "after")

        assert storage(World.load(tmp_path / "after"), "HEAD", "/box?restype=container").status == 404

    def test_a_dump_may_be_edited_by_hand(self, estate, tmp_path):
        folder = tmp_path / "after"
        World.load(estate).dump(folder)
        inside = folder / "blobs" / ACCOUNT / "box"
        (inside / "a.json").write_text("longer than it was")
        (inside / "deep" / "er" / "b.bin").unlink()
        (inside / "c").write_text("new")

        again = World.load(folder)

        assert all_names(again) == ["a.json", "c"]
        assert storage(again, "GET", "/box/a.json").body == b"longer than it was"

    def test_blobs_go_with_their_account(self, estate, tmp_path):
        world = World.load(estate)
        world.store.remove("resources", account()["id"], world.now() - 1)

        world.dump(tmp_path / "after")

        assert not (tmp_path / "after" / "blobs").exists()


class TestTime:
    def test_stamps_of_a_dump_shift_with_the_estate(self, estate, tmp_path):
        folder = tmp_path / "after"
        World.load(estate, clock=Clock()).dump(folder)
        (folder / "estate.json").write_text(json.dumps({"as_of": "2026-11-22T11:00:00Z"}))

        world = World.load(folder, clock=Clock())

        assert storage(world, "HEAD", "/box/a.json").headers["Last-Modified"] == http(NOW + 3600)

    def test_a_lease_ends_in_its_time(self, estate):
        world = World.load(estate, clock=Clock())
        lease(world, "acquire")

        world.advance(59)
        before = state(world)
        world.advance(1)

        assert (before, state(world)) == ("leased", "expired")
        assert storage(world, "HEAD", "/box/a.json").headers["Last-Modified"] == http(NOW - 60)

    def test_speed_divides_it(self, estate):
        world = World.load(estate, Settings(speed=60), Clock())
        lease(world, "acquire")

        world.advance(1)

        assert state(world) == "expired"

    def test_an_expired_lease_is_renewed_only_while_nobody_wrote(self, estate):
        world = World.load(estate, clock=Clock())
        lease(world, "acquire")
        world.advance(60)
        assert lease(world, "renew").status == 200
        assert state(world) == "leased"

        world.advance(60)
        put(world, "/box/a.json")

        assert lease(world, "renew").headers["x-ms-error-code"] == "LeaseIdMismatchWithLeaseOperation"

    def test_a_breaking_lease_is_broken_in_its_time(self, estate):
        world = World.load(estate, clock=Clock())
        lease(world, "acquire")

        told = lease(world, "break", x_ms_lease_break_period="30").headers["x-ms-lease-time"]
        before = state(world)
        world.advance(30)

        assert (told, before, state(world)) == ("30", "breaking", "broken")
        assert lease(world, "break").headers["x-ms-lease-time"] == "0"

    def test_a_lease_breaks_when_it_would_end_at_the_latest(self, estate):
        world = World.load(estate, clock=Clock())
        lease(world, "acquire", x_ms_lease_duration="15")

        assert lease(world, "break", x_ms_lease_break_period="60").headers["x-ms-lease-time"] == "15"

    def test_uncommitted_blocks_wait_a_week(self, estate):
        world = World.load(estate, clock=Clock())
        for path in ("/box/c", "/box/a.json"):
            storage(world, "PUT", f"{path}?comp=block&blockid={BLOCK_1}", b"one")

        world.advance(7 * 86400 - 1)
        assert b"<Size>3</Size>" in storage(world, "GET", "/box/c?comp=blocklist&blocklisttype=all").body
        world.advance(1)

        assert storage(world, "GET", "/box/c?comp=blocklist&blocklisttype=all").status == 404
        assert b"<Size>" not in storage(world, "GET", "/box/a.json?comp=blocklist&blocklisttype=all").body


class TestBytes:
    def files(self, world):
        return len(list(world.blobs._folder.iterdir()))

    def test_putting_the_whole_blob_forgets_blocks(self, estate):
        """Azurite keeps them."""
        world = World.load(estate)
        storage(world, "PUT", f"/box/a.json?comp=block&blockid={BLOCK_1}", b"one")
        put(world, "/box/a.json")

        refused = storage(world, "PUT", "/box/a.json?comp=blocklist", make_list(BLOCK_1))

        assert (refused.status, refused.headers["x-ms-error-code"]) == (400, "InvalidBlockList")

    def test_what_nobody_can_read_any_more_takes_no_room(self, estate):
        world = World.load(estate)
        at_first = self.files(world)
        for _ in range(3):
            put(world, "/box/x")
            storage(world, "PUT", f"/box/x?comp=block&blockid={BLOCK_1}", b"one")
        storage(world, "PUT", "/box/x?comp=blocklist", make_list(BLOCK_1, BLOCK_1))
        storage(world, "DELETE", "/box/x")
        assert self.files(world) == at_first

        storage(world, "DELETE", "/box?restype=container")

        assert self.files(world) == 0

    def test_a_long_answer_is_read_while_it_is_sent_as_it_was_when_it_was_asked_for(self, estate):
        world, old = World.load(estate), b"old" * (1 << 20)
        at_first = self.files(world)
        put(world, "/box/x", old)
        whole = storage(world, "GET", "/box/x").body
        part = storage(world, "GET", "/box/x", range="bytes=1000000-2999999").body
        put(world, "/box/x", b"new")

        assert (len(whole), b"".join(whole.pieces())) == (len(old), old)
        assert b"".join(part.pieces()) == old[1_000_000:3_000_000]
        assert b"".join(whole.first(1_500_000)) == old[:1_500_000]
        assert storage(world, "GET", "/box/x").body == b"new"
        del whole, part
        assert self.files(world) == at_first + 1

    def test_a_block_is_not_empty(self, estate):
        """Azurite takes it."""
        refused = storage(World.load(estate), "PUT", f"/box/x?comp=block&blockid={BLOCK_1}", b"")

        assert (refused.status, refused.headers["x-ms-error-code"]) == (400, "InvalidHeaderValue")

    def test_a_list_has_an_end(self, estate, monkeypatch):
        monkeypatch.setattr(blob_blocks, "MOST_BLOCKS", 1)
        world = World.load(estate)
        storage(world, "PUT", f"/box/x?comp=block&blockid={BLOCK_1}", b"one")

        refused = storage(world, "PUT", "/box/x?comp=blocklist", make_list(BLOCK_1, BLOCK_1))

        assert (refused.status, refused.headers["x-ms-error-code"]) == (400, "BlockListTooLong")

    def test_the_folder_goes_with_the_world(self, estate):
        world = World.load(estate)
        folder = world.blobs._folder
        assert folder.is_dir()

        del world

        assert not folder.exists()
