"""A built runbook is one file that brings its kit, and can be told from another by what is in it."""

import base64
import json
import os
import re
import shutil
import subprocess
import zlib
from pathlib import Path

import pytest
from deployer.bundle import MARK, build, differences, unpack
from deployer.errors import DeployError
from hypothesis import given
from hypothesis import strategies as st

from tests.journeys.runs import SANDBOX

ROOT = Path(__file__).parents[2]
KIT = ROOT / "modules" / "backupkit"
RUNBOOK = '''"""A runbook."""

from __future__ import annotations

import sys
from backupkit.times import stamp
from backupkit import errors

if __name__ == "__main__":
    print(errors.__file__, errors.BackupkitError.__module__, len(sys.argv))
    stamp(None)
'''


@pytest.fixture
def runbook(tmp_path):
    """Writes a source, and gives the text that is built from it."""

    def built(source=RUNBOOK, kit=KIT):
        path = tmp_path / "source.py"
        path.write_text(source, encoding="utf-8")
        return build(path, kit)

    return built


def run(text, folder, *arguments, before=()):
    """Run a built runbook on the sandbox's Python, in a folder of its own; the clone is out of sight."""
    folder.mkdir()
    path = folder / "uploaded.py"
    path.write_text(text, encoding="utf-8")
    bare = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    command = [SANDBOX, "-I", *before, str(path), *arguments]
    return subprocess.run(
        command, cwd=folder, env=bare, capture_output=True, text=True, check=False, timeout=60
    )


def test_the_kit_is_the_one_in_the_file_and_nothing_is_written(runbook, tmp_path):
    ended = run(runbook(), tmp_path / "sandbox", "one", "two")

    assert ended.stdout == "backupkit/errors.py backupkit.errors 3\n"
    assert [path.name for path in (tmp_path / "sandbox").iterdir()] == ["uploaded.py"]


def test_a_traceback_from_the_kit_names_its_file_and_line_and_shows_it(runbook, tmp_path):
    ended = run(runbook(), tmp_path / "sandbox")
    lines = (KIT / "times.py").read_text().splitlines()
    place = re.search(r'File "backupkit/times\.py", line (\d+), in stamp\n +(.+)\n', ended.stderr)

    assert ended.returncode == 1
    assert place is not None, ended.stderr
    assert place[2] == lines[int(place[1]) - 1].strip()


def test_without_a_file_name_the_first_argument_leads_to_the_text(runbook, tmp_path):
    """Some hosts execute the text of a runbook rather than its file."""
    hosted = "import sys; sys.argv = sys.argv[1:]; exec(open(sys.argv[0]).read(), {'__name__': '__main__'})"
    ended = run(runbook(), tmp_path / "sandbox", before=("-c", hosted))

    assert ended.stdout == "backupkit/errors.py backupkit.errors 1\n"


def test_the_shipped_runbook_runs_when_it_is_built(tmp_path):
    ended = run(build(ROOT / "runbooks" / "auto_retry.py", KIT), tmp_path / "sandbox", "help")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("Retry failed backups whose cause is known to pass.")


def test_the_same_files_give_the_same_bytes_wherever_the_clone_stands(tmp_path):
    runbooks, modules = tmp_path / "runbooks", tmp_path / "elsewhere"
    shutil.copytree(ROOT / "runbooks", runbooks)
    shutil.copytree(KIT, modules / "backupkit")

    assert build(runbooks / "auto_retry.py", modules / "backupkit") == build(
        ROOT / "runbooks" / "auto_retry.py", KIT
    )


def test_what_one_reads_of_it_is_the_source_but_for_the_preamble(runbook):
    source = unpack(runbook()).source

    assert source.startswith(RUNBOOK.partition("import sys")[0])
    assert source.endswith(RUNBOOK.partition("import sys")[2].rstrip("\n"))
    assert source.index("from __future__") < source.index("_bring_the_kit()") < source.index("\nimport sys")


@pytest.mark.parametrize(
    "source",
    [
        pytest.param('"""Nothing to import."""\nprint("ran")\n', id="no import"),
        pytest.param('from __future__ import annotations\nprint("ran")\n', id="only the future"),
        pytest.param('import backupkit; print("ran")', id="an import on the first line, and no last newline"),
    ],
)
def test_any_runbook_can_be_built(runbook, tmp_path, source):
    assert run(runbook(source), tmp_path / "sandbox").stdout == "ran\n"


def test_a_runbook_that_is_no_python_is_named_with_its_line(runbook):
    with pytest.raises(DeployError, match=r"source\.py: line 2 is no Python: "):
        runbook("import sys\ndef broken(:\n")


# -- telling one from another ----------------------------------------------------------------------


def repacked(text, level):
    files = unpack(text).files
    packed = base64.b64encode(zlib.compress(json.dumps(dict(files), indent=1).encode(), level)).decode()
    return unpack(text).source + "\n" + MARK + packed


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda text: text, id="none"),
        pytest.param(lambda text: text.replace("\n", "\r\n"), id="line ends of Windows"),
        pytest.param(lambda text: "\ufeff" + text, id="a byte order mark"),
        pytest.param(lambda text: text.rstrip("\n"), id="no newline at the end"),
        pytest.param(lambda text: repacked(text, 1), id="compressed by another zlib"),
    ],
)
def test_what_a_service_or_another_machine_may_change_makes_no_difference(runbook, change):
    text = runbook()

    assert differences("auto_retry", change(text), text) == []


def test_what_has_changed_is_named(runbook, tmp_path):
    shutil.copytree(KIT, tmp_path / "backupkit")
    (tmp_path / "backupkit" / "times.py").write_text("stamp = str\n")
    (tmp_path / "backupkit" / "more.py").write_text("")
    (tmp_path / "backupkit" / "graph.py").unlink()
    text = runbook()

    assert differences("auto_retry", text, runbook(RUNBOOK + "# more\n")) == ["auto_retry.py"]
    assert differences("auto_retry", text, runbook(kit=tmp_path / "backupkit")) == [
        "backupkit/graph.py",
        "backupkit/more.py",
        "backupkit/times.py",
    ]


@pytest.mark.parametrize(
    "text", ["print('theirs')\n", "#| no base64\n", f"{MARK}{base64.b64encode(b'no zlib').decode()}", ""]
)
def test_a_text_of_somebody_else_differs_in_everything(runbook, text):
    text_of_ours = runbook()
    kit = sorted(unpack(text_of_ours).files)

    assert set(differences("auto_retry", text, text_of_ours)) >= {"auto_retry.py", *kit}


@given(
    st.text(
        alphabet=st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\ufeff\0"), max_size=200
    )
)
def test_every_file_comes_back_as_it_was(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("kit")
    (folder / "backupkit").mkdir()
    (folder / "backupkit" / "__init__.py").write_bytes(text.encode())
    (folder / "runbook.py").write_text("import backupkit\n")

    assert unpack(build(folder / "runbook.py", folder / "backupkit")).files == {"backupkit/__init__.py": text}
