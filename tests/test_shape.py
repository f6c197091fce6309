"""The shape of the project: who may import whom, how long things may be, what may not be in them."""

import ast
import asyncio
import re
import socket
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# A place -> what of ours it may import. A dotted name allows that module alone.
MAY_IMPORT = {
    "runbooks/*.py": {"backupkit"},
    "modules/backupkit/**/*.py": {"backupkit"},
    "modules/deployer/**/*.py": {"deployer", "backupkit.errors", "backupkit.params"},
    "deploy_runbooks.py": {"deployer"},
    "simulator/**/*.py": {"simulator"},
}
OURS = {"backupkit", "deployer", "deploy_runbooks", "runbooks", "simulator", "tests"}

MAY_PRINT = {
    "modules/backupkit/speaking.py",  # the streams of a runbook
    "modules/deployer/cli.py",
    "simulator/cli.py",
    "simulator/demo_saying.py",
}
SWITCHED_OFF = re.compile(
    r"type:\s*ignore|pragma:\s*no cover|\b(TODO|FIXME|XXX)\b|(mark|pytest)\.(skip|xfail|importorskip)"
)
LOCKS = ["modules/sandbox.lock", "requirements/tools.lock", "requirements/locking.lock"]


def ours() -> list[Path]:
    """Every Python file but the tests'."""
    return [path for place in MAY_IMPORT for path in sorted(ROOT.glob(place))]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part not in ("modules", "__init__"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def imports(path: Path) -> Iterator[str]:
    """Dotted names of all that a file imports, lazily imported or not, relative ones spelt out."""
    package = module_of(path).split(".") if path.name == "__init__.py" else module_of(path).split(".")[:-1]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*base, *filter(None, [node.module])])
            yield from (f"{source}.{alias.name}" for alias in node.names)


def allows(name: str, imported: str) -> bool:
    return imported == name or imported.startswith(f"{name}.")


@pytest.mark.parametrize("place", MAY_IMPORT)
def test_a_place_imports_of_ours_only_what_it_may(place):
    strangers = [
        f"{name_of(path)} imports {imported}"
        for path in sorted(ROOT.glob(place))
        for imported in imports(path)
        if imported.split(".")[0] in OURS and not any(allows(name, imported) for name in MAY_IMPORT[place])
    ]

    assert strangers == []


def test_the_kit_has_layers_and_no_cycles():
    """errors <- records <- readers and verbs <- entrypoint."""
    files = {module_of(path): path for path in ROOT.glob("modules/backupkit/*.py") if path.stem != "__init__"}
    imported = {module: list(imports(path)) for module, path in files.items()}
    needs = {
        module: {other for other in files for name in names if allows(other, name)}
        for module, names in imported.items()
    }

    assert needs.get("backupkit.errors", set()) == set()
    plain = {"errors", "times", "failures", "kinds"}
    assert needs.get("backupkit.records", set()) <= {f"backupkit.{name}" for name in plain}
    assert [module for module in needs if "backupkit.entrypoint" in needs[module]] == []
    TopologicalSorter(needs).prepare()


def test_a_runbook_is_read_in_one_sitting():
    """The aim is 250 lines."""
    long = {name_of(path): lines(path) for path in ROOT.glob("runbooks/*.py") if lines(path) > 350}

    assert long == {}


def test_a_file_has_one_job():
    """The aim is 200 lines."""
    long = {name_of(path): lines(path) for path in ours() if lines(path) > 350}

    assert long == {}


def test_a_function_fits_a_screen():
    """Without its docstring; the aim is 4 to 12 lines."""
    long = {
        f"{name_of(path)}:{function.lineno} {function.name}": length(function)
        for path in ours()
        for function in ast.walk(tree(path))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and length(function) > 40
    }

    assert long == {}


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = function.body[0]
    documented = ast.get_docstring(function) is not None
    return function.end_lineno - function.lineno + 1 - documented * (first.end_lineno - first.lineno + 1)


def test_only_those_that_talk_to_people_print():
    printing = [
        f"{name_of(path)}:{node.lineno}"
        for path in ours()
        if name_of(path) not in MAY_PRINT
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]

    assert printing == []


def test_nothing_is_switched_off_or_left_for_later():
    tests = [path for path in sorted(ROOT.glob("tests/**/*.py")) if path != Path(__file__)]
    found = [
        f"{name_of(path)}:{number}: {line.strip()}"
        for path in [*ours(), *tests]
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if SWITCHED_OFF.search(line)
    ]

    assert found == []


def test_no_runbook_touches_the_import_path():
    """The bundle brings the kit in Azure, a .pth file here."""
    touching = [name_of(path) for path in ROOT.glob("runbooks/*.py") if "sys.path" in path.read_text()]

    assert touching == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_every_package_by_hash_and_names_no_place(lock):
    text = (ROOT / lock).read_text()
    packages = re.findall(r"^\w.*(?:\n    .*)*", text, re.MULTILINE)
    pinned = re.compile(r"[\w.-]+==\S+.* \\\n    --hash=sha256:[0-9a-f]{64}")

    assert [package for package in packages if not pinned.match(package)] == []
    assert re.findall(r"^-.*|\w+://\S+|(?<![\w.])/\S+", text, re.MULTILINE) == []


def test_the_kit_is_tested_with_the_packages_it_has_in_azure():
    assert pins("modules/sandbox.lock") - pins("requirements/tools.lock") == set()


def pins(lock: str) -> set[str]:
    return set(re.findall(r"^\S+==\S+", (ROOT / lock).read_text(), re.MULTILINE))


LEAVING = {
    "connecting": lambda: socket.socket().connect(("192.0.2.1", 443)),
    "sending a datagram": lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"", ("192.0.2.1", 53)),
    "asking for a name": lambda: socket.getaddrinfo("management.azure.com", 443),
    "serving every interface": lambda: socket.socket().bind(("", 0)),
    "connecting in an event loop": lambda: asyncio.run(asyncio.open_connection("192.0.2.1", 443)),
}


@pytest.mark.parametrize("way", LEAVING)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_test_cannot_leave_this_machine_by(way):
    with pytest.raises(BaseException, match="tests reach loopback only"):
        LEAVING[way]()
