"""What is there: an Automation account as it stands, and the alerts that lead to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from deployer.account import Account, Json
from deployer.errors import DeployError
from deployer.manifest import tokens_of
from deployer.marks import ACCOUNT_TAG, NAME, TAG, tagged

GROUPS = "Microsoft.Insights/actionGroups", "2023-01-01"
RULES = "Microsoft.AlertsManagement/actionRules", "2021-08-08"
GRAPH = "/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01"


@dataclass(frozen=True)
class Link:
    """A schedule that starts a runbook, with its parameters as sorted tokens."""

    id: str
    schedule: str
    runbook: str
    tokens: tuple[str, ...]


@dataclass(frozen=True)
class Live:
    """REST bodies by lower-cased name (`groups`, `rules`: by id); Azure does not tell cases apart.

    `packages` are those of the wanted environment, `contents` the published texts of wanted runbooks.
    """

    account: Json = field(default_factory=dict)
    environments: Mapping[str, Json] = field(default_factory=dict)
    packages: Mapping[str, Json] = field(default_factory=dict)
    runbooks: Mapping[str, Json] = field(default_factory=dict)
    contents: Mapping[str, str | None] = field(default_factory=dict)
    schedules: Mapping[str, Json] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    webhooks: Mapping[str, Json] = field(default_factory=dict)
    variables: Mapping[str, Json] = field(default_factory=dict)
    groups: Mapping[str, Json] = field(default_factory=dict)
    rules: Mapping[str, Json] = field(default_factory=dict)


def read(account: Account, environment: str, runbooks: Iterable[str], beside: Iterable[str]) -> Live:
    """Read all that a plan looks at; `beside` are ids of action groups and alert rules that are wanted.

    Raises:
        DeployError: something could not be read, or there is no such account.
    """
    about = account.get()
    if about is None:
        raise _no_account(account)
    found = {kind: by_name(account.all(kind)) for kind in ("environment", "schedule", "webhook", "variable")}
    present = {str(one["name"]).lower(): str(one["name"]) for one in account.all("runbook")}
    bodies = {name: account.one("runbook", given) or {} for name, given in present.items()}
    wanted = {name.lower() for name in runbooks}
    around = list(_beside(account, beside))
    return Live(
        account=about,
        environments=found["environment"],
        packages=by_name(account.packages(environment))
        if environment.lower() in found["environment"]
        else {},
        runbooks=bodies,
        contents={name: account.content(given) for name, given in present.items() if name in wanted},
        schedules=found["schedule"],
        links=links(account, (name for name, body in bodies.items() if name in wanted or tagged(body))),
        webhooks=found["webhook"],
        variables=found["variable"],
        groups=_of_type(around, GROUPS[0]),
        rules=_of_type(around, RULES[0]),
    )


def links(account: Account, runbooks: Iterable[str]) -> tuple[Link, ...]:
    return tuple(map(_link, account.links(runbooks)))


def _link(body: Json) -> Link:
    known = body["properties"]
    return Link(
        str(known["jobScheduleId"]),
        str(known["schedule"]["name"]),
        str(known["runbook"]["name"]),
        tokens_of(known.get("parameters")),
    )


def _beside(account: Account, wanted: Iterable[str]) -> Iterator[Json]:
    """Action groups and alert rules: those wanted, and those that bear our tags, wherever they are.

    Resource Graph finds the latter and may be behind, so each is read from Resource Manager.
    """
    query = (
        f"resources | where type in~ ('{GROUPS[0]}', '{RULES[0]}') | where tags['{TAG}'] =~ '{NAME}' "
        f"and tags['{ACCOUNT_TAG}'] =~ '{account.target.id}' | project id"
    )
    answer = account.send("POST", GRAPH, "look for alert rules that lead here", {"query": query}) or {}
    ids = {str(one).lower(): str(one) for one in [*wanted, *(row["id"] for row in answer.get("data") or ())]}
    for each in ids.values():
        version = GROUPS[1] if f"/{GROUPS[0]}/".lower() in each.lower() else RULES[1]
        body = account.send("GET", f"{each}?api-version={version}", f"read {each.rpartition('/')[2]}")
        if body:
            yield body


def by_name(bodies: Iterable[Json]) -> dict[str, Json]:
    return {str(one["name"]).lower(): one for one in bodies}


def _of_type(bodies: Iterable[Json], kind: str) -> dict[str, Json]:
    return {str(one["id"]).lower(): one for one in bodies if f"/{kind}/".lower() in str(one["id"]).lower()}


def _no_account(account: Account) -> DeployError:
    target = account.target
    return DeployError(
        f"there is no Automation account {target.account!r} in resource group {target.group!r} of "
        f"subscription {target.subscription}, or it cannot be seen; an owner makes one with: az automation "
        f"account create --name {target.account} --resource-group {target.group} --location <region>"
    )
