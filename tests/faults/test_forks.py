"""A script that is forked is what it would be as a process of its own."""

import asyncio
import os
import subprocess
import sys

import pytest

from tests.journeys import forks
from tests.journeys.forks import ROOT, Group, Interpreter

ENVIRONMENT = {**os.environ, "IDENTITY_HEADER": "one"}


@pytest.fixture(scope="module")
def interpreter():
    with Interpreter(sys.executable, ["requests"]) as made:
        yield made


def forked(interpreter, folder, *argv, group=None):
    """Exit code, stdout and stderr."""
    code = asyncio.run(interpreter.run(group or Group(), argv, ENVIRONMENT, folder))
    return code, (folder / "stdout").read_text(), (folder / "stderr").read_text()


def written(folder, text):
    script = folder / "script.py"
    script.write_text(text)
    return str(script)


def relative(script):
    return os.path.relpath(script, ROOT)


SEES = """
import os, sys, threading
print(sys.argv, sys.path[0], __file__, __name__, sys.modules["__main__"].__file__, sys.executable, sys.prefix)
print(dict(os.environ), os.getcwd(), sorted(os.listdir("/dev/fd"))[:3], sys.stdout.isatty(), sys.stdin.read())
print(threading.enumerate()[1:], [name for name in sys.modules if name.startswith("backupkit")])
from backupkit import errors
print(errors.__file__, file=sys.stderr)
"""
ENDS = {
    "at its last line": "print('done')",
    "with a code": "import sys; print('left'); sys.exit(3)",
    "with a text": "import sys; sys.exit('no such thing')",
    "saying something at exit": "import atexit; atexit.register(print, 'bye')",
    "waiting for its threads": "import threading; threading.Thread(target=lambda: print('thread')).start()",
    "past its buffers": "import os; print('lost'); os._exit(4)",
}


@pytest.mark.parametrize("text", [SEES, *ENDS.values()], ids=["what it sees", *ENDS])
def test_it_is_as_a_process_of_its_own(interpreter, tmp_path, text):
    argv = [relative(written(tmp_path, text)), "a b", "--c"]
    process = subprocess.run(
        [sys.executable, *argv],
        cwd=ROOT,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    assert forked(interpreter, tmp_path, *argv) == (process.returncode, process.stdout, process.stderr)


def test_an_error_is_told_and_fails_it(interpreter, tmp_path):
    code, stdout, stderr = forked(interpreter, tmp_path, written(tmp_path, "print('so far'); 1 / 0"))

    assert (code, stdout) == (1, "so far\n")
    assert stderr.endswith("ZeroDivisionError: division by zero\n")


def test_a_signal_ends_it(interpreter, tmp_path):
    script = written(tmp_path, "import os; os.kill(os.getpid(), 15)")

    assert forked(interpreter, tmp_path, script) == (128 + 15, "", "")


def test_what_one_changes_the_next_does_not_see(interpreter, tmp_path):
    """In a library that both share, in the environment, in what is imported."""
    script = written(
        tmp_path,
        "import os, requests, backupkit.errors as errors\n"
        "print(getattr(requests, 'seen', ''), os.environ.get('SEEN'), getattr(errors, 'seen', ''))\n"
        "requests.seen = os.environ['SEEN'] = errors.seen = 'seen'\n",
    )

    assert [forked(interpreter, tmp_path, script)[1] for _ in range(2)] == [" None \n"] * 2


def test_what_it_leaves_behind_is_killed(interpreter, tmp_path):
    """Its child holds the pipe open for writing: were it alive, reading would not end."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    script = written(
        tmp_path,
        "import subprocess, sys\n"
        "with open(sys.argv[1], 'w') as pipe:\n"
        "    subprocess.Popen(['sleep', '600'], stdout=pipe)\n"
        "    sys.exit(4)\n",
    )

    assert forked(interpreter, tmp_path, script, str(pipe))[0] == 4
    os.set_blocking(reading, True)
    assert os.read(reading, 1) == b""
    os.close(reading)


def test_one_that_hangs_is_killed(interpreter, tmp_path, monkeypatch):
    monkeypatch.setattr(forks, "LONGEST_S", 0.1)
    script, group = written(tmp_path, "import signal; signal.pause()"), Group()

    with pytest.raises(TimeoutError):
        forked(interpreter, tmp_path, script, group=group)

    monkeypatch.undo()
    assert forked(interpreter, tmp_path, written(tmp_path, "print('next')"))[1] == "next\n"


@pytest.mark.parametrize(
    ("module", "told"),
    [
        pytest.param("backupkit.errors", "share installed libraries only, not backupkit", id="is ours"),
        pytest.param("no.such", "No module named 'no'", id="is missing"),
    ],
)
def test_it_is_not_warmed_with_a_module_that(tmp_path, module, told):
    with (
        Interpreter(sys.executable, [module]) as interpreter,
        pytest.raises(RuntimeError, match=f"has ended: (?s:.*){told}"),
    ):
        forked(interpreter, tmp_path, "script.py")
