"""Whether distributions have, among themselves, all that each of them says it needs in the sandbox."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from packaging.metadata import Metadata
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from deployer import sandbox


@dataclass(frozen=True)
class Distribution:
    """What the METADATA of a wheel, or of an installed distribution, says."""

    name: str
    version: str
    requires: tuple[Requirement, ...]
    python: SpecifierSet | None


def read(metadata: bytes) -> Distribution:
    """Raises packaging's InvalidMetadata."""
    said = Metadata.from_email(metadata, validate=False)
    requires = tuple(said.requires_dist or ())
    return Distribution(canonicalize_name(said.name), str(said.version), requires, said.requires_python)


def unmet(distributions: Iterable[Distribution], python: str) -> list[str]:
    """What is missing, one sentence each, by name."""
    there = {one.name: one for one in sorted(distributions, key=lambda one: one.name)}
    lacking = [_lacking(one, need, there) for one, need in _asked(there, python)]
    older = [_older(one, python) for one in there.values()]
    return list(dict.fromkeys(sentence for sentence in (*lacking, *older) if sentence))


def _asked(there: Mapping[str, Distribution], python: str) -> Iterator[tuple[Distribution, Requirement]]:
    """All needs that count: of each distribution, and of those of its extras that somebody asks for."""
    todo = [(name, "") for name in there]
    for name, extra in todo:  # it grows while it is read
        for need in _needs(there[name], extra, python):
            yield there[name], need
            target = canonicalize_name(need.name)
            extras = [(target, one) for one in sorted(need.extras) if target in there]
            todo += [one for one in extras if one not in todo]


def _needs(distribution: Distribution, extra: str, python: str) -> Sequence[Requirement]:
    asked = {**sandbox.markers(python), "extra": extra}
    return [one for one in distribution.requires if one.marker is None or one.marker.evaluate(asked)]


def _lacking(one: Distribution, need: Requirement, there: Mapping[str, Distribution]) -> str:
    name = canonicalize_name(need.name)
    found = there.get(name)
    if found and need.specifier.contains(found.version, prereleases=True):
        return ""
    wanted = f"{name}{need.specifier}"
    has = f"has in {found.version}" if found else "does not have"
    return (
        f"{one.name} {one.version} needs {wanted}, which modules/sandbox.lock {has}: "
        f"add {wanted} to modules/sandbox.in and run `make lock`"
    )


def _older(one: Distribution, python: str) -> str:
    if one.python is None or one.python.contains(f"{python}.0"):
        return ""
    return (
        f"{one.name} {one.version} needs Python {one.python}, and the sandbox has {python}: "
        f"pin another version of it in modules/sandbox.in and run `make lock`"
    )
