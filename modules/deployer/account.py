"""One Automation account over azure-mgmt-automation: plain JSON in and out, the SDK's quirks kept in here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from azure.core.credentials import TokenCredential
from azure.core.exceptions import ResourceNotFoundError
from azure.core.rest import HttpRequest
from azure.mgmt.automation import AutomationClient

from deployer.errors import AzureRefusedError, DeployError, azure

Json = dict[str, Any]
Kind = Literal["environment", "runbook", "schedule", "webhook", "variable"]
"""What an account holds by name."""
T = TypeVar("T")
RETRIES = 5
"""Half a minute in all, unless the service says how long; the SDK's ten are a quarter of an hour."""


@dataclass(frozen=True)
class Target:
    """Where to deploy; `endpoint` is the cloud's Resource Manager."""

    subscription: str
    group: str
    account: str
    endpoint: str = "https://management.azure.com"

    @property
    def id(self) -> str:
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"
            f"/providers/Microsoft.Automation/automationAccounts/{self.account}"
        )


class Account:
    """Verbs on the objects of one account; `poll_s` is how often a long operation is asked about."""

    def __init__(self, target: Target, credential: TokenCredential, poll_s: float) -> None:
        self.target = target
        self._client = client = AutomationClient(
            credential,
            target.subscription,
            target.endpoint,
            polling_interval=poll_s,
            retry_total=RETRIES,
            credential_scopes=[f"{target.endpoint}/.default"],
        )
        self._at = (target.group, target.account)
        # The SDK's overloads know no plain JSON, which its methods take.
        self._of: dict[Kind, Any] = {
            "environment": client.runtime_environments,
            "runbook": client.runbook,
            "schedule": client.schedule,
            "webhook": client.webhook,
            "variable": client.variable,
        }
        self._packages: Any = client.package
        self._links: Any = client.job_schedule

    def get(self) -> Json | None:
        """The account itself; None where there is none."""
        with azure(f"read the account {self.target.account}"):
            return _or_none(lambda: _plain(self._client.automation_account.get(*self._at)))

    def all(self, kind: Kind) -> list[Json]:
        with azure(f"list {kind}s"):
            return [_plain(one) for one in self._of[kind].list_by_automation_account(*self._at)]

    def one(self, kind: Kind, name: str) -> Json | None:
        with azure(f"read {kind} {name}"):
            return _or_none(lambda: _plain(self._of[kind].get(*self._at, name)))

    def put(self, kind: Kind, name: str, body: Json) -> None:
        """Create it, or replace it whole.

        Raises:
            AzureRefusedError: also where the SDK takes the refusal for an answer, as with a schedule's 409.
        """
        write = "create" if kind == "environment" else "create_or_update"
        with azure(f"write {kind} {name}"):
            answer = _plain(getattr(self._of[kind], write)(*self._at, name, {"name": name, **body}))
        said = answer.get("error") or answer
        if not answer.get("properties") and said.get("code"):
            raise AzureRefusedError(
                f"write {kind} {name}", 409, said["code"], said.get("message", "no message")
            )

    def patch(self, kind: Kind, name: str, body: Json) -> None:
        with azure(f"update {kind} {name}"):
            self._of[kind].update(*self._at, name, {"name": name, **body})

    def delete(self, kind: Kind, name: str) -> None:
        """Delete it; one that is gone already is no fault."""
        with azure(f"delete {kind} {name}"):
            _or_none(lambda: self._of[kind].delete(*self._at, name))

    # -- what a runbook runs ---------------------------------------------------------------------------

    def content(self, name: str) -> str | None:
        """The published text; None where nothing was published.

        The service answers with application/octet-stream, which the SDK decodes only when it streams.
        """
        with azure(f"read the content of runbook {name}"):
            parts = _or_none(lambda: self._of["runbook"].get_content(*self._at, name, stream=True))
            return None if parts is None else b"".join(parts).decode("utf-8")

    def publish(self, name: str, text: str) -> None:
        """Replace the draft, and make it what runs."""
        with azure(f"upload runbook {name}"):
            self._client.runbook_draft.begin_replace_content(*self._at, name, text).result()
        with azure(f"publish runbook {name}"):
            self._client.runbook.begin_publish(*self._at, name).result()

    def packages(self, environment: str) -> list[Json]:
        with azure(f"list packages of {environment}"):
            return [_plain(one) for one in self._packages.list_by_runtime_environment(*self._at, environment)]

    def package(self, environment: str, name: str) -> Json | None:
        """One package; unlike a list this tells why an import failed."""
        with azure(f"read package {name}"):
            return _or_none(lambda: _plain(self._packages.get(*self._at, environment, name)))

    def put_package(self, environment: str, name: str, link: Json) -> None:
        """Begin to import a wheel; how it ends is its `provisioningState`."""
        with azure(f"import package {name}"):
            body = {"properties": {"contentLink": link}}
            self._packages.create_or_update(*self._at, environment, name, body)

    def delete_package(self, environment: str, name: str) -> None:
        with azure(f"delete package {name}"):
            _or_none(lambda: self._packages.delete(*self._at, environment, name))

    # -- links of schedules to runbooks ----------------------------------------------------------------

    def links(self, runbooks: Iterable[str]) -> Iterator[Json]:
        """All; those of these runbooks with parameters, which the list leaves out, so each is read by itself.

        One that is gone when it is asked for was renewed under another id meanwhile, and is left out.
        """
        wanted = {name.lower() for name in runbooks}
        with azure("list links of schedules"):
            for one in list(self._links.list_by_automation_account(*self._at)):
                listed = _plain(one)
                known = listed["properties"]
                looked_at = str(known["runbook"]["name"]).lower() in wanted
                found = self._link(str(known["jobScheduleId"])) if looked_at else listed
                if found:
                    yield found

    def _link(self, link: str) -> Json | None:
        return _or_none(lambda: _plain(self._links.get(*self._at, link)))

    def put_link(self, link: str, properties: Json) -> None:
        """Link a schedule to a runbook; where a 409 says that they are, whoever did it, that will do.

        A request that was sent again after its answer was lost gets one too.
        """
        try:
            with azure(f"link schedule {properties['schedule']['name']} to {properties['runbook']['name']}"):
                self._links.create(*self._at, link, {"properties": properties})
        except AzureRefusedError as refused:
            if refused.status != 409:
                raise

    def delete_link(self, link: str) -> None:
        with azure(f"delete link {link}"):
            _or_none(lambda: self._links.delete(*self._at, link))

    # -- anything else ---------------------------------------------------------------------------------

    def new_url(self) -> str:
        """A URL for one webhook, which is a secret. The service quotes it, as JSON."""
        with azure("generate a webhook URL"):
            given = self._client.webhook.generate_uri(*self._at)
        url = str(json.loads(given)) if given.startswith('"') else given
        if not url.startswith("https://"):
            raise DeployError("generate a webhook URL: Azure answered with what is no URL; plan again")
        return url

    def send(self, method: str, url: str, operation: str, body: Json | None = None) -> Json | None:
        """A request to Resource Manager beside the account; the answer's JSON, None for a 404."""
        with azure(operation):
            response = self._client.send_request(HttpRequest(method, self.target.endpoint + url, json=body))
            if response.status_code == 404:
                return None
            response.raise_for_status()
            return dict(response.json()) if response.content else {}


def _plain(model: Any) -> Json:
    return dict(model.as_dict()) if model is not None else {}


def _or_none(read: Callable[[], T]) -> T | None:
    try:
        return read()
    except ResourceNotFoundError:
        return None
