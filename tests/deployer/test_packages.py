"""From a lock file to the wheels of the sandbox, with the machine's own pip and an index that is a folder."""

import os
import socket
import sys
from pathlib import Path

import pytest
from deployer import packages
from deployer.packages import PackageError, Pin

from tests.deployer.wheels import lock, sha256, wheel

A, B = "a" * 64, "b" * 64


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder that is all the index there is."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def fetched(tmp_path):
    return tmp_path / "wheels"


class TestLocks:
    def test_a_lock_is_versions_and_their_hashes(self, tmp_path):
        path = tmp_path / "a.lock"
        path.write_text(
            "# Made by `make lock`\n"
            f"Azure_Core==1.41.0 \\\n    --hash=sha256:{A} \\\n    --hash=sha256:{B}\n    # via msrest\n"
            f"\npyjwt==2.15.1 \\\n    --hash=sha256:{B}\n"
        )

        assert packages.pins(path) == (Pin("azure-core", "1.41.0", (A, B)), Pin("pyjwt", "2.15.1", (B,)))

    def test_the_lock_of_the_sandbox_is_one(self, root):
        names = [pin.name for pin in packages.pins(root / "modules/sandbox.lock")]

        assert {"azure-identity", "typing-extensions", "tzdata"} <= set(names)
        assert len(names) == len((root / "modules/sandbox.lock").read_text().split("==")) - 1

    @pytest.mark.parametrize(
        ("text", "number", "line"),
        [
            pytest.param("thing>=1.0 \\\n", 1, "thing>=1.0 \\", id="no version pinned"),
            pytest.param("thing==1.0\n", 1, "thing==1.0", id="no hash"),
            pytest.param("#\nthing==1.0 \\\n    # via x\n", 2, "thing==1.0 \\", id="a hash announced only"),
            pytest.param("thing==1.0 \\\n    --hash=md5:12\n", 2, "--hash=md5:12", id="another kind of hash"),
            pytest.param(f"    --hash=sha256:{A}\n", 1, f"--hash=sha256:{A}", id="a hash of nothing"),
            pytest.param(
                f"thing==1.0 ; python_version < '3.9' \\\n    --hash=sha256:{A}\n",
                1,
                "thing==1.0 ; python_version < '3.9' \\",
                id="a marker",
            ),
            pytest.param("--index-url https://x\n", 1, "--index-url https://x", id="an index"),
            pytest.param(
                f"a.b==1 \\\n    --hash=sha256:{A}\nA-B==2 \\\n    --hash=sha256:{B}\n",
                1,
                "a.b==1 \\",
                id="a package twice",
            ),
        ],
    )
    def test_anything_else_is_told_with_its_line(self, tmp_path, text, number, line):
        path = tmp_path / "a.lock"
        path.write_text(text)

        with pytest.raises(PackageError) as caught:
            packages.pins(path)

        told = str(caught.value)
        assert told.startswith(
            f"{path}:{number}: expected each package once, as name==version and its --hash"
        )
        assert told.endswith(f"got {line!r:.80}; run `make lock`")

    def test_a_lock_that_is_not_there_is_told(self, tmp_path):
        with pytest.raises(PackageError, match=r"a\.lock: cannot be read: .*No such file"):
            packages.pins(tmp_path / "a.lock")

    def test_the_digest_is_of_the_versions_whatever_their_order(self):
        one, other = Pin("a", "1", (A,)), Pin("b", "2", (A,))

        assert packages.digest([one, other]) == packages.digest([other, Pin("a", "1", (B,))])
        assert packages.digest([one, other]) != packages.digest([one, Pin("b", "3", (A,))])
        assert len(packages.digest([one])) == 16

    @pytest.mark.parametrize(
        ("version", "azures"),
        [
            ("3.11", "3.11"),
            ("2026.10.18", "2026.10.18"),
            ("1.2.3.4", "1.2.3.4"),
            ("5", None),
            ("1.2.3.4.5", None),
            ("1.0rc1", None),
            ("1.0.post1", None),
            ("1.0+local", None),
        ],
    )
    def test_azure_takes_two_to_four_numbers_for_a_version(self, version, azures):
        assert packages.azure_version(version) == azures


class TestWheels:
    def test_a_wheel_is_downloaded_and_described(self, tmp_path, index, fetched):
        made = wheel(index, "Some_Thing", "1.2")

        [found] = packages.wheels(lock(tmp_path / "a.lock", made, more=[A]), fetched)

        assert (found.name, found.version, found.filename) == ("some-thing", "1.2", made.name)
        assert found.sha256 == sha256(made) == sha256(found.path)

    @pytest.mark.parametrize(
        ("tags", "taken"),
        [
            pytest.param(["cp310-cp310-manylinux_2_17_x86_64", "py3-none-any"], 0, id="one made for it"),
            pytest.param(["cp39-abi3-manylinux2014_x86_64"], 0, id="one of an older stable ABI"),
            pytest.param(
                ["cp310-cp310-manylinux_2_28_x86_64", "cp310-cp310-manylinux_2_17_x86_64"],
                1,
                id="the one of the older glibc",
            ),
            pytest.param(["cp310-cp310-manylinux_2_28_x86_64"], 0, id="one of the newest glibc, alone"),
            pytest.param(["cp310-cp310-manylinux2010_x86_64"], 0, id="one of an ancient glibc"),
            pytest.param(
                ["cp311-cp311-manylinux_2_17_x86_64", "cp310-cp310-win_amd64", "py2.py3-none-any"],
                2,
                id="no other Python's or system's",
            ),
        ],
    )
    def test_of_the_wheels_of_a_version_the_sandbox_gets(self, tmp_path, index, fetched, tags, taken):
        made = [wheel(index, tag=tag) for tag in tags]

        [found] = packages.wheels(lock(tmp_path / "a.lock", *made), fetched)

        assert found.filename == made[taken].name

    def test_another_python_gets_its_own(self, tmp_path, index, fetched):
        made = [wheel(index, tag=f"cp3{minor}-cp3{minor}-manylinux2014_x86_64") for minor in (10, 12)]
        locked = lock(tmp_path / "a.lock", *made)

        names = [packages.wheels(locked, fetched, python)[0].filename for python in ("3.10", "3.12", "3.10")]

        assert names == [made[0].name, made[1].name, made[0].name]

    def test_what_is_there_is_not_asked_for_again(self, tmp_path, index, fetched):
        made = [wheel(index, "one"), wheel(index, "two")]
        locked = lock(tmp_path / "a.lock", *made)
        first = packages.wheels(locked, fetched)
        for path in made:
            path.unlink()

        assert packages.wheels(locked, fetched) == first

    def test_a_wheel_that_was_damaged_is_downloaded_again(self, tmp_path, index, fetched):
        locked = lock(tmp_path / "a.lock", wheel(index))
        [first] = packages.wheels(locked, fetched)
        first.path.write_bytes(first.path.read_bytes()[:-1])

        assert packages.wheels(locked, fetched) == (first,)
        assert sha256(first.path) == first.sha256

    def test_a_new_version_is_downloaded(self, tmp_path, index, fetched):
        packages.wheels(lock(tmp_path / "a.lock", wheel(index)), fetched)
        newer = wheel(index, version="2.0")

        [found] = packages.wheels(lock(tmp_path / "a.lock", newer), fetched)

        assert found.filename == newer.name

    @pytest.mark.parametrize("moved", [0, 1])
    def test_a_download_that_was_stopped_is_done_again(self, tmp_path, index, fetched, monkeypatch, moved):
        made = [wheel(index, "one"), wheel(index, "two")]
        locked, really, targets = lock(tmp_path / "a.lock", *made), Path.replace, []

        def replace(path, target):
            targets.append(target)
            if len(targets) > moved:
                raise KeyboardInterrupt
            return really(path, target)

        monkeypatch.setattr(Path, "replace", replace)
        with pytest.raises(KeyboardInterrupt):
            packages.wheels(locked, fetched)
        monkeypatch.setattr(Path, "replace", really)

        assert len(list(fetched.glob("*/*.whl"))) == moved
        assert [found.name for found in packages.wheels(locked, fetched)] == ["one", "two"]
        assert [path.name for path in fetched.iterdir()] == [
            f"{packages.digest(packages.pins(locked))}-cp310"
        ]

    def test_a_constraint_of_this_machine_decides_nothing(self, tmp_path, index, fetched, monkeypatch):
        constraint = tmp_path / "constraint.txt"
        constraint.write_text("thing==9\n")
        monkeypatch.setenv("PIP_CONSTRAINT", str(constraint))

        [found] = packages.wheels(lock(tmp_path / "a.lock", wheel(index)), fetched)

        assert found.version == "1.0"


class TestWhatPipCannotGet:
    def refused(self, locked, fetched):
        with pytest.raises(PackageError) as caught:
            packages.wheels(locked, fetched)
        assert list(fetched.glob("*/*.whl")) == []
        return str(caught.value).removeprefix(f"{locked}: ")

    @pytest.mark.parametrize(
        "tag",
        [
            pytest.param("cp311-cp311-manylinux_2_17_x86_64", id="another Python"),
            pytest.param("cp310-cp310-manylinux_2_17_aarch64", id="another machine"),
            pytest.param("cp310-cp310-musllinux_1_2_x86_64", id="another C library"),
            pytest.param("cp310-cp310-manylinux_2_34_x86_64", id="a newer glibc"),
        ],
    )
    def test_a_package_with_wheels_for_others_only(self, tmp_path, index, fetched, tag):
        locked = lock(tmp_path / "a.lock", wheel(index, tag=tag))

        assert self.refused(locked, fetched) == (
            "thing 1.0: the index has no wheel of it that the sandbox can run (cp310 or abi3 with manylinux "
            "up to 2_28 x86_64, or none-any): pin another version in modules/sandbox.in and run `make lock`"
        )

    def test_a_package_of_another_python(self, tmp_path, index, fetched):
        locked = lock(tmp_path / "a.lock", wheel(index, requires_python=[">=3.11"]))

        assert self.refused(locked, fetched) == (
            "thing needs Python >=3.11, and the sandbox has 3.10: "
            "pin another version in modules/sandbox.in and run `make lock`"
        )

    def test_other_files_than_those_of_the_lock(self, tmp_path, index, fetched):
        locked = lock(tmp_path / "a.lock", wheel(index))
        other = wheel(index, content="other = True")

        assert self.refused(locked, fetched) == (
            f"thing 1.0: the index offers other files than the lock was made from (sha256 {sha256(other)}): "
            "do not deploy; find out why, then run `make lock`"
        )

    def test_an_index_that_does_not_answer(self, tmp_path, index, fetched, monkeypatch):
        locked = lock(tmp_path / "a.lock", wheel(tmp_path))
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.setenv("PIP_RETRIES", "0")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            host = f"127.0.0.1:{deaf.getsockname()[1]}"
            monkeypatch.setenv("PIP_INDEX_URL", f"http://me:s3cret@{host}/simple")

            assert self.refused(locked, fetched) == (
                f"thing 1.0: not found, and an index could not be read (http://{host} connection error): "
                "check the network, the proxy, and what `pip config list` says of indexes"
            )

    def test_a_python_without_pip(self, tmp_path, index, fetched, monkeypatch):
        locked = lock(tmp_path / "a.lock", wheel(index))
        bare = tmp_path / "python"
        bare.write_text(f'#!/bin/sh\nexec {sys._base_executable} -S "$@"\n')
        bare.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(bare))

        assert self.refused(locked, fetched) == (
            "pip could not be started; install it for the Python that runs the deployer"
        )
