"""What storage says when wheels cannot be staged, as a sentence that says what to do."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_NAMES = "a container has 3 to 63 lower-case letters, digits and single hyphens"
_ADVICE = {
    "AuthorizationFailure": (
        "the firewall of the account does not let this machine in, nor Azure Automation, which has to fetch "
        "from there and uses no private endpoints: allow public networks, or stage in another account"
    ),
    "ContainerBeingDeleted": "try again in some minutes, or name another container",
    "InvalidResourceName": _NAMES,
    "OutOfRangeInput": _NAMES,
}


def why(error: AzureError, account: str, credential: TokenCredential) -> str:
    if not isinstance(error, HttpResponseError):
        return _no_answer(error, account)
    if isinstance(error, ClientAuthenticationError) and not hasattr(error, "error_code"):
        # azure-identity's, whatever it was answered; what storage refuses has a code
        return f"no token for storage: {str(error.message).splitlines()[0]}"
    return f"storage answered {error.status_code} {code(error)}{_advice(code(error), account, credential)}"


def code(error: HttpResponseError) -> str:
    """Storage's own; the answer of a proxy in between has none."""
    said = getattr(error, "error_code", None) or type(error).__name__
    return str(getattr(said, "value", said))


def _no_answer(error: AzureError, account: str) -> str:
    if "Failed to resolve" in str(error):
        return f"no host of that name: check the name of the account, {account}"
    return (
        f"no answer: check the name of the account, {account}, and that it can be "
        f"reached from here and from Azure Automation, which uses no private endpoints"
    )


def _advice(said: str, account: str, credential: TokenCredential) -> str:
    """A role at a container alone would not do: links are signed with a key of the account."""
    if said != "AuthorizationPermissionMismatch":
        return f": {_ADVICE[said]}" if said in _ADVICE else ""
    scope = f"$(az storage account show --name {account} --query id --output tsv)"
    return (
        f": somebody who may assign roles runs, some minutes before it is tried again: "
        f"az role assignment create --assignee {_object_id(credential)} "
        f'--role "Storage Blob Data Contributor" --scope "{scope}"'
    )


def _object_id(credential: TokenCredential) -> str:
    """Whom the credential's tokens are for, as they say themselves."""
    token = credential.get_token("https://storage.azure.com/.default").token
    try:
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        return str(claims["oid"])
    except (IndexError, KeyError, ValueError):
        return "<object id of who deploys>"
