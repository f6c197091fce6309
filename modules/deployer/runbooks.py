"""The runbooks of a folder, and what each takes."""

from __future__ import annotations

import importlib.util
import sys
from functools import cached_property
from pathlib import Path

from backupkit.params import CommonParams

from deployer.errors import DeployError
from deployer.wording import did_you_mean


class Runbooks:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._params: dict[str, type[CommonParams]] = {}

    @cached_property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted(path.stem for path in self.folder.glob("*.py")))

    def params(self, name: str) -> type[CommonParams]:
        """What the runbook takes; its file is imported.

        Raises:
            DeployError: there is no such file, or it cannot be imported; the exception is named.
        """
        if name not in self.names:
            raise DeployError(f"there is no {name}.py in {self.folder.name}/{did_you_mean(name, self.names)}")
        if name not in self._params:
            self._params[name] = _params(self.folder / f"{name}.py")
        return self._params[name]


def _params(path: Path) -> type[CommonParams]:
    private = f"_runbook_{path.stem}"
    spec = importlib.util.spec_from_file_location(private, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[private] = module  # dataclasses and type hints look their module up, now and later
    try:
        spec.loader.exec_module(module)
        params: type[CommonParams] = module.RUNBOOK.params
    except (Exception, SystemExit) as error:
        told = f"{type(error).__name__}: {error}".rstrip(": ")
        raise DeployError(f"{path.name} cannot be imported: {told}") from error
    return params
