"""Packages of runtime environments: downloaded, checked and provisioned while nobody waits.

All that is going to happen is known when a package is put: the file is downloaded then, and the states
to come are written as versions of its row.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from simulator.automation_environments import KIND, SINCE, check_changeable, environment
from simulator.automation_fetch import UnfetchedError, checked, fetch
from simulator.automation_rows import Call, Operations, invalid, name_of, type_of
from simulator.wire import RefusedError, Response

if TYPE_CHECKING:
    from simulator.store import Row

operations = Operations()

LARGEST = 100 * 1024 * 1024
IMPORTS, WINDOW_S = 5, 30.0
RETRIEVED_S, VALIDATED_S, DONE_S = 5.0, 10.0, 20.0
STATES = (("Creating", 0.0), ("ContentRetrieved", RETRIEVED_S), ("ContentValidated", VALIDATED_S))
"""What a package is until it is Succeeded or Failed (the states are Azure's, the times made up)."""
_ONE = f"{KIND}/{{environment}}/packages/{{name}}"
_VERSION = re.compile(r"\d+(\.\d+){1,3}")
_GLIBC = range(5, 36)
_LINUX = [f"manylinux_2_{minor}_x86_64" for minor in _GLIBC]
_LINUX += ["manylinux1_x86_64", "manylinux2010_x86_64", "manylinux2014_x86_64", "linux_x86_64"]
_PLATFORMS = {"3.8": ["win_amd64"], "3.10": _LINUX}


@operations.on("GET", f"{KIND}/{{environment}}/packages", f"{KIND}/packages/read", since=SINCE)
def list_packages(call: Call) -> Response:
    owner = environment(call, call.at["environment"])
    return call.listed([_body(row, listed=True) for row in call.all(_kind(owner))])


@operations.on("GET", _ONE, f"{KIND}/packages/read", since=SINCE)
def get_package(call: Call) -> Response:
    owner = environment(call, call.at["environment"])
    return Response(200, _body(call.require(_kind(owner), call.name)))


@operations.on("PUT", _ONE, f"{KIND}/packages/write", since=SINCE)
def put_package(call: Call) -> Response:
    owner = _python(call)
    link = _link(call.properties().get("contentLink"))
    old = call.find(_kind(owner), call.name)
    return call.written(_body(_import(call, owner, link, old)), new=not old)


@operations.on("PATCH", _ONE, f"{KIND}/packages/write", since=SINCE)
def patch_package(call: Call) -> Response:
    owner = _python(call)
    old = call.require(_kind(owner), call.name)
    link = _link(call.properties().get("contentLink"))
    return Response(200, _body(_import(call, owner, link, old)))


@operations.on("DELETE", _ONE, f"{KIND}/packages/delete", since=SINCE)
def delete_package(call: Call) -> Response:
    found = call.find(_kind(check_changeable(call, call.at["environment"])), call.name)
    if found is None:
        return Response(204)
    call.drop(found)
    return Response(200)


def _python(call: Call) -> Row:
    """The environment, which packages may be put into.

    Raises:
        RefusedError: 404, 400 for one that Automation made, 501 for another language.
    """
    owner = check_changeable(call, call.at["environment"])
    if owner["properties"]["runtime"]["language"] != "Python":
        raise RefusedError(501, "NotSimulated", "the simulator imports packages for Python only")
    return owner


def _kind(owner: Row) -> str:
    return f"{KIND}/{owner['name']}/packages"


def _link(given: Any) -> dict[str, Any]:
    link = checked(given)
    if link.get("version") and not _VERSION.fullmatch(str(link["version"])):
        raise invalid("version", f"'{link['version']}' is not of two to four numbers with dots between them.")
    return link


def _import(call: Call, owner: Row, link: dict[str, Any], old: Row | None) -> Row:
    """Write what the package is and what it is going to be; the first of these versions.

    Raises:
        RefusedError: 429 after too many imports into the account.
    """
    _count(call)
    created = old["properties"]["creationTime"] if old else call.stamp
    known = {"version": None, "sizeInBytes": 0, "creationTime": created, "lastModifiedTime": call.stamp}
    now, tags = call.now, call.body().get("tags") or {}
    rows = [
        call.keep(
            _kind(owner),
            call.name,
            {**known, **told},
            since=now + call.world.paced(after),
            location=call.account["location"],
            tags=tags,
        )
        for after, told in _course(call, owner, link)
    ]
    return rows[0]


def _count(call: Call) -> None:
    window = call.world.paced(WINDOW_S)
    name = f"{str(call.account['id']).lower()} imports"
    wait = call.world.limits.take(name, IMPORTS, window, call.now)
    if wait:
        raise RefusedError(
            429,
            "TooManyRequests",
            f"No more than {IMPORTS} imports into an account are allowed in {WINDOW_S:.0f} seconds.",
            headers={"Retry-After": str(math.ceil(wait))},
            envelope="flat",
        )


def _course(call: Call, owner: Row, link: dict[str, Any]) -> list[tuple[float, dict[str, Any]]]:
    """What becomes of the package: seconds from now, and what it says from then on."""
    told = call.world.known.automation.get("failing_packages", {}).get(call.name.lower())
    if told is not None:
        return _failing(told, DONE_S)
    try:
        content = fetch(call.world, link)
    except UnfetchedError as error:
        return _failing(str(error), RETRIEVED_S)
    try:
        version = _checked_wheel(link, content, owner["properties"]["runtime"]["version"])
    except ValueError as error:
        return _failing(f"{_EXTRACT} pip install failed for python package {call.name}. {error}", VALIDATED_S)
    done = {"provisioningState": "Succeeded", "version": version, "sizeInBytes": len(content)}
    return [*_until(DONE_S), (DONE_S, done)]


_EXTRACT = "Orchestrator.Activities.PythonPackageExtractException: Error while extracting Python package:"


def _failing(message: str, after: float) -> list[tuple[float, dict[str, Any]]]:
    error = {"code": None, "message": message}
    return [*_until(after), (after, {"provisioningState": "Failed", "error": error})]


def _until(end: float) -> list[tuple[float, dict[str, Any]]]:
    return [(after, {"provisioningState": state}) for state, after in STATES if after < end]


def _checked_wheel(link: dict[str, Any], content: bytes, python: str) -> str:
    """The version of a wheel.

    Raises:
        ValueError: it is too large, or none that this environment can take.
    """
    if len(content) > LARGEST:
        raise ValueError(f"It has {len(content)} bytes; {LARGEST} is the most.")
    file = unquote(urlsplit(str(link["uri"])).path).rpartition("/")[2]
    try:
        name, _, _, tags = parse_wheel_filename(file)
    except InvalidWheelFilename as error:
        raise ValueError(f"'{file}' is not the name of a wheel.") from error
    if not tags & _supported(python):
        raise ValueError(f"{file} is not a supported wheel on this platform, Python {python}.")
    return _metadata(file, str(name), content)


def _supported(version: str) -> set[Tag]:
    major, minor = (int(part) for part in version.split("."))
    platforms = _PLATFORMS[version]
    own = cpython_tags((major, minor), platforms=platforms)
    return {*own, *compatible_tags((major, minor), f"cp{major}{minor}", platforms)}


def _metadata(file: str, name: str, content: bytes) -> str:
    """The version a wheel says it has; raises ValueError where it is no wheel of this name."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as wheel:
            inside = [one for one in wheel.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", one)]
            told = BytesHeaderParser().parsebytes(wheel.read(inside[0]))
    except (zipfile.BadZipFile, IndexError) as error:
        raise ValueError(f"{file} is not a valid wheel.") from error
    if canonicalize_name(str(told["Name"])) != name:
        raise ValueError(f"{file} holds the package {told['Name']}.")
    return str(told["Version"])


def _body(row: Row, *, listed: bool = False) -> dict[str, Any]:
    """Never with the content link (azure-rest-api-specs issue 41604); a list has no errors."""
    properties = {"error": {"code": None, "message": ""}, **row["properties"]}
    if listed:
        del properties["error"]
    return {
        "id": row["id"],
        "name": name_of(row),
        "type": type_of(row),
        "location": row.get("location") or "",
        "tags": row.get("tags") or {},
        "properties": {"default": False, **properties},
    }
