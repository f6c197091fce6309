"""Whose tenant the identity is of, and whose the estate is, which Lighthouse may show it from others."""

from __future__ import annotations

import base64
import binascii
import json

from backupkit.arm import Arm, endpoints, no_token
from backupkit.errors import IdentityError

NO_BACKUP_VAULTS = "Lighthouse does not fully support Backup vaults"
"""As Microsoft says (learn.microsoft.com/azure/lighthouse/concepts/cross-tenant-management-experience)."""


def home_tenant(arm: Arm, cloud: str) -> str:
    """The identity's own tenant, lower-cased, as its token says; "" where that says none.

    Raises:
        IdentityError: there is no token.
    """
    from azure.core.exceptions import ClientAuthenticationError

    try:
        token = arm.credential().get_token(*endpoints(cloud)["credential_scopes"]).token
    except ClientAuthenticationError as error:
        raise IdentityError(no_token(error)) from error
    claims = token.partition(".")[2].partition(".")[0]
    try:
        return str(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["tid"]).lower()
    except (binascii.Error, ValueError, KeyError, TypeError):
        return ""
