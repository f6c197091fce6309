"""Which requests go wrong, and how: rules that count the requests they match."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulator.wire import Request, Response

KINDS = ("status", "reset", "delay_s", "truncate", "html", "kill")
_SHAPES = {
    "status": "a status from 200 to 599",
    "html": "a status from 200 to 599",
    "reset": "true",
    "delay_s": "seconds of at least 0",
    "truncate": "a share from 0 to less than 1",
    "kill": "'before' or 'after'",
}


@dataclass(frozen=True)
class Fault:
    """`kind` is one of KINDS and `value` what stands under it; `after` carries the request out first."""

    kind: str
    value: Any
    after: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None

    @property
    def carries_out(self) -> bool:
        """A delayed or truncated answer is still the answer."""
        return self.after or self.kind in ("delay_s", "truncate")

    def response(self) -> Response | None:
        """What is answered instead, if anything is."""
        if self.kind == "status":
            body = self.body.encode() if isinstance(self.body, str) else self.body
            return Response(self.value, body, self.headers)
        if self.kind == "html":
            page = (
                f"<html><head><title>{self.value}</title></head><body><h1>{self.value}</h1></body></html>\r\n"
            )
            return Response(self.value, page.encode(), {"Content-Type": "text/html; charset=us-ascii"})
        return None


@dataclass(frozen=True)
class Rule:
    """`when` holds exactly one of nth, every, first, always."""

    fault: Fault
    when: Mapping[str, Any]
    method: str = ""
    path: re.Pattern[str] = re.compile("")
    host: re.Pattern[str] = re.compile("")

    def matches(self, request: Request) -> bool:
        return (
            self.method in ("", request.method)
            and self.path.search(request.path) is not None
            and self.host.search(request.host) is not None
        )

    def is_due(self, count: int) -> bool:
        """Whether the `count`th request it matches, from 1, is hit."""
        if "nth" in self.when:
            return count in self.when["nth"]
        if "every" in self.when:
            return count % int(self.when["every"]) == 0
        return count <= int(self.when["first"]) if "first" in self.when else True


class Faults:
    """Counts are per rule; all matching rules count, the first that is due acts."""

    def __init__(self, rules: list[Rule] | None = None) -> None:
        self._rules = [(rule, [0]) for rule in rules or []]

    def due(self, request: Request) -> Fault | None:
        acting = None
        for rule, count in self._rules:
            if rule.matches(request):
                count[0] += 1
                if acting is None and rule.is_due(count[0]):
                    acting = rule.fault
        return acting


def load(path: Path) -> list[Rule]:
    """Read a faults file.

    Raises:
        ValueError: everything that is wrong with it, in one message.
    """
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"faults {str(path)!r}: {error.strerror}") from error
    except ValueError as error:
        raise ValueError(f"faults {str(path)!r}: not JSON: {error}") from error
    if not isinstance(given, list):
        raise ValueError(f"faults {str(path)!r}: expected a list of rules, got {given!r:.80}")
    wrong = [f"rule {number}: {text}" for number, rule in enumerate(given, 1) for text in _wrong(rule)]
    if wrong:
        raise ValueError(f"faults {str(path)!r}: {'; '.join(wrong)}")
    return [_rule(one) for one in given]


def kill_at(given: str) -> Rule:
    """The rule of `--kill-at N[:after]`; raises ValueError where it is neither."""
    match = re.fullmatch(r"([1-9]\d*)(:after)?", given)
    if not match:
        raise ValueError(f"kill-at is N or N:after with N from 1, got {given!r}")
    fault = Fault("kill", "after" if match[2] else "before", after=bool(match[2]))
    return Rule(fault, {"nth": [int(match[1])]})


def _rule(given: Mapping[str, Any]) -> Rule:
    match, then = given.get("match", {}), given["then"]
    kind = next(name for name in KINDS if name in then)
    after = bool(then.get("after", given.get("after", False))) or then[kind] == "after"
    return Rule(
        fault=Fault(kind, then[kind], after, then.get("headers", {}), then.get("body")),
        when=given["when"],
        method=match.get("method", "").upper(),
        path=re.compile(match.get("path", ""), re.IGNORECASE),
        host=re.compile(match.get("host", ""), re.IGNORECASE),
    )


def _wrong(given: Any) -> list[str]:
    if not isinstance(given, dict):
        return [f"expected an object, got {given!r:.80}"]
    wrong = [f"no such key {name!r}" for name in sorted(set(given) - {"match", "when", "then", "after"})]
    if not isinstance(given.get("after", False), bool):
        wrong.append(f"after is true or false, got {given['after']!r:.80}")
    return wrong + _wrong_match(given.get("match", {})) + _wrong_when(given) + _wrong_then(given)


def _wrong_match(match: Any) -> list[str]:
    if not isinstance(match, dict):
        return [f"match is an object, got {match!r:.80}"]
    wrong = [f"no such key in match: {name!r}" for name in sorted(set(match) - {"method", "path", "host"})]
    for name in ("method", "path", "host"):
        try:
            re.compile(match.get(name, ""))
        except (re.error, TypeError) as error:
            wrong.append(f"match.{name} is no regular expression: {match[name]!r:.80}: {error}")
    return wrong


def _wrong_when(given: Mapping[str, Any]) -> list[str]:
    when = given.get("when")
    if not isinstance(when, dict) or len(when) != 1:
        return [f"when has one of nth, every, first, always, got {when!r:.80}"]
    [(name, value)] = when.items()
    right = {
        "nth": isinstance(value, list) and bool(value) and all(_is_count(one) for one in value),
        "every": _is_count(value),
        "first": _is_count(value),
        "always": value is True,
    }
    if name not in right:
        return [f"when has one of nth, every, first, always, got {name!r}"]
    shapes = {"nth": "a list of numbers from 1", "always": "true"}
    return [] if right[name] else [f"when.{name} is {shapes.get(name, 'a number from 1')}, got {value!r:.80}"]


def _wrong_then(given: Mapping[str, Any]) -> list[str]:
    then = given.get("then")
    if not isinstance(then, dict) or len(set(then) & set(KINDS)) != 1:
        return [f"then has one of {', '.join(KINDS)}, got {then!r:.80}"]
    kind = next(name for name in KINDS if name in then)
    extra = {"after", "headers", "body"} if kind == "status" else {"after"}
    wrong = [f"no such key in then beside {kind}: {name!r}" for name in sorted(set(then) - extra - {kind})]
    if not isinstance(then.get("after", False), bool):
        wrong.append(f"then.after is true or false, got {then['after']!r:.80}")
    headers = then.get("headers", {})
    if not isinstance(headers, dict) or not all(isinstance(one, str) for one in headers.values()):
        wrong.append(f"then.headers is an object of texts, got {headers!r:.80}")
    return (
        wrong
        if _is_right(kind, then[kind])
        else [*wrong, f"then.{kind} is {_SHAPES[kind]}, got {then[kind]!r:.80}"]
    )


def _is_right(kind: str, value: Any) -> bool:
    if kind in ("status", "html"):
        return _is_count(value) and 200 <= value <= 599
    if kind == "delay_s":
        return _is_number(value) and value >= 0
    if kind == "truncate":
        return _is_number(value) and 0 <= value < 1
    return value is True if kind == "reset" else value in ("before", "after")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
