"""`schedules.json`: what an Automation account should hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from deployer.document import Document, parsed
from deployer.errors import DeployError, ManifestError
from deployer.faults import faults_of, line
from deployer.parameters import azure_parameters, tokens, tokens_of
from deployer.runbooks import params_of
from deployer.shape import Alert, Known, Manifest, Run, Runbook, Runtime, Schedule, Variable, Webhook
from deployer.wording import Fault, FaultsError, Steps

__all__ = [
    "Alert",
    "Manifest",
    "Run",
    "Runbook",
    "Runtime",
    "Schedule",
    "Variable",
    "Webhook",
    "azure_parameters",
    "read",
    "schema",
    "tokens",
    "tokens_of",
]

NAMED = ("runbooks", "schedules", "webhooks", "alerts", "variables")


def read(path: Path, runbooks: Path, environ: Mapping[str, str]) -> Manifest:
    """Read the file; the runbooks that it lists are imported to check their parameters.

    Raises:
        ManifestError: every fault at once.
    """
    document = Document(environ)
    try:
        given = document.value(parsed(path.read_text("utf-8-sig")))
    except OSError as error:
        raise ManifestError(
            [f"{path}: cannot be read ({error.strerror}); name the file with --file"]
        ) from error
    except UnicodeDecodeError as error:
        raise ManifestError([f"{path}: is not text in UTF-8 ({error.reason}); save it as such"]) from error
    except RecursionError as error:
        raise ManifestError(
            [f"{path}: holds lists or objects nested too deeply; it needs six levels"]
        ) from error
    except FaultsError as error:
        raise ManifestError([f"{path}: {fault.text}" for fault in error.faults]) from error
    faults: list[Fault] = []
    manifest = _manifest(given, runbooks, faults)
    told = _told(document, faults)
    if manifest is None or told:
        raise ManifestError([f"{path}: {one}" for one in told])
    return manifest


def schema() -> dict[str, Any]:
    """The file described to editors; patterns let `${NAME}` stand for any text."""
    described = Manifest.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **described, "title": "schedules.json"}


def _manifest(given: Any, runbooks: Path, faults: list[Fault]) -> Manifest | None:
    params = {}
    for name in _names(given, "runbooks"):
        try:
            params[name] = params_of(runbooks, name)
        except DeployError as error:
            faults.append(Fault(("runbooks", name), str(error)))
    faults.extend(_alike(given))
    known = Known(frozenset(_names(given, "runbooks")), params, frozenset(_names(given, "webhooks")))
    try:
        return Manifest.model_validate(given, context=known)
    except ValidationError as error:
        faults.extend(faults_of(error, Manifest))
        return None


def _names(given: Any, section: str) -> list[str]:
    named = given.get(section) if isinstance(given, dict) else None
    return list(named) if isinstance(named, dict) else []


def _alike(given: Any) -> Iterator[Fault]:
    """Azure tells no two names apart by casing."""
    for section in NAMED:
        seen: dict[str, str] = {}
        for name in _names(given, section):
            other = seen.setdefault(name.lower(), name)
            if other != name:
                yield Fault(
                    (section, name), f"differs from {other!r} in casing alone, and to Azure not at all"
                )


def _told(document: Document, faults: list[Fault]) -> list[str]:
    """In the order of the file; what merely follows from an unset environment variable is left out."""
    own = [one for one in faults if not any(_follows(one, of) for of in document.unfilled)]
    every = sorted(
        [*document.unfilled, *document.repeated, *own], key=lambda one: _position(document, one.steps)
    )
    return [line(one, document.filled) for one in every]


def _follows(fault: Fault, of: Fault) -> bool:
    if "parameters" in fault.steps:
        return of.steps[: len(fault.steps)] == fault.steps
    return fault.steps == of.steps


def _position(document: Document, steps: Steps) -> int:
    while steps not in document.order:
        steps = steps[:-1]
    return document.order[steps]
