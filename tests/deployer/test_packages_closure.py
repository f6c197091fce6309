"""What distributions need, and whether it is among them, as the sandbox would see it."""

import pytest
from deployer import closure, packages
from deployer.packages import PackageError, Wheel

from tests.deployer.wheels import fields, wheel


def described(name, version="1.0", *requires, python=()):
    needs = fields({"requires_dist": requires, "requires_python": python})
    return closure.read(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}".encode())


def lacks(who, what, has="does not have"):
    sandbox = "modules/sandbox"
    return f"{who} needs {what}, which {sandbox}.lock {has}: add {what} to {sandbox}.in and run `make lock`"


@pytest.mark.parametrize(
    ("requires", "told"),
    [
        pytest.param(["b"], [], id="what is there"),
        pytest.param(["B>=1.5,<3"], [], id="a version that is there"),
        pytest.param(["c>=4.6.0"], [lacks("a 1.0", "c>=4.6.0")], id="what is not there"),
        pytest.param(["b>=2.5"], [lacks("a 1.0", "b>=2.5", "has in 2.0")], id="another version of it"),
        pytest.param(["C_c ; python_version >= '3.10'"], [lacks("a 1.0", "c-c")], id="what its Python needs"),
        pytest.param(["c ; python_version < '3.10'"], [], id="what older Pythons need"),
        pytest.param(["c ; python_full_version >= '3.11.0a7'"], [], id="what newer Pythons need"),
        pytest.param(["c ; sys_platform == 'win32'"], [], id="what Windows needs"),
        pytest.param(["c ; platform_system == 'Linux'"], [lacks("a 1.0", "c")], id="what Linux needs"),
        pytest.param(["c ; platform_machine == 'aarch64'"], [], id="what another machine needs"),
        pytest.param(["c ; implementation_name == 'pypy'"], [], id="what another interpreter needs"),
        pytest.param(["c ; extra == 'fast'"], [], id="an extra that nobody asks for"),
        pytest.param(["b[fast]"], [lacks("b 2.0", "d")], id="an extra that somebody asks for"),
        pytest.param(
            ["a[more]", "b[FAST] ; extra == 'more'"], [lacks("b 2.0", "d")], id="an extra of an extra"
        ),
        pytest.param(["c", "c"], [lacks("a 1.0", "c")], id="what is not there, told once"),
    ],
)
def test_of_what_a_distribution_needs_the_others_lack(requires, told):
    others = [described("b", "2.0", "d ; extra == 'fast'")]

    assert closure.unmet([described("a", "1.0", *requires), *others], "3.10") == told


@pytest.mark.parametrize(("python", "wanted"), [("3.10", ">=3.9"), ("3.12", ">=3.11,<4")])
def test_a_distribution_may_need_a_python_that_is_there(python, wanted):
    assert closure.unmet([described("a", python=[wanted])], python) == []


def test_a_distribution_that_needs_a_newer_python_is_told():
    [told] = closure.unmet([described("a", python=[">=3.11"])], "3.10")

    assert told == (
        "a 1.0 needs Python >=3.11, and the sandbox has 3.10: "
        "pin another version of it in modules/sandbox.in and run `make lock`"
    )


def test_a_release_candidate_is_a_version_too():
    assert closure.unmet([described("a", "1.0", "b>=1"), described("b", "2.0rc1")], "3.10") == []


def test_the_lock_of_the_sandbox_is_complete(root):
    """Installed from it, all of it and nothing else, is what stands in .venv-sandbox."""
    [installed] = (root / ".venv-sandbox/lib").glob("python*/site-packages")
    of_the_venv = {"pip", "setuptools"}
    there = [closure.read(path.read_bytes()) for path in installed.glob("*.dist-info/METADATA")]
    there = [one for one in there if one.name not in of_the_venv]

    locked = {(pin.name, pin.version) for pin in packages.pins(root / "modules/sandbox.lock")}
    assert {(one.name, one.version) for one in there} == locked
    assert closure.unmet(there, "3.10") == []
    assert closure.unmet([one for one in there if one.name != "cffi"], "3.10") != []


def described_wheel(path):
    return Wheel("a", "1.0", path.name, "", path)


def test_a_wheel_says_itself_what_it_needs(tmp_path):
    needy = described_wheel(wheel(tmp_path, "a", requires_dist=["b>=2"]))

    assert packages.missing([needy]) == [lacks("a 1.0", "b>=2")]
    assert packages.missing([needy, described_wheel(wheel(tmp_path, "b", "2.1"))]) == []


def test_a_file_that_is_no_wheel_is_told(tmp_path):
    path = tmp_path / "a-1.0-py3-none-any.whl"
    path.write_bytes(b"<html>")

    with pytest.raises(PackageError, match=r"a-1\.0-py3-none-any\.whl: no wheel with readable METADATA: "):
        packages.missing([described_wheel(path)])


def test_a_wheel_with_an_unreadable_need_is_told(tmp_path):
    with pytest.raises(PackageError, match=r"no wheel with readable METADATA: .*requires-dist"):
        packages.missing([described_wheel(wheel(tmp_path, "a", requires_dist=["b >> 2"]))])
