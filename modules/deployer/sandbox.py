"""What runs Python runbooks in Azure, as far as choosing packages for it needs to know."""

from __future__ import annotations

GLIBC = 28
"""The minor version up to which wheels are taken; which glibc the sandbox has is documented nowhere.

Microsoft's example for Python 3.10 is a manylinux_2_17 wheel ("Manage Python 3 packages in Azure
Automation"), so 2.17 is preferred, and a newer one taken only where a package has nothing older. Packages of
a job lie in /usr/local/lib/python3.10/dist-packages (azure-sdk-for-python issue 30157), which is the way of
Debian and Ubuntu, and none of theirs that has a Python 3.10 and is still maintained is older than 2.31.
"""


def abi(python: str) -> str:
    return f"cp{python.replace('.', '')}"


def platforms() -> list[str]:
    """Tags of wheels, the preferred first; what manylinux2014 includes, pip knows."""
    glibcs = [*range(17, 4, -1), *range(18, GLIBC + 1)]
    return ["manylinux2014_x86_64", *(f"manylinux_2_{minor}_x86_64" for minor in glibcs)]


def takes(python: str) -> str:
    """Which wheels, for people."""
    return f"{abi(python)} or abi3 with manylinux up to 2_{GLIBC} x86_64, or none-any"


def markers(python: str) -> dict[str, str]:
    """What the markers of requirements ask about; of the patch level and the kernel nothing is known."""
    return {
        "implementation_name": "cpython",
        "implementation_version": f"{python}.0",
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": "linux",
    }
