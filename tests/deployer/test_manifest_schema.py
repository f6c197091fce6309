"""`schedules.schema.json`, by which editors check and explain `schedules.json`.

`python -m tests.deployer.test_manifest_schema` writes it.
"""

import json
import re

import pytest
from deployer.manifest import schema

from tests.deployer.manifests import LEAVE_OUT, RIGHT, changed
from tests.test_shape import ROOT

PLACE = ROOT / "modules" / "deployer" / "schedules.schema.json"
TYPES = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "object": dict,
    "array": list,
    "null": type(None),
}


def text() -> str:
    return json.dumps(schema(), indent=2) + "\n"


def test_the_file_is_made_from_the_model():
    """If not: .venv/bin/python -m tests.deployer.test_manifest_schema"""
    assert PLACE.read_text(encoding="utf-8") == text()


def test_the_shipped_file_names_it():
    document = json.loads((ROOT / "schedules.json").read_text(encoding="utf-8"))

    assert ROOT / document["$schema"] == PLACE


def test_every_key_is_explained():
    described = [schema(), *schema()["$defs"].values()]
    bare = [
        f"{one['title']}: {name}"
        for one in described
        for name, key in one["properties"].items()
        if "$ref" not in key and not {"title", "description"} <= set(key)
    ]

    assert bare == []
    assert all("description" in one for one in described)
    assert "\n" not in "".join(strings(described))


def strings(node):
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, list):
        for one in node:
            yield from strings(one)
    elif isinstance(node, str):
        yield node


# -- What an editor makes of it -------------------------------------------------------------------


def fits(value, rule):
    """The words of JSON Schema that the file uses, and no others."""
    unknown = (
        set(rule)
        - WORDS.keys()
        - {"title", "description", "default", "$schema", "$defs", "properties", "patternProperties"}
    )
    assert unknown == set()
    return all(check(value, rule[word], rule) for word, check in WORDS.items() if word in rule)


def is_typed(value, name, rule):
    return isinstance(value, TYPES[name]) and not (isinstance(value, bool) and name in ("integer", "number"))


def members_fit(value, others, rule):
    for name, member in value.items() if isinstance(value, dict) else ():
        found = [rule["properties"][name]] if name in rule.get("properties", {}) else []
        found += [one for form, one in rule.get("patternProperties", {}).items() if re.search(form, name)]
        found = found or ([others] if others is not False else [False])
        if any(one is False or not fits(member, one) for one in found):
            return False
    return True


WORDS = {
    "$ref": lambda value, name, rule: fits(value, schema()["$defs"][name.rpartition("/")[2]]),
    "type": is_typed,
    "anyOf": lambda value, rules, rule: any(fits(value, one) for one in rules),
    "required": lambda value, names, rule: set(names) <= set(value),
    "additionalProperties": members_fit,
    "items": lambda value, one, rule: all(fits(item, one) for item in value),
    "minItems": lambda value, least, rule: len(value) >= least,
    "maxProperties": lambda value, most, rule: len(value) <= most,
    "pattern": lambda value, form, rule: re.search(form, value) is not None,
    "minimum": lambda value, least, rule: value >= least,
    "maximum": lambda value, most, rule: value <= most,
}


def test_the_schema_accepts_the_shipped_file():
    assert fits(json.loads((ROOT / "schedules.json").read_text(encoding="utf-8")), schema())


def test_the_schema_accepts_every_kind_of_value():
    parameters = {"a": "b", "c": True, "d": 1, "e": 0.5, "f": ["g"]}
    weekly = "schedules / weekly"

    assert fits(
        changed(
            ("schedules / hourly / runs / 0 / parameters", parameters),
            (f"{weekly} / on", ["Monday", "1", "31", "last day", "second Friday", "${DAY}"]),
            (f"{weekly} / ends", "2027-12-31"),
            (f"{weekly} / zone", "America/Argentina/Buenos_Aires"),
            ("alerts / ag-backup-failed / rules", {"${SUBSCRIPTION}": "${GROUP}"}),
        ),
        schema(),
    )


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param([("runtime", LEAVE_OUT)], id="no runtime environment"),
        pytest.param([("runtime / staging", LEAVE_OUT)], id="no container for packages"),
        pytest.param([("runtime / staging", "https://st.blob.core.windows.net/c?sig=x")], id="a SAS"),
        pytest.param([("runtime / name", "Python-3.10")], id="a runtime environment of Azure's own"),
        pytest.param([("cron", {})], id="a section nobody knows"),
        pytest.param([("schedules / hourly / evry", "1 hour")], id="a key nobody knows"),
        pytest.param([("schedules / a:b", RIGHT["schedules"]["hourly"])], id="a name with a colon"),
        pytest.param([("schedules / hourly / every", "15 minutes")], id="minutes"),
        pytest.param([("schedules / hourly / every", "101 days")], id="more than Azure counts to"),
        pytest.param([("schedules / hourly / at", "24:00")], id="an hour too many"),
        pytest.param([("schedules / hourly / at", LEAVE_OUT)], id="no time of day"),
        pytest.param([("schedules / hourly / zone", "W. Europe Standard Time")], id="a zone of Windows"),
        pytest.param([("schedules / weekly / on", "Monday")], id="a day outside a list"),
        pytest.param([("schedules / weekly / on", ["monday"])], id="a day in other casing"),
        pytest.param([("schedules / weekly / on", ["32"])], id="a day that no month has"),
        pytest.param([("schedules / weekly / starts", "1.12.2026")], id="a date in another form"),
        pytest.param([("schedules / hourly / runs", [])], id="no runs"),
        pytest.param([("schedules / hourly / runs / 0 / runbook", LEAVE_OUT)], id="no runbook"),
        pytest.param([("schedules / hourly / runs / 0 / parameters", ["a=b"])], id="tokens for parameters"),
        pytest.param([("schedules / hourly / runs / 0 / parameters", {"a": None})], id="null for a value"),
        pytest.param(
            [("schedules / hourly / runs / 0 / parameters", {f"p{n}": 1 for n in range(51)})], id="too many"
        ),
        pytest.param([("webhooks / backup_failed", {"runbook": "auto_retry"})], id="an underscore"),
        pytest.param([("webhooks / backup-failed / valid_days", 3651)], id="more than ten years"),
        pytest.param([("webhooks / backup-failed / enabled", "yes")], id="a switch in words"),
        pytest.param([("alerts / ag-backup-failed / short_name", "backup-failed")], id="a name too long"),
        pytest.param([("alerts / ag-backup-failed / rules", {"prod": "rg"})], id="a subscription's name"),
        pytest.param([("variables / a.b", {"value": ""})], id="a variable's name with a full stop"),
        pytest.param([("variables / backup-reports / value", 5)], id="a number for a text"),
    ],
)
def test_the_schema_refuses(changes):
    assert fits(changed(*changes), schema()) is False


def test_what_is_right_is_right_to_the_schema_too():
    assert fits(RIGHT, schema())


if __name__ == "__main__":
    PLACE.write_text(text(), encoding="utf-8")
