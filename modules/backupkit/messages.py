"""One message to a Teams or Logic App webhook, in one body that all of them take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backupkit.errors import BackupkitError


class NotifyError(BackupkitError):
    """The message could not be delivered; what it would have said stands in the log."""


@dataclass(frozen=True)
class Message:
    """A headline, figures, lines, and where to read on; `rest` are the keys for a Logic App.

    Without figures and a link it is the plain lines.
    """

    headline: str
    lines: Sequence[str] = ()
    figures: Sequence[tuple[str, str]] = ()
    link: str = ""
    rest: Mapping[str, Any] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        """A card for Teams workflows, `text` for older connectors, the rest for a Logic App."""
        content = {"type": "AdaptiveCard", "version": "1.2", "body": self._blocks}
        if self.link:
            content["actions"] = [{"type": "Action.OpenUrl", "title": "Open the page", "url": self.link}]
        return {
            "type": "message",
            "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": content}],
            "text": "\n\n".join(self._text),
            **self.rest,
        }

    @property
    def _blocks(self) -> list[dict[str, Any]]:
        blocks: list[dict[str, Any]] = [_block(self.headline)]
        if self.figures:
            blocks[0] |= {"size": "Large", "weight": "Bolder"}
            facts = [{"title": title, "value": value} for title, value in self.figures]
            blocks.append({"type": "FactSet", "facts": facts})
        return blocks + [_block(line) for line in self.lines]

    @property
    def _text(self) -> list[str]:
        told = [self.headline, *(f"{title}: {value}" for title, value in self.figures), *self.lines]
        return [*told, self.link] if self.link else told


def _block(line: str) -> dict[str, Any]:
    return {"type": "TextBlock", "text": line, "wrap": True}


def post(url: str, body: Mapping[str, Any]) -> None:
    """Raises NotifyError, which never shows the URL: it is a secret."""
    import requests

    if not url.startswith("https://"):
        raise NotifyError("notify: what the location holds is no https URL; store the webhook's URL there")
    try:
        status = requests.post(url, json=body, timeout=30).status_code
    except requests.RequestException as failure:
        # The exception's text would show the URL.
        raise NotifyError(f"notify: the webhook did not answer ({type(failure).__name__})") from None
    if status >= 300:
        raise NotifyError(
            f"notify: the webhook answered {status}; renew its URL where notify says it is kept"
        )
