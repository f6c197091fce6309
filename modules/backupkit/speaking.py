"""What a runbook says: stdout only, one record a line, ASCII; Automation sorts records by their prefix."""

from __future__ import annotations

import sys


def say(event: str, **facts: object) -> None:
    """Print one line, `event key=value ...`; text with blanks is quoted."""
    line = " ".join([event, *(f"{name}={_quoted(value)}" for name, value in facts.items())])
    sys.stdout.write(" ".join(line.splitlines()).encode("ascii", "backslashreplace").decode("ascii") + "\n")
    sys.stdout.flush()


def warn(event: str, **facts: object) -> None:
    say(f"WARNING: {event}", **facts)


def error(event: str, **facts: object) -> None:
    say(f"ERROR: {event}", **facts)


def _quoted(value: object) -> str:
    text = " ".join(str(value).split())
    return text if text and " " not in text and "'" not in text else repr(text)
