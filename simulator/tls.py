"""A certificate authority that lives as long as the run."""

from __future__ import annotations

import ssl
from pathlib import Path

NAMES = (
    "management.azure.com",
    "login.microsoftonline.com",
    "login.windows.net",
    "login.microsoft.com",
    "*.blob.core.windows.net",
    "*.queue.core.windows.net",
    "localhost",
    "127.0.0.1",
)


def server_context(ca_file: Path) -> ssl.SSLContext:
    """A context for NAMES; the certificate clients must trust is written to `ca_file`."""
    import trustme

    authority = trustme.CA(organization_name="Azure simulator on this machine")
    leaf = authority.issue_cert(*NAMES)
    authority.cert_pem.write_to_path(ca_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    return context
