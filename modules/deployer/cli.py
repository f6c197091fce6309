"""python deploy_runbooks.py: what a person types."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer
from azure.identity import AzureAuthorityHosts, DefaultAzureCredential
from typer._click.exceptions import ClickException

from deployer import manifest
from deployer.account import Target
from deployer.changes import Change, Plan
from deployer.deployment import Deployment, Files
from deployer.errors import DeployError, ManifestError, PlanError
from deployer.plan import check_removals, plan_nothing, plan_rotation
from deployer.plan import plan as planned
from deployer.told import Teller, status_of


def near(path: Path) -> Path:
    """As one would type it from here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


ROOT = near(Path(__file__).parents[2])
CLOUDS = {
    "AzurePublic": "https://management.azure.com",
    "AzureChina": "https://management.chinacloudapi.cn",
}
DRIFTED = 2

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Put runbooks, packages, schedules, webhooks and alerts into an account, and keep them there.",
)
tell = Teller()

ManifestFile = Annotated[Path, typer.Option("--file", help="What is to be deployed.")]
Subscription = Annotated[str, typer.Option(envvar="AZURE_SUBSCRIPTION_ID", help="Of the Automation account.")]
Group = Annotated[
    str, typer.Option("--resource-group", envvar="AZURE_RESOURCE_GROUP", help="Of the account.")
]
AccountName = Annotated[str, typer.Option("--account", envvar="AZURE_AUTOMATION_ACCOUNT", help="Its name.")]
Cloud = Annotated[
    Literal["AzurePublic", "AzureChina", "AzureUSGovernment"], typer.Option(help="Which Azure.")
]
Poll = Annotated[float, typer.Option(min=0, help="Seconds between looks at what Azure is still doing.")]
Prune = Annotated[
    bool, typer.Option("--prune", help="Remove what this tool made and the file names no more.")
]
Force = Annotated[bool, typer.Option("--force", help="Also where more than 30 % of what is ours goes.")]
ShowUrl = Annotated[
    bool, typer.Option("--show-url", help="Print the URLs of new webhooks, once: they are secrets.")
]
AsJson = Annotated[bool, typer.Option("--json", help="For machines.")]
DEFAULT = ROOT / "schedules.json"


@app.command()
def build(
    *,
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = ROOT / "build",
    packages: Annotated[
        bool, typer.Option("--packages", help="Also download the wheels, and check them.")
    ] = False,
) -> None:
    """Write each runbook as the one file that is uploaded."""
    files = Files(ROOT, DEFAULT)
    if packages:
        found = files.wheels()
        size = sum(wheel.path.stat().st_size for wheel in found) / 1e6
        tell.line(f"{len(found)} packages, {size:.1f} MB, have all they need in {found[0].path.parent}")
    out.mkdir(parents=True, exist_ok=True)
    for runbook in sorted(files.runbooks.glob("*.py")):
        path = out / runbook.name
        path.write_text(files.build(runbook.stem), encoding="utf-8")
        tell.line(f"built {path}")


@app.command()
def plan(
    *,
    subscription: Subscription,
    group: Group,
    account: AccountName,
    file: ManifestFile = DEFAULT,
    cloud: Cloud = "AzurePublic",
    poll: Poll = 5,
    prune: Prune = False,
    as_json: AsJson = False,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit 2 where there are changes.")
    ] = False,
) -> None:
    """Say what apply would change, and why."""
    deployment = _deployment(file, cloud, Target(subscription, group, account), poll)
    wanted = deployment.wanted()
    found = planned(wanted, deployment.look(wanted), prune=prune)
    if as_json:
        tell.line(json.dumps(found.as_json(), indent=2))
    else:
        other = f" --file {file}" if file != DEFAULT else ""
        tell.plan(found, f"apply{other}{' --prune' if prune else ''}")
    raise typer.Exit(DRIFTED if detailed_exitcode and found.all else 0)


@app.command()
def apply(
    *,
    subscription: Subscription,
    group: Group,
    account: AccountName,
    file: ManifestFile = DEFAULT,
    cloud: Cloud = "AzurePublic",
    poll: Poll = 5,
    plan_id: Annotated[str, typer.Option("--plan", help="Only if the plan is still this one.")] = "",
    prune: Prune = False,
    force: Force = False,
    show_url: ShowUrl = False,
) -> None:
    """Make the account what the file says."""
    deployment = _deployment(file, cloud, Target(subscription, group, account), poll)
    _apply(deployment, plan_id=plan_id, prune=prune, force=force, show_url=show_url)


@app.command()
def rotate(
    *,
    webhook: Annotated[str, typer.Argument(help="Its name in the file.")],
    subscription: Subscription,
    group: Group,
    account: AccountName,
    file: ManifestFile = DEFAULT,
    cloud: Cloud = "AzurePublic",
    poll: Poll = 5,
    show_url: ShowUrl = False,
) -> None:
    """Give a webhook a new URL, hand it to the action groups that call it, and delete the old one."""
    deployment = _deployment(file, cloud, Target(subscription, group, account), poll)
    deployment.rotate = (webhook,)
    _apply(deployment, show_url=show_url)


@app.command()
def status(
    *,
    subscription: Subscription,
    group: Group,
    account: AccountName,
    file: ManifestFile = DEFAULT,
    cloud: Cloud = "AzurePublic",
    poll: Poll = 5,
    as_json: AsJson = False,
) -> None:
    """Tell drift, packages, and when webhooks expire. Exit 1 where the account is not as it should be."""
    deployment = _deployment(file, cloud, Target(subscription, group, account), poll)
    wanted = deployment.wanted()
    there = deployment.look(wanted)
    found = status_of(wanted, there, planned(wanted, there))
    if as_json:
        tell.line(json.dumps(found, indent=2))
    else:
        tell.status(found)
    raise typer.Exit(1 if found["drift"] else 0)


@app.command()
def destroy(
    *,
    subscription: Subscription,
    group: Group,
    account: AccountName,
    cloud: Cloud = "AzurePublic",
    poll: Poll = 5,
    force: Force = False,
) -> None:
    """Remove all that this tool made; what others made stays, and so does the account."""
    deployment = _deployment(DEFAULT, cloud, Target(subscription, group, account), poll)
    there = deployment.look(None)
    found = plan_nothing(there)
    if not force:
        for change in found.removals:
            tell.change(change)
    tell.left(found.left)
    check_removals(found, force=force)
    with _progress(found) as done:
        deployment.destroy(there, found, done)
    tell.line(f"done removed={len(found.removals)}")


def _apply(
    deployment: Deployment,
    *,
    show_url: bool,
    plan_id: str = "",
    prune: bool = False,
    force: bool = False,
) -> None:
    wanted = deployment.wanted()
    there = deployment.look(wanted)
    found = plan_rotation(wanted, there) if wanted.rotate else planned(wanted, there, prune=prune)
    if plan_id and plan_id != found.id:
        raise DeployError(
            f"the plan is {found.id} now, not {plan_id}: the files or the account have changed since; "
            f"plan again"
        )
    check_removals(found, force=force)
    _check_urls(found, wanted.manifest.alerts.values(), show_url=show_url)
    with _progress(found) as done:
        deployment.apply(wanted, there, found, done, _show if show_url else None)
    tell.left(found.left)
    tell.notes(found.notes)
    tell.line(f"done changed={len(found.all)}")


def _check_urls(found: Plan, alerts: Iterable[manifest.Alert], *, show_url: bool) -> None:
    """A URL that nobody is given is lost."""
    called = {one.webhook for one in alerts}
    lost = [
        one.name
        for one in found.changes
        if (one.verb, one.kind) == ("create", "webhook") and one.name not in called
    ]
    if lost and not show_url:
        raise DeployError(
            f"webhook {', '.join(lost)}: no entry of alerts calls it, so its URL would be lost: say "
            f"--show-url to see it, once, or let an entry of alerts name it"
        )


def _show(webhook: str, url: str) -> None:
    tell.line(f"url of webhook {webhook}, a secret that is not shown again: {url}")


@contextmanager
def _progress(found: Plan) -> Iterator[Callable[[Change], None]]:
    """Each change as it is done, with the seconds it took."""
    total, since = len(found.all), time.monotonic()
    done = 0

    def one(change: Change) -> None:
        nonlocal done, since
        done, now = done + 1, time.monotonic()
        # Links that were lost on the way are more than was planned.
        tell.line(f"{done:>3}/{max(done, total)} {now - since:5.1f} s  {change}")
        since = now

    try:
        yield one
    except DeployError:
        tell.line(f"done changed={done} of={total}")
        raise


def _deployment(file: Path, cloud: str, target: Target, poll: float) -> Deployment:
    if cloud not in CLOUDS:
        raise DeployError(
            f"cloud {cloud}: Azure Automation has no custom runtime environments there, so the runbooks "
            f"cannot have their packages; run them from an account in another cloud, or on a machine of yours"
        )
    authority = (
        AzureAuthorityHosts.AZURE_CHINA if cloud == "AzureChina" else AzureAuthorityHosts.AZURE_PUBLIC_CLOUD
    )
    target = replace(target, endpoint=CLOUDS[cloud])
    return Deployment(
        Files(ROOT, file), target, DefaultAzureCredential(authority=authority), os.environ, poll
    )


def main() -> NoReturn:
    """What cannot be done is told line by line, exit 1; wrong options are one line, exit 2."""
    # Libraries log warnings, with parts of what was sent; what matters is in the errors we raise.
    logging.getLogger().addHandler(logging.NullHandler())
    try:
        code = app(standalone_mode=False)
    except ClickException as error:
        tell.fault(error.format_message().replace("\n", " "))
        sys.exit(error.exit_code)
    except (ManifestError, PlanError) as error:
        for fault in error.faults:
            tell.fault(fault)
        tell.fault(f"{len(error.faults)} faults, nothing was changed")
        sys.exit(1)
    except DeployError as error:
        tell.fault(str(error))
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)
