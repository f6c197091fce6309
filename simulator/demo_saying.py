"""How the demo speaks."""

from __future__ import annotations

import re
import textwrap

from simulator import demo_story


def title(text: str) -> None:
    say(text, "=" * len(text), indent="")


def tell(text: str) -> None:
    say(*textwrap.wrap(text, demo_story.WIDTH - 2, break_on_hyphens=False), indent="")


def say(*lines: str, indent: str = "  ") -> None:
    for line in lines:
        print(indent + line)
    print(flush=True)


def typed(command: str) -> None:
    """A command as it would be typed, over several lines where it is long."""
    whole = re.sub(r"(--[a-z-]+) (?!-)", "\\1\N{NO-BREAK SPACE}", command)
    lines = textwrap.wrap(whole, demo_story.WIDTH - 12, break_on_hyphens=False, break_long_words=False)
    say("$ " + " \\\n        ".join(lines).replace("\N{NO-BREAK SPACE}", " "))
