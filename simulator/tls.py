"""A certificate authority that lives as long as the run."""

from __future__ import annotations

import ssl
from functools import cache
from pathlib import Path

NAMES = (
    "management.azure.com",
    "login.microsoftonline.com",
    "login.windows.net",
    "login.microsoft.com",
    "*.blob.core.windows.net",
    "*.queue.core.windows.net",
    "*.webhook.office.com",
    "*.logic.azure.com",
    "localhost",
    "127.0.0.1",
)
_REGIONAL = ".logic.azure.com"
"""Hosts with a region in their name, which no wildcard covers: it stands for one label."""


def server_context(ca_file: Path) -> ssl.SSLContext:
    """A context for NAMES and regional hosts; the certificate clients must trust is written to `ca_file`."""
    import trustme

    authority = trustme.CA(organization_name="Azure simulator on this machine")
    authority.cert_pem.write_to_path(ca_file)

    @cache
    def context_for(*names: str) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*names).configure_cert(made)
        return made

    def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        if name and name.endswith(_REGIONAL):
            connection.context = context_for(name)

    context = context_for(*NAMES)
    context.sni_callback = choose
    return context
