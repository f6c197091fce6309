"""What pip's own words come to, where it would take a real index to make it say them."""

import pytest
from deployer.pip_log import why

NOTHING = "2026-11-22T02:00:00,123 ERROR: No matching distribution found for thing==1.0\n"
PAGE = "https://i.example/simple/thing/"
PIN = "pin another version in modules/sandbox.in and run `make lock`"
NO_WHEEL = (
    "thing 1.0: the index has no wheel of it that the sandbox can run (cp310 or abi3 with manylinux up to "
    f"2_28 x86_64, or none-any): {PIN}"
)


def ignored(*versions):
    told = "; ".join(versions)
    return f"ERROR: Ignored the following versions that require a different python version: {told}\n"


def skipped(reason, page=PAGE):
    return f"2026-11-22T02:00:00,100 Could not fetch URL {page}: {reason} - skipping\n"


def unread(reason):
    return (
        f"thing 1.0: not found, and an index could not be read (https://i.example {reason}): "
        "check the network, the proxy, and what `pip config list` says of indexes"
    )


@pytest.mark.parametrize(
    ("said", "told"),
    [
        pytest.param(
            ignored(
                "11.0 Requires-Python >=3.12", "1.0 Requires-Python >=3.11,<4", "1.0.1 Requires-Python >=3"
            )
            + NOTHING,
            f"thing 1.0 needs Python >=3.11,<4, and the sandbox has 3.10: {PIN}",
            id="an index that says which Python a version needs",
        ),
        pytest.param(
            f"  Skipping link: 1.0 Requires-Python >=3.11: {PAGE}thing-1.0-py3-none-any.whl (from {PAGE})\n"
            + NOTHING,
            f"thing 1.0 needs Python >=3.11, and the sandbox has 3.10: {PIN}",
            id="a file that says which Python it needs",
        ),
        pytest.param(
            skipped(f"404 Client Error: Not Found for url: {PAGE}") + NOTHING,
            NO_WHEEL,
            id="an index that does not know the package",
        ),
        pytest.param(
            skipped(f"401 Client Error: Unauthorized for url: {PAGE}", "https://****@i.example/a/") + NOTHING,
            unread("401 Client Error"),
            id="an index that wants another password",
        ),
        pytest.param(
            skipped("There was a problem confirming the ssl certificate: HTTPSConnectionPool(host='i')")
            + NOTHING,
            unread("There was a problem confirming the ssl certificate"),
            id="an index with a certificate nobody trusts",
        ),
        pytest.param(
            skipped("HTTPSConnectionPool(host='i'): too many 503 error responses") + NOTHING,
            unread("no answer"),
            id="an index that is down",
        ),
        pytest.param(
            "ERROR: HTTP error 403 while getting https://me:pw@files.example/a.whl?se=1&sig=c2VjcmV0\n",
            "pip could not download the wheels: ERROR: HTTP error 403 while getting https://files.example",
            id="a file that may not be read",
        ),
    ],
)
def test_pip_is_understood(said, told):
    assert why(said, "3.10") == told
