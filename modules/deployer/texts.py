"""Texts of `schedules.json` by their form: names in Azure, times, days."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time
from typing import Annotated, Any

from backupkit.params import GUID
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from deployer import cadence
from deployer.wording import UnfitError


@dataclass(frozen=True)
class Like:
    """A text of this pattern, read by `read`; `must` says what it must be.

    An editor does not see what `${NAME}` stands for, so to it such a text fits anywhere.
    """

    pattern: str
    must: str
    read: Callable[[str], object] | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._value)

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "pattern": rf"^(?:{self.pattern})$|\$\{{"}

    def _value(self, given: Any) -> Any:
        if not isinstance(given, str):
            raise UnfitError(f"must be {self.must}")
        if self.read:
            return self.read(given)
        if not re.fullmatch(self.pattern, given):
            raise UnfitError(f"must be {self.must}")
        return given


# Names by Azure's rules for each resource, in "Naming rules and restrictions for Azure resources".
_FREE = r"(?!\s)[^<>*%&:\\?.+/#\x00-\x1f\x7f]{1,128}(?<!\s)"
_FREELY = "1 to 128 characters, none of them <>*%&:\\?.+/# or a control, no blank at either end"
ScheduleName = Annotated[str, Like(_FREE, _FREELY)]
VariableName = Annotated[str, Like(_FREE, _FREELY)]
RunbookName = Annotated[
    str, Like(r"[A-Za-z][A-Za-z0-9_-]{0,62}", "1 to 63 letters, digits, _ or -, a letter first")
]
RuntimeName = Annotated[str, Like(r"[A-Za-z][A-Za-z0-9_-]*", "letters, digits, _ or -, a letter first")]
WebhookName = Annotated[
    str, Like(r"[A-Za-z0-9-]{1,100}", "1 to 100 letters, digits or hyphens; a suffix is put to it")
]
AlertName = Annotated[
    str,
    Like(
        r"(?!\s)[^:<>+/&%\\?#*{}\x00-\x1f\x7f]{1,260}(?<![\s.])",
        "1 to 260 characters, none of them :<>+/&%\\?#*{} or a control, no blank or full stop last",
    ),
]
GroupName = Annotated[
    str, Like(r"|[-\w.()]{0,89}[-\w()]", "the name of a resource group, or empty for the account's")
]
RuleGroup = Annotated[str, Like(r"[-\w.()]{0,89}[-\w()]", "the name of a resource group")]
ShortName = Annotated[str, Like(r"\S(.{0,10}\S)?", "1 to 12 characters")]
Subscription = Annotated[str, Like(GUID, "a subscription id")]
Container = Annotated[
    str,
    Like(
        r"https://[a-z0-9]{3,24}\.blob\.core\.(windows\.net|usgovcloudapi\.net|chinacloudapi\.cn)"
        r"/[a-z0-9]([a-z0-9-]{1,61}[a-z0-9])",
        "https://<account>.blob.core.windows.net/<container>, without a SAS",
    ),
]

_WEEKDAY = f"({'|'.join(cadence.WEEKDAYS)})"
_DAY = rf"{_WEEKDAY}|[1-9]|[12]\d|3[01]|{cadence.LAST_DAY}|({'|'.join(cadence.ORDINALS)}) {_WEEKDAY}"
Often = Annotated[
    cadence.Every,
    Like(
        r"(1 )?(hour|day|week|month)|([2-9]|[1-9]\d|100) (hours|days|weeks|months)",
        "a text such as '1 hour'",
        cadence.Every.read,
    ),
]
OnDay = Annotated[cadence.Day, Like(_DAY, "a text such as 'Monday' or '15'", cadence.read_day)]
At = Annotated[time, Like(r"([01]\d|2[0-3]):[0-5]\d", "a text such as '06:30'", cadence.read_at)]
Date = Annotated[date, Like(r"20\d\d-[01]\d-[0-3]\d", "a text such as '2026-12-01'", cadence.read_date)]
Zone = Annotated[
    str, Like(r"[A-Za-z][\w+-]*(/[\w+-]+)*", "a text such as 'Europe/Berlin'", cadence.read_zone)
]
Version = Annotated[str, Like(r"3\.\d{1,2}", "a version of Python such as '3.10'")]
