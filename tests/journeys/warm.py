"""A Python that has imported libraries, and forks a child for each script it is told to run.

    python warm.py DESCRIPTOR FOLDER MODULE...

Over the socket of that descriptor it gets one of its own for each script. On this it reads an order,
a line `{"argv", "environment", "cwd", "stdout", "stderr"}`, and writes two: the process group, then,
when it has ended, the exit code. It ends when nobody can order any more. FOLDER keeps what
children compile. It runs on the sandbox's Python too.
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import json
import marshal
import os
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from importlib.abc import InspectLoader
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any


def warm(modules: Sequence[str]) -> None:
    """Import libraries; what a project has of its own is to be imported by each child.

    Raises:
        ImportError: one is missing, or brings in what is not installed: children would share its state.
        RuntimeError: one has started a thread, which a child would not have.
    """
    before = set(sys.modules)
    for module in modules:
        importlib.import_module(module)
    files = {name: getattr(sys.modules[name], "__file__", None) for name in set(sys.modules) - before}
    strangers = [name for name, file in files.items() if file and not is_installed(Path(file))]
    if strangers:
        raise ImportError(f"children share installed libraries only, not {', '.join(sorted(strangers))}")
    if threading.active_count() > 1:
        raise RuntimeError(f"a fork keeps one thread, and there are {threading.enumerate()}")
    gc.freeze()  # else a collection in a child copies all of it


def keep_compiled(folder: Path) -> None:
    """Let what loaders compile from memory be compiled once, as `__pycache__` has it for files.

    A built runbook brings the kit as text; compiling it takes half of a child's start.
    """
    compiled = InspectLoader.source_to_code

    def source_to_code(data: Any, path: Any = "<string>") -> CodeType:
        kept = folder / hashlib.sha256(f"{path}\n{data}".encode()).hexdigest()
        with suppress(FileNotFoundError):
            code: CodeType = marshal.loads(kept.read_bytes())  # noqa: S302 - our own, of this process
            return code
        code = compiled(data, path)
        whole = kept.with_suffix(f".{os.getpid()}")
        whole.write_bytes(marshal.dumps(code))
        whole.replace(kept)  # others that run beside us read it
        return code

    InspectLoader.source_to_code = staticmethod(source_to_code)


def is_installed(file: Path) -> bool:
    return any(Path(place) in file.parents for place in (sys.prefix, sys.base_prefix))


def serve(control: socket.socket) -> list[str]:
    """Let a keeper see to each order; returns in the scripts' processes only, with what to run.

    Raises:
        SystemExit: nobody orders any more.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system reaps keepers
    while True:
        said, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not said:
            sys.exit(0)
        with socket.socket(fileno=descriptors[0]) as own:
            if not os.fork():
                control.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                return keep(own)


def keep(own: socket.socket) -> list[str]:
    """Fork the script's process, and tell what becomes of it."""
    with own.makefile("r", encoding="utf-8") as line:
        order = json.loads(line.readline())
    child = os.fork()
    if not child:
        own.close()
        return become(**order)
    with suppress(OSError):  # the child does it too; whoever comes first
        os.setpgid(child, child)
    with suppress(BrokenPipeError):  # whoever ordered it waits no longer
        own.sendall(f"{child}\n".encode())
        own.sendall(f"{ended(child)}\n".encode())
    os._exit(0)


def become(argv: list[str], environment: dict[str, str], cwd: str, stdout: str, stderr: str) -> list[str]:
    """Make of this process what one started so would be."""
    os.setpgid(0, 0)
    for descriptor, path in ((1, stdout), (2, stderr)):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    return argv


def ended(child: int) -> int:
    """The exit code, 128 + n for a signal; what the script left behind is killed."""
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)
    return code if code >= 0 else 128 - code


def run(argv: list[str]) -> None:
    """Do what `python argv...` does once it is up; how that ends is the interpreter's business, as ever."""
    path = str(Path(argv[0]).absolute())
    main: Any = ModuleType("__main__")
    loader = SourceFileLoader("__main__", path)
    main.__file__, main.__loader__ = path, loader
    sys.argv, sys.path[0], sys.modules["__main__"] = argv, str(Path(path).resolve().parent), main
    exec(loader.source_to_code(loader.get_data(path), path), vars(main))  # noqa: S102 - as python itself does


if __name__ == "__main__":
    keep_compiled(Path(sys.argv[2]))
    warm(sys.argv[3:])
    run(serve(socket.socket(fileno=int(sys.argv[1]))))
