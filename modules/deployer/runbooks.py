"""The runbooks of a folder, and what each takes."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from backupkit.params import CommonParams

from deployer.errors import DeployError
from deployer.wording import did_you_mean


def params_of(folder: Path, name: str) -> type[CommonParams]:
    """What a runbook takes; its file is imported.

    Raises:
        DeployError: there is no such file, or it cannot be imported; the exception is named.
    """
    names = [path.stem for path in folder.glob("*.py")]
    if name not in names:
        raise DeployError(f"there is no {name}.py in {folder.name}/{did_you_mean(name, names)}")
    try:
        return _imported(folder / f"{name}.py")
    except (Exception, SystemExit) as error:
        told = f"{type(error).__name__}: {error}".rstrip(": ")
        raise DeployError(f"{name}.py cannot be imported: {told}") from error


def _imported(path: Path) -> type[CommonParams]:
    private = f"_runbook_{path.stem}"
    spec = importlib.util.spec_from_file_location(private, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[private] = module  # dataclasses and type hints look their module up, now and later
    spec.loader.exec_module(module)
    params: type[CommonParams] = module.RUNBOOK.params
    return params
